"""The kind of value that a key expects, in words, and how to write a wrong one right."""

from __future__ import annotations

import json
import re
import shlex
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
    """A type in words: "a whole number", "a list of names"."""
    kind = bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        inner = expected(arguments[0], "pattern" in str(arguments[0]))
        if inner == "keys with values":
            return "a list of entries, each with its keys"
        plural = f"{inner.removeprefix('a ')}s" if inner.startswith(("a ", "text")) else inner
        return f"a list of {plural.replace('one of', 'some of')}"
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
    """The correction for a number that is written as text."""
    text = str(found).strip()
    if not isinstance(found, str):
        return ""
    if _DECIMAL_COMMA.fullmatch(text) and not whole:
        return f"write {text.replace(',', '.')}, with a decimal point"
    try:
        number = float(text)
    except ValueError:
        (*several, last) = _NUMBER.findall(text) or [""]
        return f"write only the number, such as {last}" if last and not several else ""
    if whole and not number.is_integer():
        return ""
    return f"write {text} without quotation marks"


def bool_remedy(found: Any) -> str:
    """The correction for a word that stands for true or false."""
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    text = str(found).strip().lower()
    return f"write {meant.get(text, text if text in ('true', 'false') else 'true or false')}"


def text_remedy(found: Any, written: str) -> str:
    """The correction for a text that YAML reads as something else."""
    if isinstance(found, bool | int | float):
        kind = "true or false" if isinstance(found, bool) else "a number"
        return f', which YAML reads as {kind}: write "{written}" in quotation marks'
    return ""


def colon_remedy(key: str | int, found: Mapping[Any, Any], typed: bool = False) -> str:
    """The correction for a text with a colon, which YAML reads as a key with a value.

    `typed` means that it was given on the command line, with --config.
    """
    ((first, rest),) = found.items()
    text = f"{first}: {'' if rest is None else rest}".strip()
    quoted = json.dumps(text, ensure_ascii=False)
    if typed:
        return f"put the text in quotation marks: --config {shlex.quote(f'{key}={quoted}')}"
    return f"put the text in quotation marks: `{key}: {quoted}`"


def name_remedy(key: str | int, found: Any) -> str:
    """The correction for a list, or keys, in place of one name."""
    parts = list(found.items() if isinstance(found, Mapping) else enumerate(found))
    if len(parts) != 1:
        return "write one of them" if parts else ""
    ((first, value),) = parts
    name = value if isinstance(value, str) else first
    if not isinstance(name, str):
        return ""
    return f"write `- {name}`" if isinstance(key, int) else f"write `{key}: {name}`"


def list_remedy(annotation: Any, key: str, found: Any) -> str:
    """The correction for one value, or keys, in place of a list."""
    inner = bare(get_args(bare(annotation))[0])
    entry = next(entries_within(inner), None)
    if entry is None:
        names = list(found) if isinstance(found, Mapping) else [found]
        return f"write `{key}: [{', '.join(map(_short, names))}]`"
    if isinstance(found, Mapping) and any(name in entry.model_fields for name in found):
        first = next(name for name in found if name in entry.model_fields)
        return (
            f"put a hyphen before the first key, `- {first}: ...`, and align the other keys with it"
        )
    if isinstance(found, Mapping):
        one = next(iter(found), "...")
        return f"write each as an entry with a hyphen: `{_entry(_as_keys(entry, one))}`"
    return f"write on the next line `{_entry(_as_keys(entry, found))}`"


def entry_remedy(entry: type[Entry], key: str | int, found: Any) -> str:
    """The correction for one value, or a list, in place of an entry's keys."""
    if isinstance(found, list) and any(isinstance(each, Mapping) for each in found):
        return "remove the hyphens; the keys below it have none"
    keys = _as_keys(entry, found)
    return f"write `{_entry(keys)}`" if isinstance(key, int) else f"write `{key}: {{{keys}}}`"


def keys_remedy(annotation: Any, key: str | int, found: Any) -> str:
    """The correction for one value, or a list, in place of names with values."""
    entry = next(entries_within(annotation), None)
    if isinstance(found, list) and found and all(isinstance(each, Mapping) for each in found):
        return "remove the hyphens: each name is a key, with its own keys below it"
    names = found if isinstance(found, list) else [found]
    name = _short(names[0]) if names else "..."
    if entry is None:
        pair = f"{name}: ..." if isinstance(found, list) else f"...: {name}"
        return f"write `- {{{pair}}}`" if isinstance(key, int) else f"write `{key}: {{{pair}}}`"
    needed = [key for key, field in entry.model_fields.items() if field.is_required()]
    inner = ", ".join(f"{key}: ..." for key in needed or list(entry.model_fields)[:1])
    return f"write each name as a key with its keys: `{name}: {{{inner}}}`"


def _as_keys(entry: type[Entry], found: Any) -> str:
    """The keys of an entry that a bare value stands for, as `short` of its class says."""
    needed = [key for key, field in entry.model_fields.items() if field.is_required()]
    pattern = entry.short or (
        f"{needed[0]}: {{0}}" if needed else f"{next(iter(entry.model_fields))}: ..."
    )
    count = len(set(re.findall(r"{\d}", pattern)))
    parts = list(found) if isinstance(found, list) else [found]
    if count > 1 and not isinstance(found, list):
        parts = _NUMBER.findall(re.sub(r"(\d)\s*[-:]\s*(?=\d)", r"\1 ", str(found)))
    return pattern.format(*(map(_short, parts) if len(parts) == count else ["..."] * count))


def _entry(keys: str) -> str:
    return f"- {{{keys}}}" if ", " in keys else f"- {keys}"


def _short(value: Any) -> str:
    """A value as a remedy repeats it."""
    if isinstance(value, Mapping | list) or value is None:
        return "..."
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_REMEDY and "\n" not in text else "..."
