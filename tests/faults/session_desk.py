"""Words that are rated in sessions by the server's model."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emoalign.elicitation.rating import SESSIONS, RatingJob, rate
from emoalign.tables import RATINGS, TRIALS
from tests.faults.conftest import RATE, Desk

IN_SESSIONS = RATE.replace('"0000"', '"sessions"').replace(
    '[folder / "ratings.parquet"],',
    '[folder / "ratings.parquet"],\n    trials=[folder / "trials.parquet"],',
)

OF_A_SERVER = ["latency_s", "received", "model_reported"]
"""Columns that differ from run to run: they say when, and in which of its replies."""


@dataclass(frozen=True)
class SessionDesk(Desk):
    """Words that are rated one after another."""

    session: dict[str, Any] = field(default_factory=dict)
    practice: tuple[str, ...] = ()
    readouts: tuple[str, ...] = ("sampled",)
    job_keys: dict[str, Any] = field(default_factory=dict)
    prompt_keys: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> RatingJob:
        job = super().job.model_dump(mode="json")
        job["protocol"] |= {"session": self.session, "readouts": self.readouts}
        job["prompts"]["wording"]["valence"]["practice"] = self.practice
        job["prompts"] |= self.prompt_keys
        return RatingJob.model_validate({**job, "dealt_by": 7, **self.job_keys})

    def rate_laid_out(self, account: Any = None) -> pd.DataFrame:
        output = self.folder / "ratings.parquet"
        stimuli, journal = self.folder / "stimuli.parquet", self.folder / "journal"
        trials = [self.folder / "trials.parquet"]
        card = self.card
        rate([self.job], card, stimuli, SESSIONS, journal, [output], account, trials=trials)
        return RATINGS.read(output)

    @property
    def trials(self) -> pd.DataFrame:
        return TRIALS.read(self.folder / "trials.parquet")

    def start(self, repository: Path) -> subprocess.Popen[bytes]:
        self.lay_out()
        return subprocess.Popen(
            [sys.executable, "-c", IN_SESSIONS, str(self.folder)],
            env={**os.environ, "PYTHONPATH": str(repository / "src")},
            stderr=subprocess.DEVNULL,
        )

    @property
    def journal(self) -> Path:
        return self.folder / "journal/faulty/mine/valence/plain.sessions.jsonl"
