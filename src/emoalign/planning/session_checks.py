"""Checks of sessions: whether items can be dealt, and whether anybody practises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from emoalign.elicitation.dealing import ROOM_LEFT, cannot_deal, does_not_fit
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.planning.session_costs import fewest_tokens
from emoalign.planning.studies import LoadedStudy
from emoalign.study.origins import Origin
from emoalign.study.protocols import Protocol


def wrong_sessions(loaded: LoadedStudy, source: Origin) -> Iterator[str]:
    """Problems of sessions that a study shows by itself; `source` is where it comes from."""
    for place, protocol in enumerate(loaded.study.protocols):
        for entry in loaded.study.datasets:
            if entry.sample is not None and loaded.asked_raters(entry.dataset):
                for problem in _not_dealt(loaded, protocol, entry.dataset, entry.sample):
                    yield f"{source.at('protocols', place)}: {problem}"
    yield from _wrong_practice(loaded)


def sessions_that_do_not_fit(
    loaded: LoadedStudy, items: Mapping[str, int], texts: Mapping[str, str]
) -> Iterator[str]:
    """Problems of sessions that show when the data of a study are known: the numbers of items, and
    a text of usual length, by dataset."""
    for protocol in loaded.study.protocols:
        for dataset, number in items.items():
            if protocol.session is None or not loaded.asked_raters(dataset):
                continue
            problems = list(_not_dealt(loaded, protocol, dataset, number))
            yield from (f"protocol {protocol.name!r}: {problem}" for problem in problems)
            if not problems:
                item = texts.get(dataset)
                yield from _too_long(loaded, protocol, dataset, number, item)


def _not_dealt(
    loaded: LoadedStudy, protocol: Protocol, dataset: str, n_items: int
) -> Iterator[str]:
    """Reasons why so many items of a dataset cannot be dealt."""
    if protocol.session is not None:
        table = loaded.personas.get(protocol.personas or "")
        personas = None if table is None else len(table.personas)
        people = protocol.participants or 0
        yield from cannot_deal(protocol.session, n_items, people, personas, dataset)


def _too_long(
    loaded: LoadedStudy, protocol: Protocol, dataset: str, n_items: int, text: str | None
) -> Iterator[str]:
    """Sessions that certainly do not fit into a model's context, whatever its tokens are."""
    who = loaded.participants(protocol)
    for model in loaded.asked_raters(dataset):
        card = loaded.models[model]
        if not isinstance(card, AskedModel) or card.able.context_tokens is None:
            continue
        item = text or card.able.shown("0" * 64, Path())
        for asked in loaded.asked(protocol.name, dataset):
            needed = max(
                fewest_tokens(form, protocol, item, n_items, next(iter(who), None))
                for form in loaded.forms(protocol.name, dataset, asked)
            )
            if needed > card.able.context_tokens - ROOM_LEFT:
                yield does_not_fit(protocol.name, dataset, model, needed, card.able.context_tokens)


def _wrong_practice(loaded: LoadedStudy) -> Iterator[str]:
    """Practice that nobody does, and texts where items are images."""
    for name, prompts in loaded.prompt_sets.items():
        practised = [scale for scale, wording in prompts.scales.items() if wording.practice]
        if not practised:
            continue
        where = loaded.library.origin("prompts", name).at("scales", practised[0], "practice")
        asking = [
            (protocol, entry.dataset)
            for protocol in loaded.study.protocols
            for entry in loaded.study.datasets
            if name in protocol.prompt_sets(entry.dataset)
        ]
        in_sessions = [dataset for protocol, dataset in asking if protocol.session is not None]
        if asking and not in_sessions:
            yield (
                f"{where}: only sessions begin with practice, and no protocol that asks with "
                f"{name!r} has a session; add session, such as session: {{items: 50}}, or leave "
                "practice out"
            )
        for dataset in dict.fromkeys(in_sessions):
            card = loaded.datasets.get(dataset)
            if card is not None and card.modality == "image":
                yield f"{where}: practice is made of texts, but the items of {dataset!r} are images"
