"""Trying every prompt of a study before anything is spent."""

from __future__ import annotations

from emoalign.errors import PromptError, StudyError
from emoalign.prompts.rendering import Renderer
from emoalign.study.jobs import Jobs
from emoalign.study.loading import LoadedStudy


def check_prompts(loaded: LoadedStudy) -> None:
    """Render each prompt set for each scale once. Raises StudyError with every problem found."""
    problems = []
    jobs = Jobs(loaded)
    for protocol in loaded.study.protocols:
        for dataset, card in loaded.datasets.items():
            for scale in loaded.scales(dataset):
                prompts = jobs.prompt_form(protocol.name, scale)
                try:
                    renderer = Renderer(prompts, scale, card.scales[scale])
                    who = jobs.personas(protocol)
                    shown = [renderer.render("an item", one) for one in who or [None]]
                    if len(set(shown)) < len(who):
                        raise PromptError(
                            f"protocol {protocol.name!r} has personas, but the prompts do not use "
                            "{{ persona }}: all participants would be asked the same"
                        )
                except PromptError as error:
                    problems.append(
                        f"config/prompts/{protocol.prompts}.yaml: scale {scale!r}: {error}"
                    )
    if problems:
        raise StudyError(list(dict.fromkeys(problems)))
