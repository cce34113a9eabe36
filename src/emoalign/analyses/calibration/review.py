"""The tables of gains by calibration, evaluated by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.calibration.analysis import CalibrationReviewJob
from emoalign.analyses.calibration.calibrate import why_no_matrix, why_not
from emoalign.analyses.calibration.saved import OutOfFold, SavedCalibrators, load, out_of_fold
from emoalign.errors import DataError
from emoalign.items.cells import DistributionCell, read_cells
from emoalign.statistics.calibrators.validation import fitting
from emoalign.statistics.changes import Change, changes, curve
from emoalign.statistics.distances import Kind, scores
from emoalign.statistics.pairs import FloatArray, levels
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.significance import holm
from emoalign.tables import CALIBRATION, CALIBRATION_CURVES, CELL_KEY

SCORES: dict[Kind, tuple[str, ...]] = {
    "ordinal": ("jsd", "nll", "rps"),
    "labels": ("jsd", "bernoulli_nll", "bernoulli_jsd", "brier"),
}
"""The scores of a calibrated distribution, the lower the better: the divergence first, then the
likelihood that calibrators are fitted by."""

BEYOND_MARGINAL = "beyond_marginal"
"""The JSD of a method minus that of the human average alone."""

_UNCHANGED = "uncalibrated: there is no change"
_SAME = "the method changed no distribution"
_NOT_TRIED = "the calibrated distributions of the cell are missing"


def review(job: CalibrationReviewJob, files: AnalysisFiles) -> None:
    """Write calibration and calibration_curves."""
    distributions, calibrators = files.by_dataset("calibrated"), files.by_dataset("calibrators")
    rows: list[dict[str, object]] = []
    bins: list[dict[str, object]] = []
    for dataset, scales in sorted(job.datasets.items()):
        cells = list(read_cells(dataset, scales, files.tables_of(dataset), job.min_raters))
        made = out_of_fold(distributions[dataset])
        saved = load(calibrators[dataset])
        keys = np.unique(np.concatenate([np.empty(0, np.uint64), *(c.cluster_keys for c in cells)]))
        seed = seed_of(job.seed, dataset, "texts")
        for cell in cells:
            text = np.searchsorted(keys, cell.cluster_keys)
            predicted = _checked(cell, made.get(cell.key, {}))
            rows += _rows(cell, predicted, saved, job, text, len(keys), seed)
            bins += _bins(cell, predicted, text, len(keys), seed)
    files.write(CALIBRATION, pd.DataFrame(rows, columns=CALIBRATION.schema.names))
    files.write(CALIBRATION_CURVES, pd.DataFrame(bins, columns=CALIBRATION_CURVES.schema.names))


def _checked(cell: DistributionCell, made: Mapping[str, OutOfFold]) -> dict[str, FloatArray]:
    """Calibrated distributions by method. Raises DataError where they are of other items."""
    for method, held_out in made.items():
        if not np.array_equal(held_out.item_ids, cell.item_ids):
            raise DataError(
                f"calibrated/{cell.dataset}.parquet: the items of {', '.join(cell.key)}, {method} "
                "are not those rated by people. Run the target calibration again"
            )
    return {method: held_out.shares for method, held_out in made.items()}


def _rows(
    cell: DistributionCell,
    predicted: Mapping[str, FloatArray],
    saved: SavedCalibrators,
    job: CalibrationReviewJob,
    text: NDArray[np.int64],
    n_texts: int,
    seed: int,
) -> list[dict[str, object]]:
    """A row for each method of a cell."""
    missing = why_not(cell, job.settings)
    names = list(fitting(job.settings.methods, cell.kind))
    judged = _changes(cell, predicted, text, n_texts, job.bootstrap_resamples, seed)
    p = holm([judged[name]["jsd"].p if name in judged else np.nan for name in names])
    divergence, likelihood = SCORES[cell.kind][:2]
    ranks = {
        column: _ranks([judged[name][score].after if name in judged else np.nan for name in names])
        for column, score in (("rank", divergence), (f"rank_{likelihood}", likelihood))
    }
    finals = {
        str(calibrator.method): calibrator
        for calibrator in saved.of(cell.model, cell.protocol, cell.scale, cell.readout).calibrators
    }
    rows: list[dict[str, object]] = []
    for place, name in enumerate(names):
        row: dict[str, object] = dict(zip(CELL_KEY, cell.key, strict=True)) | {
            "method": name,
            "n_items": len(cell.item_ids),
            "n_texts": len(np.unique(cell.cluster_keys)),
            **{column: places[place] for column, places in ranks.items()},
            "p_holm": p[place],
            "reason": missing or why_no_matrix(name, cell.model_shares.shape[1]) or _NOT_TRIED,
        }
        if name in judged:
            row |= _numbers(judged[name])
            row |= {"smoothing": finals[name].smoothing, "ridge": finals[name].ridge}
            row["reason"] = _why_null(name, judged[name]["jsd"])
        rows.append(row)
    return rows


def _changes(
    cell: DistributionCell,
    predicted: Mapping[str, FloatArray],
    text: NDArray[np.int64],
    n_texts: int,
    n: int,
    seed: int,
) -> dict[str, dict[str, Change]]:
    """Scores of each method that made distributions of the cell, by method and score."""
    if not predicted:
        return {}
    kind, names = cell.kind, SCORES[cell.kind]
    own = scores(kind, cell.human_shares, cell.model_shares, names=names)
    made = {
        method: scores(kind, cell.human_shares, shares, names=names)
        for method, shares in predicted.items()
    }
    jsd = names.index("jsd")
    rows, before, after = [], [], []
    for method, values in made.items():
        rows += [(method, name) for name in (*names, BEYOND_MARGINAL)]
        before += [*own, made["marginal"][jsd]]
        after += [*values, values[jsd]]
    tested = np.array([name == "jsd" for _, name in rows])
    judged: dict[str, dict[str, Change]] = {method: {} for method in predicted}
    compared = changes(np.stack(before), np.stack(after), tested, text, n_texts, n, seed)
    for (method, name), change in zip(rows, compared, strict=True):
        judged[method][name] = change
    return judged


def _numbers(judged: Mapping[str, Change]) -> dict[str, object]:
    """The columns of numbers of a method."""
    jsd, beyond = judged["jsd"], judged[BEYOND_MARGINAL]
    row: dict[str, object] = {
        "gain": jsd.gain,
        "gain_low": jsd.gain_interval.low,
        "gain_high": jsd.gain_interval.high,
        "p": jsd.p,
        "beyond_marginal": beyond.change,
        "beyond_marginal_low": beyond.change_interval.low,
        "beyond_marginal_high": beyond.change_interval.high,
    }
    for name, score in judged.items():
        if name != BEYOND_MARGINAL:
            row |= {
                f"{name}_before": score.before,
                f"{name}_after": score.after,
                f"{name}_change": score.change,
                f"{name}_change_low": score.change_interval.low,
                f"{name}_change_high": score.change_interval.high,
            }
    return row


def _why_null(method: str, jsd: Change) -> str | None:
    if method == "none":
        return _UNCHANGED
    if np.isnan(jsd.p):
        return _SAME
    if np.isnan(jsd.gain):
        return "the model's distributions equal the human ones: there is nothing to reduce"
    return None


def _ranks(values: Sequence[float]) -> list[int | None]:
    """Places from 1, the lowest first; equals share the better place; None for NaN."""
    places = pd.Series(levels(values)).where(np.isfinite(values)).rank(method="min")
    return [None if np.isnan(place) else int(place) for place in places]


def _bins(
    cell: DistributionCell,
    predicted: Mapping[str, FloatArray],
    text: NDArray[np.int64],
    n_texts: int,
    seed: int,
) -> Iterator[dict[str, object]]:
    """A row for each stretch of predicted shares of each method."""
    for method, model in predicted.items():
        for stretch in curve(model, cell.human_shares, text, n_texts, seed):
            yield dict(zip(CELL_KEY, cell.key, strict=True)) | {"method": method} | vars(stretch)
