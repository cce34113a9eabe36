"""The stages after the ratings of a study: the jobs that are planned for it, without Snakemake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
import pandas as pd

from emoalign.analyses.alignment.align import align
from emoalign.analyses.calibration.calibrate import calibrate
from emoalign.analyses.calibration.review import review
from emoalign.analyses.contrasts.compare import compare
from emoalign.analyses.distributions.compare import compare_distributions, dataset_files
from emoalign.analyses.expectations.distribution_scorecard import score_distributions
from emoalign.analyses.structure.structure_rows import compare_structure
from emoalign.analyses.transparency.gradient_rows import compare_gradients
from emoalign.analyses.transparency.rows import describe
from emoalign.analyses.variance.decompose import decompose
from emoalign.figures.catalogue import planned_figures
from emoalign.figures.drawing import draw_figure
from emoalign.items.aggregation import aggregate
from emoalign.planning.analysis_jobs import AnalysisJobs
from emoalign.planning.jobs import Jobs
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.planning.reported import reported
from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.report.sections import tables
from emoalign.tables import NORMS, RATINGS, STIMULI

from .words import EVIL


def make(
    folder: Path,
    study: LoadedStudy,
    ratings: pd.DataFrame,
    norms: pd.DataFrame,
    texts: Sequence[str] | None = None,
) -> None:
    """Write all tables of a study of the dataset words: from ratings and norms to statistics."""
    write_items(folder, norms, texts)
    RATINGS.write(ratings, folder / "ratings.parquet")
    aggregate(
        Jobs(study).aggregate("words"),
        [folder / "ratings.parquet"],
        folder / "norms/words.parquet",
        folder / "items/words.parquet",
    )
    compare_cells(folder, study)
    analyses, statistics = AnalysisJobs(study), folder / "statistics"
    decompose(analyses.decomposition(), [folder / "ratings.parquet"], statistics)
    if study.labelled():
        stimuli, norm_tables = (_files(folder, study, kind) for kind in ("stimuli", "norms"))
        describe(analyses.transparency(), stimuli, norm_tables, folder / "embeddings", statistics)
        of_labels = (statistics / f"{name}.parquet" for name in ("transparency", "labels"))
        compare_gradients(analyses.gradient(), *of_labels, folder=statistics)
    compare_answers(folder, study)
    calibrate_cells(folder, study)
    score_distributions(
        analyses.expectations(),
        entropy=statistics / "entropy.parquet",
        contrasts=statistics / "distribution_contrasts.parquet",
        calibration=statistics / "calibration.parquet",
        gradient=statistics / "transparency_gradient.parquet" if study.labelled() else None,
        folder=statistics,
    )


def write_items(folder: Path, norms: pd.DataFrame, texts: Sequence[str] | None = None) -> None:
    """Write the stimuli and norms of the dataset words."""
    ids = sorted(set(norms["item_id"]))
    stimuli = pd.DataFrame(
        {
            **dict.fromkeys(STIMULI.schema.names),
            "item_id": ids,
            "modality": "word",
            "text": texts or [f"{EVIL} $x_1$ {number}" for number in range(len(ids))],
            "shard": "0000",
        }
    )
    STIMULI.write(stimuli, folder / "stimuli/words.parquet")
    NORMS.write(norms, folder / "norms/words.parquet")


def compare_cells(folder: Path, study: LoadedStudy) -> None:
    """From item tables to the tables of means: alignment, what compares cells, and structure."""
    analyses, statistics = AnalysisJobs(study), folder / "statistics"
    items = list(_files(folder, study, "items").values())
    align(analyses.statistics(), items, _files(folder, study, "norms"), statistics)
    compare(analyses.comparison(), items, statistics / "alignment.parquet", statistics)
    compare_structure(analyses.structure(), items, statistics)


def compare_answers(folder: Path, study: LoadedStudy) -> None:
    """From item tables to the tables of distributions."""
    files = (
        [str(path) for path in _files(folder, study, kind).values()]
        for kind in ("items", "norms", "stimuli")
    )
    job = AnalysisJobs(study).distributions()
    compare_distributions(job, dataset_files(*files), folder / "statistics")


def calibrate_cells(folder: Path, study: LoadedStudy) -> None:
    """From item tables to calibrated distributions, and what they gain."""
    analyses = AnalysisJobs(study)
    made = {
        kind: _files(folder, study, kind)
        for kind in ("items", "norms", "stimuli", "calibrated", "calibrators")
    }
    for name in study.datasets:
        learnt_from = {kind: made[kind][name] for kind in ("items", "norms", "stimuli")}
        calibrate(
            analyses.calibration(name),
            learnt_from,
            made["calibrated"][name],
            made["calibrators"][name],
        )
    review(analyses.calibration_review(), made, folder / "statistics")


def _files(folder: Path, study: LoadedStudy, kind: str) -> dict[str, Path]:
    """The files of a kind, by dataset."""
    suffix = "json" if kind == "calibrators" else "parquet"
    return {name: folder / kind / f"{name}.{suffix}" for name in sorted(study.datasets)}


def page(folder: Path, job: ReportJob) -> str:
    """The page of a study whose tables are made, with the figures it names."""
    for table in tables():
        if not (folder / table.path).exists():  # of analyses that the study does not have
            table.write(pd.DataFrame(columns=table.schema.names), folder / table.path)
    for figure in planned_figures(job.drawing()):
        files = [Path(path) for path in figure.tables(str(folder))]
        draw_figure(figure.job, files, folder / "figures" / figure.path)
    manifest = {"git_commit": None, "note": EVIL, "study": job.model_dump(mode="json")}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    write_report(job, folder, [folder / "ratings.parquet"], folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def make_page(folder: Path, study: LoadedStudy, ratings: pd.DataFrame, norms: pd.DataFrame) -> str:
    """The page of a study, all its tables made before."""
    make(folder, study, ratings, norms)
    return page(folder, reported(study))
