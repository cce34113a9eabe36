"""Rating: a job asks a model about the items of one shard under one protocol.

It is about one scale, or about a few that are asked about in one request. Jobs of a model that is
loaded once for all of them are done together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emoalign.errors import StudyError
from emoalign.prompts import QuestionTemplate
from emoalign.study.fields import Job
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.engines.base import ModelCard


class RatingJob(Job):
    """Ask one model about one scale of one dataset, or a few jointly, under one protocol."""

    model: str
    card: dict[str, Any]
    protocol: Protocol
    prompts: QuestionTemplate
    personas: tuple[str, ...] = ()
    dataset: str
    scales: dict[str, DatasetScale]

    @property
    def asked(self) -> str:
        """The scales the job asks about, as they stand in the names of its files."""
        return together(self.scales)


def together(scales: Iterable[str]) -> str:
    """The name in paths of scales asked about in one request: arousal+valence."""
    return "+".join(sorted(scales))


@dataclass(frozen=True, eq=False)
class RatingTask:
    """A rating job and the stimuli of its dataset, of which it is about one shard, or all.

    `journal` is the root of the journals.
    """

    job: RatingJob
    stimuli: pd.DataFrame
    journal: Path
    shard: str | None = None

    @property
    def items(self) -> pd.DataFrame:
        """The stimuli that are rated."""
        if self.shard is None:
            return self.stimuli
        return self.stimuli[self.stimuli["shard"] == self.shard]

    @property
    def folder(self) -> Path:
        """The folder with all answers about the model, the dataset and what is asked of it."""
        return self.journal / self.job.model / self.job.dataset / self.job.asked

    @property
    def file(self) -> Path:
        """The file in this folder that new answers are written to."""
        return self.folder / f"{self.job.protocol.name}.{self.shard}.jsonl"


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
    from emoalign.tables import RATINGS, STIMULI

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
    """Notes in a rating file on its origin, for the manifest."""
    notes = {
        "job": job.model_dump(mode="json"),
        "engine": card.settings(),
        "sampling": card.samplings(job),
    }
    return {name: orjson.dumps(note).decode() for name, note in notes.items()}
