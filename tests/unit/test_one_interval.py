"""The r of a cell has one interval, wherever a study shows it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from emoalign.analyses.alignment.figure import draw_correlations, draw_means
from emoalign.analyses.catalogue import FIGURES
from emoalign.analyses.contrasts.contrast_pairs import contrast_rows
from emoalign.analyses.expectations.of_means import scorecard_rows
from emoalign.figures.drawing import subjects
from emoalign.items.rated_items import (
    correlated,
    rated_items,
)
from emoalign.report.report_job import ReportJob
from emoalign.statistics.replicates import pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ALIGNMENT, AROUSAL, EXPLAINED, FRAMEWORK, SCORECARD, Table
from emoalign.wording import R_INTERVAL, ci, coefficient, interval
from tests.kit.comparison import SCALES, aligned, comparison, dataset, item_rows
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import SETTINGS, report_job, study, words_of

NORM_ROWS = norms()
JOB = comparison().model_copy(update={"bootstrap_resamples": SETTINGS.bootstrap_resamples})
DRAWN = (JOB.seed, JOB.bootstrap_resamples)


def incomplete() -> pd.DataFrame:
    """A study in which a model refused some items, and has no row of others."""
    items = item_rows()
    of_model = items["model"] == "m2"
    refused = of_model & items["item_id"].isin(["item-003", "item-017", "item-018"])
    absent = of_model & items["item_id"].isin(["item-000", "item-021"])
    return items.assign(mean=items["mean"].mask(refused), sd=items["sd"].mask(refused))[~absent]


def empty(table: Table) -> pd.DataFrame:
    return pd.DataFrame(columns=table.schema.names)


def drawn(folder: Path, job: ReportJob, name: str) -> list[Figure]:
    """The pages of one figure of a study."""
    [(_, subject)] = subjects(
        FIGURES, job.drawing().model_copy(update={"figures": (name,)}), folder
    )
    return {"means": draw_means, "correlations": draw_correlations}[name](subject)


def test_all_outputs_of_a_study_show_the_same_interval_of_a_cell(tmp_path: Path) -> None:
    answers = ratings(NORM_ROWS, noise=3.0)
    answers[3:6] = np.nan
    page = make_page(tmp_path, study(), rating_rows(answers), NORM_ROWS)

    [cell] = ALIGNMENT.read(tmp_path / ALIGNMENT.path).to_dict("records")
    ends = [cell["pearson_low"], cell["pearson_high"]]
    assert cell["n_items"] == 27
    assert ends[0] < cell["pearson_r"] < ends[1]
    csv = pd.read_csv(tmp_path / "statistics/alignment.csv").iloc[0]
    assert [csv["pearson_low"], csv["pearson_high"]] == pytest.approx(ends, rel=1e-12)

    checks = SCORECARD.read(tmp_path / SCORECARD.path).set_index("check")
    deciding = checks.loc["all positive", ["estimate", "low", "high"]]
    assert list(deciding) == [cell["pearson_r"], *ends]

    r = coefficient(cell["pearson_r"])
    told = f"{r}, {ci(*ends, bounded=True)}"
    job = report_job(figures=["correlations", "means"])
    [panel] = [axis for page in drawn(tmp_path, job, "means") for axis in page.axes]
    assert f"r = {told}\n27 items" in panel.get_title()
    [axis] = drawn(tmp_path, job, "correlations")[0].axes
    assert ends in [list(line.get_xdata()) for line in axis.lines]
    assert R_INTERVAL in axis.get_xlabel()

    words = words_of(page)
    assert f"correlated r = {told}, with human means" in words
    # The headline, the grid of alignment and that of the scorecard.
    behind_r = re.findall(rf"(?<!\d){re.escape(r)},? (?:95% CI )?\[[^\]]*\]", words)
    assert len(behind_r) >= 3
    [beside] = EXPLAINED.read(tmp_path / EXPLAINED.path).to_dict("records")
    partial = [beside["partial_r_low"], beside["partial_r_high"]]
    intervals = [(r, *ends), (coefficient(beside["partial_r"]), *partial)]
    assert set(behind_r) == {
        text
        for value, low, high in intervals
        for text in (
            f"{value}, {ci(low, high, bounded=True)}",
            f"{value} {interval(low, high, bounded=True)}",
        )
    }


def test_comparisons_resample_a_cell_with_missing_items_as_the_alignment_does() -> None:
    items = incomplete()
    compared = correlated(list(rated_items(items, JOB.datasets)), *DRAWN)
    table = aligned(items, JOB)
    assert set(table["n_items"]) == {35, 40}
    for cell in table.to_dict("records"):
        replicates = compared["words", "sampled", (cell["model"], cell["protocol"])][cell["scale"]]
        assert replicates.n_items == cell["n_items"]
        interval = replicates.interval()
        assert (replicates.estimate, interval.low, interval.high) == pytest.approx(
            (cell["pearson_r"], cell["pearson_low"], cell["pearson_high"]), rel=1e-12
        )


def test_a_contrast_is_made_of_the_resamples_of_its_cells() -> None:
    rated = list(rated_items(incomplete(), JOB.datasets))
    compared = correlated(rated, *DRAWN)
    contrasts = contrast_rows(rated, JOB).query("kind == 'model' and within == 'p1'")
    seed = seed_of(JOB.seed, "words", "items")
    for row in contrasts.to_dict("records"):
        scale = row["scale"]
        other = compared["words", "sampled", ("m2", "p1")][scale]
        # On the items that both rated, which are those of the model that lacks some.
        both = np.where(other.present, rated[0].of(("m1", "p1"), scale), np.nan)
        (first,) = pearson_replicates(both, rated[0].people(scale), JOB.bootstrap_resamples, seed)
        interval = (first - other).interval()
        assert (row["r_b"], row["difference_low"], row["difference_high"]) == pytest.approx(
            (other.estimate, interval.low, interval.high), rel=1e-12
        )


def test_the_readouts_of_a_dataset_share_the_resampled_items() -> None:
    """Although the exact readout has no row of some of them."""
    items = item_rows(models=("m1",), protocols=("p1",))
    exact = items[items["item_id"] != "item-007"].assign(readout="exact")
    exact_rated, sampled_rated = rated_items(pd.concat([items, exact]), JOB.datasets)
    assert exact_rated.item_ids == sampled_rated.item_ids
    compared = correlated([exact_rated, sampled_rated], *DRAWN)
    table = aligned(pd.concat([items, exact]), JOB).set_index(["scale", "readout"])
    for scale in SCALES:
        interval = compared["words", "exact", ("m1", "p1")][scale].interval()
        assert interval.low == pytest.approx(table.loc[(scale, "exact"), "pearson_low"], rel=1e-12)


def test_with_one_scale_the_scorecard_has_the_number_of_the_alignment() -> None:
    job = JOB.model_copy(update={"datasets": {"words": dataset("valence")}})
    items = incomplete().query("scale == 'valence'")
    table = aligned(items, job)
    rated = list(rated_items(items, job.datasets))
    tables = {"alignment": table, "framework": empty(FRAMEWORK), "arousal": empty(AROUSAL)}
    rows = scorecard_rows(rated, correlated(rated, *DRAWN), tables)
    scorecard = rows.query("check == 'all positive'")
    both = scorecard.merge(table, on=["model", "protocol", "readout"])
    assert len(both) == 4
    deciding = both[["estimate", "low", "high"]].to_numpy()
    assert (deciding == both[["pearson_r", "pearson_low", "pearson_high"]].to_numpy()).all()
