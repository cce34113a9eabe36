"""The stages after the ratings of a study: the jobs that are planned for it, without Snakemake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
import pandas as pd

from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import draw_figures
from emoalign.items.aggregation import aggregate
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.tables import NORMS, RATINGS, STIMULI

from .analysing import analyse, sections
from .ratings import stimuli
from .words import EVIL

OF_CELLS = (
    "alignment",
    "robustness",
    "substitution",
    "labels",
    "readouts",
    "contrasts",
    "frameworks",
    "arousal",
    "structure",
)
"""The analyses of means, of one cell or between cells."""


def make(
    folder: Path,
    study: LoadedStudy,
    ratings: pd.DataFrame,
    norms: pd.DataFrame,
    texts: Sequence[str] | None = None,
    analyses: Sequence[str] | None = None,
) -> None:
    """Write all tables of a study of the dataset words: from ratings and norms to statistics, of
    all analyses or of those named."""
    write_items(folder, norms, texts)
    RATINGS.write(ratings, _ratings(folder))
    aggregate(
        Jobs(study).aggregate("words"),
        [_ratings(folder)],
        folder / "norms/words.parquet",
        folder / "stimuli/words.parquet",
        folder / "items/words.parquet",
    )
    analyse(analysed_study(study), folder, analyses)


def write_items(folder: Path, norms: pd.DataFrame, texts: Sequence[str] | None = None) -> None:
    """Write the stimuli and norms of the dataset words."""
    ids = sorted(set(norms["item_id"]))
    shown = texts or [f"{EVIL} $x_1$ {number}" for number in range(len(ids))]
    STIMULI.write(stimuli(ids, shown), folder / "stimuli/words.parquet")
    NORMS.write(norms, folder / "norms/words.parquet")


def compare_cells(folder: Path, study: LoadedStudy) -> None:
    """From item tables to the tables of means: alignment, what compares cells, and structure."""
    analyse(analysed_study(study), folder, OF_CELLS)


def compare_answers(folder: Path, study: LoadedStudy) -> None:
    """From item tables to the tables of distributions."""
    analyse(analysed_study(study), folder, ["distributions"])


def calibrate_cells(folder: Path, study: LoadedStudy) -> None:
    """From item tables to calibrated distributions, and what they gain."""
    analyse(analysed_study(study), folder, ["calibration"])


def page(folder: Path, job: ReportJob) -> str:
    """The page of a study whose tables are made, with the figures it names."""
    draw_figures(FIGURES, job.drawing(), folder)
    manifest = {
        "emoalign": "0.0",
        "git_commit": None,
        "note": EVIL,
        "study": job.model_dump(mode="json"),
    }
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    output = folder / "report.html"
    write_report(job, sections(folder), FIGURES, folder, [_ratings(folder)], output)
    return output.read_text(encoding="utf-8")


def make_page(folder: Path, study: LoadedStudy, ratings: pd.DataFrame, norms: pd.DataFrame) -> str:
    """The page of a study, all its tables made before."""
    make(folder, study, ratings, norms)
    return page(folder, reported(study))


def _ratings(folder: Path) -> Path:
    """The file of all ratings."""
    return folder / "ratings/words.parquet"
