"""Sampled answers: the status of each, and its rating or labels on every scale."""

from __future__ import annotations

from collections.abc import Mapping

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings.endings import (
    failed,
    is_cut,
    may_be_stopped,
    only_thoughts,
    reason_of,
    withheld,
)
from emoalign.elicitation.readings.json_values import NotJson, begins_json, parse_json, read_object
from emoalign.elicitation.readings.labels import labels_read, parse_labels
from emoalign.elicitation.readings.reading import UNPARSABLE, Reading
from emoalign.elicitation.readings.stated import read_stated
from emoalign.elicitation.readings.text import (
    begins_number,
    parse_number,
    read_decimal,
    read_text,
    refuses,
)
from emoalign.study.fields import Status
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.scales import LabelScale, Scale


def read_answer(
    answer: Answer,
    scales: Mapping[str, Scale],
    answer_format: AnswerFormat,
    longest: int | None = None,
) -> Mapping[str, Reading]:
    """Read a sampled answer on each of the scales it was asked about.

    `scales` are named by their keys where the answer is a JSON object; otherwise there is one of
    any name.
    `longest` is the most tokens it could have, with thoughts; by default those of its format.
    """
    status = _not_given(answer, answer_format, scales, longest or answer_format.max_tokens)
    if status is not None:
        return dict.fromkeys(scales, Reading(status))
    if answer_format.kind == "decimal":
        return {name: read_decimal(answer.text, scale) for name, scale in scales.items()}
    if answer_format.kind in ("text", "next_token"):
        return {name: read_text(answer.text, scale) for name, scale in scales.items()}
    try:
        value = parse_json(answer.text)
    except NotJson:
        return dict.fromkeys(scales, UNPARSABLE)
    if answer_format.stated:
        return {name: read_stated(value, scale, answer_format) for name, scale in scales.items()}
    if answer_format.an_object:
        return read_object(value, scales)
    return {
        name: labels_read(parse_labels(value, scale) if isinstance(scale, LabelScale) else None)
        for name, scale in scales.items()
    }


def readings(job: RatingJob, answer: Answer) -> Mapping[str, Reading]:
    """Read a sampled answer on each scale of the job."""
    keys = {job.prompts.key(scale): scale for scale in job.scales}
    read = read_answer(
        answer,
        {key: job.scales[scale] for key, scale in keys.items()},
        job.prompts.answer,
        job.longest,
    )
    return {keys[key]: reading for key, reading in read.items()}


def _not_given(
    answer: Answer, answer_format: AnswerFormat, scales: Mapping[str, Scale], longest: int
) -> Status | None:
    """The status of an answer that does not count, whatever its text; None for any other."""
    status = withheld(answer)
    if status is not None:
        return status
    if refuses(answer.text):
        return "refusal"
    if failed(reason_of(answer)):
        return "error"
    cut = only_thoughts(answer) or _cut(answer, answer_format, scales, longest)
    return "truncated" if cut else None


def _cut(
    answer: Answer, answer_format: AnswerFormat, scales: Mapping[str, Scale], longest: int
) -> bool:
    """Tell whether an answer was cut, or may have been.

    If the server does not say why it ended, it may have been cut if it is not known to be shorter
    than allowed, and could be the beginning of another answer.
    """
    if answer_format.kind == "next_token":
        return False  # meant to be cut
    if reason_of(answer):
        return is_cut(answer)
    # The count of several answers together is more than that of each.
    if 0 < (answer.completion_tokens or 0) < longest and not may_be_stopped(answer):
        return False
    if answer_format.kind == "decimal":
        return parse_number(answer.text) is not None  # which could have gone on with decimals
    if answer_format.kind == "text":
        return any(begins_number(answer.text, scale) for scale in scales.values())
    return begins_json(answer.text)
