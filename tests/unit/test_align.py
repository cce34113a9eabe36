"""The statistics tables, from item tables made by hand."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.alignment.aligned_cells import alignment
from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.items.rated_items import reliability_row
from emoalign.planning.analysed import analysed_study
from emoalign.study.scales import HumanScale
from emoalign.tables import ALIGNMENT, ITEMS, READOUTS
from tests.kit.analysing import run
from tests.kit.ratings import cell, norms, ratings
from tests.kit.stages import write_items
from tests.kit.words import SETTINGS, study

KEPT = Path(__file__).parents[1] / "kept"
TABLES = ("items", "norms")
NORM_ROWS = norms()
STUDY = analysed_study(study())
JOB, COMPARED = AlignmentJob.of(STUDY), ReadoutsJob.of(STUDY)


def reliability(norm_rows: pd.DataFrame = NORM_ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        [reliability_row("words", "valence", norm_rows, SETTINGS.split_halves, seed=3)]
    )


def one_cell(answers: np.ndarray, norm_rows: pd.DataFrame = NORM_ROWS) -> pd.Series:
    table = alignment(cell(norm_rows, answers), reliability(norm_rows), JOB)
    assert len(table) == 1
    return table.iloc[0]


def test_a_cell_holds_the_numbers_that_scipy_finds() -> None:
    answers = ratings(NORM_ROWS)
    row = one_cell(answers)
    model, human = answers.mean(axis=1), NORM_ROWS["mean"]
    r = stats.pearsonr(model, human)
    assert row["pearson_r"] == pytest.approx(r.statistic)
    assert row["spearman_rho"] == pytest.approx(stats.spearmanr(model, human).statistic)
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean((model - human) ** 2)))
    assert row["rmse_constant"] == pytest.approx(human.std(ddof=0))
    assert row["slope"] == pytest.approx(stats.linregress(human, model).slope)
    # scipy ranks the last digit, in which equal SDs are apart.
    sds = (values.round(12) for values in (answers.std(axis=1, ddof=1), NORM_ROWS["sd"]))
    spread = stats.mannwhitneyu(*sds, method="asymptotic")
    assert (row["ranksum_w"], row["ranksum_p"]) == pytest.approx((spread.statistic, spread.pvalue))
    variances = answers.var(axis=1, ddof=1), NORM_ROWS["sd"].to_numpy() ** 2
    ratio = np.log(np.sqrt(variances[0].mean() / variances[1].mean()))
    assert row["log_rms_sd_ratio"] == pytest.approx(ratio)
    assert row["log_rms_sd_ratio"] == pytest.approx(
        np.log(row["sd_model_rms"] / row["sd_human_rms"])
    )
    assert row["n_items"] == 30
    assert row["n_ok"] == 300


def test_the_interval_of_r_is_that_of_another_bootstrap_over_items() -> None:
    answers = ratings(NORM_ROWS, 2.0)
    job = JOB.model_copy(update={"bootstrap_resamples": 20_000})
    [row] = alignment(cell(NORM_ROWS, answers), reliability(), job).to_dict("records")
    theirs = stats.bootstrap(
        (answers.mean(axis=1), NORM_ROWS["mean"].to_numpy()),
        lambda model, human, axis: stats.pearsonr(model, human, axis=axis).statistic,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (row["pearson_low"], row["pearson_high"]) == pytest.approx(tuple(theirs), abs=0.01)


def test_interval_and_p_of_spread_are_those_of_other_resamples_and_flips_of_items() -> None:
    answers = ratings(NORM_ROWS, 1.1)
    answers[:5, 1:] = np.nan  # one answer has no SD
    job = JOB.model_copy(update={"bootstrap_resamples": 20_000})
    [row] = alignment(cell(NORM_ROWS, answers), reliability(), job).to_dict("records")
    variances = answers[5:].var(axis=1, ddof=1), NORM_ROWS["sd"].to_numpy()[5:] ** 2
    theirs = stats.bootstrap(
        variances,
        lambda model, human, axis: np.log(model.mean(axis=axis) / human.mean(axis=axis)) / 2,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    ends = row["log_rms_sd_ratio_low"], row["log_rms_sd_ratio_high"]
    assert ends == pytest.approx(tuple(theirs), abs=0.01)
    flipped = stats.permutation_test(
        variances,
        lambda model, human, axis: np.sum(model - human, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    )
    assert 0.02 < flipped.pvalue < 0.9
    assert row["signflip_p"] == pytest.approx(flipped.pvalue, abs=0.015)


def test_an_exact_readout_varies_as_its_distribution_does() -> None:
    """The default study's own items; recomputed by others in two languages."""
    with tarfile.open(KEPT / "default" / "results.tar.xz") as archive:
        files = (archive.extractfile(f"results/default/{kind}/vader.parquet") for kind in TABLES)
        items, norm_rows = (pd.read_parquet(BytesIO(file.read())) for file in files if file)
    # The variance of a distribution of shares over the points, without n - 1.
    points, exact = np.arange(1, 10), items["readout"] == "exact"
    shares = np.stack(items.loc[exact, "distribution"])
    spread = np.sqrt(shares @ points**2 - (shares @ points) ** 2)
    assert items.loc[exact, "sd"].to_numpy() == pytest.approx(spread)
    scale = HumanScale(min=1, max=9, direction="higher is more")
    job = JOB.model_copy(update={"scales": {"vader": {"valence": scale}}})
    known = pd.DataFrame([reliability_row("vader", "valence", norm_rows, 10, seed=3)])
    table = alignment(items, known, job).set_index(["protocol", "readout"])
    found = table["log_rms_sd_ratio"].round(4).to_dict()
    assert found == {
        ("instruction", "exact"): 0.8798,
        ("instruction", "sampled"): 1.0315,
        ("rating-sheet", "exact"): 0.9593,
        ("rating-sheet", "sampled"): 0.9635,
    }
    assert (table["signflip_p"] == 1 / (1 + job.bootstrap_resamples)).all()


def test_the_disattenuated_r_uses_both_reliabilities() -> None:
    row = one_cell(ratings(NORM_ROWS))
    both = row["reliability_human"] * row["reliability_model"]
    assert 0.5 < row["reliability_model"] < 1
    assert row["pearson_disattenuated"] == pytest.approx(row["pearson_r"] / np.sqrt(both))
    assert row["disattenuated_above_1"] == (row["pearson_disattenuated"] > 1)


def test_exact_means_have_no_sampling_error_and_leave_only_that_of_people() -> None:
    exact = cell(NORM_ROWS, ratings(NORM_ROWS), readout="exact")
    row = alignment(exact, reliability(), JOB).iloc[0]
    assert row["reliability_model"] == 1
    assert row["pearson_disattenuated"] == pytest.approx(
        row["pearson_r"] / np.sqrt(row["reliability_human"])
    )


def test_an_item_without_a_rating_is_left_out_and_counted() -> None:
    answers = ratings(NORM_ROWS)
    answers[4] = np.nan
    row = one_cell(answers)
    kept = np.arange(30) != 4
    expected = stats.pearsonr(answers[kept].mean(axis=1), NORM_ROWS["mean"][kept]).statistic
    assert (row["n_items"], row["n_items_excluded"], row["n_refusal"]) == (29, 1, 10)
    assert row["pearson_r"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answers", "items"),
    [(np.full((30, 10), np.nan), 0), (np.full((30, 10), 5.0), 30)],
    ids=["every answer refused", "always the same rating"],
)
def test_a_cell_that_says_nothing_has_no_correlation_and_nothing_breaks(
    answers: np.ndarray, items: int
) -> None:
    row = one_cell(answers)
    assert row["n_items"] == items
    assert np.isnan(row["pearson_r"])
    assert np.isnan(row["pearson_low"])
    assert np.isnan(row["pearson_disattenuated"])
    assert not row["disattenuated_above_1"]


def test_without_single_ratings_the_ceiling_comes_from_the_summary() -> None:
    summary = NORM_ROWS.assign(ratings=None)
    row = reliability(summary).iloc[0]
    assert row["source"] == "summary"
    means, error = NORM_ROWS["mean"], (NORM_ROWS["sd"] ** 2 / NORM_ROWS["n"]).mean()
    assert row["reliability"] == pytest.approx(1 - error / means.var(ddof=1))
    assert row["ceiling"] == pytest.approx(np.sqrt(row["reliability"]))
    assert np.isnan(row["one_human_r"])


def test_without_human_data_there_is_no_ceiling_and_no_correlation() -> None:
    nobody = NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0, ratings=None)
    assert reliability(nobody).iloc[0]["source"] == "none"
    row = one_cell(ratings(NORM_ROWS), nobody)
    assert row["n_items"] == 0
    assert np.isnan(row["ceiling"])


def test_p_values_are_adjusted_over_the_cells_of_one_readout_only() -> None:
    cells = [cell(NORM_ROWS, ratings(NORM_ROWS, 8, seed), model=f"m{seed}") for seed in range(2, 7)]
    exact = cell(NORM_ROWS, ratings(NORM_ROWS, 8, 9), model="m2", readout="exact")
    table = alignment(pd.concat([*cells, exact]), reliability(), JOB).set_index("readout")
    sampled = table.loc["sampled"]
    for test in ("pearson", "signflip", "ranksum", "signedrank"):
        expected = multipletests(sampled[f"{test}_p"], method="fdr_bh")[1]
        assert sampled[f"{test}_p_adjusted"].to_numpy() == pytest.approx(expected)
        assert table.loc["exact", f"{test}_p_adjusted"] == table.loc["exact", f"{test}_p"]


def test_neither_the_order_of_items_nor_other_cells_change_a_cell() -> None:
    cells = [cell(NORM_ROWS, ratings(NORM_ROWS, 2, seed), model=f"m{seed}") for seed in (2, 3)]
    both = alignment(pd.concat(cells), reliability(), JOB)
    shuffled = alignment(pd.concat(cells[::-1]).sample(frac=1, random_state=1), reliability(), JOB)
    pd.testing.assert_frame_equal(both, shuffled)
    alone = alignment(cells[0], reliability(), JOB).filter(regex="^(?!.*adjusted)")
    pd.testing.assert_frame_equal(both.iloc[[0]][alone.columns], alone)


def test_readouts_are_compared_where_a_cell_has_both(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(9), 30)
    answers = np.array([rng.choice(np.arange(1, 10.0), 10, p=row) for row in shares])
    sampled = cell(NORM_ROWS, answers)
    exact = sampled.assign(
        readout="exact",
        distribution=shares.tolist(),
        mean=shares @ np.arange(1, 10),
        off_scale_mass=0.25,
        returned_mass=0.95,
    )
    alone = cell(NORM_ROWS, answers, protocol="only sampled")
    write_items(tmp_path, NORM_ROWS)
    ITEMS.write(pd.concat([sampled, exact, alone]), tmp_path / "items/words.parquet")
    run(COMPARED, "compare_readouts", tmp_path)
    table = READOUTS.read(tmp_path / READOUTS.path)
    assert list(table["protocol"]) == ["p"]
    row = table.iloc[0]
    assert row["on_scale_mass_exact"] == pytest.approx(0.7)
    assert row["ok_share_sampled"] == 1
    assert row["p_pooled"] > 0.01
    assert row["r_means"] == pytest.approx(
        np.corrcoef(answers.mean(axis=1), shares @ np.arange(1, 10))[0, 1]
    )


def test_tables_are_written_for_programs_and_for_spreadsheets(tmp_path: Path) -> None:
    ITEMS.write(cell(NORM_ROWS, ratings(NORM_ROWS)), tmp_path / "items/words.parquet")
    write_items(tmp_path, NORM_ROWS)
    run(JOB, "align", tmp_path)
    run(COMPARED, "compare_readouts", tmp_path)
    table = ALIGNMENT.read(tmp_path / "statistics/alignment.parquet")
    csv = pd.read_csv(tmp_path / "statistics/alignment.csv")
    assert list(csv.columns) == list(table.columns)
    assert csv["pearson_r"][0] == pytest.approx(table["pearson_r"][0])
    # No cell was asked in both readouts: the table is there, and empty.
    assert pd.read_csv(tmp_path / "statistics/readouts.csv").empty
