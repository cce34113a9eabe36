"""Rating jobs, and the tasks they are for a shard of items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoalign.prompts.rendering import QuestionTemplate
from emoalign.study.fields import Job
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd


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
        """What the job asks about, as it stands in the names of its files."""
        return together(self.scales)


def together(scales: Iterable[str]) -> str:
    """What scales asked about in one request are called in names of files: arousal+valence."""
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
