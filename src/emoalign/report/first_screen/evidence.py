"""What the tables of statistics say of one condition, gathered for a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from emoalign.report.report_job import ReportJob
from emoalign.tables import (
    ALTERNATIVE_ANNOTATOR,
    CELL_KEY,
    DISTRIBUTION_CONTRASTS,
    ENTROPY,
    EXPLAINED,
    RATERS_WORTH,
    RECITATION,
    Table,
    records,
)

FEWEST_ITEMS = 30
"""From fewer items nothing is claimed."""

Row = Mapping[str, Any]
Rows = Callable[[Table], pd.DataFrame]
"""The rows of a table; none of one that the study does not have."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The rows of tables about a condition.

    `cell` is its row of the headline: of alignment, or of distributions where the scale has labels.
    """

    cell: Row
    rows: Rows
    job: ReportJob

    @property
    def of_labels(self) -> bool:
        """Whether people and model chose labels rather than numbers."""
        return self.cell["scale"] in self.job.datasets[self.cell["dataset"]].labels

    @property
    def items(self) -> str:
        """What was rated: words, sentences or images."""
        return f"{self.job.datasets[self.cell['dataset']].modality}s"

    @property
    def length(self) -> float:
        """The length of the scale of numbers, in points."""
        scale = self.job.datasets[self.cell["dataset"]].scales[self.cell["scale"]]
        return scale.max - scale.min

    @property
    def n_items(self) -> int:
        """Items that both the model and people rated."""
        return int(self.cell["n_items"])

    @property
    def assessable(self) -> bool:
        """Whether mean ratings can be correlated with people's, on enough items to tell."""
        return self.n_items >= FEWEST_ITEMS and not math.isnan(self.cell["pearson_r"])

    @property
    def one_answer_each(self) -> bool:
        """Whether a sampled readout has no more than one answer about each item."""
        if self.cell["readout"] != "sampled":
            return False
        each = self.cell["n_answers" if self.of_labels else "n_ok"]
        return bool(each <= (1 if self.of_labels else self.n_items))

    @cached_property
    def worth(self) -> Row | None:
        """The people that all of the model's answers together are worth."""
        return self._first(self._worth, lambda rows: rows["answers"].isna())

    @cached_property
    def worth_of_one_answer(self) -> Row | None:
        """The people that one sampled answer about each item is worth, where there are more."""
        return self._first(self._worth, lambda rows: rows["answers"] == 1)

    @cached_property
    def disagreement(self) -> Row | None:
        """Entropies of model and people."""
        return self._first(self._own(ENTROPY))

    @cached_property
    def replaced(self) -> Row | None:
        """The alternative annotator test at the ε of the study, where it states one."""
        return self._first(
            self._own(ALTERNATIVE_ANNOTATOR),
            lambda rows: rows["label"].isna() & rows["stated"].eq(True),
        )

    @cached_property
    def explained(self) -> Row | None:
        """What else explains the agreement."""
        return self._first(self._own(EXPLAINED))

    @cached_property
    def recited(self) -> Row | None:
        """What the model wrote when it was asked for published means, with the p of hits adjusted
        over all models and scales by Holm's method; of several protocols, the one with the most
        hits beyond chance."""
        rows = self.rows(RECITATION)
        if rows.empty:
            return None
        # Imported where it is needed: it loads SciPy's distributions, and few reports need them.
        from emoalign.statistics.significance import holm

        rows = rows.assign(p_holm=holm(rows["p"].astype(float)))
        about = {name: self.cell[name] for name in ("model", "dataset", "scale")}
        return self._first(_alike(rows, about).sort_values("p_holm", kind="stable"))

    @cached_property
    def against_average(self) -> Row | None:
        """The contrast of JSD with people's mean distribution, given to every item."""
        rows = self.rows(DISTRIBUTION_CONTRASTS)
        about = {"kind": "guess", "b": "marginal", "metric": "jsd", "a": self.cell["model"]}
        about |= {"within": self.cell["protocol"]}
        about |= {name: self.cell[name] for name in ("dataset", "scale", "readout")}
        return self._first(_alike(rows, about))

    @property
    def _worth(self) -> pd.DataFrame:
        return self._own(RATERS_WORTH)

    def _own(self, table: Table) -> pd.DataFrame:
        return _alike(self.rows(table), {name: self.cell[name] for name in CELL_KEY})

    def _first(
        self,
        rows: pd.DataFrame,
        wanted: Callable[[pd.DataFrame], pd.Series[bool]] | None = None,
    ) -> Row | None:
        kept = rows if wanted is None else rows[wanted(rows)]
        return next(iter(records(kept.head(1))), None)


def _alike(rows: pd.DataFrame, about: Row) -> pd.DataFrame:
    """The rows with these values."""
    for name, value in about.items():
        rows = rows[rows[name] == value]
    return rows
