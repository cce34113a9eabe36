"""Reading an answer. Strict: as a whole it is what was asked for, or it is no rating.

Nothing is guessed, clamped, rounded or picked out of a sentence. docs/parsing.md tells the rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings.json_answers import (
    NotJson,
    parse_json,
    parse_labels,
    parse_object,
)
from emoalign.study.protocols import AnswerFormat
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

Status = Literal["ok", "unparsable", "refusal", "content_filter", "truncated", "error"]

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_WRAPPERS = ("**", "__", "*", "_", "`", '"', "'", "“”", "‘’", "«»", "„“", "()", "[]")
_LONGEST = 60  # Nobody writes a rating at such length; endless stars would be unwrapped one by one.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．－＋−", "0123456789.-+-")

_REFUSAL = re.compile(
    r"""\s*(?:unfortunately,?\s+)?(?:
        (?:i['’]?m|i\s+am|we['’]?re|we\s+are)\s+(?:(?:very|truly|so|really|deeply)\s+)?
            (?:sorry|afraid|unable|not\s+(?:able|comfortable|going\s+to))\b
      | (?:sorry|apologies|my\s+apologies)[,.!]?\s+(?:but\s+)?(?:i|we|as|this|that)\b
      | i\s+apologi[sz]e\b
      | (?:i|we)\s+(?:can['’]?t|cannot|can\s+not|won['’]?t|will\s+not|decline|refuse)\b
      | (?:i|we)\s+must\s+(?:decline|refuse)\b
      | (?:i['’]d|i\s+would)\s+rather\s+not\b
      | (?:i|we)\s+(?:do\s+not|don['’]?t)\s+(?:have|feel|experience|possess)\b
      | (?:i['’]?m|i\s+am|as)\s+(?:just\s+)?an?\s+(?:\w+\s+)?(?:ai|artificial|language\s+model)\b
      | unable\s+to\s+(?:comply|rate|answer|assist|help|provide)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer read on a scale: a status, and a rating or labels if and only if it is ok."""

    status: Status
    rating: float | None = None
    labels: tuple[str, ...] | None = None


def _reading(value: float | tuple[str, ...] | None) -> Reading:
    """A value as a reading; None is none."""
    if value is None:
        return Reading("unparsable")
    return Reading("ok", labels=value) if isinstance(value, tuple) else Reading("ok", value)


def parse_rating(text: str, scale: OrdinalScale) -> float | None:
    """The rating that `text` is, in points of the scale, or None when it is not exactly one.

    Around the number there may be white space, quotation marks, emphasis or brackets, and one full
    stop; the number must be a point of the scale ("7", "7.0", "**7**", "(7)", "7.").
    """
    number = parse_number(text)
    return None if number is None else scale.point(number)


def parse_number(text: str) -> float | None:
    """The number that `text` is, whatever the scale; see parse_rating."""
    stripped = text.translate(_FULL_WIDTH).strip()
    if len(stripped) > _LONGEST:
        return None
    core = stripped if _NUMBER.fullmatch(stripped) else _unwrapped(stripped)
    return float(core) if _NUMBER.fullmatch(core) else None


def withheld(answer: Answer) -> Status | None:
    """The status of an answer that the server itself says was not given; None for any other."""
    if answer.finish_reason == "content_filter":
        return "content_filter"
    return "refusal" if answer.refused else None


def read_answer(
    answer: Answer, scales: Mapping[str, Scale], answer_format: AnswerFormat
) -> Mapping[str, Reading]:
    """Read a sampled answer on each of the scales it was asked about.

    `scales` are named by their keys where the answer is joint; otherwise there is one of any name.
    """
    status = _not_given(answer, answer_format)
    if status is not None:
        return dict.fromkeys(scales, Reading(status))
    if answer_format.kind in ("text", "next_token"):
        return {name: _reading(_number(answer.text, scale)) for name, scale in scales.items()}
    try:
        value = parse_json(answer.text)
    except NotJson:
        return dict.fromkeys(scales, Reading("unparsable"))
    if answer_format.kind == "joint":
        by_scale = parse_object(value, scales)
        return {name: _reading(answer_on) for name, answer_on in by_scale.items()}
    return {
        name: _reading(parse_labels(value, scale) if isinstance(scale, LabelScale) else None)
        for name, scale in scales.items()
    }


def readings(job: RatingJob, answer: Answer) -> Mapping[str, Reading]:
    """Read a sampled answer on each scale of the job."""
    keys = {job.prompts.key(scale): scale for scale in job.scales}
    read = read_answer(
        answer, {key: job.scales[scale] for key, scale in keys.items()}, job.prompts.answer
    )
    return {keys[key]: reading for key, reading in read.items()}


def _not_given(answer: Answer, answer_format: AnswerFormat) -> Status | None:
    """The reason why an answer is none, whatever its text would say; None for any other."""
    status = withheld(answer)
    if status is not None:
        return status
    if _REFUSAL.match(answer.text):
        return "refusal"
    if answer.finish_reason == "error":
        return "error"
    if answer_format.kind != "next_token" and answer.finish_reason != "stop":
        return "truncated"
    return None


def _number(text: str, scale: Scale) -> float | None:
    return None if isinstance(scale, LabelScale) else parse_rating(text, scale)


def _unwrapped(text: str) -> str:
    """`text` without a final full stop and without what is wrapped around it, layer by layer."""
    text = text.removesuffix(".")
    for wrapper in _WRAPPERS:
        half = len(wrapper) // 2
        opening, closing = (
            (wrapper, wrapper) if len(set(wrapper)) == 1 else (wrapper[:half], wrapper[half:])
        )
        inside = len(text) - len(opening) - len(closing)
        if inside > 0 and text.startswith(opening) and text.endswith(closing):
            return _unwrapped(text[len(opening) : -len(closing)].strip())
    return text
