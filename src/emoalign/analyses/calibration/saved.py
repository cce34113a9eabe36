"""Calibrators in a file, and applying them to items that nobody has rated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from emoalign.errors import DataError
from emoalign.statistics.calibrators.family import Marginal, Mixture, Unchanged
from emoalign.statistics.calibrators.monotone import CumulativeLogit, Isotonic
from emoalign.statistics.calibrators.scaling import Bias, Dirichlet, Temperature, Vector
from emoalign.statistics.pairs import FloatArray
from emoalign.study.fields import Entry
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import atomic

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
"""Any fitted calibrator; the key method tells which."""


class Answers(Entry):
    """What the numbers of a distribution are shares of.

    Attributes:
        points: points of an ordinal scale, ascending; None for labels.
        labels: labels, in the order of the card; None for points.
    """

    points: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, scale: OrdinalScale | LabelScale) -> Answers:
        """Those of a scale."""
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
                "model on that scale, or rate some items on yours and calibrate there"
            )
        for calibrator in self.calibrators:
            if calibrator.method == method:
                return calibrator.apply(model)
        fitted = ", ".join(fit.method for fit in self.calibrators) or f"none: {self.reason}"
        raise DataError(f"there is no calibrator {method!r} of {self}; there are {fitted}")


class SavedCalibrators(Entry):
    """The content of calibrators/<dataset>.json."""

    version: Literal[1] = 1
    cells: tuple[SavedCell, ...]

    def of(self, model: str, protocol: str, scale: str, readout: str) -> SavedCell:
        """The cell of this model, protocol, scale and readout. Raises DataError without one."""
        wanted = (model, protocol, scale, readout)
        for cell in self.cells:
            if (cell.model, cell.protocol, cell.scale, cell.readout) == wanted:
                return cell
        there = "\n".join(f"  {cell}" for cell in self.cells)
        raise DataError(
            f"no calibrators were fitted for {model}, {protocol}, {scale}, {readout}. What a model "
            "says depends on how it is asked, so they are for one model, protocol, scale and "
            f"readout alone. There are calibrators for\n{there}"
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
            f"{path}: these are no calibrators of this version of emoalign ({where}: "
            f"{first['msg']}); expected a file that the target calibration made"
        ) from error
