"""Guesses about the columns of a recorded table, from its header and first rows.

For a card to begin with: whoever made the table knows better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emoalign.elicitation.engines.recorded.recorded_columns import ANY
from emoalign.elicitation.readings import NotJson, parse_json, within_fence
from emoalign.stimuli.images import image_name
from emoalign.tables import STATUSES

FEW = 20
"""The most different values of a column of scales, models or statuses."""

_NAMES = {
    "item": "id itemid wordid stimulusid imageid sentenceid item stimulus",
    "text": "word text sentence phrase stimulustext words",
    "image": "image picture img file filename imagename theme photo",
    "participant": "participant subject rater annotator student worker workerid pid participantid "
    "subjectid raterid respondent person who trial run iteration repetition replicate",
    "model": "model engine modelname enginename llm system modelid",
    "scale": "scale dimension measure norm attribute construct emotion question",
    "status": "status outcome state result",
    "answer": "answer response completion output raw reply rawresponse rawanswer modeloutput said",
    "rating": "rating score value judgment judgement",
}
_JSON_KEYS = ("rating", "score", "answer", "value")
_NUMBERED = re.compile(r"(.*?)([0-9]+)(\D*)")


@dataclass(frozen=True)
class LikelyColumns:
    """Columns by the keys of a card (item or text or image, participant, rating ...).

    `ratings` are those of a wide table by scale; `model` is the column that tells models apart;
    `json_key` is the key that raw answers hold the rating under, where they are JSON objects.
    """

    columns: Mapping[str, str]
    ratings: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    json_key: str | None = None

    def card(self, title: str, file: str) -> dict[str, Any]:
        """The content of a card, as far as the table tells: `scale` is missing where no column and
        no wide table says which scale was rated."""
        columns: dict[str, Any] = dict(self.columns)
        if self.ratings:
            columns["ratings"] = dict(self.ratings)
        card: dict[str, Any] = {"title": title, "engine": "recorded", "source": {"file": file}}
        if self.model is not None:
            card["model"] = {"column": self.model}
        card["columns"] = columns
        if self.json_key is not None:
            card["answer"] = {"kind": "json", "key": self.json_key}
        return card


def likely_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> LikelyColumns:
    """The columns that a table of recorded ratings is likely to have.

    `rows` are the first of the table, their fields as texts, "" for nothing. A column counts by its
    name first, and by what it holds where that is needed: numbers, image files, JSON, few values.
    """
    held = {
        name: [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
        for place, name in enumerate(header)
        if name.strip()
    }
    found: dict[str, str] = {}
    for key in _NAMES:
        for name, values in held.items():
            named = _plain(name) in _NAMES[key].split() and name not in found.values()
            if named and _may_be(key, values):
                found.setdefault(key, name)
    item = next((key for key in ("item", "text", "image") if key in found), None)
    if item is None and held:
        first = next(iter(held))
        item = "image" if _images(held[first]) else "text"
        found = {item: first, **{key: name for key, name in found.items() if name != first}}
    # Of several columns that tell the item, an id is the surest.
    for other in {"item", "text", "image"} - {item}:
        found.pop(other, None)
    model = found.pop("model", None)
    if "answer" in found and "rating" in found and _numbers(held[found["answer"]]):
        del found["answer"]
    ratings: dict[str, str] = {}
    if not found.keys() & {"rating", "answer"}:
        taken = {*found.values(), model}
        ratings = _wide(
            [name for name, values in held.items() if name not in taken and _numbers(values)]
        )
    json_key = likely_json_key(held[found["answer"]]) if "answer" in found else None
    return LikelyColumns(found, ratings, model, json_key)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.casefold())


def _may_be(key: str, values: Sequence[str]) -> bool:
    """Tell whether a column that has the name for a key may be it, by what it holds."""
    if key == "rating":
        return _numbers(values)
    if key in ("scale", "model"):
        return len(set(values)) <= FEW and not _numbers(values)
    if key == "status":
        return len(set(values)) <= len(STATUSES) + 2
    return True


def _numbers(values: Sequence[str]) -> bool:
    def is_number(value: str) -> bool:
        try:
            return float(value.replace(",", ".", 1)) < float("inf")
        except ValueError:
            return False

    return bool(values) and all(map(is_number, values))


def _images(values: Sequence[str]) -> bool:
    return bool(values) and all(image_name(value) != value for value in values)


def _wide(names: Sequence[str]) -> dict[str, str]:
    """Columns of numbers by the scales that they seem to be of; alike but for a number, they are
    those of several participants: val_1, val_2 are val_*."""
    patterns: dict[str, list[str]] = {}
    for name in names:
        numbered = _NUMBERED.fullmatch(name)
        pattern = f"{numbered[1]}{ANY}{numbered[3]}" if numbered else name
        patterns.setdefault(pattern, []).append(name)
    scales: dict[str, str] = {}
    for pattern, alike in patterns.items():
        for column in [pattern] if len(alike) > 1 else alike:
            scale = re.sub(r"[^a-z0-9]+", "-", column.casefold()).strip("-") or "rating"
            scales[scale] = column
    return scales


def likely_json_key(answers: Sequence[str]) -> str | None:
    """The key that holds a number in every answer that is a JSON object; None where there is none,
    or several that may be it."""
    keys: set[str] | None = None
    for answer in answers:
        try:
            value = parse_json(within_fence(answer) if "```" in answer else answer)
        except NotJson:
            continue
        if isinstance(value, dict):
            rated = {key for key, each in value.items() if isinstance(each, float)}
            keys = rated if keys is None else keys & rated
    if not keys:
        return None
    named = [key for key in _JSON_KEYS if key in keys]
    return named[0] if named else next(iter(keys)) if len(keys) == 1 else None
