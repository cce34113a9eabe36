"""Trying every prompt of a study before anything is spent."""

from __future__ import annotations

from pathlib import Path

from emoalign.errors import PromptError, StudyError
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.prompts.rendering import Image, Renderer
from emoalign.stimuli.dataset_cards import DatasetCard


def example(card: DatasetCard) -> str | Image:
    """Something like an item of the dataset, to try prompts with."""
    return Image("0" * 64, 16, Path()) if card.modality == "image" else "an item"


def check_prompts(loaded: LoadedStudy) -> None:
    """Render each prompt set for each question once. Raises StudyError with every problem found."""
    problems = []
    for protocol in loaded.study.protocols:
        for dataset, card in loaded.datasets.items():
            for asked in loaded.asked(protocol.name, dataset):
                scales = asked.split("+")
                prompts = loaded.question_template(protocol.name, dataset, scales[0])
                try:
                    renderer = Renderer(prompts, {scale: card.scales[scale] for scale in scales})
                    who = loaded.participants(protocol)
                    shown = [renderer.render(example(card), one) for one in who or [None]]
                    if len(set(shown)) < len(who):
                        raise PromptError(
                            f"protocol {protocol.name!r} has personas, but the prompts do not use "
                            "{{ persona }}: all participants would be asked the same"
                        )
                except PromptError as error:
                    problems.append(
                        f"config/prompts/{protocol.prompt_set(dataset)}.yaml: "
                        f"scale {' and '.join(map(repr, scales))}: {error}"
                    )
    if problems:
        raise StudyError(list(dict.fromkeys(problems)))
