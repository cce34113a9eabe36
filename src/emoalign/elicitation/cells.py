"""A cell: a rating job, the items it is about, and where its answers are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.elicitation.rating_job import RatingJob


@dataclass(frozen=True, eq=False)
class Cell:
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
