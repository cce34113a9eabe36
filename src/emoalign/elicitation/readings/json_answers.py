"""Reading answers in JSON: labels that apply, and several scales in one object.

As strict as for numbers: the answer as a whole is the JSON that was asked for, or it is no rating.
No label is ever assumed. docs/parsing.md tells the rule.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from emoalign.study.scales import LabelScale, Scale

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)


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
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_int=float,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def parse_labels(value: object, scale: LabelScale) -> tuple[str, ...] | None:
    """The labels that a JSON value chooses, in the order of the scale, or None if it is no choice.

    A choice is an array of texts, each a label of the scale (whatever its capitals), none twice, as
    many as the scale allows.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return scale.choice(value)


def parse_value(value: object, scale: Scale) -> float | tuple[str, ...] | None:
    """The rating or the labels that a JSON value gives on a scale; None if it is neither."""
    if isinstance(scale, LabelScale):
        return parse_labels(value, scale)
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return scale.point(value)


def parse_object(
    value: object, scales: Mapping[str, Scale]
) -> dict[str, float | tuple[str, ...] | None]:
    """The answers in a JSON value on each of `scales`, which are named by their keys in it.

    An object with another key answers another question: then nothing of it counts. A key that is
    missing, or whose value is none of its scale, is None by itself.
    """
    if not isinstance(value, dict) or not set(value) <= set(scales):
        return dict.fromkeys(scales)
    return {key: parse_value(value.get(key), scale) for key, scale in scales.items()}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise NotJson("a key stands twice")
    return values


def _no_number(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")
