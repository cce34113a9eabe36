"""JSON schemas of structured answers: an object with a key for each scale, or for each point.

They use what OpenAI, Anthropic, Google, vLLM and llama.cpp all take: an object of which every key
is required and no other allowed, and lists of values.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from pydantic import JsonValue

from emoalign.prompts import Prompt, QuestionTemplate, likely_tokens, points_as_keys
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

MOST_VALUES = 500
"""Values that a schema may list: OpenAI takes 1000, and took 500 (from memory)."""

WORDS_AROUND = 256
"""Tokens, at most, of the words in which a provider tells its model of a schema, as Anthropic does;
no provider says how many there are."""


def answer_schema(prompts: QuestionTemplate, scales: Mapping[str, Scale]) -> dict[str, JsonValue]:
    """The JSON schema of an answer on `scales`, with their keys in the order they are asked in.

    It is empty where answers are not structured. Points are listed, or given by their range where
    there are more than MOST_VALUES in all; those between the points of a scale are then off the
    scale when the answer is read. A label that is given twice cannot be ruled out either, nor
    numbers of a distribution that do not add up.
    """
    if not prompts.answer.structured:
        return {}
    asked = {prompts.key(name): scales[name] for name in prompts.wording}
    if prompts.answer.stated:
        (scale,) = asked.values()
        return _object(dict.fromkeys(points_as_keys(scale), _people(prompts.answer.total)))
    listed = sum(len(scale.points) for scale in asked.values() if isinstance(scale, OrdinalScale))
    properties: dict[str, JsonValue] = {
        key: _labels(scale)
        if isinstance(scale, LabelScale)
        else _number(scale, listed <= MOST_VALUES)
        for key, scale in asked.items()
    }
    return _object(properties)


def most_schema_tokens(schema: Mapping[str, JsonValue]) -> int:
    """A number of prompt tokens that is not exceeded where a provider tells its model of a schema:
    no token is shorter than a byte."""
    return WORDS_AROUND + len(orjson.dumps(schema)) if schema else 0


def likely_schema_tokens(schema: Mapping[str, JsonValue]) -> float:
    """The most prompt tokens to expect where a provider tells its model of a schema."""
    if not schema:
        return 0.0
    return WORDS_AROUND + likely_tokens(Prompt(None, orjson.dumps(schema).decode()))[1]


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """An object with these keys, in their order, and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _number(scale: OrdinalScale, listed: bool) -> dict[str, JsonValue]:
    """A number of a scale: an integer where all of its points are."""
    whole = all(point.is_integer() for point in (scale.min, scale.step))
    form: dict[str, JsonValue] = {"type": "integer" if whole else "number"}
    if listed:
        return form | {"enum": [_plain(point) for point in scale.points]}
    return form | {"minimum": _plain(scale.min), "maximum": _plain(scale.max)}


def _people(total: float) -> JsonValue:
    """A number of so many people, which is whole; or a part of 1."""
    whole = total > 1 and total.is_integer()
    return {"type": "integer" if whole else "number", "minimum": 0, "maximum": _plain(total)}


def _plain(number: float) -> int | float:
    """A number as people write it: 7 rather than 7.0."""
    return int(number) if number.is_integer() else number


def _labels(scale: LabelScale) -> dict[str, JsonValue]:
    """A choice among the labels of a scale, as many as it allows."""
    most = len(scale.labels) if scale.at_most is None else scale.at_most
    return {
        "type": "array",
        "items": {"type": "string", "enum": list(scale.labels)},
        "maxItems": most,
        "minItems": scale.at_least,
    }
