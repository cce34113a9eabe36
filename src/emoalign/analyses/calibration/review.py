"""The tables of what calibration gained, on items that were held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from emoalign.analyses.calibration.analysis import CalibrationReviewJob
from emoalign.analyses.calibration.calibrate import Tables
from emoalign.analyses.calibration.calibrated import OutOfFold, out_of_fold
from emoalign.analyses.calibration.curves import curve
from emoalign.analyses.calibration.fitness import why_no_matrix, why_not
from emoalign.analyses.calibration.methods import fitting
from emoalign.analyses.calibration.paired import Paired, paired
from emoalign.analyses.calibration.saved import SavedCalibrators, load
from emoalign.analyses.calibration.scores import SCORES, Score, score
from emoalign.analyses.distributions.cells import DistributionCell, read_cells
from emoalign.errors import DataError
from emoalign.statistics.multiplicity import holm
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CALIBRATION, CALIBRATION_CURVES

_CELL = ("model", "protocol", "dataset", "scale", "readout")
Compared = Score | Literal["beyond_marginal"]
"""A score of a method beside the model as it is, or its JSD beside that of the marginal."""

_ALL_SCORES: tuple[Score, ...] = ("jsd", "nll", "rps", "label_jsd", "brier")
_UNCHANGED = "the model as it is: there is no change to judge"
_SAME = "the method changed no item"
_NOT_TRIED = "the calibrated distributions of the cell are missing"


def review(
    job: CalibrationReviewJob, files: Mapping[str, Mapping[str, Path]], folder: Path
) -> None:
    """Write calibration and calibration_curves, as Parquet and CSV, into `folder`.

    `files` are items, norms, stimuli, calibrated and calibrators, each by dataset.
    """
    rows: list[dict[str, object]] = []
    bins: list[dict[str, object]] = []
    for dataset, scales in sorted(job.datasets.items()):
        tables: Tables = {
            "items": files["items"][dataset],
            "norms": files["norms"][dataset],
            "stimuli": files["stimuli"][dataset],
        }
        cells = list(read_cells(dataset, scales, tables, job.min_raters))
        made = out_of_fold(files["calibrated"][dataset])
        saved = load(files["calibrators"][dataset])
        keys = np.unique(np.concatenate([np.empty(0, np.uint64), *(c.text_keys for c in cells)]))
        seed = seed_of(job.seed, dataset, "texts")
        for cell in cells:
            text = np.searchsorted(keys, cell.text_keys)
            predicted = _checked(cell, made.get(cell.key, {}))
            rows += _rows(cell, predicted, saved, job, text, len(keys), seed)
            bins += _bins(cell, predicted, text, len(keys), seed)
    CALIBRATION.write_both(pd.DataFrame(rows, columns=CALIBRATION.schema.names), folder)
    CALIBRATION_CURVES.write_both(
        pd.DataFrame(bins, columns=CALIBRATION_CURVES.schema.names), folder
    )


def _checked(cell: DistributionCell, made: Mapping[str, OutOfFold]) -> dict[str, FloatArray]:
    """Calibrated distributions by method. Raises DataError where they are of other items."""
    for method, one in made.items():
        if not np.array_equal(one.item_ids, cell.item_ids):
            raise DataError(
                f"calibrated/{cell.dataset}.parquet: the items of {', '.join(cell.key)}, {method} "
                "are not those people rated; make the target calibration again"
            )
    return {method: one.shares for method, one in made.items()}


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
    found = _paired(cell, predicted, text, n_texts, job.bootstrap_resamples, seed)
    p = holm([found[name]["jsd"].p if name in found else np.nan for name in names])
    of_jsd, of_nll = (
        _ranks([found[name][one].after if name in found else np.nan for name in names])
        for one in ("jsd", "nll")
    )
    finals = {
        str(one.method): one
        for one in saved.of(cell.model, cell.protocol, cell.scale, cell.readout).calibrators
    }
    rows: list[dict[str, object]] = []
    for place, name in enumerate(names):
        row: dict[str, object] = dict(zip(_CELL, cell.key, strict=True)) | {
            "method": name,
            "n_items": len(cell.item_ids),
            "n_texts": len(np.unique(cell.text_keys)),
            "rank": of_jsd[place],
            "rank_nll": of_nll[place],
            "p_holm": p[place],
            "reason": missing or why_no_matrix(name, cell.model_shares.shape[1]) or _NOT_TRIED,
        }
        if name in found:
            row |= _numbers(found[name])
            row |= {"smoothing": finals[name].smoothing, "ridge": finals[name].ridge}
            row["reason"] = _why_null(name, found[name]["jsd"])
        rows.append(row)
    return rows


def _paired(
    cell: DistributionCell,
    predicted: Mapping[str, FloatArray],
    text: NDArray[np.int64],
    n_texts: int,
    n: int,
    seed: int,
) -> dict[str, dict[Compared, Paired]]:
    """Scores of each method that made distributions of the cell."""
    if not predicted:
        return {}
    human, kind = cell.human_shares, cell.kind
    own = {one: score(one, human, cell.model_shares, kind) for one in SCORES[kind]}
    made = {
        method: {one: score(one, human, shares, kind) for one in SCORES[kind]}
        for method, shares in predicted.items()
    }
    names: list[tuple[str, Compared]] = []
    before, after = [], []
    for method, scores in made.items():
        names += [(method, one) for one in scores]
        before += [own[one] for one in scores]
        after += list(scores.values())
        names.append((method, "beyond_marginal"))
        before.append(made["marginal"]["jsd"])
        after.append(scores["jsd"])
    tested = np.array([one == "jsd" for _, one in names])
    results: dict[str, dict[Compared, Paired]] = {method: {} for method in predicted}
    found = paired(np.stack(before), np.stack(after), tested, text, n_texts, n, seed)
    for (method, one), result in zip(names, found, strict=True):
        results[method][one] = result
    return results


def _numbers(found: Mapping[Compared, Paired]) -> dict[str, object]:
    """The columns of numbers of a method."""
    jsd, beyond = found["jsd"], found["beyond_marginal"]
    row: dict[str, object] = {
        "gain": jsd.gain,
        "gain_low": jsd.gain_interval.low,
        "gain_high": jsd.gain_interval.high,
        "p": jsd.p,
        "beyond_marginal": beyond.change,
        "beyond_marginal_low": beyond.change_interval.low,
        "beyond_marginal_high": beyond.change_interval.high,
    }
    for name in _ALL_SCORES:
        if name in found:
            one = found[name]
            row |= {
                f"{name}_before": one.before,
                f"{name}_after": one.after,
                f"{name}_change": one.change,
                f"{name}_change_low": one.change_interval.low,
                f"{name}_change_high": one.change_interval.high,
            }
    return row


def _why_null(method: str, jsd: Paired) -> str | None:
    if method == "none":
        return _UNCHANGED
    if np.isnan(jsd.p):
        return _SAME
    if np.isnan(jsd.gain):
        return "the model says exactly what people say: there is nothing to reduce"
    return None


def _ranks(values: Sequence[float]) -> list[int | None]:
    """Places from 1, the lowest first; equals share the better place; None for NaN."""
    known = np.array(values, dtype=np.float64)
    places = stats.rankdata(known, method="min", nan_policy="omit")
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
        for one in curve(model, cell.human_shares, text, n_texts, seed):
            yield dict(zip(_CELL, cell.key, strict=True)) | {"method": method} | vars(one)
