"""From YAML to validated entries, with every problem told in words a user can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from pydantic import ValidationError

from emoalign.errors import StudyError
from emoalign.study.fields import Entry
from emoalign.study.located import kind_of
from emoalign.study.mistakes import mistakes, nearest
from emoalign.study.origins import Origin
from emoalign.study.yaml_files import YamlFile, read_file, shown

__all__ = ["Kinds", "nearest", "over", "read_card", "read_entry", "read_yaml", "validate"]

EntryT = TypeVar("EntryT", bound=Entry)


OWN = Path("config")
"""The folder of a project's own entries, from the folder of the project."""

Completed = tuple[Any, Origin, list[str]]
"""The content of an entry, None if it cannot be completed, where its keys stand, and problems."""


@dataclass(frozen=True)
class Kinds(Generic[EntryT]):
    """Entries of several kinds: the class of each by what stands under `key` in its file.

    An empty `key` stands for entries of one kind. `complete` adds what an entry takes over from
    another file, which may be in the project's own folder of entries.
    """

    key: str
    classes: Mapping[str, type[EntryT]]
    complete: Callable[[YamlFile, Path], Completed] | None = None


def read_card(path: Path, kind: type[EntryT] | Kinds[EntryT], own: Path = OWN) -> EntryT:
    """The entry in a YAML file. Raises StudyError with every problem found."""
    entry, problems = read_entry(path, kind, shown(path), own=own)
    if entry is None:
        raise StudyError(problems)
    return entry


def read_entry(
    path: Path,
    kind: type[EntryT] | Kinds[EntryT],
    source: str,
    names: Sequence[str] = (),
    own: Path = OWN,
) -> tuple[EntryT | None, list[str]]:
    """The entry in a YAML file, or the list of what is wrong with it.

    `source` is what names the file, such as "config/config.yaml, line 4: models, entry 1": where
    there is no such file, the problem is there, and one of `names` may be meant. `own` is the
    folder of the project's own entries, which another file that the entry names may be in.
    """
    try:
        there = path.exists()
    except OSError as error:
        return None, [f"{source}: {shown(path)}: cannot be read: {error.strerror or error}"]
    if not there and path.is_symlink():
        return None, [f"{source}: {shown(path)} is a link to {path.readlink()}, which is not there"]
    if not there and (other := path.with_name(f"{path.stem}.yml")).exists():
        return None, [f"{source}: there is no {shown(path)}; rename {shown(other)}"]
    if not there:
        hint = nearest(path.stem, names or [other.stem for other in path.parent.glob("*.yaml")])
        return None, [f"{source}: there is no {shown(path)}; {hint}"]
    file = read_file(path)
    if file.content is None:
        return None, list(file.problems)
    entry, problems = _as_entry(file, kind, own)
    problems = [*file.problems, *problems]
    return None if problems else entry, problems


def _as_entry(
    file: YamlFile, kind: type[EntryT] | Kinds[EntryT], own: Path
) -> tuple[EntryT | None, list[str]]:
    origin = Origin(shown(file.path), (file,))
    if not isinstance(kind, Kinds):
        return validate(kind, file.content, origin)
    if not isinstance(file.content, Mapping):
        return None, [_no_keys(file.content, origin)]
    content: Any = file.content
    problems: list[str] = []
    if kind.complete is not None:
        content, origin, problems = kind.complete(file, own)
        if content is None:
            return None, problems
    value = content.get(kind.key)
    chosen = kind.classes.get(str(value) if kind.key else "")
    if chosen is not None:
        entry, wrong = validate(chosen, content, origin)
        return entry, [*problems, *wrong]
    where, choices = origin.at(kind.key), ", ".join(sorted(kind.classes))
    if value is None:
        return None, [f"{where}: missing; write one of: {choices}"]
    if not isinstance(value, str):
        return None, [f"{where}: expected one of {choices}, found {kind_of(value)}"]
    hint = nearest(str(value), kind.classes)
    return None, [f"{where}: unknown {kind.key} {str(value)!r}; {hint}"]


def read_yaml(path: Path) -> tuple[Any, list[str]]:
    """The content of a YAML 1.2 file, and the problems that kept it from being read."""
    file = read_file(path)
    return (None if file.problems else file.content), list(file.problems)


def validate(
    entry: type[EntryT], content: Any, source: str | Origin
) -> tuple[EntryT | None, list[str]]:
    """`content` as an `entry`, or the list of what is wrong with it.

    Types are strict, as in JSON: the text "20" is no number and `yes` is no number either.
    """
    origin = source if isinstance(source, Origin) else Origin(source)
    if not isinstance(content, Mapping):
        return None, [_no_keys(content, origin)]
    try:
        as_json = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return None, [f"{origin.at(*keys)}: {words}" for keys, words in _unstorable(content)]
    try:
        return entry.model_validate_json(as_json, strict=True), []
    except ValidationError as error:
        return None, mistakes(entry, orjson.loads(as_json), error.errors(), origin)


def over(before: Any, after: Any) -> Any:
    """Two contents, the later over the earlier; keys that have keys are merged."""
    if not isinstance(after, Mapping):
        return after
    kept = before if isinstance(before, Mapping) else {}
    return {**kept, **{key: over(kept.get(key), value) for key, value in after.items()}}


def value_at(content: Any, keys: Sequence[str]) -> Any:
    """The value at the end of keys inside keys; None where there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def _no_keys(content: Any, origin: Origin) -> str:
    if content is None:
        return f"{origin}: expected keys with values, found nothing"
    found = "a list" if isinstance(content, list) else "text, or a single value"
    return (
        f"{origin}: expected keys with values, such as `title: ...`, each on its own line with a "
        f"space after the colon, found {found}"
    )


def _unstorable(content: Any, *keys: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The places of what JSON cannot hold."""
    if isinstance(content, Mapping):
        for key, inner in content.items():
            if not isinstance(key, str | int | float | None):
                yield (*keys, str(key)), "a key that is neither text nor a number"
            yield from _unstorable(inner, *keys, str(key))
    elif isinstance(content, list | tuple):
        for place, inner in enumerate(content):
            yield from _unstorable(inner, *keys, place)
    else:
        try:
            orjson.dumps(content)
        except TypeError:
            what = "a number with too many digits" if isinstance(content, int) else "odd characters"
            yield keys, f"cannot be stored: {what}; correct the value"
