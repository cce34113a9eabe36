"""The statistics tables, from item tables made by hand."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.alignment.aligned_cells import alignment, reliability
from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.items.human_agreement import ScaleNorms, people_reliability
from emoalign.planning.analysed import analysed_study
from emoalign.study.scales import HumanScale
from emoalign.tables import ALIGNMENT, ITEMS, READOUTS
from tests.kit.analysing import run
from tests.kit.kept import kept_results
from tests.kit.ratings import cell, norms, ratings
from tests.kit.stages import write_items
from tests.kit.words import SCALE, study

TABLES = ("items", "norms")
NORM_ROWS = norms()
STUDY = analysed_study(study())
JOB, COMPARED = AlignmentJob.of(STUDY), ReadoutsJob.of(STUDY)


def of_people(norm_rows: pd.DataFrame = NORM_ROWS) -> pd.Series:
    """The row of reliability."""
    return reliability(cell(norm_rows, ratings(NORM_ROWS)), {"words": norm_rows}, JOB).iloc[0]


def one_cell(answers: np.ndarray, norm_rows: pd.DataFrame = NORM_ROWS) -> pd.Series:
    table = alignment(cell(norm_rows, answers), {"words": norm_rows}, JOB)
    assert len(table) == 1
    return table.iloc[0]


def test_a_cell_holds_the_numbers_that_scipy_finds() -> None:
    answers = ratings(NORM_ROWS)
    row = one_cell(answers)
    model, human = answers.mean(axis=1), NORM_ROWS["mean"]
    r = stats.pearsonr(model, human)
    assert row["pearson_r"] == pytest.approx(r.statistic)
    assert (row["pearson_fisher_low"], row["pearson_fisher_high"]) == pytest.approx(
        tuple(r.confidence_interval())
    )
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


@pytest.mark.parametrize(
    ("columns", "statistic"),
    [
        (
            ("pearson_r", "pearson_low", "pearson_high"),
            lambda model, human, axis: stats.pearsonr(model, human, axis=axis).statistic,
        ),
        (
            ("bias", "bias_low", "bias_high"),
            lambda model, human, axis: np.mean(model - human, axis=axis),
        ),
        (
            ("calibration_slope", "calibration_slope_low", "calibration_slope_high"),
            lambda model, human, axis: (
                stats.pearsonr(model, human, axis=axis).statistic
                * human.std(axis=axis)
                / model.std(axis=axis)
            ),
        ),
    ],
    ids=["r", "bias", "calibration slope"],
)
def test_the_interval_of_a_mean_is_that_of_another_bootstrap_over_items(
    columns: tuple[str, str, str], statistic: Callable[..., np.ndarray]
) -> None:
    answers = ratings(NORM_ROWS, 2.0)
    job = JOB.model_copy(update={"bootstrap_resamples": 20_000})
    [row] = alignment(cell(NORM_ROWS, answers), {"words": NORM_ROWS}, job).to_dict("records")
    means = answers.mean(axis=1), NORM_ROWS["mean"].to_numpy()
    theirs = stats.bootstrap(
        means,
        statistic,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    value, *ends = (row[column] for column in columns)
    assert value == pytest.approx(statistic(*means, axis=-1))
    assert ends == pytest.approx(tuple(theirs), abs=0.01)


def test_interval_and_p_of_spread_are_those_of_other_resamples_and_flips_of_items() -> None:
    answers = ratings(NORM_ROWS, 1.1)
    answers[:5, 1:] = np.nan  # one answer has no SD
    job = JOB.model_copy(update={"bootstrap_resamples": 20_000})
    [row] = alignment(cell(NORM_ROWS, answers), {"words": NORM_ROWS}, job).to_dict("records")
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


def test_an_exact_readout_varies_as_its_distribution_does(tmp_path: Path) -> None:
    """The default study's own items; recomputed by others in two languages."""
    kept = kept_results("default", tmp_path, *TABLES)
    items, norm_rows = (pd.read_parquet(kept / f"{kind}/vader.parquet") for kind in TABLES)
    # The variance of a distribution of shares over the points, without n - 1.
    points, exact = np.arange(1, 10), items["readout"] == "exact"
    shares = np.stack(items.loc[exact, "distribution"])
    spread = np.sqrt(shares @ points**2 - (shares @ points) ** 2)
    assert items.loc[exact, "sd"].to_numpy() == pytest.approx(spread)
    scale = HumanScale(min=1, max=9, direction="higher is more")
    job = JOB.model_copy(update={"scales": {"vader": {"valence": scale}}})
    norms_of = {"vader": norm_rows.assign(raters=None)}
    table = alignment(items, norms_of, job).set_index(["protocol", "readout"])
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
    row = alignment(exact, {"words": NORM_ROWS}, JOB).iloc[0]
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
    row = of_people(summary)
    assert row["reliability_source"] == "summary"
    means, error = NORM_ROWS["mean"], (NORM_ROWS["sd"] ** 2 / NORM_ROWS["n"]).mean()
    assert row["reliability"] == pytest.approx(1 - error / means.var(ddof=1))
    assert row["ceiling"] == pytest.approx(np.sqrt(row["reliability"]))
    assert np.isnan([row["one_human_r"], row["one_rating_r"]]).all()


def test_single_ratings_of_unknown_people_have_icc_1_and_no_human() -> None:
    row, table = of_people(), pingouin_icc(NORM_ROWS["ratings"])
    assert row["reliability_source"] == "icc_1"
    assert row["reliability"] == row["icc_average"] == pytest.approx(table[3])
    assert np.isnan([row["one_human_r"], row["icc_c_average"], row["icc_a_average"]]).all()
    assert row["one_rating_r"] > 0.8
    assert row["reliability_low"] < row["reliability"] < row["reliability_high"]
    ends = row[["ceiling_low", "ceiling_high"]].to_numpy(dtype=float)
    assert ends**2 == pytest.approx(row[["reliability_low", "reliability_high"]].to_numpy(float))


def pingouin_icc(listed: pd.Series) -> np.ndarray:
    """ICC(1), ICC(A,1), ICC(C,1), ICC(1,k), ICC(A,k) and ICC(C,k) of complete ratings."""
    long = pd.DataFrame(listed.tolist()).melt(ignore_index=False).reset_index()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pingouin.intraclass_corr(long, "index", "variable", "value")["ICC"].to_numpy()


def test_where_it_is_known_who_rated_people_are_people() -> None:
    rng = np.random.default_rng(3)
    use = np.rint(rng.normal(0, 1.5, 8))
    rows = NORM_ROWS.assign(ratings=[list(np.array(r) + use) for r in NORM_ROWS["ratings"]])
    rows = rows.assign(raters=[[f"code-{j}" for j in range(8)]] * 30)
    # The order in which an item's raters stand means nothing.
    shuffled = rows.copy()
    for place, row in rows.iterrows():
        order = rng.permutation(8)
        shuffled.at[place, "ratings"] = np.array(row["ratings"])[order]
        shuffled.at[place, "raters"] = np.array(row["raters"])[order]
    row, theirs = of_people(shuffled), pingouin_icc(rows["ratings"])
    assert row["reliability_source"] == "icc_c"
    assert (row["icc_a_single"], row["icc_c_single"]) == pytest.approx(tuple(theirs[1:3]))
    assert (row["icc_a_average"], row["icc_c_average"]) == pytest.approx(tuple(theirs[4:6]))
    assert row["reliability"] == row["icc_c_average"] > row["icc_average"]
    matrix = np.array(rows["ratings"].tolist())
    others = (matrix.sum(axis=1, keepdims=True) - matrix) / 7
    rs = [np.corrcoef(matrix[:, j], others[:, j])[0, 1] for j in range(8)]
    assert row["one_human_r"] == pytest.approx(np.mean(rs))
    assert row["one_rating_r"] < row["one_human_r"]
    assert row["spearman_brown"] == pytest.approx(row["icc_c_average"], abs=0.01)
    # A cell of all items says the same of people as the table of reliability.
    of_cell = alignment(cell(NORM_ROWS, ratings(NORM_ROWS)), {"words": shuffled}, JOB).iloc[0]
    for name in ("ceiling", "ceiling_low", "ceiling_high", "one_human_r", "one_rating_r"):
        assert of_cell[name] == row[name]
    assert of_cell["reliability_human_low"] == row["reliability_low"]


def test_people_who_cannot_be_told_from_items_leave_icc_1() -> None:
    codes = iter(range(1000))
    nested = NORM_ROWS.assign(raters=[[str(next(codes)) for _ in range(8)] for _ in range(30)])
    row = of_people(nested)
    assert (row["reliability_source"], row["reliability"]) == ("icc_1", row["icc_average"])
    assert np.isnan(row["one_human_r"])


def test_three_ratings_per_item_have_no_halves() -> None:
    few = of_people(norms(30, raters=3))
    assert np.isnan([few["split_half_r"], few["spearman_brown"]]).all()
    assert few["reliability_source"] == "icc_1"
    assert of_people(norms(30, raters=4))["spearman_brown"] > 0.5


@pytest.mark.parametrize("single", [True, False], ids=["single ratings", "means, SDs and n"])
def test_reliabilities_of_a_cell_are_those_of_the_items_it_is_compared_on(single: bool) -> None:
    """A model that was recorded, or answered, on words in the middle of the scale alone."""
    felt = np.linspace(1.5, 8.5, 200)
    rows = norms(felt=felt, noise=2.0)
    rows = rows if single else rows.assign(ratings=None)
    answers = ratings(rows, 2.0)
    middle = (felt > 3.5) & (felt < 6.5)
    answers[~middle] = np.nan
    of_all = reliability(cell(rows, answers), {"words": rows}, JOB).iloc[0]
    row = alignment(cell(rows, answers), {"words": rows}, JOB).iloc[0]
    assert row["n_items"] == middle.sum()
    if single:
        expected = pingouin_icc(rows["ratings"][middle])[3]
    else:
        error = (rows["sd"] ** 2 / rows["n"])[middle].mean()
        expected = 1 - error / rows["mean"][middle].var(ddof=1)
    assert row["reliability_human"] == pytest.approx(expected)
    assert row["reliability_human"] < of_all["reliability"] - 0.1
    assert row["ceiling"] == pytest.approx(np.sqrt(expected))
    w, spread = answers[middle].var(axis=1, ddof=1).mean(), answers[middle].mean(axis=1).var(ddof=1)
    own = 1 - w / 10 / spread
    assert row["reliability_model"] == pytest.approx(own)
    assert row["pearson_disattenuated"] == pytest.approx(row["pearson_r"] / np.sqrt(expected * own))
    assert of_all["n_items"] == 200


def test_the_interval_of_the_disattenuated_r_is_that_of_another_bootstrap() -> None:
    rows = norms(60, noise=2.0)
    answers = ratings(rows, 3.0)
    job = JOB.model_copy(update={"bootstrap_resamples": 20_000})
    row = alignment(cell(rows, answers), {"words": rows}, job).iloc[0]
    sides = np.array(rows["ratings"].tolist()), answers

    def corrected(items: np.ndarray, axis: int = -1) -> np.ndarray:
        human, model = (side[items] for side in sides)
        product = np.ones(items.shape[:-1])
        for side in (human, model):
            error = side.var(axis=-1, ddof=1).mean(axis=-1) / side.shape[-1]
            product *= 1 - error / side.mean(axis=-1).var(axis=-1, ddof=1)
        r = stats.pearsonr(human.mean(axis=-1), model.mean(axis=-1), axis=-1).statistic
        return r / np.sqrt(product)

    theirs = stats.bootstrap(
        (np.arange(60),),
        corrected,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        batch=1_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert row["pearson_disattenuated"] == pytest.approx(corrected(np.arange(60)))
    found = row[["pearson_disattenuated_low", "pearson_disattenuated_high"]].to_numpy(dtype=float)
    assert found == pytest.approx(np.array(theirs), abs=0.015)
    assert row["reliability_model_low"] < row["reliability_model"] < row["reliability_model_high"]


def test_an_end_above_1_of_a_disattenuated_r_stays_as_it_is() -> None:
    rows = norms(60, noise=2.0)
    row = alignment(cell(rows, ratings(rows, 0.5), readout="exact"), {"words": rows}, JOB).iloc[0]
    assert row["pearson_disattenuated_high"] > 1
    assert np.isnan(row["reliability_model_low"])


def test_the_default_study_is_reliable_on_the_items_that_r_uses(tmp_path: Path) -> None:
    """Kept results of the default study; the model hardly tells items apart when it is asked so."""
    kept = kept_results("default", tmp_path, "items", "norms")
    items = pd.read_parquet(kept / "items/vader.parquet")
    rows = pd.read_parquet(kept / "norms/vader.parquet")
    job = JOB.model_copy(update={"scales": {"vader": {"valence": SCALE}}})
    table = alignment(items, {"vader": rows.assign(raters=None)}, job)
    table = table.set_index(["protocol", "readout"])
    row = table.loc["instruction", "sampled"]
    assert row["n_items"] == 257
    # Not the .0195 of the 162 items with two answers or more.
    used = items.query("protocol == 'instruction' and readout == 'sampled'")
    used = used.dropna(subset=["mean", "human_mean"])
    n, v = used["n_ok"], (used["sd"] ** 2).fillna(0)
    w = ((n - 1) * v).sum() / (n - 1).sum()
    expected = 1 - (w / n).mean() / used["mean"].var(ddof=1)
    assert row["reliability_model"] == pytest.approx(expected) == pytest.approx(-0.0065, abs=5e-5)
    assert row["reliability_human"] == pytest.approx(0.9649, abs=5e-5)
    # What the probabilities say: the same answers simulated from them are as unreliable.
    exact = items.query("protocol == 'instruction' and readout == 'exact'").set_index("item_id")
    truth = exact.loc[used["item_id"], "mean"].var(ddof=1) / used["mean"].var(ddof=1)
    assert truth < 0.01 < row["reliability_model_high"]
    assert table.loc["rating-sheet", "sampled"]["reliability_model"] == pytest.approx(
        0.7746, abs=5e-5
    )


def test_the_plan_takes_the_reliability_of_the_results() -> None:
    ids = np.array(NORM_ROWS["item_id"], dtype=np.str_)
    source, sums = people_reliability(ScaleNorms.of(NORM_ROWS, "valence", ids))
    assert (source, sums.estimate()[0]) == ("icc_1", of_people()["reliability"])


def test_without_human_data_there_is_no_ceiling_and_no_correlation() -> None:
    nobody = NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0, ratings=None)
    assert of_people(nobody)["reliability_source"] == "none"
    row = one_cell(ratings(NORM_ROWS), nobody)
    assert row["n_items"] == 0
    assert np.isnan(row["ceiling"])


def test_p_values_are_adjusted_over_the_cells_of_one_readout_only() -> None:
    cells = [cell(NORM_ROWS, ratings(NORM_ROWS, 8, seed), model=f"m{seed}") for seed in range(2, 7)]
    exact = cell(NORM_ROWS, ratings(NORM_ROWS, 8, 9), model="m2", readout="exact")
    table = alignment(pd.concat([*cells, exact]), {"words": NORM_ROWS}, JOB).set_index("readout")
    sampled = table.loc["sampled"]
    for test in ("pearson", "signflip", "ranksum", "signedrank"):
        expected = multipletests(sampled[f"{test}_p"], method="fdr_bh")[1]
        assert sampled[f"{test}_p_adjusted"].to_numpy() == pytest.approx(expected)
        assert table.loc["exact", f"{test}_p_adjusted"] == table.loc["exact", f"{test}_p"]


def test_neither_the_order_of_items_nor_other_cells_change_a_cell() -> None:
    cells = [cell(NORM_ROWS, ratings(NORM_ROWS, 2, seed), model=f"m{seed}") for seed in (2, 3)]
    both = alignment(pd.concat(cells), {"words": NORM_ROWS}, JOB)
    shuffled = alignment(
        pd.concat(cells[::-1]).sample(frac=1, random_state=1), {"words": NORM_ROWS}, JOB
    )
    pd.testing.assert_frame_equal(both, shuffled)
    alone = alignment(cells[0], {"words": NORM_ROWS}, JOB).filter(regex="^(?!.*adjusted)")
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
    assert (row["readout_a"], row["readout_b"]) == ("sampled", "exact")
    assert row["usable_b"] == pytest.approx(0.7)
    assert row["usable_a"] == 1
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
