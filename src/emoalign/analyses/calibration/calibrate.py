"""The calibration stage: for each cell, learn a map from the model's distributions to the human."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.calibration.analysis import CalibrationJob, CalibrationSettings
from emoalign.analyses.calibration.saved import (
    Answers,
    SavedCell,
    calibrated_rows,
    save,
    write_calibrated,
)
from emoalign.items.cells import DistributionCell, Tables, read_cells, shares
from emoalign.statistics.calibrators.family import Sample
from emoalign.statistics.calibrators.scaling import MOST_POINTS
from emoalign.statistics.calibrators.validation import cross_validate, fitting
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.tables import read_parquet


def calibrate(job: CalibrationJob, files: AnalysisFiles) -> None:
    """Write the calibrated distributions of a dataset, and the calibrators themselves."""
    saved: list[SavedCell] = []
    batches = _batches(job, files.tables_of(job.dataset), saved)
    write_calibrated(batches, files.folder / f"calibrated/{job.dataset}.parquet")
    save(saved, files.folder / f"calibrators/{job.dataset}.json")


def _batches(
    job: CalibrationJob, tables: Tables, saved: list[SavedCell]
) -> Iterator[pa.RecordBatch]:
    """Rows of the table, cell by cell; what was fitted is added to `saved` on the way."""
    said = read_parquet(
        tables["items"],
        columns=["model", "protocol", "scale", "readout", "item_id", "distribution"],
    )
    for cell in read_cells(job.dataset, job.scales, tables, job.min_raters):
        answers = Answers.of(job.scales[cell.scale])
        reason = why_not(cell, job.settings)
        fitted = SavedCell(
            model=cell.model,
            protocol=cell.protocol,
            dataset=cell.dataset,
            scale=cell.scale,
            readout=cell.readout,
            answers=answers,
            n_items=len(cell.item_ids),
            calibrators=(),
            reason=reason,
        )
        if reason is not None:
            saved.append(fitted)
            continue
        k = cell.model_shares.shape[1]
        families = {
            name: family
            for name, family in fitting(job.settings.methods, cell.kind).items()
            if why_no_matrix(name, k) is None
        }
        fold, validated = cross_validate(
            Sample.of(cell.model_shares, cell.human_shares, cell.kind),
            cell.cluster_keys,
            families,
            job.settings.folds,
            job.settings.inner_folds,
            seed_of(job.seed, job.dataset, "folds"),
        )
        finals = tuple(judged.final for judged in validated.values())
        saved.append(fitted.model_copy(update={"calibrators": finals}))
        item_ids, unrated = _unrated(said, cell, k)
        for method, judged in validated.items():
            yield calibrated_rows(cell.key, method, cell.item_ids, judged.out_of_fold, fold)
            if len(item_ids):
                shown = judged.final.apply(unrated)
                yield calibrated_rows(cell.key, method, item_ids, shown, None)


def _unrated(said: pa.Table, cell: DistributionCell, k: int) -> tuple[NDArray[np.str_], FloatArray]:
    """Items of the cell that people have not rated, or too few of them: ids and distributions."""
    own = pc.and_(pc.equal(said["model"], cell.model), pc.equal(said["protocol"], cell.protocol))
    own = pc.and_(own, pc.equal(said["scale"], cell.scale))
    own = pc.and_(own, pc.equal(said["readout"], cell.readout))
    others = pc.invert(pc.is_in(said["item_id"], value_set=pa.array(cell.item_ids.tolist())))
    rows = said.filter(pc.and_(pc.and_(own, others), pc.is_valid(said["distribution"])))
    rows = rows.sort_by("item_id").combine_chunks()
    if not len(rows):
        return np.empty(0, dtype=np.str_), np.empty((0, k))
    return rows["item_id"].to_numpy().astype(str), shares(rows["distribution"], k)


def why_not(cell: DistributionCell, settings: CalibrationSettings) -> str | None:
    """The reason why nothing can be learnt from the items of a cell; None where it can."""
    n, left_out = len(cell.item_ids), cell.left_out
    if n == 0:
        if left_out.no_answer:
            return (
                "the model gave no usable answer, on points of the scale, to any item that people "
                "rated"
            )
        if left_out.few_raters:
            return "no item has enough human raters (distributions: min_raters in the study)"
        return "the human ratings are known only as summaries, not as single ratings"
    if n < settings.min_items:
        return (
            f"only {n} items were rated by both people and model ({settings.min_items} are "
            "needed; calibration: min_items in the study)"
        )
    texts = len(np.unique(cell.cluster_keys))
    training = texts - -(-texts // settings.folds)
    if texts < settings.folds or training < settings.inner_folds:
        return (
            f"the items have only {texts} different texts (or clusters), too few for "
            f"{settings.folds} folds with {settings.inner_folds} inner folds each"
        )
    return None


def why_no_matrix(method: str, points: int) -> str | None:
    """The reason why a method is not tried on a scale of so many points; None where it is."""
    if method == "dirichlet" and points > MOST_POINTS:
        return (
            f"its matrix for {points} points would have {points * (points + 1):,} numbers; it is "
            f"fitted for up to {MOST_POINTS} points"
        )
    return None
