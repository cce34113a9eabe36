"""Rating: a job asks a model about the items of one shard under one protocol.

It is about one scale, or about a few that are asked about in one request. Jobs of a model that is
loaded once for all of them are done together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating_job import RatingJob, RatingTask
from emoalign.errors import StudyError
from emoalign.tables import RATINGS, STIMULI


def rate(
    jobs: Sequence[RatingJob],
    card: ModelCard,
    stimuli: Path,
    shard: str,
    journal: Path,
    outputs: Sequence[Path],
    account: Account | None = None,
    forbidden: str | None = None,
) -> None:
    """Write the ratings of each job, all of one model, to its output.

    Answers that the journal does not have yet are collected first; `journal` is the root of the
    journals, `account` limits the cost, `forbidden` says why the items may not be sent to the
    model, where they may not. Raises ElicitationError when the model cannot be asked; whatever had
    arrived is in the journal by then.
    """
    for job in jobs:
        if card.answering() != job.card:
            raise StudyError(
                [f"model {job.model!r}: its card changed after the workflow had started"]
            )
    if forbidden is not None:
        raise StudyError([forbidden])
    items = STIMULI.read(stimuli)
    tasks = [RatingTask(job, items, journal, shard) for job in jobs]
    for job, ratings, output in zip(jobs, card.rate(tasks, account), outputs, strict=True):
        RATINGS.write(ratings, output, _origin(job, card))


def _origin(job: RatingJob, card: ModelCard) -> dict[str, str]:
    """What a rating file says of its origin, for the manifest."""
    notes = {
        "job": job.model_dump(mode="json"),
        "engine": card.settings(),
        "sampling": card.samplings(job),
    }
    return {name: orjson.dumps(note).decode() for name, note in notes.items()}
