"""Answers as rows of the ratings table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from emoalign.elicitation.journal import Answer, Key
from emoalign.elicitation.questions import Question
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.readings.exact import only_scale, read_distribution
from emoalign.elicitation.readings.text import readings, withheld
from emoalign.elicitation.requests import RatingRequest

_NO_PROBABILITIES: Mapping[str, object] = {
    "probabilities": None,
    "off_scale_mass": None,
    "returned_mass": None,
}


def rating_rows(
    job: RatingJob, questions: Sequence[Question], answers: Mapping[Key, Answer]
) -> pd.DataFrame:
    """The answers as rows of the ratings table: by readout, item, participant and scale."""
    rows = []
    for question in questions:
        request = question.ask.request
        for participant in question.ask.participants:
            answer = answers[request.request_id, participant]
            found = (
                _exact_columns(job, request, answer)
                if request.readout == "exact"
                else _sampled_columns(job, answer)
            )
            for place, (scale, columns) in enumerate(found.items()):
                rows.append(
                    {
                        "scale": scale,
                        "readout": request.readout,
                        "item_id": question.item_id,
                        "participant": participant,
                        "persona": question.persona,
                        "text": answer.text,
                        "finish_reason": answer.finish_reason,
                        "request_id": request.request_id,
                        "model_reported": answer.model_reported,
                        "prompt_tokens": 0 if place else answer.prompt_tokens,
                        "completion_tokens": 0 if place else answer.completion_tokens,
                        "latency_s": answer.latency_s,
                        **columns,
                    }
                )
    table = pd.DataFrame(rows)
    table["participant"] = table["participant"].astype("Int32")
    return table.assign(model=job.model, protocol=job.protocol.name, dataset=job.dataset)


def _sampled_columns(job: RatingJob, answer: Answer) -> dict[str, dict[str, object]]:
    return {
        scale: {
            "status": reading.status,
            "rating": reading.rating,
            "labels": reading.labels,
            **_NO_PROBABILITIES,
        }
        for scale, reading in readings(job, answer).items()
    }


def _exact_columns(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> dict[str, dict[str, object]]:
    name, scale = only_scale(job)
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    if answer.logprobs is None:
        return {name: {**none, "status": withheld(answer) or "error"}}
    wanted = job.protocol.temperature
    applied = request.sampling.temperature == wanted
    reading = read_distribution(answer.logprobs, scale, 1.0 if applied else wanted)
    found = {
        "status": "ok" if any(reading.probabilities) else "unparsable",
        "probabilities": list(reading.probabilities),
        "off_scale_mass": reading.off_scale_mass,
        "returned_mass": reading.returned_mass,
    }
    return {name: {**none, **found}}
