"""Checks before anything is spent: every prompt can be rendered, and items may be sent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from emoalign.elicitation.forms import Form
from emoalign.errors import PromptError, StudyError
from emoalign.planning.form_checks import alike
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Image, Message, Prompt, Renderer, Turn
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.protocols import Protocol


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
            for asked in loaded.asked(protocol.name, dataset):
                forms = loaded.forms(protocol.name, dataset, asked)
                told = [
                    (str(form.prompt_set), why)
                    for form in forms
                    if (why := _unusable(loaded, protocol, dataset, form)) is not None
                ]
                if not told and not protocol.recites:
                    persona = next(iter(loaded.participants(protocol)), None)
                    told = list(alike(forms, protocol, example(card), persona))
                for name, why in told:
                    key = re.match(r"system|template", why)
                    where = loaded.library.origin("prompts", name).place(key[0] if key else "kind")
                    asked_about = " and ".join(map(repr, asked.split("+")))
                    problems.append(f"{where}: scale {asked_about}: {why}")
    if problems:
        raise StudyError(list(dict.fromkeys(problems)))


def _unusable(loaded: LoadedStudy, protocol: Protocol, dataset: str, form: Form) -> str | None:
    """The reason why a form cannot be used to ask; None where it can."""
    who = loaded.participants(protocol)
    table = None
    if protocol.recites:
        (scale,) = form.scales
        table = loaded.recited(dataset, scale).example(protocol.examples)
    item = example(loaded.datasets[dataset])
    try:
        shown, again = (
            _rendered(Renderer(form.template, form.shown, again, table), item, who, protocol)
            for again in (False, True)
        )
    except PromptError as error:
        return str(error)
    if shown != again:
        return (
            "the prompts differ each time they are rendered, so every run would ask, and pay for, "
            "different questions"
        )
    if isinstance(item, str) and shown == _rendered(
        Renderer(form.template, form.shown, table=table), "another item", who, protocol
    ):
        return (
            "template: it does not show the item, so that all items would be asked the same "
            "question; write {{ table.next }} where the answer follows"
            if protocol.recites
            else "template: it does not show the item, so that all items would be asked the same "
            "question; write {{ item.text }} where the item stands"
        )
    if len(set(shown)) < len(who):
        return (
            f"protocol {protocol.name!r} has personas, but the prompts do not use {{{{ persona }}}}"
            ": all participants would be asked the same"
        )
    if protocol.session is not None and form.template.kind == "completion":
        return _unseen(Renderer(form.template, form.shown), item, next(iter(who), None))
    return None


def _unseen(renderer: Renderer, item: str | Image, persona: str | None) -> str | None:
    """The reason why a text to be continued does not show the earlier items of a session."""
    earlier = Turn(Message("user", ""), "a word that was rated", "an answer that was given")
    try:
        shown = renderer.render(item, persona, [earlier]).text or ""
    except PromptError as error:
        return str(error)
    if earlier.text in shown and earlier.answer in shown:
        return None
    return (
        "template: in a session, a text to be continued shows earlier items and answers itself, "
        "and this one does not; add them, such as "
        "{% for line in history %}{{ line.text }} = {{ line.answer }}\\n{% endfor %}"
    )


def _rendered(
    renderer: Renderer,
    item: str | Image,
    personas: Sequence[str | None],
    protocol: Protocol,
) -> list[Prompt]:
    """The prompt for each persona, or that for everybody, and that of a decision."""
    shown = [renderer.render(item, persona) for persona in (personas or [None])]
    return [*shown, renderer.decision(item)] if "decision" in protocol.readouts else shown


def why_forbidden(
    loaded: LoadedStudy, model: str, dataset: str, protocol: str | None = None
) -> str | None:
    """The reason why the items of a dataset may not be sent to a model; None where they may.

    Under a recitation, norms are sent as well.
    """
    items = _why_forbidden(loaded, [model], dataset)
    if items is not None or protocol is None or not loaded.protocol(protocol).recites:
        return items
    return _norms_forbidden(loaded, [model], dataset, protocol)


def _norms_forbidden(
    loaded: LoadedStudy, models: Sequence[str], dataset: str, protocol: str
) -> str | None:
    """The reason why norms may not be shown to models at one destination, where items may."""
    destination, card = loaded.models[models[0]].destination, loaded.datasets[dataset]
    if destination is None or card.redistribute:
        return None
    return (
        f"norms of {dataset!r} would be sent to {', '.join(models)} ({destination}), because "
        f"{protocol!r} is of kind: recitation, but its card says redistribute: false (its licence: "
        f"{card.licence}). Nothing has been sent. Ask a model on this machine; or have the "
        "protocol name other datasets alone, as prompts_for: {<dataset>: recitation} without "
        "prompts; or, if the terms allow you to pass norms on, write redistribute: true into a "
        f"card of your own, config/datasets/{dataset}.yaml."
    )


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
    """The reasons why items or norms of the study may not be sent, one for each destination."""
    reasons: list[str | None] = []
    for dataset in loaded.datasets:
        by_place: dict[str | None, list[str]] = defaultdict(list)
        for model in loaded.raters(dataset):
            by_place[loaded.models[model].destination].append(model)
        for models in by_place.values():
            items = _why_forbidden(loaded, models, dataset)
            reasons.append(items)
            reasons += [
                _norms_forbidden(loaded, models, dataset, protocol)
                for protocol in loaded.recitation_names()
                if items is None and loaded.asked(protocol, dataset)
            ]
    return [why for why in reasons if why is not None]
