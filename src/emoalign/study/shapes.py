"""What a key expects, in words, and how to write what stands there instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from emoalign.study.fields import Entry

LONGEST_REMEDY = 60
"""Characters of a value that are written out again in a remedy."""

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


def bare(annotation: Any) -> Any:
    """A type without what is said about it; of something optional, the type it has when given."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        given = [bare(part) for part in get_args(annotation) if part is not NoneType]
        return given[0] if len(given) == 1 else Union[tuple(given)]  # noqa: UP007
    return annotation


def entries_within(annotation: Any) -> Iterator[type[Entry]]:
    """The classes of entries in a type, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for argument in get_args(annotation):
        yield from entries_within(argument)


def expected(annotation: Any, name: bool = False) -> str:
    """What a type stands for: "a whole number", "a list of names"."""
    kind = bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        inner = expected(arguments[0], "pattern" in str(arguments[0]))
        plural = {"a ": "s", "one of": ""}
        ending = next((end for start, end in plural.items() if inner.startswith(start)), "")
        return f"a list of {inner.removeprefix('a ')}{ending}"
    if origin in (dict, Mapping):
        return "keys with values"
    if origin in (Union, UnionType):
        parts = [expected(part) for part in arguments]
        whole = "a whole number"
        if whole in parts and "a number" in parts:
            parts.remove(whole)
        return " or ".join(dict.fromkeys(parts))
    if any(True for _ in entries_within(kind)):
        return "keys with values"
    words = {int: "a whole number", float: "a number", bool: "true or false"}
    return words.get(kind, "a name" if name else "text")


def number_remedy(found: Any, whole: bool) -> str:
    """How to write a number that stands there as text."""
    text = str(found).strip()
    if not isinstance(found, str):
        return ""
    if _DECIMAL_COMMA.fullmatch(text) and not whole:
        return f"write {text.replace(',', '.')}, with a point"
    try:
        number = float(text)
    except ValueError:
        (*several, last) = _NUMBER.findall(text) or [""]
        return f"write the number alone, such as {last}" if last and not several else ""
    if whole and not number.is_integer():
        return ""
    return f"write {text} without quotation marks"


def text_remedy(found: Any, written: str) -> str:
    """How to write a text that YAML reads as something else."""
    if isinstance(found, bool):
        return f'YAML reads it as true or false: write "{written}" in quotation marks'
    if isinstance(found, int | float):
        return f'YAML reads it as a number: write "{written}" in quotation marks'
    return ""


def list_remedy(annotation: Any, key: str, found: Any) -> str:
    """How to write as a list what stands there as one value, or as keys."""
    inner = bare(get_args(bare(annotation))[0])
    entry = next(entries_within(inner), None)
    if entry is None:
        names = list(found) if isinstance(found, Mapping) else [found]
        return f"write `{key}: [{', '.join(map(_short, names))}]`"
    if isinstance(found, Mapping) and any(name in entry.model_fields for name in found):
        first = next(name for name in found if name in entry.model_fields)
        return f"put a hyphen before its first key, `- {first}: ...`, and align the others with it"
    if isinstance(found, Mapping):
        one = next(iter(found), "...")
        return f"write each as an entry with a hyphen: `- {_as_keys(entry, one)}`"
    return f"write below it `- {_as_keys(entry, found)}`"


def entry_remedy(entry: type[Entry], key: str | int, found: Any) -> str:
    """How to write an entry's keys where one value, or a list, stands."""
    if isinstance(found, list) and any(isinstance(each, Mapping) for each in found):
        return "take the hyphens away: its keys stand below it without"
    keys = _as_keys(entry, found)
    return f"write `- {keys}`" if isinstance(key, int) else f"write `{key}: {{{keys}}}`"


def keys_remedy(annotation: Any, found: Any) -> str:
    """How to write names with values where one value, or a list, stands."""
    entry = next(entries_within(annotation), None)
    if isinstance(found, list) and found and all(isinstance(each, Mapping) for each in found):
        return "take the hyphens away: each name is a key, with its keys below it"
    names = found if isinstance(found, list) else [found]
    name = _short(names[0]) if names else "..."
    if entry is None:
        return f"write `{name}: ...` below it, and so for each"
    needed = [key for key, field in entry.model_fields.items() if field.is_required()]
    inner = ", ".join(f"{key}: ..." for key in needed or list(entry.model_fields)[:1])
    return f"write each name as a key with its keys: `{name}: {{{inner}}}`"


def _as_keys(entry: type[Entry], found: Any) -> str:
    """The keys of an entry that a bare value stands for, as `short` of its class says."""
    needed = [key for key, field in entry.model_fields.items() if field.is_required()]
    pattern = entry.short or f"{(needed or list(entry.model_fields))[0]}: {{}}"
    count = pattern.count("{}")
    if count > 1:
        parts = [str(each) for each in found] if isinstance(found, list) else []
        parts = parts or _NUMBER.findall(re.sub(r"(\d)\s*[-:]\s*(?=\d)", r"\1 ", str(found)))
        values = parts if len(parts) == count else ["..."] * count
    else:
        several = isinstance(found, list) and len(found) != 1
        one = found[0] if isinstance(found, list) and not several else found
        values = ["..." if several or isinstance(one, Mapping | list) else _short(one)]
    for value in values:
        pattern = pattern.replace("{}", value, 1)
    return pattern


def _short(value: Any) -> str:
    """A value as a remedy repeats it."""
    if isinstance(value, Mapping | list) or value is None:
        return "..."
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_REMEDY and "\n" not in text else "..."
