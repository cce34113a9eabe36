"""Calibrators that were fitted in one study, applied to the items of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from emoalign.analyses.calibration import calibrated
from emoalign.analyses.calibration.saved import Answers, SavedCalibrators, load
from emoalign.errors import DataError
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card
from emoalign.tables import CELL_KEY, ITEMS, groups


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
    calibrated.write(_batches(load(calibrators), items, card, methods), output)


def _batches(
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
        shares = np.array(cell["distribution"].tolist(), dtype=np.float64)
        ids = cell["item_id"].to_numpy(dtype=str)
        for method in methods or [calibrator.method for calibrator in fitted.calibrators]:
            made = fitted.calibrate(shares, Answers.of(scales[scale]), method)
            own = (model, protocol, dataset, scale, readout)
            yield calibrated.rows(own, method, ids, made, None)
