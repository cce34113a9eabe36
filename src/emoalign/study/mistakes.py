"""Mistakes in configuration, told in words: one table says how each kind is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from emoalign.study.fields import NAME, TAGS, Entry, tag
from emoalign.study.origins import Origin, in_words
from emoalign.study.shapes import (
    bare,
    bool_remedy,
    entries_within,
    entry_remedy,
    expected,
    keys_remedy,
    list_remedy,
    name_remedy,
    number_remedy,
    text_remedy,
)
from emoalign.study.yaml_files import LONGEST_SHOWN


def mistakes(
    entry: type[Entry], content: Any, details: Sequence[ErrorDetails], origin: Origin
) -> list[str]:
    """What is wrong with `content` as an `entry`, each mistake once, in sentences."""
    found = [_located(entry, content, detail) for detail in details]
    told = [each.told(origin) for each in found if not _follows(each, found)]
    return list(dict.fromkeys(told))


@dataclass(frozen=True)
class _Mistake:
    """A mistake, where it is, and what is expected there."""

    kind: str
    keys: tuple[str | int, ...]
    within: bool  # among several types that one value may have
    value: Any
    context: Mapping[str, Any]
    said: str
    root: type[Entry]
    owner: type[Entry]
    annotation: Any
    description: str

    @property
    def key(self) -> str | int:
        return self.keys[-1] if self.keys else ""

    def told(self, origin: Origin) -> str:
        """The mistake in a sentence: where, what is expected, what is found, what to write."""
        keys = self.keys
        if self.kind in ("union_tag_invalid", "union_tag_not_found"):
            keys = (*keys, self._kinds()[0])
        words = _KINDS.get(self.kind, _unexpected)(self, origin)
        return f"{origin.at(*keys)}: {words}"

    def found(self, origin: Origin) -> str:
        """What stands there, as it is written where a file has it."""
        if self.value is None and not origin.written(self.keys):
            return "nothing"
        if isinstance(self.value, Mapping | list):
            return "a list" if isinstance(self.value, list) else "keys with values"
        written = origin.written(self.keys) or _written(self.value)
        return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}..."

    def about(self) -> str:
        """What the key is for, as a sentence after others."""
        return f". {self.description.rstrip('.')}." if self.description else ""

    def mended(self, origin: Origin, wanted: str, remedy: str) -> str:
        """The sentence for a value of the wrong shape."""
        found = self.found(origin)
        if found == "nothing":
            single = (
                "write its value"
                if "a list" not in wanted and "keys" not in wanted
                else ("write what belongs to it in the lines below, further right")
            )
            field = self.owner.model_fields.get(str(self.key))
            needed = field is None or field.is_required()
            remedy = single if needed else f"{single}, or leave the key out"
        if remedy and not remedy.startswith(","):
            remedy = f": {remedy}"
        return f"expected {wanted}, found {found}{remedy or self.about()}"

    def _kinds(self) -> tuple[str, list[str]]:
        """The key that tells the kind of an entry, and the kinds there are."""
        named = [name.partition(": ") for name in kinds_within(self.annotation)]
        return named[0][0], [kind for _, _, kind in named]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _shape(mistake: _Mistake, origin: Origin) -> str:
    """Words for a value of another type than expected."""
    kind, value, key = bare(mistake.annotation), mistake.value, mistake.key
    wanted = expected(mistake.annotation, _is_name(mistake))
    written = (origin.written(mistake.keys) or _written(value)).strip("'\"")
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
    elif isinstance(value, list | Mapping):
        wanted, remedy = re.sub("^a ", "one ", wanted), name_remedy(key, value)
    else:
        remedy = text_remedy(value, written)
    return mistake.mended(origin, wanted, remedy)


def _is_name(mistake: _Mistake) -> bool:
    field = mistake.owner.model_fields.get(str(mistake.key))
    said = mistake.annotation if field is None else (field.metadata, field.annotation)
    return "pattern='" in str(said)


def _unexpected(mistake: _Mistake, origin: Origin) -> str:
    wanted = expected(mistake.annotation, _is_name(mistake))
    return f"expected {wanted}, found {mistake.found(origin)}{mistake.about()}"


def _missing(mistake: _Mistake, origin: Origin) -> str:
    return f"missing; expected: {mistake.description}"


def _unknown(mistake: _Mistake, origin: Origin) -> str:
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
        places = ["at the left margin of the file"]
    if places and key not in owner.model_fields:
        return f"unknown key here; {key} belongs {' or '.join(places)}"
    return f"unknown key; {nearest(key, owner.model_fields)}"


def _choice(mistake: _Mistake, origin: Origin) -> str:
    choices = [str(each) for each in get_args(bare(mistake.annotation))]
    if not choices:  # one that a kind of entry always has
        choices = str(mistake.context.get("expected")).replace("'", "").split(" or ")
    hint = nearest(str(mistake.value), choices)
    close = f"; {hint}" if hint.startswith("did") else mistake.about()
    one = "expected" if len(choices) == 1 else "expected one of"
    return f"{one} {', '.join(choices)}, found {mistake.found(origin)}{close}"


def _no_kind(mistake: _Mistake, origin: Origin) -> str:
    if not isinstance(mistake.value, Mapping):
        wanted, (key, kinds) = "keys with values", mistake._kinds()
        remedy = f"write `{key}: {kinds[-1]}` below it, and its other keys"
        return mistake.mended(origin, wanted, remedy)
    return f"missing; write one of: {', '.join(mistake._kinds()[1])}"


def _unknown_kind(mistake: _Mistake, origin: Origin) -> str:
    key, kinds = mistake._kinds()
    found = str(mistake.context["tag"]).partition(": ")[2]
    return f"unknown {key} {found!r}; {nearest(found, kinds)}"


def _bound(words: str, name: str) -> Callable[[_Mistake, Origin], str]:
    def told(mistake: _Mistake, origin: Origin) -> str:
        limit = mistake.context[name]
        return f"must be {words.format(limit)}, found {mistake.found(origin)}{mistake.about()}"

    return told


def _length(mistake: _Mistake, origin: Origin) -> str:
    if mistake.kind == "string_too_short":
        least = mistake.context["min_length"]
        wanted = "text, not an empty one" if least == 1 else f"at least {least} characters"
        return f"expected {wanted}, found {mistake.found(origin)}{mistake.about()}"
    most = mistake.context["max_length"]
    plural = "" if most == 1 else "s"
    return (
        f"expected at most {most} character{plural}, found {mistake.found(origin)}{mistake.about()}"
    )


def _too_few(mistake: _Mistake, origin: Origin) -> str:
    least, found = mistake.context["min_length"], mistake.context["actual_length"]
    empty = "nothing stands in it" if found == 0 else f"{found} is too few"
    return f"{empty}: give at least {'one' if least == 1 else least}{mistake.about()}"


_PATTERNS = {
    NAME: "a name of letters (a to z), digits, dots, hyphens and "
    "underscores, that begins with a letter or digit",
    r"^[0-9a-f]{64}$": "a sha256 checksum: 64 digits and letters a to f, as sha256sum prints it",
    r"^https?://\S+$": "an address that begins with https:// or http:// and holds no spaces",
    r"^\d{4}-\d{2}-\d{2}$": "a day written YYYY-MM-DD, such as 2026-01-31",
    r"^\S(.*\S)?$": "words on one line, without spaces before or after them",
    r"^[^\s\W_]+(['’][^\s\W_]+)*$": "a single word of letters and digits, such as don't",
}
"""Patterns of texts in words."""


def _pattern(mistake: _Mistake, origin: Origin) -> str:
    pattern = mistake.context["pattern"]
    wanted = _PATTERNS.get(pattern, f"text that matches {pattern}")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(mistake.value)).strip("-._")
    instead = f": write {name}, for example" if name and pattern == NAME else mistake.about()
    return f"expected {wanted}; found {mistake.found(origin)}{instead}"


def _own(mistake: _Mistake, origin: Origin) -> str:
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

_KINDS: Mapping[str, Callable[[_Mistake, Origin], str]] = {
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
"""How each kind of mistake is told; one that is not here is told by what is expected."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A hint for a misspelt name: the closest known one, or all of them."""
    names = sorted(choices)
    folded = {each.casefold(): each for each in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"


def _follows(mistake: _Mistake, every: Sequence[_Mistake]) -> bool:
    """Tell whether another mistake says it all.

    A list can be too short only because its entries were invalid, and a key missing only because
    its old name was used; of the types a value may have, one may be nearly right.
    """
    keys = mistake.keys
    others = [other.keys for other in every if other is not mistake]
    if mistake.kind == "too_short" or mistake.within:
        return any(other[: len(keys)] == keys and other != keys for other in others)
    if mistake.kind == "missing":
        renamed = mistake.owner.renamed
        return any(
            other[:-1] == keys[:-1] and renamed.get(str(other[-1])) == keys[-1]
            for other in others
            if other
        )
    return False


def _located(root: type[Entry], content: Any, detail: ErrorDetails) -> _Mistake:
    """A mistake, with the keys that lead to it and what is expected there."""
    keys: list[str | int] = []
    owner: type[Entry] = root
    annotation: Any = root
    description, value = "", content
    inner: type[Entry] | None = root
    kinds: Mapping[str, type[Entry]] = {}
    within = False
    *_, last = ("", *detail["loc"])
    for place, part in enumerate(detail["loc"], 1):
        is_last = place == len(detail["loc"])
        if isinstance(part, str) and part.startswith(TAGS):
            inner = kinds.get(part, inner)
            annotation = inner
            owner = inner or owner
            continue
        there = _has(value, part) or (is_last and detail["type"] == "missing")
        if not there:  # a type of several, or the mark of a key
            within = within or part != "[key]"
            continue
        keys.append(part)
        value = _inner(value, part)
        if inner is not None and isinstance(part, str):
            owner = inner
            field = inner.model_fields.get(part)
            annotation = None if field is None else field.annotation
            description = "" if field is None else field.description or ""
            inner = None
        elif annotation is not None:
            arguments = get_args(bare(annotation))
            annotation = arguments[-1 if isinstance(part, str) else 0] if arguments else None
        kinds = kinds_within(annotation)
        own = bare(annotation)
        if isinstance(own, type) and issubclass(own, Entry):
            inner = own
        elif within or get_origin(own) not in (tuple, dict):
            inner = next(entries_within(own), None)
    return _Mistake(
        kind=detail["type"],
        keys=tuple(keys),
        within=within and last != "[key]",
        value=detail["input"],
        context=detail.get("ctx", {}),
        said=detail["msg"],
        root=root,
        owner=owner,
        annotation=annotation,
        description=description,
    )


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, Mapping) and part in value


def _inner(value: Any, part: str | int) -> Any:
    return value[part] if _has(value, part) else None


def kinds_within(annotation: Any) -> Mapping[str, type[Entry]]:
    """The entries a key may hold by the name of their kind, where it may hold several."""
    return {
        tag(key, get_args(entry.model_fields[key].annotation)[0]): entry
        for entry in entries_within(annotation)
        for key in ("kind", "reader")
        if key in entry.model_fields
    }


__all__ = ["in_words", "mistakes", "nearest"]
