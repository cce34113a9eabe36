"""Mistakes in configuration, told in words: one table says how each kind is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from emoalign.study.fields import NAME, Entry
from emoalign.study.located import Mistake, follows, kind_of, located
from emoalign.study.origins import Origin
from emoalign.study.shapes import (
    bare,
    bool_remedy,
    colon_remedy,
    entries_within,
    entry_remedy,
    expected,
    keys_remedy,
    list_remedy,
    name_remedy,
    number_remedy,
    text_remedy,
)


def mistakes(
    entry: type[Entry], content: Any, details: Sequence[ErrorDetails], origin: Origin
) -> list[str]:
    """The mistakes in `content` as an `entry`, each once, in sentences."""
    found = [located(entry, content, detail) for detail in details]
    told = [_told(each, origin) for each in found if not follows(each, found)]
    return list(dict.fromkeys(told))


def _told(mistake: Mistake, origin: Origin) -> str:
    """A mistake in a sentence: where it is, what is expected, what is found, what to write."""
    keys = mistake.keys
    if mistake.kind in ("union_tag_invalid", "union_tag_not_found"):
        keys = (*keys, mistake.kinds()[0])
    words = _KINDS.get(mistake.kind, _unexpected)(mistake, origin)
    inner = _ABOUT_A_KEY.match(words) if mistake.kind == "value_error" else None
    if inner and mistake.has(inner[1].partition(".")[0]):
        place = origin.at(*keys, *inner[1].split("."))
        return f"{place}{inner[2] or ''}: {inner[3]}"
    return f"{origin.at(*keys)}: {words}"


_ABOUT_A_KEY = re.compile(r"([\w.-]+)(, line \d+)?: (.*)", re.DOTALL)
"""Words of a check of ours that begin with the key they are about."""


def _shape(mistake: Mistake, origin: Origin) -> str:
    """Words for a value of another type than expected."""
    kind, value, key = bare(mistake.annotation), mistake.value, mistake.key
    wanted = expected(mistake.annotation, mistake.is_of_names)
    written = (origin.written(mistake.keys) or kind_of(value)).strip("'\"")
    inner = next(entries_within(kind), None)
    remedy = ""
    if kind in (int, float):
        remedy = number_remedy(value, whole=kind is int)
    elif kind is bool:
        remedy = bool_remedy(value)
    elif get_origin(kind) is tuple:
        remedy = list_remedy(kind, str(key), value)
    elif get_origin(kind) in (dict, Mapping):
        remedy = keys_remedy(kind, key, value)
    elif inner is not None and kind is inner:
        remedy = entry_remedy(inner, key, value)
    elif wanted == "text" and isinstance(value, Mapping) and len(value) == 1:
        remedy = colon_remedy(key, value, typed=origin.at(*mistake.keys).startswith("--config"))
    elif isinstance(value, list | Mapping):
        wanted, remedy = re.sub("^a ", "one ", wanted), name_remedy(key, value)
    else:
        remedy = text_remedy(value, written)
    return mistake.mended(origin, wanted, remedy)


def _unexpected(mistake: Mistake, origin: Origin) -> str:
    wanted = expected(mistake.annotation, mistake.is_of_names)
    return f"expected {wanted}, found {mistake.found(origin)}{mistake.about()}"


def _missing(mistake: Mistake, origin: Origin) -> str:
    return f"missing; expected: {mistake.description}"


def _unknown(mistake: Mistake, origin: Origin) -> str:
    """Words for a key that is not described: its new name, its right place, or the nearest key."""
    key, owner, root = str(mistake.key), mistake.owner, mistake.root
    if key in owner.renamed:
        return f"{key} is now called {owner.renamed[key]}"
    places = [
        f"below {name}, as a key of an entry" if get_origin(bare(field.annotation)) is tuple
        else f"below {name}"
        for name, field in owner.model_fields.items()
        if any(key in inner.model_fields for inner in entries_within(field.annotation))
    ]  # fmt: skip
    if owner is not root and key in root.model_fields:
        places = ["at the left margin of the file, not below another key"]
    if places and key not in owner.model_fields:
        return f"unknown key here; {key} belongs {' or '.join(places)}"
    return f"unknown key; {nearest(key, owner.model_fields)}"


def _choice(mistake: Mistake, origin: Origin) -> str:
    kind = bare(mistake.annotation)
    if get_origin(kind) in (dict, tuple):  # of the names of keys
        choices = re.findall("'([^']+)'", str(mistake.context.get("expected")))
        return f"unknown key; {nearest(str(mistake.key), choices)}"
    choices = [str(each) for each in get_args(kind)]
    if not choices:  # one that a kind of entry always has
        choices = str(mistake.context.get("expected")).replace("'", "").split(" or ")
    hint = nearest(str(mistake.value), choices)
    close = f"; {hint}" if hint.startswith("did") else mistake.about()
    one = "expected" if len(choices) == 1 else "expected one of"
    told = ", ".join(each if each.isalnum() else f'"{each}"' for each in choices)
    return f"{one} {told}, found {mistake.found(origin)}{close}"


def _no_kind(mistake: Mistake, origin: Origin) -> str:
    if not isinstance(mistake.value, Mapping):
        wanted, (key, kinds) = "keys with values", mistake.kinds()
        remedy = f"write `{key}: {kinds[-1]}` below it, and its other keys"
        return mistake.mended(origin, wanted, remedy)
    return f"missing; write one of: {', '.join(sorted(mistake.kinds()[1]))}"


def _unknown_kind(mistake: Mistake, origin: Origin) -> str:
    key, kinds = mistake.kinds()
    found = mistake.value.get(key) if isinstance(mistake.value, Mapping) else None
    if not isinstance(found, str):
        return f"expected one of {', '.join(sorted(kinds))}, found {kind_of(found)}"
    return f"unknown {key} {found!r}; {nearest(found, kinds)}"


def _bound(words: str, name: str) -> Callable[[Mistake, Origin], str]:
    def told(mistake: Mistake, origin: Origin) -> str:
        limit = mistake.context[name]
        return f"must be {words.format(limit)}, found {mistake.found(origin)}{mistake.about()}"

    return told


def _length(mistake: Mistake, origin: Origin) -> str:
    if mistake.kind == "string_too_short":
        least = mistake.context["min_length"]
        wanted = "text that is not empty" if least == 1 else f"at least {least} characters"
        return f"expected {wanted}, found {mistake.found(origin)}{mistake.about()}"
    most = mistake.context["max_length"]
    plural = "" if most == 1 else "s"
    return (
        f"expected at most {most} character{plural}, found {mistake.found(origin)}{mistake.about()}"
    )


def _too_few(mistake: Mistake, origin: Origin) -> str:
    least, found = mistake.context["min_length"], mistake.context["actual_length"]
    empty = "it is empty" if found == 0 else f"{found} is too few"
    return f"{empty}: give at least {'one' if least == 1 else least}{mistake.about()}"


_PATTERNS = {
    NAME: "a name of letters (a to z), digits, dots, hyphens and underscores that begins with a "
    "letter or digit",
    r"^[0-9a-f]{64}$": "a sha256 checksum: 64 digits and letters a to f, as sha256sum prints it",
    r"^https?://\S+$": "an address that begins with https:// or http:// and contains no spaces",
    r"^\d{4}-\d{2}-\d{2}$": "a date in the form YYYY-MM-DD, such as 2026-01-31",
    r"^\S(.*\S)?$": "text on one line, without spaces before or after it",
    r"^[^\s\W_]+(['’][^\s\W_]+)*$": "a single word of letters and digits, such as don't",
}
"""Patterns of texts in words."""


def _pattern(mistake: Mistake, origin: Origin) -> str:
    pattern = mistake.context["pattern"]
    wanted = _PATTERNS.get(pattern, f"text that matches {pattern}")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(mistake.value)).strip("-._")
    instead = f": write {name}, for example" if name and pattern == NAME else mistake.about()
    return f"expected {wanted}; found {mistake.found(origin)}{instead}"


def _own(mistake: Mistake, origin: Origin) -> str:
    """Words of a check of ours."""
    words = mistake.said.removeprefix("Value error, ")
    plain = isinstance(mistake.value, Mapping | list) or str(mistake.value) in words
    return words if plain else f"{words} (found: {mistake.found(origin)})"


_OF_SHAPE = (
    *("model_type", "model_attributes_type", "dict_type", "tuple_type", "list_type"),
    *("string_type", "int_type", "int_from_float", "int_parsing", "float_type"),
    *("float_parsing", "bool_type", "bool_parsing", "none_required"),
)
"""Kinds of mistakes in which a value is of another type than expected."""

_KINDS: Mapping[str, Callable[[Mistake, Origin], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _no_kind,
    "literal_error": _choice,
    "value_error": _own,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _too_few,
    "greater_than_equal": _bound("{:g} or more", "ge"),
    "greater_than": _bound("more than {:g}", "gt"),
    "less_than_equal": _bound("{:g} or less", "le"),
    "less_than": _bound("less than {:g}", "lt"),
} | dict.fromkeys(_OF_SHAPE, _shape)
"""The function that words each kind of mistake; for others, the expected type is given."""


_MEANT = {
    **dict.fromkeys(("chatgpt", "gpt"), "openai"),
    "claude": "anthropic",
    "google": "gemini",
    **dict.fromkeys(("grok", "x.ai"), "xai"),  # Groq is another company
    **dict.fromkeys(("aws", "amazon"), "bedrock"),
    **dict.fromkeys(("llama.cpp", "llama-server"), "llamacpp-server"),
}
"""Names that people may write for that of a provider."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A hint for a misspelt name: the one that is meant, the closest known one, or all of them."""
    names = sorted(choices)
    folded = {each.casefold(): each for each in reversed(names)}
    longer = [each for each in folded if len(name) > 2 and each.startswith(name.casefold())]
    meant = _MEANT.get(name.casefold(), longer[0] if len(longer) == 1 else None)
    if meant in folded:
        return f"did you mean {folded[meant]!r}?"
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"
