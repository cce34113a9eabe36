"""Every pair of readouts of a cell: what of their difference is left when the server kept some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import reported
from emoalign.report.undecided import undecided
from emoalign.statistics.readouts import agreement
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ALIGNMENT, ITEMS, READOUTS
from tests.kit.analysing import run
from tests.kit.ratings import norms, rating_rows
from tests.kit.stages import make
from tests.kit.words import study

from .test_report_small_studies import told

NORM_ROWS = norms(n=60, raters=5)
POINTS = np.arange(1, 10.0)
TRUTH = np.random.default_rng(1).dirichlet(np.ones(9), 60)
DRAWN = np.random.default_rng(2).multinomial(10, TRUTH)
ANSWERS = np.array([np.repeat(POINTS, counts) for counts in DRAWN])
RETURNED = np.where(np.sort(TRUTH, axis=1)[:, [-5]] <= TRUTH, TRUTH, 0)  # the likeliest five


def read(readout: str, shares: np.ndarray) -> pd.DataFrame:
    """Probabilities of each item that were returned."""
    rows = rating_rows(np.full((60, 1), np.nan))
    mass = {"rating": np.nan, "off_scale_mass": 0.0, "returned_mass": shares.sum(axis=1)}
    unsaid = dict.fromkeys(("text", "participant"))
    return rows.assign(readout=readout, status="ok", probabilities=list(shares), **mass, **unsaid)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers as its probabilities say; a server that returns five of nine points; and
    a provider that decides what the probabilities are."""
    folder = tmp_path_factory.mktemp("readouts")
    rows = [rating_rows(ANSWERS), read("exact", RETURNED), read("decision", TRUTH)]
    asked = study(protocols={"p": {"participants": 10, "readouts": ["sampled", "exact"]}})
    make(folder, asked, pd.concat(rows), NORM_ROWS, analyses=("alignment", "readouts"))
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The words of the page of such a study."""
    every = {"participants": 10, "readouts": ["sampled", "exact", "decision"]}
    rows = [rating_rows(ANSWERS), read("exact", RETURNED), read("decision", TRUTH)]
    folder = tmp_path_factory.mktemp("page")
    return told(folder, study(protocols={"p": every}), pd.concat(rows), NORM_ROWS)


@pytest.mark.parametrize(
    "sentence",
    [
        "Sampled answers are drawn at random, as if from participants. Exact probabilities are the "
        "model's probabilities of all ratings as the beginning of its answer. Decisions are the "
        "probabilities that the provider's Decisions API gives to the points of the scale.",
        "Exact probabilities and decisions are not drawn at random, so that no test says whether "
        "they agree.",
        "Brackets with “to” have the least and the most that a number may be",
        "For each item, sampled answers were compared with the exact probabilities and the "
        "decisions by a G-test with a simulated p value (99 draws). Probability that was not "
        "returned was taken to be where it makes the answers of an item likeliest, so that p is "
        "conservative.",
        "To find out which of two readouts is closer to the human distributions",
        "of the probability was not returned on average, and more than 1% for 100% of the words: "
        "bounds of item means are",
        "Where a server did not return all probabilities, means, SDs and distributions are those "
        "of the probabilities that it returned.",
        "for sampled answers and 0.",
        "sampled minus decision",
        "exact minus decision",
    ],
)
def test_the_page_says_what_holds_of_three_readouts_with_probability_not_returned(
    sentence: str, page: str
) -> None:
    assert sentence in page


@pytest.fixture(scope="module")
def pairs(results: Path) -> pd.DataFrame:
    table = READOUTS.read(results / READOUTS.path)
    return table.set_index(["readout_a", "readout_b"])


def test_each_pair_of_readouts_has_a_row(pairs: pd.DataFrame) -> None:
    named = [("sampled", "exact"), ("sampled", "decision"), ("exact", "decision")]
    assert list(pairs.index) == named
    assert (pairs["n_items"] == 60).all()


def test_answers_that_follow_the_probabilities_agree_whatever_the_server_kept(
    pairs: pd.DataFrame,
) -> None:
    assert pairs.loc[("sampled", "exact"), "share_below_05"] <= 0.1
    assert pairs.loc[("sampled", "exact"), "p_pooled"] > 0.05
    seed = seed_of(3, "words", "answers")
    by_hand = agreement(DRAWN, TRUTH, seed, 99)
    row = pairs.loc[("sampled", "decision")]
    assert row["p_pooled"] == pytest.approx(by_hand.p_pooled)
    assert row["g_total"] == pytest.approx(by_hand.g_total)
    untested = ["g_total", "p_pooled", "share_below_05", "ks_p", "sharpness", "p_sharpness"]
    assert pairs.loc[("exact", "decision"), untested].isna().all()


def test_the_true_difference_of_means_is_within_its_bounds(pairs: pd.DataFrame) -> None:
    mean = TRUTH @ POINTS
    sampled = ANSWERS.mean(axis=1)
    for a, b, true in (
        ("sampled", "exact", np.abs(sampled - mean)),
        ("exact", "decision", np.zeros(60)),
    ):
        row = pairs.loc[(a, b)]
        least, told, most = (row[f"mean_abs_difference{end}"] for end in ("_least", "", "_most"))
        assert least <= true.mean() < told < most
    assert pairs.loc[("exact", "decision"), "share_within_bounds"] == 1
    assert 0 < pairs.loc[("sampled", "exact"), "share_within_bounds"] < 1
    assert np.isnan(pairs.loc[("sampled", "decision"), "share_within_bounds"])
    r = np.corrcoef(sampled, mean)[0, 1]
    row = pairs.loc[("sampled", "exact")]
    assert row["r_means_least"] < r < row["r_means_most"]
    row = pairs.loc[("sampled", "decision")]
    assert row["r_means"] == row["r_means_least"] == row["r_means_most"] == pytest.approx(r)


def test_the_true_distance_from_people_is_within_its_bounds(pairs: pd.DataFrame) -> None:
    exact, decision = pairs.loc[("exact", "decision")], pairs.loc[("sampled", "decision")]
    true = exact["rps_debiased_b"]
    assert exact["rps_debiased_a_least"] < true < exact["rps_debiased_a_most"]
    assert exact["rps_debiased_b_least"] == pytest.approx(true)
    assert decision["rps_debiased_b"] == pytest.approx(true)
    # What was sampled is known, and so are its bounds.
    for end in ("_least", "_most"):
        assert decision[f"rps_debiased_a{end}"] == pytest.approx(decision["rps_debiased_a"])


def test_alignment_says_how_much_was_not_returned_and_what_it_leaves_open(results: Path) -> None:
    rows = ALIGNMENT.read(results / ALIGNMENT.path).set_index("readout")
    kept = 1 - RETURNED.sum(axis=1)
    exact = rows.loc["exact"]
    assert exact["undecided_mass"] == pytest.approx(kept.mean())
    assert exact["share_undecided_above_01"] == pytest.approx((kept > 0.01).mean())
    assert exact["mean_width"] == pytest.approx(8 * kept.mean())  # all of it is on the scale or not
    true = np.corrcoef(TRUTH @ POINTS, NORM_ROWS["mean"])[0, 1]
    assert exact["pearson_least"] < true < exact["pearson_most"]
    assert rows.loc["decision", "pearson_r"] == pytest.approx(true)
    columns = ["undecided_mass", "share_undecided_above_01", "mean_width", "pearson_least"]
    assert rows.loc[["sampled", "decision"], columns[:3]].isna().all(axis=None)


def test_items_without_bounds_in_a_table_are_taken_as_they_are(results: Path) -> None:
    """As sampled ones are, and those of a classifier."""
    items = ITEMS.read(results / "items/words.parquet")
    ends = ["mean_low", "mean_high"]
    assert items.loc[items["readout"] == "sampled", ends].isna().all(axis=None)
    decided = items[items["readout"] == "decision"]
    assert (decided[ends[0]] == decided["mean"]).all()
    assert (decided[ends[1]] == decided["mean"]).all()
    exact = items[items["readout"] == "exact"]
    assert (exact[ends[0]] < exact["mean"]).all()


def test_readouts_of_one_kind_are_nothing_to_compare(tmp_path: Path) -> None:
    make(tmp_path, study(), rating_rows(ANSWERS), NORM_ROWS, analyses=())
    run(ReadoutsJob.of(analysed_study(study())), "compare_readouts", tmp_path)
    assert READOUTS.read(tmp_path / READOUTS.path).empty


def test_conditions_of_decisions_are_none_with_exact_probabilities() -> None:
    """A sentence on many conditions counts only those whose servers could have returned more."""
    row = {"model": "m", "protocol": "p", "dataset": "words", "scale": "valence", "mean_width": 0.5}
    open_ends = {"share_undecided_above_01": 1.0, "pearson_least": 0.1, "pearson_most": 0.2}
    exact = [{**row, **open_ends, "readout": "exact", "undecided_mass": 0.1}] * 5
    decided = {**row, **open_ends, "readout": "decision", "undecided_mass": 0.0}
    decided |= {"share_undecided_above_01": 0.0}
    asked = study(protocols={"p": {"participants": 10, "readouts": ["exact", "decision"]}})
    (said,) = undecided(pd.DataFrame([*exact, decided, decided]), reported(asked))
    assert "5 conditions with exact probabilities" in said
    assert "7" not in said
    assert "Where most is missing: for " in said
