"""Studies that commit bcb696c finished, kept with journals and tables: what holds of them now.

tests/kept/<study> has what the study's configuration adds to the project's, and results.tar.xz:
journal, ratings and tables as that commit left them, and the study's own resources. Answers that
were paid for are found again, by every engine, and tables change only where it was meant.
"""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest

from tests.kit.project import ROOT, Project, new_project

KEPT = ROOT / "tests" / "kept"
STUDIES = sorted(path.name for path in KEPT.iterdir())

CHANGED = {
    # Drawn by one rule of seeds: ends of intervals, halves of raters, simulations, folds.
    "alignment": "calibration_slope *_low *_high intercept "  # and the lines that figures show
    # Reliability on the items that r uses, of people who are known as people.
    "ceiling one_human_r one_rating_r reliability_human reliability_model reliability_source "
    "pearson_disattenuated disattenuated_above_1 "
    "ranksum_* signedrank_* "  # SDs equal up to rounding tie
    "sd_*_rms log_rms_sd_ratio signflip_p* "  # spread told from variances
    # Numbers off the scale are told apart from what cannot be read.
    "n_off_scale n_rejected n_unparsable "
    # What probability that was not returned leaves open.
    "pearson_least pearson_most undecided_mass share_undecided_above_01 mean_width",
    "arousal": "*_low *_high *_slope *_intercept",
    "calibrated": "distribution fold",
    # Reasons are told in other words.
    "categories": "*_low *_high *_human_halves *_marginal *_perfect reason",
    "contrasts": "*_low *_high n_clusters",
    # Values equal up to rounding tie.
    "distribution_contrasts": "*_low *_high signedrank_z p p_holm rank_biserial",
    # The best of three methods takes the place of isotonic regression.
    "distribution_scorecard": "check found low high",
    "distributions": "value_low value_high human_halves marginal perfect shuffled reason",
    # What the server calls its reply, and the day it came; some answers are off the scale.
    # Columns of forms, sessions and stated distributions were added.
    "ratings": "reply_id received status reasoning_tokens "
    "form session position rating_shown label_order stated_total",
    "entropy": "*_low *_high *_human_halves *_perfect reason",
    # Of every pair of readouts, with bounds; answers are tested against what fits them best.
    "readouts": "*p p_* share_below_05 rps_debiased_* reason readout_* usable_* ok_share_sampled "
    "on_scale_mass_exact *_least *_most share_within_bounds g_total sharpness",
    "reliability": "ceiling* one_human_r one_rating_r reliability* source spearman_brown "
    "split_half_r icc_average icc_c_* icc_a_*",
    "norms": "raters",
    "scorecard": "estimate low high evidence found",  # of spread, by variances
    # Items that belong together are resampled together; answers may be off the scale or rejected.
    "items": "cluster n_off_scale n_rejected n_unparsable mean_low mean_high sd_low sd_high "
    "mean_se n_distribution n_forms_left_out",
    "stimuli": "cluster covariates",
    # In other folds, and with names of their own for what is summed over labels.
    "calibration": "*_before *_after *_change* gain* beyond_* rank* ridge smoothing reason",
    "calibration_curves": "*",
    "transparency": "reason",
    "transparency_gradient": "reason",
    # Forms, which were called prompts, and which recorded ratings do not have.
    "variance": "source n_levels variance share",  # ways of asking weigh equally
}
"""Patterns of columns that differ from those kept, as they were meant to, by table."""

WORDS = {"expected", "evidence", "reason"}
"""Columns of sentences, which may be worded anew."""

ADDED = {
    "distributions": "metric == 'rps_debiased'",
    "distribution_contrasts": "metric == 'rps_debiased' or metric == 'w1' or kind == 'guess'",
}
"""Which rows those kept did not have yet, by table."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kept:
    """A study as it was kept, and made anew from its journal alone."""

    name: str
    project: Project
    before: Path

    @property
    def after(self) -> Path:
        return self.project.folder / "results" / self.name


@pytest.fixture(scope="module", params=STUDIES)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    name = request.param
    project = new_project(tmp_path_factory.mktemp(name))
    shutil.copytree(KEPT / name / "config", project.folder / "config", dirs_exist_ok=True)
    with tarfile.open(KEPT / name / "results.tar.xz") as archive:
        archive.extractall(project.folder, filter="data")
    before = tmp_path_factory.mktemp("before") / name
    shutil.move(project.folder / "results" / name, before)
    journal = project.journal()
    stages = ("statistics", "distributions", "calibration")
    done = project.snakemake(
        *(stages if (before / "statistics").exists() else ["items"]), study=name
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.journal() == journal, "answers were asked for again"
    return Kept(name, project, before)


def differing(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """The columns that only one of two tables has, or that are not the same to nine digits."""
    columns = set(before) ^ set(after)
    if len(before) != len(after):
        return columns | set(before)
    for name in set(before) & set(after):
        try:
            pd.testing.assert_series_equal(
                before[name], after[name], rtol=1e-9, atol=1e-12, check_dtype=False
            )
        except AssertionError:
            columns.add(name)
    return columns


def test_every_table_is_as_it_was_but_for_what_was_meant_to_change(kept: Kept) -> None:
    for file in sorted(kept.before.rglob("*.parquet")):
        path = file.relative_to(kept.before)
        table = path.stem if path.parts[0] == "statistics" else path.parts[0]
        after = pd.read_parquet(kept.after / path)
        if table in ADDED:
            after = after.drop(after.query(ADDED[table]).index).reset_index(drop=True)
        columns = differing(pd.read_parquet(file), after)
        meant = CHANGED.get(table, "").split()
        unmeant = {
            name for name in columns - WORDS if not any(fnmatch(name, each) for each in meant)
        }
        assert not unmeant, f"{kept.name}: {path}"
