"""The debiased ranked probability score: alike however many raters and answers there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.reference_predictors import Draws, references
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.analyses.readouts.section import nearer
from emoalign.items.cells import DistributionCell, read_cells
from emoalign.planning.analysed import analysed_study
from emoalign.statistics.distances import METRICS, rps, rps_debiased
from emoalign.statistics.pairs import FloatArray
from emoalign.study.scales import HumanScale
from emoalign.study.settings import DistributionSettings
from emoalign.tables import DISTRIBUTION_CONTRASTS, DISTRIBUTIONS, ITEMS, READOUTS
from tests.kit.analysing import run
from tests.kit.kept import kept_results
from tests.kit.ratings import cell, norms
from tests.kit.stages import write_items
from tests.kit.words import report_job, study

NINE = HumanScale(min=1, max=9, direction="higher is more positive")
KINDS = ("items", "norms", "stimuli")


def by_pairs(first: FloatArray, second: FloatArray, n_points: int) -> float:
    """Squared distance of the cumulative shares, from products of different answers alone.

    The mean over pairs of different raters estimates a squared share without bias, and so does that
    over pairs of answers: no variance is subtracted.
    """
    total = 0.0
    for cut in range(1, n_points):
        x, y = (np.asarray(values) < cut for values in (first, second))
        squares = [
            np.mean([a[i] * a[j] for i in range(len(a)) for j in range(len(a)) if i != j])
            for a in (x, y)
        ]
        total += squares[0] + squares[1] - 2 * x.mean() * y.mean()
    return total / (n_points - 1)


def shares_of(answers: FloatArray, n_points: int = 9) -> FloatArray:
    return np.bincount(answers, minlength=n_points) / len(answers)


def test_it_is_the_mean_over_pairs_of_different_raters_and_of_different_answers() -> None:
    rng = np.random.default_rng(1)
    for n, m in ((2, 2), (3, 20), (7, 5)):
        people, model = rng.integers(0, 9, n), rng.integers(0, 6, m)
        found = rps_debiased(shares_of(people), shares_of(model), n, m)
        assert found == pytest.approx(by_pairs(people, model, 9))


def test_samples_of_the_same_distributions_are_at_no_distance_on_average() -> None:
    rng = np.random.default_rng(2)
    truth = rng.dirichlet(np.full(9, 0.65), 40_000)
    people, model = rng.multinomial(3, truth) / 3, rng.multinomial(20, truth) / 20
    assert rps(people, model).mean() == pytest.approx(0.0607, abs=0.001)
    assert abs(rps_debiased(people, model, 3, 20).mean()) < 0.001
    assert abs(rps_debiased(people, truth, 3).mean()) < 0.001


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 20), (10, 5)])
def test_its_mean_is_the_score_of_the_distributions_that_were_sampled(n: int, m: int) -> None:
    rng = np.random.default_rng(3)
    of_people, of_model = rng.dirichlet(np.ones(9), (2, 40_000))
    people, model = rng.multinomial(n, of_people) / n, rng.multinomial(m, of_model) / m
    expected = rps(of_people, of_model).mean()
    assert rps_debiased(people, model, n, m).mean() == pytest.approx(expected, abs=0.002)
    assert rps(people, model).mean() > expected + 0.01


def test_it_takes_two_raters_and_two_answers() -> None:
    even = np.full((3, 4), 0.25)
    raters, answers = np.array([1, 2, 2]), np.array([5, 1, 5])
    assert np.isnan(rps_debiased(even, even, raters, answers)).tolist() == [True, True, False]
    assert np.isfinite(rps_debiased(even, even, 2, np.inf)).all()


# Beside it


@pytest.fixture(scope="module")
def default_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_results("default", tmp_path_factory.mktemp("kept"), *KINDS)


@pytest.fixture(scope="module")
def sampled(default_study: Path) -> DistributionCell:
    """A cell whose items have from 1 to 20 answers."""
    tables = {kind: default_study / kind / "vader.parquet" for kind in KINDS}
    cells = read_cells("vader", {"valence": NINE}, tables, 3)
    return next(c for c in cells if (c.protocol, c.readout) == ("instruction", "sampled"))


def variance(shares: FloatArray, n: FloatArray) -> FloatArray:
    """Σ of the unbiased variances of the cumulative shares, over K - 1; NaN for n below 2."""
    below = np.cumsum(shares, axis=1)[:, :-1]
    return (below * (1 - below)).mean(axis=1) / np.where(n > 1, n - 1, np.nan)


def test_what_a_model_is_set_beside_is_debiased_by_its_own_numbers(
    sampled: DistributionCell,
) -> None:
    settings = DistributionSettings(simulations=40, permutations=300)
    found = {
        name: one.values[METRICS["ordinal"].index("rps_debiased")]
        for name, one in references(sampled, Draws(3, settings)).items()
    }
    raw = {
        name: one.values[METRICS["ordinal"].index("rps")]
        for name, one in references(sampled, Draws(3, settings)).items()
    }
    raters, answers = sampled.human_n.astype(float), sampled.answers
    of_people = variance(sampled.human_shares, raters)
    of_model = variance(sampled.model_shares, answers)
    for name in ("uniform", "marginal", "point_mass"):
        assert raw[name] - found[name] == pytest.approx(of_people), name
    # Each item meets the answers of every item, but for those that have one answer.
    every = [
        np.nanmean(rps(one, sampled.model_shares) - of_model) - noise
        for one, noise in zip(sampled.human_shares, of_people, strict=True)
    ]
    assert found["shuffled"] == pytest.approx(np.array(every))
    # One distribution on either side: halves of the raters, and answers of who knows the truth.
    assert abs(found["human_halves"].mean()) < 0.002 < 0.02 < raw["human_halves"].mean()
    assert np.isnan(found["perfect"][answers < 2]).all()
    assert abs(np.nanmean(found["perfect"])) < 0.004 < 0.01 < raw["perfect"].mean()


# The default study, against numbers that were computed by other programs

ORACLE = {
    ("instruction", "exact"): (0.2029, 0.1966, 300),
    ("instruction", "sampled"): (0.2009, 0.1255, 162),
    ("rating-sheet", "exact"): (0.1048, 0.0985, 300),
    ("rating-sheet", "sampled"): (0.1125, 0.0988, 300),
}


@pytest.fixture(scope="module")
def distributions(default_study: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    job = DistributionJob(
        scales={"vader": {"valence": NINE}},
        seed=20260726,
        bootstrap_resamples=2000,
        settings=DistributionSettings(simulations=10, permutations=2),
    )
    run(job, "compare_distributions", default_study)
    return tuple(
        table.read(default_study / table.path) for table in (DISTRIBUTIONS, DISTRIBUTION_CONTRASTS)
    )


def test_the_default_study_has_the_debiased_scores_that_others_found(
    distributions: tuple[pd.DataFrame, pd.DataFrame], sampled: DistributionCell
) -> None:
    rows = distributions[0].query("stratum == 'all'")
    found = rows.pivot(index=["protocol", "readout"], columns="metric", values="value")
    debiased = rows[rows["metric"] == "rps_debiased"].set_index(["protocol", "readout"])
    for key, (raw, expected, n_items) in ORACLE.items():
        assert debiased.loc[key, "value"] == pytest.approx(expected, abs=5e-5)
        assert debiased.loc[key, "n_items"] == n_items
        assert debiased.loc[key, "value_low"] < expected < debiased.loc[key, "value_high"]
        if n_items == 300:
            assert found.loc[key, "rps"] == pytest.approx(raw, abs=5e-5)
    kept = sampled.answers >= 2
    of_kept = rps(sampled.human_shares, sampled.model_shares)[kept]
    assert of_kept.mean() == pytest.approx(ORACLE["instruction", "sampled"][0], abs=5e-5)


def test_differences_of_the_last_digit_are_no_differences_of_the_default_study(
    distributions: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    """z was 5.0443 when differences of about 1e-16 were ranked."""
    of_protocols = distributions[1][distributions[1]["kind"] == "protocol"]
    contrasts = of_protocols.set_index(["readout", "metric"])
    assert contrasts.loc[("sampled", "jsd"), "signedrank_z"] == pytest.approx(4.9829, abs=5e-5)
    assert set(contrasts.loc["sampled"].index) == {"jsd", "rps", "rps_debiased", "w1"}


# Which readout is nearer to people


def readouts(folder: Path, job: ReadoutsJob) -> pd.DataFrame:
    run(job, "compare_readouts", folder)
    return READOUTS.read(folder / READOUTS.path)


def test_the_readouts_of_the_default_study_differ_less_than_their_raw_scores(
    default_study: Path, distributions: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    job = ReadoutsJob(
        scales={"vader": {"valence": NINE}},
        seed=20260726,
        simulations=99,
        bootstrap_resamples=10_000,
        min_raters=3,
    )
    rows = readouts(default_study, job).set_index("protocol")
    sheet = rows.loc["rating-sheet"]
    assert (sheet["rps_debiased_a"], sheet["rps_debiased_b"]) == pytest.approx(
        (0.0988, 0.0985), abs=5e-5
    )
    assert sheet["rps_debiased_low"] < 0 < sheet["rps_debiased_high"]
    assert rows.loc["instruction", "rps_debiased_a"] == pytest.approx(0.1255, abs=5e-5)
    assert list(rows["rps_debiased_n_items"]) == [162, 300]
    assert rows["reason"].isna().all()
    tables = {kind: default_study / kind / "vader.parquet" for kind in KINDS}
    of = {
        c.readout: rps_debiased(*c.beside(c.model_shares, c.answers))
        for c in read_cells("vader", {"valence": NINE}, tables, 3)
        if c.protocol == "rating-sheet"
    }
    theirs = stats.bootstrap(
        (of["sampled"] - of["exact"],),
        np.mean,
        method="BCa",
        n_resamples=10_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (sheet["rps_debiased_low"], sheet["rps_debiased_high"]) == pytest.approx(
        tuple(theirs), abs=2e-4
    )


NORM_ROWS = norms(n=200, raters=5)


def asked_in_both(folder: Path, norm_rows: pd.DataFrame, n_answers: int = 4) -> ReadoutsJob:
    """Tables of a model that says in its answers what its probabilities say."""
    rng = np.random.default_rng(5)
    exact_shares = rng.dirichlet(np.ones(9), len(norm_rows))
    answers = np.array([rng.choice(np.arange(1, 10.0), n_answers, p=row) for row in exact_shares])
    rows = cell(norm_rows, answers)
    exact = rows.assign(
        readout="exact",
        n_ok=0,
        distribution=exact_shares.tolist(),
        off_scale_mass=0.0,
        returned_mass=1.0,
    )
    write_items(folder, norm_rows)
    ITEMS.write(pd.concat([rows, exact]), folder / "items/words.parquet")
    return ReadoutsJob.of(analysed_study(study(readouts=("sampled", "exact"))))


def test_a_model_that_samples_as_it_should_is_as_near_in_both_readouts(tmp_path: Path) -> None:
    row = readouts(tmp_path, asked_in_both(tmp_path, NORM_ROWS)).iloc[0]
    assert row["rps_debiased_n_items"] == 200
    assert row["rps_debiased_low"] < 0 < row["rps_debiased_high"]
    assert row["rps_debiased_difference"] == pytest.approx(
        row["rps_debiased_a"] - row["rps_debiased_b"]
    )
    # Four answers alone would put the sampled ones about .04 further away.
    assert abs(row["rps_debiased_difference"]) < 0.015


@pytest.mark.parametrize(
    ("norm_rows", "n_answers", "why"),
    [
        (NORM_ROWS.assign(ratings=None), 4, "the human ratings are known only as summaries"),
        (NORM_ROWS, 1, "no item has enough single human ratings, two sampled answers"),
        (NORM_ROWS[:2], 4, "only 2 texts (or clusters), but an interval needs 3"),
        (
            NORM_ROWS.assign(ratings=[one[:2] for one in NORM_ROWS["ratings"]], n=2),
            4,
            "no item has enough single human ratings",
        ),
    ],
)
def test_what_is_missing_has_a_reason(
    norm_rows: pd.DataFrame, n_answers: int, why: str, tmp_path: Path
) -> None:
    table = readouts(tmp_path, asked_in_both(tmp_path, norm_rows, n_answers))
    row = table.iloc[0]
    assert row["reason"].startswith(why)
    assert np.isnan(row["rps_debiased_low"])
    assert np.isnan(row["rps_debiased_a"]) == ("texts" not in why)
    if "texts" not in why:
        assert list(nearer(table, report_job())) == [
            "Whether sampled answers or exact probabilities are closer to the human distributions "
            f"is not known: {row['reason']}."
        ]


def test_the_report_says_which_readout_is_closer_in_each_cell_or_in_how_many() -> None:
    row = dict.fromkeys(READOUTS.schema.names, np.nan) | {
        **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence", "reason": None},
        **{"readout_a": "sampled", "readout_b": "exact"},
        **{"rps_debiased_a_least": 0.12, "rps_debiased_a_most": 0.12},
        **{"rps_debiased_b_least": 0.2, "rps_debiased_b_most": 0.2},
        **{"rps_debiased_n_items": 40, "rps_debiased_a": 0.12, "rps_debiased_b": 0.2},
        **{"rps_debiased_difference": -0.08, "rps_debiased_low": -0.1, "rps_debiased_high": -0.06},
    }
    unclear = row | {"rps_debiased_difference": 0.01, "rps_debiased_high": 0.03}
    first, second = nearer(pd.DataFrame([unclear, row]), report_job())
    assert first.endswith("Neither is clearly closer to the human distributions.")
    assert second == (
        "Model m (Words, valence, 40 words): debiased RPS 0.120 for sampled answers and "
        "0.200 for exact probabilities; sampled minus exact −0.080, 95% CI [−0.100, −0.060]. The "
        "sampled answers are closer to the human distributions."
    )
    opening, most = nearer(pd.DataFrame([*[unclear] * 4, row]), report_job())
    assert opening == (
        "Of 5 combinations of model, protocol and scale, sampled answers were closer to the human "
        "distributions in 1 and exact probabilities in 0 (debiased RPS; 95% CI of the difference "
        "excludes 0)."
    )
    assert most.startswith("The largest difference: Model m (Words, valence, 40 words)")


def test_the_report_says_where_probability_not_returned_may_turn_a_comparison_round() -> None:
    row = dict.fromkeys(READOUTS.schema.names, np.nan) | {
        **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence", "reason": None},
        **{"readout_a": "exact", "readout_b": "decision", "rps_debiased_n_items": 40},
        **{"rps_debiased_a": 0.12, "rps_debiased_a_least": 0.11, "rps_debiased_a_most": 0.21},
        **{"rps_debiased_b": 0.2, "rps_debiased_b_least": 0.2, "rps_debiased_b_most": 0.2},
        **{"rps_debiased_difference": -0.08, "rps_debiased_low": -0.1, "rps_debiased_high": -0.06},
    }
    (told,) = nearer(pd.DataFrame([row]), report_job())
    assert "debiased RPS 0.120 (0.110 to 0.210) for exact probabilities and 0.200 for" in told
    assert told.endswith(
        "exact minus decision −0.080, 95% CI [−0.100, −0.060]. The exact probabilities are closer "
        "to the human distributions, unless probability that was not returned turns it round."
    )
    opening, _ = nearer(pd.DataFrame([row, row | {"rps_debiased_a_most": 0.15}] * 3), report_job())
    assert "in 6 and decisions in 0" in opening
    assert opening.endswith("in 3 of these, probability that was not returned leaves it open).")
