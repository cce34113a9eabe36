"""Saved calibrators, and their use on items that nobody has rated; the table of calibrated
distributions, written as it is made and read by cell and method.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from emoalign.errors import DataError
from emoalign.items.cells import as_lists, runs, shares
from emoalign.statistics.calibrators.family import (
    Marginal,
    Mixture,
    Unchanged,
)
from emoalign.statistics.calibrators.monotone import CumulativeLogit, Isotonic
from emoalign.statistics.calibrators.scaling import Bias, Dirichlet, Temperature, Vector
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import (
    Folds,
)
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry
from emoalign.study.reading import read_card
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import CALIBRATED, CELL_KEY, ITEMS, atomic, groups, read_parquet

Calibrator = Annotated[
    Unchanged
    | Marginal
    | Temperature
    | Bias
    | Isotonic
    | Mixture
    | Vector
    | Dirichlet
    | CumulativeLogit,
    Field(discriminator="method"),
]
"""Any fitted calibrator; the key `method` names it."""

CellKey = tuple[str, str, str, str, str]
"""Model, protocol, dataset, scale and readout."""

_RUN = [*CELL_KEY, "method"]


class Answers(Entry):
    """The points or labels that the numbers of a distribution are shares of.

    Attributes:
        points: points of an ordinal scale, ascending; None for labels.
        labels: labels, in the order of the card; None for points.
    """

    points: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, scale: OrdinalScale | LabelScale) -> Answers:
        """The points or labels of a scale."""
        if isinstance(scale, LabelScale):
            return cls(labels=scale.labels)
        return cls(points=scale.points)

    def __str__(self) -> str:
        if self.labels is not None:
            return f"the {len(self.labels)} labels {', '.join(self.labels)}"
        points = self.points or ()
        return f"the {len(points)} points {', '.join(f'{point:g}' for point in points)}"


class SavedCell(Entry):
    """The calibrators of one cell, each fitted on all of its rated items.

    Attributes:
        model, protocol, dataset, scale, readout: what the cell is.
        answers: what its distributions are over.
        n_items: items with distributions of both model and people.
        calibrators: one for each method that was tried.
        reason: why there are none.
    """

    model: str
    protocol: str
    dataset: str
    scale: str
    readout: str
    answers: Answers
    n_items: int
    calibrators: tuple[Calibrator, ...]
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.model}, {self.protocol}, {self.dataset}, {self.scale}, {self.readout}"

    def calibrate(self, model: FloatArray, answers: Answers, method: str) -> FloatArray:
        """Calibrated distributions, shape (items, K), of those of the same model and protocol.

        Raises:
            DataError: the distributions are over other points or labels, or nothing was fitted by
                this method.
        """
        if answers != self.answers:
            raise DataError(
                f"the calibrators of {self} are for {self.answers}; the distributions are over "
                f"{answers}. A calibrator can only be used on the scale it was fitted on: ask the "
                "model on that scale, or have some items rated on yours and calibrate there"
            )
        for calibrator in self.calibrators:
            if calibrator.method == method:
                return calibrator.apply(model)
        fitted = ", ".join(fit.method for fit in self.calibrators) or f"none: {self.reason}"
        raise DataError(f"there is no calibrator {method!r} of {self}; there are {fitted}")


class SavedCalibrators(Entry):
    """The content of calibrators/<dataset>.json."""

    version: Literal[2] = 2
    cells: tuple[SavedCell, ...]

    def of(self, model: str, protocol: str, scale: str, readout: str) -> SavedCell:
        """The cell of this model, protocol, scale and readout. Raises DataError without one."""
        wanted = (model, protocol, scale, readout)
        for cell in self.cells:
            if (cell.model, cell.protocol, cell.scale, cell.readout) == wanted:
                return cell
        there = "\n".join(f"  {cell}" for cell in self.cells)
        raise DataError(
            f"no calibrators were fitted for {model}, {protocol}, {scale}, {readout}. Answers "
            "depend on how a model is asked, so a calibrator is for one model, protocol, scale and "
            f"readout. There are calibrators for\n{there}"
        )


def save(cells: Sequence[SavedCell], path: Path) -> None:
    """Write calibrators so that `load` reads the same numbers."""
    with atomic(path) as partial:
        partial.write_text(
            SavedCalibrators(cells=tuple(cells)).model_dump_json(indent=1) + "\n", encoding="utf-8"
        )


def load(path: Path) -> SavedCalibrators:
    """Read calibrators. Raises DataError where the file holds something else."""
    try:
        return SavedCalibrators.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DataError(
            f"{path}: not a file of calibrators of this version of emoalign ({where}: "
            f"{first['msg']}). Expected a file made by the target calibration"
        ) from error


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """The rated items of a cell, calibrated by what was learnt on others.

    Attributes:
        item_ids: the items, shape (items,).
        shares: their distributions, shape (items, K).
    """

    item_ids: NDArray[np.str_]
    shares: FloatArray


def calibrated_rows(
    key: CellKey, method: str, item_ids: NDArray[np.str_], shares: FloatArray, fold: Folds | None
) -> pa.RecordBatch:
    """Rows of the table: items rated by people with their folds, or others without."""
    n = len(item_ids)
    constant = [pa.array([name] * n, pa.string()) for name in (*key, method)]
    return pa.record_batch(
        [
            *constant,
            pa.array(item_ids.tolist(), pa.string()),
            as_lists(shares),
            pa.array([fold is not None] * n, pa.bool_()),
            pa.nulls(n, pa.int32()) if fold is None else pa.array(fold, pa.int32()),
        ],
        schema=CALIBRATED.schema,
    )


def write_calibrated(batches: Iterator[pa.RecordBatch], path: Path) -> None:
    """Write the table in memory that does not grow with it."""
    CALIBRATED.write_batches(pa.RecordBatchReader.from_batches(CALIBRATED.schema, batches), path)


def out_of_fold(path: Path) -> dict[CellKey, dict[str, OutOfFold]]:
    """The rated items by cell and method. Raises DataError where the file is of another kind."""
    table = read_parquet(path)
    if not table.schema.equals(CALIBRATED.schema):
        raise DataError(f"{path}: its columns are not those of {CALIBRATED.path}")
    table = table.filter(table["out_of_fold"])
    by_cell: dict[CellKey, dict[str, OutOfFold]] = {}
    for run in runs(table, _RUN):
        first = [str(run[column][0]) for column in _RUN]
        model, protocol, dataset, scale, readout, method = first
        by_cell.setdefault((model, protocol, dataset, scale, readout), {})[method] = OutOfFold(
            run["item_id"].to_numpy().astype(str),
            shares(run["distribution"], len(run["distribution"][0])),
        )
    return by_cell


def apply(
    calibrators: Path, items: Path, card: Path, output: Path, methods: Sequence[str] | None = None
) -> None:
    """Write calibrated distributions of the items of an item table.

    Every cell of the table needs calibrators that were fitted for the same model, protocol, scale
    and readout, over the same points or labels as on the dataset's card. Items whose distribution
    is null (the model gave no usable answer) have no row.

    Args:
        calibrators: calibrators/<dataset>.json of the study they were fitted in.
        items: items/<dataset>.parquet of the study they are applied in.
        card: the dataset card of these items.
        output: the Parquet file to write, of the same kind as calibrated/<dataset>.parquet.
        methods: those to apply; without them, all that were fitted for the cell.

    Raises:
        DataError: a cell has no calibrators, or they are for other points or labels.
    """
    write_calibrated(_applied(load(calibrators), items, card, methods), output)


def _applied(
    saved: SavedCalibrators, items: Path, card: Path, methods: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    scales = read_card(card, DatasetCard).scales
    rows = ITEMS.read(items).dropna(subset=["distribution"])
    for key, cell in groups(rows, CELL_KEY):
        model, protocol, dataset, scale, readout = key
        if scale not in scales:
            raise DataError(
                f"{items} has distributions on {scale!r}, which is no scale of {card}; there are "
                f"{', '.join(sorted(scales))}"
            )
        fitted = saved.of(model, protocol, scale, readout)
        cell = cell.sort_values("item_id")
        given = np.array(cell["distribution"].tolist(), dtype=np.float64)
        ids = cell["item_id"].to_numpy(dtype=str)
        for method in methods or [calibrator.method for calibrator in fitted.calibrators]:
            made = fitted.calibrate(given, Answers.of(scales[scale]), method)
            own = (model, protocol, dataset, scale, readout)
            yield calibrated_rows(own, method, ids, made, None)
