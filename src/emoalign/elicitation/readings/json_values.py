"""Answers in JSON: a value by itself, or an object with a key for each scale."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from emoalign.elicitation.readings.labels import labels_read, parse_labels
from emoalign.elicitation.readings.reading import UNPARSABLE, Reading, number_read
from emoalign.study.scales import LabelScale, Scale

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)

_FENCE = re.compile(_FENCED.pattern.replace("(.*)", "(.*?)"), _FENCED.flags)


class NotJson(ValueError):  # noqa: N818 - it is what the text is, not a fault of the program
    """The text is no JSON, or JSON that says something twice."""


def parse_json(text: str) -> Any:
    """The JSON value that `text` is: by itself, or in one Markdown code fence.

    Numbers are floats. Raises NotJson for anything else around it, for NaN and Infinity, and for
    an object that gives a key twice.
    """
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    try:
        return json.loads(
            fenced[1] if fenced else stripped,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_int=float,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def within_fence(text: str) -> str:
    """The content of the one Markdown code fence of a text, whatever is around it.

    Raises NotJson where there is none, or several.
    """
    found = _FENCE.findall(text)
    if len(found) != 1:
        raise NotJson(f"{len(found)} code fences")
    return str(found[0])


def begins_json(text: str) -> bool:
    """Tell whether a text is no JSON and could become it."""
    try:
        parse_json(text)
    except NotJson:
        begun = text.strip()
        return not begun or begun.startswith(("{", "[", "`"))
    return False


def read_value(value: object, scale: Scale) -> Reading:
    """The rating or the labels that a JSON value gives on a scale."""
    if isinstance(scale, LabelScale):
        return labels_read(parse_labels(value, scale))
    return number_read(value if isinstance(value, float) else None, scale)


def read_object(value: object, scales: Mapping[str, Scale]) -> dict[str, Reading]:
    """The answers in a JSON value on each of `scales`, which are named by their keys in it.

    An object with another key answers another question: then nothing of it counts. A key that is
    missing, or whose value is none of its scale, makes no difference to the others.
    """
    if not isinstance(value, dict) or not set(value) <= set(scales):
        return dict.fromkeys(scales, UNPARSABLE)
    return {key: read_value(value.get(key), scale) for key, scale in scales.items()}


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise NotJson("a key occurs twice")
    return values


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not valid JSON")
