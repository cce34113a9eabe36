"""What a figure is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.figures.figure_job import FigureJob, ShownDataset
from emoalign.figures.kinds import FigureKind
from emoalign.figures.planned import PlannedFigure, planned_figures
from emoalign.figures.style import Mark, model_marks
from emoalign.items.item_names import item_names
from emoalign.tables import STIMULI, TABLES, Table

READOUT_NAMES = {"sampled": "sampled answers", "exact": "exact probabilities"}


@dataclass(frozen=True, eq=False)
class Subject:
    """What a figure is of, and the tables that are read for it.

    Attributes:
        job: the part of the study that the figure is of.
        tables: rows by the path of their table, only those that the figure is of.
        dataset, scale: their names where the figure is of one; else empty.
    """

    job: FigureJob
    tables: Mapping[str, pd.DataFrame]
    dataset: str = ""
    scale: str = ""

    def rows(self, table: Table) -> pd.DataFrame:
        """The rows of a table."""
        return self.tables[table.path]

    @property
    def shown(self) -> ShownDataset:
        """The dataset that the figure is of."""
        return self.job.datasets[self.dataset]

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """How each model is drawn, in every figure of the study."""
        return model_marks(list(self.job.models))

    @cached_property
    def labels(self) -> dict[str, str]:
        """What the items of the dataset are called, by id: the text of an item or the name of its
        image; its id where the terms forbid that."""
        return item_names(self.rows(STIMULI), self.shown.show_items)

    def cell_name(self, model: str, protocol: str, readout: str | None = None) -> str:
        """What a cell is called, on two lines."""
        asked = protocol if readout is None else f"{protocol}, {READOUT_NAMES[readout]}"
        return f"{self.job.models[model]}\n{asked}"


def subjects(
    kinds: Sequence[FigureKind], job: FigureJob, results: Path
) -> Iterator[tuple[PlannedFigure, Subject]]:
    """The figures of a job with what each is drawn from; a file in `results` is read once."""
    contracts = {table.path: table for table in TABLES}
    read: dict[str, pd.DataFrame] = {}
    for planned in planned_figures(kinds, job):
        tables = {}
        for name in planned.kind.reads:
            paths = planned.files(name)
            for path in paths:
                if path not in read:
                    read[path] = contracts[name].read(results / path)
            rows = pd.concat([read[path] for path in paths], ignore_index=True)
            tables[name] = _concerned(rows, planned.job)
        yield planned, Subject(planned.job, tables, planned.dataset or "", planned.scale or "")


def _concerned(rows: pd.DataFrame, job: FigureJob) -> pd.DataFrame:
    """The rows of the datasets and scales of a job."""
    if "dataset" not in rows.columns:
        return rows
    kept = rows["dataset"].isin(list(job.datasets))
    if "scale" in rows.columns:
        scales = {(n, s) for n, d in job.datasets.items() for s in (*d.scales, *d.labels)}
        pairs = zip(rows["dataset"], rows["scale"], strict=True)
        kept &= np.array([pair in scales for pair in pairs], dtype=bool)
    return rows[kept].reset_index(drop=True)
