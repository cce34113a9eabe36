"""Protocols with files of their own, which follow what people did, and studies that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from emoalign.study.fields import Entry
from emoalign.study.library import Library
from emoalign.study.origins import Origin
from emoalign.study.protocols import Asking
from emoalign.study.reading import Completed, nearest, over, read_entry
from emoalign.study.yaml_files import YamlFile, read_file, shown

PROTOCOLS = "protocols"
"""The folder of protocols, in the catalogue and in config/, and their key in a study."""


class Precedent(Entry):
    """The procedure that people went through, as far as it is known."""

    title: str = Field(description="Name in lists and in the report.")
    source: str = Field(description="Publication of the procedure.")
    known: tuple[str, ...] = Field((), description="Facts on the procedure, and where they stand.")
    unverified: tuple[str, ...] = Field(
        (), description="Claims about the procedure that were not checked against the source."
    )
    unknown: tuple[str, ...] = Field(
        (), description="What nobody has published, or what differs for a model; in the report."
    )


class ProtocolCard(Asking, Precedent):
    """A protocol that studies name: how people were asked, and how a model is asked likewise."""


@dataclass(frozen=True)
class WrittenOut:
    """The content of a study in which protocols that it only names are written out.

    Attributes:
        content: the content; a protocol that cannot be read has its name alone.
        origin: where its keys stand, those of protocols with files of their own included.
        cards: these protocols by the names of their files.
        problems: those for which some could not be read.
    """

    content: Any
    origin: Origin
    cards: Mapping[str, ProtocolCard]
    problems: tuple[str, ...]

    def advised(self, problem: str) -> str:
        """A problem of the study; of a key in the file of a protocol, with how to change it."""
        for file in self.origin.files:
            if file.under and problem.startswith(f"{shown(file.path)}, line "):
                return (
                    f"{problem}. To change a key for this study alone, write it beside "
                    f"`like: {file.path.stem}`"
                )
        return problem


def written_out(content: Any, origin: Origin, library: Library) -> WrittenOut:
    """A study with its protocols written out: `- as-warriner`, or `- {like: as-warriner, ...}`.

    Keys of the study replace those of the protocol's file; keys that have keys are merged.
    """
    alone = content.get(PROTOCOLS) if isinstance(content, Mapping) else None
    if isinstance(alone, str) and alone in library.names(PROTOCOLS):
        where = origin.at(PROTOCOLS)
        problem = f"{where}: expected a list, found {alone}: write `{PROTOCOLS}: [{alone}]`"
        return WrittenOut({**content, PROTOCOLS: []}, origin, {}, (problem,))
    named = list(_named(content, library))
    if not named:
        return WrittenOut(content, origin, {}, ())
    protocols = list(content[PROTOCOLS])
    cards: dict[str, ProtocolCard] = {}
    files: list[YamlFile] = []
    problems: list[str] = []
    for place, name, keys, given in named:
        path = library.path(PROTOCOLS, name)
        where = origin.at(PROTOCOLS, place, *keys)
        card, wrong = read_entry(path, ProtocolCard, where, library.names(PROTOCOLS))
        problems += wrong
        if card is None:
            protocols[place] = {"name": f"unread-{place}"}
            continue
        cards[name] = card
        file = read_file(path)
        files.append(replace(file, under=(PROTOCOLS, place)))
        brought = _brought(file.content, content, library)
        protocols[place] = {"name": name, **over(brought, given), "like": name}
    whole = {**content, PROTOCOLS: protocols}
    below = Origin(origin.name, (*files, *origin.files), origin.options)
    return WrittenOut(whole, below, cards, tuple(problems))


def with_protocols(file: YamlFile, own: Path) -> Completed:
    """The content of a study's file with its protocols written out; None if one cannot be read."""
    origin = Origin(shown(file.path), (file,))
    written = written_out(file.content, origin, Library(own))
    content = None if written.problems else written.content
    return content, written.origin, list(written.problems)


_Named = tuple[int, str, tuple[str, ...], Mapping[str, Any]]
"""A place in the list of protocols, the name there, keys below which it stands, keys beside it."""


def _named(content: Any, library: Library) -> Iterator[_Named]:
    """The entries of the list of protocols that name one with a file of its own."""
    listed = content.get(PROTOCOLS) if isinstance(content, Mapping) else None
    for place, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, str) and not _is_a_prompt_set(entry, library):
            yield place, entry, (), {}
        elif isinstance(entry, Mapping) and isinstance(entry.get("like"), str):
            given = {key: value for key, value in entry.items() if key != "like"}
            yield place, entry["like"], ("like",), given


def _is_a_prompt_set(name: str, library: Library) -> bool:
    """Tell whether a prompt set is meant; what is wrong then is told where protocols are read."""
    protocols, prompts = library.names(PROTOCOLS), library.names("prompts")
    meant = [nearest(name, names).startswith("did you mean") for names in (protocols, prompts)]
    return name not in protocols and (name in prompts or meant == [False, True])


def _brought(card: Mapping[str, Any], study: Mapping[str, Any], library: Library) -> dict[str, Any]:
    """The keys that a study takes over: not those about people, nor prompts for other datasets."""
    brought = {key: value for key, value in card.items() if key not in Precedent.model_fields}
    listed = study.get("datasets")
    asked = [
        entry.get("dataset") if isinstance(entry, Mapping) else entry
        for entry in (listed if isinstance(listed, list) else [])
    ]
    elsewhere = [name for name in library.names("datasets") if name not in asked]
    if brought.get("prompts_for"):
        brought["prompts_for"] = {
            dataset: prompts
            for dataset, prompts in brought["prompts_for"].items()
            if dataset not in elsewhere
        }
    return brought
