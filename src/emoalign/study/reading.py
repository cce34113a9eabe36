"""From YAML to validated entries, with every problem told in words a user can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from emoalign.errors import StudyError
from emoalign.study.fields import TAGS, Entry, tag

EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True)
class Kinds(Generic[EntryT]):
    """Entries of several kinds: the class of each by what stands under `key` in its file."""

    key: str
    classes: Mapping[str, type[EntryT]]


def read_card(path: Path, kind: type[EntryT] | Kinds[EntryT]) -> EntryT:
    """The entry in a YAML file. Raises StudyError with every problem found."""
    entry, problems = read_entry(path, kind, str(path))
    if entry is None:
        raise StudyError(problems)
    return entry


def read_entry(
    path: Path, kind: type[EntryT] | Kinds[EntryT], source: str, names: Sequence[str] = ()
) -> tuple[EntryT | None, list[str]]:
    """The entry in a YAML file, or the list of what is wrong with it.

    `source` is what names the file: where there is none, the problem is there, and one of `names`
    may be meant.
    """
    try:
        there = path.exists()
    except OSError as error:
        return None, [f"{source}: {path.parent.name}: {_unreadable(path, error)}"]
    if not there:
        hint = nearest(path.stem, names or [other.stem for other in path.parent.glob("*.yaml")])
        return None, [f"{source}: {path.parent.name}: there is no {path}; {hint}"]
    content, problems = read_yaml(path)
    if content is None:
        return None, problems or [f"{path}: the file is empty"]
    if not isinstance(kind, Kinds):
        return validate(kind, content, str(path))
    value = content.get(kind.key) if isinstance(content, Mapping) else None
    chosen = kind.classes.get(str(value))
    if chosen is None:
        hint = nearest(str(value), kind.classes)
        return None, [f"{path}: {kind.key}: unknown {kind.key} {value!r}; {hint}"]
    return validate(chosen, content, str(path))


def read_yaml(path: Path) -> tuple[Any, list[str]]:
    """The content of a YAML 1.2 file, and the problems that kept it from being read."""
    try:
        text = path.read_text(encoding="utf-8")
        if _values(text) > MOST_VALUES:
            return None, [
                f"{path}: its aliases (*name) refer to each other until they stand for more than "
                f"{MOST_VALUES:,} values. Write out what is meant."
            ]
        return YAML(typ="safe", pure=True).load(text), []
    except FileNotFoundError:
        return None, [f"{path}: no such file"]
    except UnicodeDecodeError as error:
        return None, [
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ]
    except OSError as error:
        return None, [_unreadable(path, error)]
    except RecursionError:
        return None, [f"{path}: lists and keys are nested too deep, or within themselves"]
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = str(error.problem).splitlines()[0]
        return None, [f"{path}{line}: not valid YAML: {problem}"]
    except (YAMLError, ValueError) as error:
        return None, [f"{path}: not valid YAML: {str(error).splitlines()[0]}"]


MOST_VALUES = 1_000_000
"""Values a file may stand for once its aliases are written out."""


def endless(file: Path) -> list[str]:
    """The problem of a file whose aliases make a small text stand for endless values; else none."""
    try:
        return read_yaml(file)[1] if _values(file.read_text(encoding="utf-8")) > MOST_VALUES else []
    except (OSError, ValueError, YAMLError, RecursionError):
        return []


def _values(text: str) -> int:
    """The number of values a text stands for, where it has aliases; long texts count as several."""
    if "*" not in text or "&" not in text:
        return 0
    counted: dict[int, int] = {}

    def count(node: Any) -> int:
        if isinstance(node, ScalarNode):
            return 1 + len(node.value) // 100
        if id(node) not in counted:
            counted[id(node)] = MOST_VALUES + 1  # of a node within itself
            inner = (part for pair in node.value for part in pair)
            parts = inner if isinstance(node, MappingNode) else node.value
            counted[id(node)] = 1 + sum(count(part) for part in parts)
        return counted[id(node)]

    node = YAML(typ="safe", pure=True).compose(text)
    return 0 if node is None else count(node)


def _unreadable(path: Path, error: OSError) -> str:
    shown = path if len(str(path)) <= LONGEST_SHOWN else f"{str(path)[:LONGEST_SHOWN]}..."
    return f"{shown}: cannot be read: {error.strerror or error}"


LONGEST_SHOWN = 200
"""Characters of something wrong that a message repeats."""


def validate(entry: type[EntryT], content: Any, source: str) -> tuple[EntryT | None, list[str]]:
    """`content` as an `entry`, or the list of what is wrong with it.

    Types are strict, as in JSON: the text "20" is no number and `yes` is no number either.
    """
    if not isinstance(content, Mapping):
        kind = "nothing" if content is None else type(content).__name__
        return None, [f"{source}: expected keys with values, found {kind}"]
    try:
        as_json = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        return None, [
            f"{source}: holds a value that is neither text, number, list nor keys: {error}"
        ]
    try:
        return entry.model_validate_json(as_json, strict=True), []
    except ValidationError as error:
        details = error.errors()
        return None, [
            _explain(entry, detail, source)
            for detail in details
            if not _follows(entry, detail, details)
        ]


def nearest(name: str, choices: Iterable[str]) -> str:
    """A hint for a misspelt name: the closest known one, or all of them."""
    names = sorted(choices)
    folded = {each.casefold(): each for each in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"


def _follows(entry: type[Entry], detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Tell whether another problem says it all.

    A list can be too short only because its entries were invalid; a key can be missing only
    because its old name was used.
    """
    location = detail["loc"]
    others = [other["loc"] for other in details if other["loc"] != location]
    if detail["type"] == "too_short":
        return any(other[: len(location)] == location for other in others)
    if detail["type"] == "missing":
        renamed = _described(entry, location)[0].renamed
        return any(
            other[:-1] == location[:-1] and renamed.get(str(other[-1])) == location[-1]
            for other in others
        )
    return False


def _explain(entry: type[Entry], detail: ErrorDetails, source: str) -> str:
    location = tuple(part for part in detail["loc"] if not str(part).startswith(TAGS))
    key = ".".join(str(part) for part in location)
    where = f"{source}: {key}" if key else source
    owner, description = _described(entry, detail["loc"])
    if detail["type"] == "union_tag_invalid":
        key, _, kind = str(detail["ctx"]["tag"]).partition(": ")
        kinds = detail["ctx"]["expected_tags"].replace("'", "").replace(f"{key}: ", "").split(", ")
        return f"{where}.{key}: unknown {key} {kind!r}; {nearest(kind, kinds)}"
    if detail["type"] == "union_tag_not_found":
        kinds = _kinds_within(owner.model_fields[str(location[-1])].annotation)
        named = [kind.partition(": ") for kind in kinds]
        return f"{where}.{named[0][0]}: missing; {nearest('', (kind for _, _, kind in named))}"
    if detail["type"] == "extra_forbidden" and location[-1] in owner.renamed:
        return f"{where}: {location[-1]} is now called {owner.renamed[str(location[-1])]}"
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key; {nearest(str(location[-1]), owner.model_fields)}"
    if detail["type"] == "missing":
        return f"{where}: missing; expected: {description}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "string_pattern_mismatch":
        message = f"must match {detail['ctx']['pattern']}"
    if detail["type"] == "literal_error":
        choices = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        message = f"{message}; {nearest(str(detail['input']), choices)}"
    found = repr(detail["input"])
    found = found if len(found) <= LONGEST_SHOWN else f"{found[:LONGEST_SHOWN]}..."
    shown = "" if isinstance(detail["input"], Mapping | list) else f", found {found}"
    expected = f" (expected: {description})" if description else ""
    return f"{where}: {message}{shown}{expected}"


def _described(entry: type[Entry], location: tuple[int | str, ...]) -> tuple[type[Entry], str]:
    """The entry that holds the last key of `location`, and that key's description."""
    description = ""
    owner = entry
    inner: type[Entry] | None = entry
    kinds: Mapping[str, type[Entry]] = {}
    for part in location:
        if inner is not None and str(part) in inner.model_fields:
            owner = inner
            field = owner.model_fields[str(part)]
            description = field.description or ""
            inner = next(_entries_within(field.annotation), None)
            kinds = _kinds_within(field.annotation)
        elif str(part) in kinds:
            owner = inner = kinds[str(part)]
        elif inner is not None:
            owner = inner
    return owner, description


def _entries_within(annotation: Any) -> Iterator[type[Entry]]:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for argument in get_args(annotation):
        yield from _entries_within(argument)


def _kinds_within(annotation: Any) -> Mapping[str, type[Entry]]:
    """The entries a key may hold by the name of their kind, where it may hold several."""
    return {
        tag(key, get_args(entry.model_fields[key].annotation)[0]): entry
        for entry in _entries_within(annotation)
        for key in ("kind", "reader")
        if key in entry.model_fields
    }
