"""Checks of sessions: whether items can be dealt, and whether anybody practises."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.elicitation.dealing import cannot_deal
from emoalign.planning.studies import LoadedStudy
from emoalign.study.origins import Origin
from emoalign.study.protocols import Protocol


def wrong_sessions(loaded: LoadedStudy, source: Origin) -> Iterator[str]:
    """Every problem of sessions, in words; `source` is where the study comes from."""
    for place, protocol in enumerate(loaded.study.protocols):
        for problem in _not_dealt(loaded, protocol):
            yield f"{source.at('protocols', place)}: {problem}"
    yield from _wrong_practice(loaded)


def _not_dealt(loaded: LoadedStudy, protocol: Protocol) -> Iterator[str]:
    """Reasons why the items of a dataset cannot be dealt, where their number is known already."""
    if protocol.session is None:
        return
    table = loaded.personas.get(protocol.personas or "")
    for entry in loaded.study.datasets:
        if entry.sample is not None and loaded.asked_raters(entry.dataset):
            yield from cannot_deal(
                protocol.session,
                entry.sample,
                protocol.participants or 0,
                None if table is None else len(table.personas),
                entry.dataset,
            )


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
