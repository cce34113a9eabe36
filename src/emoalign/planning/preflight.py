"""Checks before anything is spent: every prompt can be rendered, and items may be sent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from emoalign.errors import PromptError, StudyError
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Image, Prompt, Renderer
from emoalign.stimuli.dataset_cards import DatasetCard


def example(card: DatasetCard) -> str | Image:
    """A stand-in for an item of the dataset, to try prompts with."""
    return Image("0" * 64, 16, Path()) if card.modality == "image" else "an item"


def check_prompts(loaded: LoadedStudy) -> None:
    """Render each prompt set for each question twice, since a question must always be the same.

    Raises StudyError with every problem found.
    """
    problems = []
    for protocol in loaded.study.protocols:
        for dataset, card in loaded.datasets.items():
            name = str(protocol.prompt_set(dataset))
            for asked in loaded.asked(protocol.name, dataset):
                if loaded.prompt_set(protocol.name, dataset) is None:
                    continue
                scales = asked.split("+")
                prompts = loaded.question_template(protocol.name, dataset, scales[0])
                try:
                    asked_scales = {scale: card.scales[scale] for scale in scales}
                    who = loaded.participants(protocol)
                    shown, again = (
                        _rendered(Renderer(prompts, asked_scales, again), example(card), who)
                        for again in (False, True)
                    )
                    if shown != again:
                        raise PromptError(
                            "the prompts differ each time they are rendered, so every run would "
                            "ask, and pay for, different questions"
                        )
                    if len(set(shown)) < len(who):
                        raise PromptError(
                            f"protocol {protocol.name!r} has personas, but the prompts do not use "
                            "{{ persona }}: all participants would be asked the same"
                        )
                except PromptError as error:
                    key = re.match(r"system|template", str(error))
                    where = loaded.library.origin("prompts", name).place(key[0] if key else "kind")
                    asked_about = " and ".join(map(repr, scales))
                    problems.append(f"{where}: scale {asked_about}: {error}")
    if problems:
        raise StudyError(list(dict.fromkeys(problems)))


def _rendered(
    renderer: Renderer, item: str | Image, personas: Sequence[str | None]
) -> list[Prompt]:
    return [renderer.render(item, persona) for persona in (personas or [None])]


def why_forbidden(loaded: LoadedStudy, model: str, dataset: str) -> str | None:
    """The reason why the items of a dataset may not be sent to a model; None where they may."""
    return _why_forbidden(loaded, [model], dataset)


def _why_forbidden(loaded: LoadedStudy, models: Sequence[str], dataset: str) -> str | None:
    """The reason for models at one destination."""
    destination, card = loaded.models[models[0]].destination, loaded.datasets[dataset]
    if destination is None or card.remote == "allow":
        return None
    named = ", ".join(models)
    where = f"the items of {dataset!r} would be sent to {named} ({destination}), but"
    terms = f"its licence: {card.licence}"
    if card.remote == "deny":
        return (
            f"{where} its card says remote_api: deny ({terms}). Ask a model on this machine, or "
            "take the dataset out of the study."
        )
    if dataset in loaded.study.allow_remote:
        return None
    return (
        f"{where} its terms may not allow that ({terms}). Nothing has been sent. Read the terms "
        "of the dataset and of the provider; if they allow it for you, write into the study: "
        f"allow_remote: [{dataset}]. Models on this machine need no such permission."
    )


def all_forbidden(loaded: LoadedStudy) -> list[str]:
    """The reasons why items of the study may not be sent, one for each destination."""
    reasons = []
    for dataset in loaded.datasets:
        by_place: dict[str | None, list[str]] = defaultdict(list)
        for model in loaded.raters(dataset):
            by_place[loaded.models[model].destination].append(model)
        reasons += [_why_forbidden(loaded, models, dataset) for models in by_place.values()]
    return [why for why in reasons if why is not None]
