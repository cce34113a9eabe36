"""An expectation from the literature beside what was found: never a tick without its numbers."""

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
    """What a study leads one to expect, in a sentence, and which study that is."""

    words: str
    source: str


@dataclass(frozen=True)
class Finding:
    """A number that decides about an expectation (above 0: as expected), in words too."""

    estimate: float
    interval: Interval
    words: str

    @property
    def found(self) -> Found:
        """What the interval says."""
        if np.isnan(self.interval.low):
            return "cannot be told"
        if self.interval.low > 0:
            return "as expected"
        return "not as expected" if self.interval.high < 0 else "unclear"


@dataclass(frozen=True)
class Checked:
    """Whose expectation was checked on what: a model under a protocol, datasets, a readout."""

    rater: Rater
    datasets: str
    readout: str

    def row(self, check: str, expected: Expectation, finding: Finding | str) -> dict[str, object]:
        """A row of the scorecard; a text in the place of a finding says why it cannot be told."""
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
