"""Answers as rows of the ratings table: as they are read on each scale, in each readout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from emoalign.elicitation.journal import (
    Answer,
    Key,
)
from emoalign.elicitation.questions import Question, only_scale
from emoalign.elicitation.rating import RatingJob, RatingRequest
from emoalign.elicitation.readings import (
    MOST_MASS,
    ExactReading,
    of_another_text,
    only_thoughts,
    read_decision,
    read_distribution,
    read_positions,
    readings,
    returned_mass,
    split_number,
    withheld,
)
from emoalign.errors import CapabilityError
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS
from emoalign.tables.ratings import COUNTS

_NO_PROBABILITIES: Mapping[str, object] = {
    "probabilities": None,
    "off_scale_mass": None,
    "returned_mass": None,
    "stated_total": None,
}


_COLUMNS = [name for name in RATINGS.schema.names if name not in ("model", "protocol", "dataset")]


def rating_rows(
    job: RatingJob, questions: Sequence[Question], answers: Mapping[Key, Answer]
) -> pd.DataFrame:
    """The answers as rows of the ratings table: by readout, item, participant and scale."""
    rows = []
    for question in questions:
        request, place = question.ask.request, question.place
        for participant in question.ask.participants:
            answer = answers[request.request_id, participant]
            by_scale = columns_by_scale(question.job, request, answer)
            for number, (scale, columns) in enumerate(by_scale.items()):
                rows.append(
                    {
                        "scale": scale,
                        "readout": request.readout,
                        "item_id": None if place and place.practice else question.item_id,
                        "participant": place.session if place else participant,
                        "session": place.session if place else None,
                        "position": place.position if place else None,
                        "persona": question.persona,
                        "form": question.form.name,
                        "text": answer.text,
                        "finish_reason": answer.finish_reason,
                        "request_id": request.request_id,
                        "model_reported": answer.model_reported,
                        "received": day_of(answer.received),
                        "reply_id": answer.reply_id,
                        "prompt_tokens": 0 if number else answer.prompt_tokens,
                        "completion_tokens": 0 if number else answer.completion_tokens,
                        "reasoning_tokens": 0 if number else answer.thinking_tokens,
                        "latency_s": answer.latency_s,
                        **question.form.on_card(scale, columns),
                    }
                )
    table = pd.DataFrame(rows, columns=None if rows else _COLUMNS)
    table = table.astype(dict.fromkeys(COUNTS, "Int32"))
    return table.assign(model=job.model, protocol=job.protocol.name, dataset=job.dataset)


def day_of(received: object) -> str | None:
    """The day of a time in ISO 8601, as YYYY-MM-DD; None where it is no such time."""
    try:
        return datetime.fromisoformat(str(received)).date().isoformat()
    except ValueError:
        return None


def columns_by_scale(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> Mapping[str, Mapping[str, object]]:
    """An answer as read on each scale as it was shown, as columns of the ratings table.

    `job` is the job as the form of the question shows it.
    """
    match request.readout:
        case "sampled" | "stated":
            return _written_columns(job, answer)
        case "exact":
            return _exact_columns(job, request, answer)
        case "decision":
            return _decision_columns(job, request, answer)


def _written_columns(job: RatingJob, answer: Answer) -> dict[str, dict[str, object]]:
    return {
        scale: {
            **_NO_PROBABILITIES,
            "status": reading.status,
            "rating": reading.rating,
            "labels": reading.labels,
            "probabilities": None if reading.shares is None else list(reading.shares),
            "stated_total": reading.total,
        }
        for scale, reading in readings(job, answer).items()
    }


def _along_reply(job: RatingJob, answer: Answer, scale: OrdinalScale, digits: int) -> ExactReading:
    """The probabilities along a reply.

    Raises CapabilityError where the model splits numbers in another way than its card says: what
    it wrote of other items would be misread without any sign.
    """
    read = (answer.logprobs or (), answer.later, answer.text)
    (name,) = job.scales
    key = job.prompts.key(name) if job.prompts.answer.structured else None
    split = split_number(*read, digits, key)
    if split is not None:
        raise CapabilityError(
            f"model {job.model!r} wrote {split} as several tokens, but by the vocabulary in its "
            f"card numbers of up to {digits} digits are one, and exact answers would be misread. "
            "Set vocabulary: digits (capabilities in the model's card): answers that are kept are "
            "then read again, and nothing is asked twice."
        )
    return read_positions(*read, scale, digits, key)


def _decision_columns(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> dict[str, dict[str, object]]:
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    status = withheld(answer)
    try:
        decided = [] if status else read_decision(answer.text, request.prompt.questions)
    except ValueError:
        status = "error"
    if status is not None:
        return {scale: {**none, "status": status} for scale in job.prompts.wording}
    return {
        scale: {**none, "status": "refusal"}
        if probabilities is None
        else {
            **none,
            "status": "ok",
            "probabilities": list(probabilities),
            "off_scale_mass": 0.0,
            "returned_mass": math.fsum(probabilities),
        }
        for scale, probabilities in zip(job.prompts.wording, decided, strict=True)
    }


def _exact_columns(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> dict[str, dict[str, object]]:
    name, scale = only_scale(job)
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    logprobs = answer.logprobs
    if only_thoughts(answer):  # the probabilities are those of a thought
        return {name: {**none, "status": "truncated"}}
    if logprobs is None or returned_mass(logprobs) > MOST_MASS:
        return {name: {**none, "status": withheld(answer) or "error"}}
    if job.digits is not None:
        if of_another_text(answer.later, answer.text):
            return {name: {**none, "status": "error"}}
        reading = _along_reply(job, answer, scale, job.digits)
    else:
        wanted = job.protocol.temperature
        applied = request.sampling.temperature == wanted
        # A protocol that reads probabilities has a temperature.
        reading = read_distribution(logprobs, scale, 1.0 if applied or wanted is None else wanted)
    columns = {
        "status": "ok" if any(reading.probabilities) else "unparsable",
        "probabilities": list(reading.probabilities),
        "off_scale_mass": reading.off_scale_mass,
        "returned_mass": reading.returned_mass,
    }
    return {name: {**none, **columns}}
