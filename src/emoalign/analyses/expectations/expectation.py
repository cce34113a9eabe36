"""Expectations from the literature and what was found: never a verdict without its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from emoalign.items.rated_items import Rater
from emoalign.statistics.replicates import UNDEFINED, Interval
from emoalign.tables import SCORECARD

Found = Literal["as expected", "not as expected", "unclear", "cannot be told"]

OGG = "Ogg et al. 2025"
INOSHITA = "Inoshita et al. 2026"


@dataclass(frozen=True)
class Expectation:
    """An expectation in a sentence, and the study that it comes from."""

    words: str
    source: str


@dataclass(frozen=True)
class Finding:
    """The estimate that tests an expectation (above 0: as expected), with the evidence in words."""

    estimate: float
    interval: Interval
    words: str

    @property
    def found(self) -> Found:
        """The verdict of the interval."""
        if np.isnan(self.interval.low):
            return "cannot be told"
        if self.interval.low > 0:
            return "as expected"
        return "not as expected" if self.interval.high < 0 else "unclear"


@dataclass(frozen=True)
class Checked:
    """The ratings that were checked: of a model under a protocol, on datasets, in a readout."""

    rater: Rater
    datasets: str
    readout: str

    def row(self, check: str, expected: Expectation, finding: Finding | str) -> dict[str, object]:
        """A row of the scorecard; a text in the place of a finding says why there is none."""
        if isinstance(finding, str):
            finding = Finding(np.nan, UNDEFINED, finding)
        return {
            "model": self.rater[0],
            "protocol": self.rater[1],
            "datasets": self.datasets,
            "readout": self.readout,
            "check": check,
            "expected": expected.words,
            "source": expected.source,
            "found": finding.found,
            "estimate": finding.estimate,
            "low": finding.interval.low,
            "high": finding.interval.high,
            "evidence": finding.words,
        }


def scorecard(
    rows: Sequence[Mapping[str, object]], expected: Mapping[str, Expectation]
) -> pd.DataFrame:
    """Rows in order: by what was checked, then as the expectations stand."""
    order = {name: number for number, name in enumerate(expected)}
    table = pd.DataFrame(rows, columns=SCORECARD.schema.names)
    return table.sort_values(
        ["model", "protocol", "readout", "datasets", "check"],
        key=lambda column: column.map(order) if column.name == "check" else column,
        ignore_index=True,
    )
