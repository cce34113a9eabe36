"""The file of a preregistration: what was stated and when, and that nobody has changed it since."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import orjson

from emoalign.errors import DataError

FORMAT = 1
"""The number that a file has of the way in which it is written."""

Key = tuple[str, ...]
"""The way to a value: the name of a part, then names within it."""


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""The value of a key that is not there."""


def canonical(value: object) -> bytes:
    """A value as JSON that depends on nothing but what it says: keys ascending, no blanks."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: object) -> str:
    """The sha256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: object) -> Any:
    """A value as it is read again from JSON."""
    return orjson.loads(canonical(value))


def digests(content: Mapping[str, Any]) -> dict[str, Any]:
    """The sha256 of each part of a content, and of the whole."""
    parts = {name: digest(part) for name, part in sorted(content.items())}
    return {"parts": parts, "whole": digest(content)}


@dataclass(frozen=True)
class Statement:
    """A preregistration or an amendment.

    Attributes:
        date: the day it was made, as 2026-11-29.
        content: the parts that it states: all, or those that an amendment changes.
        answers: for each model and protocol, the answers `planned` and those `held` by then.
        keys: of an amendment, the keys that it changes.
    """

    date: str
    content: Mapping[str, Any]
    answers: tuple[Mapping[str, Any], ...]
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Frozen:
    """A preregistration with its amendments, and the document that holds them."""

    document: Mapping[str, Any]
    first: Statement
    amendments: tuple[Statement, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The preregistration, then its amendments."""
        return (self.first, *self.amendments)

    @property
    def plan(self) -> dict[str, Any]:
        """All parts as they are after the last amendment."""
        whole: dict[str, Any] = {}
        for statement in self.statements:
            whole |= statement.content
        return whole

    def amended(self, key: Key) -> str | None:
        """The date of the last amendment of a key, or of what it is part of or has as parts."""
        dates = [
            amendment.date
            for amendment in self.amendments
            if any(_within(key, changed) or _within(changed, key) for changed in amendment.keys)
        ]
        return dates[-1] if dates else None


def read(path: Path) -> Frozen:
    """The preregistration in a file.

    Raises DataError where it is not as emoalign has written it.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _damaged(path, f"it is no JSON ({error})") from error
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise _damaged(path, "it does not say how it is written")
    if document["format"] > FORMAT:
        raise DataError(
            f"{path}: written by a newer emoalign than this one, which cannot read it. Install "
            "that version or a later one."
        )
    if digest(_signed(document)) != document.get("sha256"):
        raise _damaged(path, "its sha256 is not that of its content")
    first = document["frozen"]
    return Frozen(
        document,
        Statement(first["date"], first["content"], tuple(first["answers"])),
        tuple(
            Statement(
                each["date"],
                each["content"],
                tuple(each["answers"]),
                tuple(tuple(change["key"]) for change in each["changes"]),
            )
            for each in document["amendments"]
        ),
    )


def signed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with its sha256."""
    kept = plain(_signed(document))
    return {**kept, "sha256": digest(kept)}


def _signed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "sha256"}


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: damaged, or changed by hand: {why}. It was left as it is. Restore what was "
        f"frozen, from git for example: git restore '{path}'"
    )


def sides(before: object, after: object, key: Key = ()) -> Iterator[tuple[Key, Any, Any]]:
    """Two contents key by key: each key at which at least one has no further names, ascending."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        yield key, before, after
        return
    for name in sorted({*before, *after}):
        yield from sides(before.get(name, ABSENT), after.get(name, ABSENT), (*key, name))


def differences(
    before: object, after: object, unsaid: Collection[Key] = ()
) -> list[tuple[Key, Any, Any]]:
    """The keys in which two contents differ, with both values.

    `unsaid` are keys that `after` has at their default. One that `before` does not have is no
    difference: an earlier version of emoalign did not know it.
    """
    return [
        (key, old, new)
        for key, old, new in sides(before, after)
        if not same(old, new) and not (old is ABSENT and _adds_nothing(key, new, set(unsaid)))
    ]


def same(first: object, second: object) -> bool:
    """Tell whether two values are equal, as JSON tells numbers apart."""
    if first is ABSENT or second is ABSENT:
        return first is second
    return canonical(first) == canonical(second)


def unsaid(whole: object, said: object) -> list[Key]:
    """The keys of a content that are not in what a study `said`: they are at their defaults."""
    return [key for key, _, value in sides(whole, said) if value is ABSENT]


def at(content: object, key: Key) -> Any:
    """The value of a key; ABSENT where it is not there."""
    for name in key:
        if not isinstance(content, Mapping) or name not in content:
            return ABSENT
        content = content[name]
    return content


def dotted(key: Key) -> str:
    """A key as people read it."""
    return ".".join(key)


def _adds_nothing(key: Key, value: object, unsaid: Collection[Key]) -> bool:
    """Tell whether a value that is new says no more than was so without it."""
    if value is None or value == {}:
        return True
    if isinstance(value, Mapping):
        return all(_adds_nothing((*key, name), inner, unsaid) for name, inner in value.items())
    return any(key[:end] in unsaid for end in range(1, len(key) + 1))


def _within(key: Key, other: Key) -> bool:
    return key[: len(other)] == other
