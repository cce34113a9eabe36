"""The calibration stage: learn what people say from what the model says, for each cell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.calibration import calibrated
from emoalign.analyses.calibration.analysis import CalibrationJob
from emoalign.analyses.calibration.fitness import why_no_matrix, why_not
from emoalign.analyses.calibration.saved import Answers, SavedCell, save
from emoalign.items.cells import DistributionCell, Tables, read_cells, shares
from emoalign.statistics.calibrators.family import Sample
from emoalign.statistics.calibrators.validation import cross_validate, fitting
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of


def calibrate(job: CalibrationJob, files: AnalysisFiles) -> None:
    """Write the calibrated distributions of a dataset, and the calibrators themselves."""
    saved: list[SavedCell] = []
    batches = _batches(job, files.tables_of(job.dataset), saved)
    calibrated.write(batches, files.folder / f"calibrated/{job.dataset}.parquet")
    save(saved, files.folder / f"calibrators/{job.dataset}.json")


def _batches(
    job: CalibrationJob, tables: Tables, saved: list[SavedCell]
) -> Iterator[pa.RecordBatch]:
    """Rows of the table, cell by cell; what was fitted is added to `saved` on the way."""
    said = pq.read_table(
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
            cell.text_keys,
            families,
            job.settings.folds,
            job.settings.inner_folds,
            seed_of(job.seed, job.dataset, "folds"),
        )
        finals = tuple(judged.final for judged in validated.values())
        saved.append(fitted.model_copy(update={"calibrators": finals}))
        item_ids, unrated = _unrated(said, cell, k)
        for method, judged in validated.items():
            yield calibrated.rows(cell.key, method, cell.item_ids, judged.out_of_fold, fold)
            if len(item_ids):
                shown = judged.final.apply(unrated)
                yield calibrated.rows(cell.key, method, item_ids, shown, None)


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
