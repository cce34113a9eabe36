"""The places of mistakes that validation finds in an entry, and what is expected there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from emoalign.study.fields import TAGS, Entry, tag
from emoalign.study.origins import Origin
from emoalign.study.shapes import bare, entries_within
from emoalign.study.yaml_files import LONGEST_SHOWN


@dataclass(frozen=True)
class Mistake:
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
        """The last key that leads to it."""
        return self.keys[-1] if self.keys else ""

    def has(self, key: str) -> bool:
        """Tell whether a key is, or could be, in what is wrong."""
        entries = entries_within(self.annotation)
        return _has(self.value, key) or any(key in entry.model_fields for entry in entries)

    @property
    def is_of_names(self) -> bool:
        """Tell whether a text that is expected there is a name, or of another given form."""
        field = self.owner.model_fields.get(str(self.key))
        said = self.annotation if field is None else (field.metadata, field.annotation)
        return "pattern='" in str(said)

    def found(self, origin: Origin) -> str:
        """The value found there, as written in the file."""
        if self.value is None and not origin.written(self.keys):
            return "nothing"
        if isinstance(self.value, Mapping | list):
            return kind_of(self.value)
        written = origin.written(self.keys) or kind_of(self.value)
        return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}..."

    def about(self) -> str:
        """The description of the key, as a sentence to append."""
        return f". {self.description.rstrip('.')}." if self.description else ""

    def mended(self, origin: Origin, wanted: str, remedy: str) -> str:
        """The sentence for a value of the wrong shape."""
        found = self.found(origin)
        if found == "nothing":
            several = "a list" in wanted or "keys" in wanted
            below = "write its content in the lines below, indented"
            remedy = below if several else "write its value"
            field = self.owner.model_fields.get(str(self.key))
            if field is not None and not field.is_required():
                remedy += ", or leave the key out"
        if remedy and not remedy.startswith(","):
            remedy = f": {remedy}"
        return f"expected {wanted}, found {found}{remedy or self.about()}"

    def kinds(self) -> tuple[str, list[str]]:
        """The key that tells the kind of an entry, and the kinds there are."""
        named = [name.partition(": ") for name in kinds_within(self.annotation)]
        return named[0][0], [kind for _, _, kind in named]


def kind_of(value: object) -> str:
    """A value as messages say what was found."""
    if isinstance(value, Mapping | list):
        return "a list" if isinstance(value, list) else "keys with values"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def follows(mistake: Mistake, every: Sequence[Mistake]) -> bool:
    """Tell whether another mistake says it all.

    A list can be too short only because its entries were invalid, and a key missing only because
    its old name was used; of the types a value may have, one may be nearly right: something in it
    is wrong, or a check of ours says what.
    """
    keys = mistake.keys
    others = [other.keys for other in every if other is not mistake]
    if mistake.kind == "too_short" or mistake.within:
        checked = mistake.kind != "value_error" and any(
            other.kind == "value_error" and other.keys == keys for other in every
        )
        return checked or any(other[: len(keys)] == keys and other != keys for other in others)
    if mistake.kind == "missing":
        renamed = mistake.owner.renamed
        return any(
            other[:-1] == keys[:-1] and renamed.get(str(other[-1])) == keys[-1]
            for other in others
            if other
        )
    return False


def located(root: type[Entry], content: Any, detail: ErrorDetails) -> Mistake:
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
    return Mistake(
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
