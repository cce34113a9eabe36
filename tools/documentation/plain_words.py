"""Configuration in plain words, as Markdown: types and defaults of keys, tables, links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from emoalign.study.fields import Entry, Name, Sha256

Schema = Mapping[str, Any]


def heading(entry: type[Entry] | str) -> str:
    """The heading of an entry: StudyDataset is a "Study dataset"."""
    name = entry if isinstance(entry, str) else entry.__name__
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()


def type_in_words(schema: Schema) -> str:
    """The type of a value in words, from the JSON schema of its key.

    Raises ValueError for a schema that there are no words for yet.
    """
    if schema.get("$ref", "").endswith("/JsonValue"):
        return "anything"
    if "$ref" in schema:
        return link(_referred(schema))
    if "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        nullable = len(choices) < len(schema["anyOf"]) and schema.get("default") is not None
        words = [*map(type_in_words, choices), *(["`null`"] if nullable else [])]
        return "text or numbers" if words[:2] == ["text", "number"] else " or ".join(words)
    if "oneOf" in schema:
        return " or ".join(map(type_in_words, schema["oneOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return _listed(schema)
    match schema.get("type"):
        case "string":
            return _text(schema.get("pattern"))
        case "boolean":
            return "boolean"
        case "integer":
            return "integer" + _bounds(schema)
        case "number":
            return "number" + _bounds(schema)
        case "array":
            return _several(schema["items"])
        case "object":
            key = "number" if "pattern" in schema.get("propertyNames", {}) else "name"
            by_name = schema.get("patternProperties")
            value = type_in_words(
                next(iter(by_name.values())) if by_name else schema["additionalProperties"]
            )
            return f"{value} by {key}"
    raise ValueError(f"no words yet for the JSON schema {dict(schema)}")


def default_in_words(entry: type[Entry], key: str) -> str:
    """The value a key has when it is left out, as one would write it in YAML; empty for none."""
    field = entry.model_fields[key]
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Entry) or value is None or value in ((), {}):
        return ""
    (choices,) = [get_args(field.annotation)[:1]] if isinstance(value, tuple) else [()]
    every = bool(choices) and value == get_args(choices[0])
    return "default all" if every and len(value) > 1 else f"default `{_yaml(value)}`"


_PATTERNS = {
    get_args(Name)[1].pattern: "name",
    get_args(Sha256)[1].pattern: "64 hexadecimal digits",
}


def _text(pattern: str | None) -> str:
    return "text" if pattern is None else _PATTERNS.get(pattern, "text")


def _referred(schema: Schema) -> str:
    return heading(str(schema["$ref"]).rpartition("/")[2])


def _listed(schema: Schema) -> str:
    return ", ".join(f"`{choice}`" for choice in schema["enum"])


def _several(items: Schema) -> str:
    if "$ref" in items:
        name = _referred(items)
        return link(name, f"{name.lower()}s")
    if any("$ref" in choice for choice in items.get("anyOf", ())):
        return " or ".join(map(_several, items["anyOf"]))
    if "enum" in items:
        return f"any of {_listed(items)}"
    if "patternProperties" in items or items.get("type") == "object":
        return f"list of {type_in_words(items)}"
    words = type_in_words(items)
    return words if words.endswith("s") else f"{words}s"


def _bounds(schema: Schema) -> str:
    """Bounds that do not go without saying: a number of things is never below 0."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if high is not None:
        return f" from {low} {'below' if 'exclusiveMaximum' in schema else 'to'} {high}"
    return f" ≥ {low}" if low is not None and low > 1 else ""


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return str(value) or '""'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plain(text: str) -> str:
    """`text` to be read as it stands, in a cell or a paragraph; `code` in it stays code."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        piece.replace("|", r"\|") if piece.startswith("`") else _escaped(piece) for piece in pieces
    )


def anchor(heading: str) -> str:
    """The address GitHub gives a heading within its page."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def link(heading: str, label: str | None = None) -> str:
    """A link to a heading of the same page, labelled with the heading in lower case."""
    return f"[{label or heading.lower()}](#{anchor(heading)})"


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*|\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", text)
