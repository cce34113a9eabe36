"""Checks of the forms of a protocol: that they ask the same, each otherwise, of equally many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.elicitation.forms import Form, rotating
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Image, Renderer
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.scales import LabelScale
from emoalign.wording import counted, listed


def wrong_forms(
    loaded: LoadedStudy, where: str, protocol: Protocol, dataset: str, names: Sequence[str]
) -> Iterator[str]:
    """Reasons that keep prompt sets, each sound by itself, from being forms of one protocol.

    `where` is the protocol's place in the study.
    """
    sets = {name: loaded.prompt_sets[name] for name in names}
    first, *others = sets
    for name in others:
        told = _asks_otherwise(first, sets[first], name, sets[name])
        if told:
            yield f"{where}: the prompt sets of one protocol are forms of one question, but {told}"
            return
    for asked in loaded.asked(protocol.name, dataset):
        if not set(asked.split("+")) <= loaded.datasets[dataset].scales.keys():
            continue  # told elsewhere: the study names a scale that is not there
        uneven = _uneven(loaded, dataset, asked, protocol)
        if uneven:
            yield uneven
        elif protocol.written and loaded.asked_raters(dataset):
            forms = loaded.forms(protocol.name, dataset, asked)
            yield from _not_dealt_equally(where, protocol, forms)


def _asks_otherwise(one: str, first: PromptSet, other: str, second: PromptSet) -> str:
    """The respect in which two prompt sets ask about different things; empty where in none."""
    scales = [
        f"{name!r} asks about {listed(prompts.scales)} in one request"
        if prompts.answer.together
        else f"{name!r} asks about one scale at a time"
        for name, prompts in ((one, first), (other, second))
    ]
    together = [set(each.scales) if each.answer.together else None for each in (first, second)]
    return "" if together[0] == together[1] else f"{scales[0]}, and {scales[1]}"


def _uneven(loaded: LoadedStudy, dataset: str, asked: str, protocol: Protocol) -> str:
    """The reason why labels that are asked about together cannot be rotated together."""
    scales = {name: loaded.datasets[dataset].scales[name] for name in asked.split("+")}
    templates = loaded.question_templates(protocol.name, dataset, asked.split("+")[0])
    for name, template in templates.items():
        turned = rotating(template, scales)
        if len({len(scale.labels) for scale in turned.values()}) > 1:
            counts = listed(f"{each} ({len(scale.labels)})" for each, scale in turned.items())
            place = loaded.library.origin("prompts", name).at("scales", next(iter(turned)), "order")
            return (
                f"{place}: rotated, but scales of one request are rotated together, and have "
                f"different numbers of labels: {counts}; write order: random"
            )
    return ""


def _not_dealt_equally(where: str, protocol: Protocol, forms: Sequence[Form]) -> Iterator[str]:
    number, n_forms = protocol.participants, len(forms)
    if number is None or number % n_forms == 0:
        return
    below = number - number % n_forms
    nearest = " or ".join(str(each) for each in (below, below + n_forms) if each)
    sets = [str(form.prompt_set) for form in forms]
    named = listed(
        f"{name} in {counted(sets.count(name), 'rotation')}" if sets.count(name) > 1 else name
        for name in dict.fromkeys(sets)
    )
    yield (
        f"{where}: {protocol.name!r} has {counted(number, 'participant')}, who cannot be dealt "
        f"equally to its {n_forms} forms ({named}); write participants: {nearest}"
    )


def alike(
    forms: Sequence[Form], protocol: Protocol, item: str | Image, persona: str | None
) -> Iterator[tuple[str, str]]:
    """Prompt sets of which a form asks what another asks too, each with the reason.

    `item` and `persona` are those that prompts are tried with.
    """
    seen: dict[object, Form] = {}
    for form in forms:
        renderer = Renderer(form.template, form.shown)
        prompts: list[object] = []
        if set(protocol.readouts) != {"decision"}:
            prompts.append(renderer.render(item, persona))
        if "decision" in protocol.readouts:
            prompts.append(renderer.decision(item))
        for prompt in prompts:
            other = seen.setdefault(prompt, form)
            if other is not form:
                yield str(form.prompt_set), _told(other, form)
                break
        turned = {name: _turned(form.shown[name]) for name in form.drawn}
        if turned and renderer.on({**form.shown, **turned}).render(item, persona) == prompts[0]:
            yield (
                str(form.prompt_set),
                "order: random, but the prompt is the same in every order: have the template list "
                "scale.labels",
            )


def _turned(scale: object) -> LabelScale:
    if not isinstance(scale, LabelScale):
        raise TypeError("only labels have an order")
    return scale.model_copy(update={"labels": scale.labels[::-1]})


def _told(one: Form, other: Form) -> str:
    if one.prompt_set == other.prompt_set:
        return (
            "order: rotated, but the prompt is the same in every rotation: have the template list "
            "scale.labels"
        )
    return (
        f"the prompts are those of {one.prompt_set!r}, another form of the protocol, so that both "
        "would ask the same question; leave one out, or change its wording"
    )
