"""Planning: the widths that are promised are those that simulated studies find."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emoalign.analyses.precision import correlation, divergence
from emoalign.analyses.precision.analysis import PrecisionJob, PrecisionSettings
from emoalign.analyses.precision.correlation import HumanSpread
from emoalign.analyses.precision.in_words import in_words
from emoalign.analyses.precision.people import HumanAnswers, concentration, known_answers
from emoalign.analyses.precision.rows import NO_NORMS, precision_rows
from emoalign.statistics.reliability import summary_reliability
from emoalign.statistics.replicates import pearson_replicates
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import NORMS, PRECISION

FIVE = HumanScale(min=1, max=5, direction="higher is more")
FEELINGS = LabelScale(kind="labels", labels=("joy", "anger", "neutral"))


# Intervals of r


@pytest.mark.parametrize(
    ("r", "width", "items"),
    [
        # R package statpsych, size.ci.cor(.05, r, 0, w): its documented examples.
        (0.362, 0.25, 188),
        (0.3, 0.2, 320),
        # Bonett & Wright (2000), table 1.
        *[(0.1, w, n) for w, n in ((0.1, 1507), (0.2, 378), (0.3, 168))],
        *[(0.5, w, n) for w, n in ((0.1, 867), (0.2, 219), (0.3, 99))],
        *[(0.7, w, n) for w, n in ((0.1, 404), (0.2, 105), (0.3, 49))],
    ],
)
def test_the_items_needed_are_those_published(r: float, width: float, items: int) -> None:
    assert correlation.items_needed(r, width / 2) == items


@given(r=st.floats(0, 0.97), width=st.floats(0.005, 0.6))
def test_one_item_less_than_needed_is_too_few(r: float, width: float) -> None:
    items = correlation.items_needed(r, width)
    assert correlation.half_width(r, items) <= width + 1e-9
    assert items == 4 or correlation.half_width(r, items - 1) > width - 1e-9


@given(n=st.integers(5, 5000), width=st.floats(0.005, 0.6))
def test_the_least_r_has_exactly_the_width_asked_for(n: int, width: float) -> None:
    least = correlation.r_needed(n, width)
    if least == 0:
        assert correlation.half_width(0, n) <= width + 1e-9
    else:
        assert correlation.half_width(least, n) == pytest.approx(width)


def test_the_half_width_is_that_of_fishers_interval() -> None:
    x = np.random.default_rng(0).normal(size=(2, 60))
    theirs = stats.pearsonr(x[0], x[0] + x[1])
    low, high = theirs.confidence_interval(0.95)
    assert correlation.half_width(theirs.statistic, 60) == pytest.approx((high - low) / 2)


def simulated_means(rng: np.random.Generator, n_items: int, raters: int, sd: float) -> Any:
    """True means, and what `raters` say of them: means and SDs over raters."""
    truth = rng.normal(size=n_items)
    ratings = truth[:, None] + rng.normal(0, sd, (n_items, raters))
    return truth, ratings.mean(axis=1), ratings.std(axis=1, ddof=1)


def test_the_reliability_of_the_model_is_what_the_statistics_will_find() -> None:
    rng = np.random.default_rng(1)
    _, means, sds = simulated_means(rng, 20_000, 7, 2.0)
    spread = HumanSpread(reliability=0.9, items=1.0, raters=1.0)
    expected = correlation.model_reliability(spread, 7, 2.0)
    assert summary_reliability(means, sds, 7) == pytest.approx(expected, abs=0.01)
    assert correlation.model_reliability(spread, math.inf, 2.0) == 1
    assert correlation.participants_needed(spread, expected, 2.0) == 7


@pytest.mark.parametrize(("assumed", "raters", "participants"), [(0.5, 5, 10), (0.9, 10, 3)])
def test_simulated_studies_have_intervals_of_r_as_wide_as_promised(
    assumed: float, raters: int, participants: int
) -> None:
    rng = np.random.default_rng(2)
    n_items, human_sd, ratio = 300, 1.5, 0.7
    own_means, human_means = np.empty((2, 300, n_items))
    for study in range(300):
        truth, human_means[study], _ = simulated_means(rng, n_items, raters, human_sd)
        own = assumed * truth + math.sqrt(1 - assumed**2) * rng.normal(size=n_items)
        noise = rng.normal(0, ratio * human_sd / math.sqrt(participants), n_items)
        own_means[study] = own + noise
    intervals = [
        cell.interval() for cell in pearson_replicates(own_means, human_means, 1_000, seed=3)
    ]
    widths = [(interval.high - interval.low) / 2 for interval in intervals]
    spread = HumanSpread(1 / (1 + human_sd**2 / raters), 1.0, human_sd**2)
    own = correlation.model_reliability(spread, participants, ratio)
    seen = assumed * math.sqrt(spread.reliability * own)
    assert np.mean(widths) == pytest.approx(correlation.half_width(seen, n_items), rel=0.02)


# People


def answers_of(rng: np.random.Generator, alpha: float, n_items: int, raters: int) -> Any:
    """True distributions of items about a common one, and the ratings of `raters` people."""
    common = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    truth = rng.dirichlet(alpha * common, n_items)
    return truth, rng.multinomial(raters, truth)


def test_how_alike_items_are_is_recovered_from_few_raters() -> None:
    rng = np.random.default_rng(3)
    for alpha in (2.0, 10.0):
        _, counts = answers_of(rng, alpha, 4000, 5)
        found = concentration(HumanAnswers(counts.astype(float), np.eye(5)))
        assert found == pytest.approx(alpha, rel=0.1)


def test_ratings_between_points_and_items_without_any_do_not_count() -> None:
    norms = pd.DataFrame({"ratings": [np.array([1.0, 5.0, 5.0]), None, np.array([2.5, 3.0])]})
    known = known_answers(norms, FIVE)
    assert known is not None
    assert known.counts.tolist() == [[1, 0, 0, 0, 2]]
    assert known_answers(norms.iloc[1:], FIVE) is None


def test_answers_of_labels_are_sets_whatever_their_order() -> None:
    norms = pd.DataFrame({"labels": [[["joy", "anger"], ["anger", "joy"], ["neutral"]], [[], []]]})
    known = known_answers(norms, FEELINGS)
    assert known is not None
    assert known.counts.tolist() == [[2, 1]]
    assert known.parts.tolist() == [[1, 1, 0], [0, 0, 1]]


# Intervals of JSD


def jsd(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """By its definition as the entropy of the mixture less the mean entropy."""
    both = [stats.entropy(one, base=2, axis=1) for one in ((p + q) / 2, p, q)]
    return np.asarray(both[0] - (both[1] + both[2]) / 2)


@pytest.mark.parametrize("model", ["perfect", "marginal"])
def test_simulated_studies_have_intervals_of_jsd_as_wide_as_promised(model: Any) -> None:
    rng = np.random.default_rng(4)
    alpha, raters, participants, n_items = 6.0, 5, 10, 400

    def study(items: int) -> Any:
        truth, counts = answers_of(rng, alpha, items, raters)
        asked = truth if model == "perfect" else np.tile(counts.sum(0) / counts.sum(), (items, 1))
        answers = rng.multinomial(participants, asked)
        return counts, jsd(counts / raters, answers / participants)

    counts, _ = study(1000)
    known = HumanAnswers(counts.astype(float), np.eye(5))
    spread = divergence.simulated_spread(known, model, seed=1)
    promised = divergence.half_width(spread.sd(participants), n_items)
    found = [study(n_items)[1] for _ in range(200)]
    assert spread.mean(participants) == pytest.approx(np.mean(found), rel=0.05)
    widths = []
    for values in found[:40]:
        interval = stats.bootstrap((values,), np.mean, n_resamples=999, rng=rng)
        low, high = interval.confidence_interval
        widths.append((high - low) / 2)
    assert np.mean(widths) == pytest.approx(promised, rel=0.06)
    assert np.mean(np.abs(np.mean(found, axis=1) - np.mean(found)) <= promised) > 0.9


def test_the_jsd_of_a_perfect_model_never_falls_to_zero_where_raters_are_few() -> None:
    rng = np.random.default_rng(5)
    few, many = (
        divergence.simulated_spread(
            HumanAnswers(answers_of(rng, 6.0, 2000, raters)[1].astype(float), np.eye(5)),
            "perfect",
            seed=1,
        ).mean(math.inf)
        for raters in (3, 100)
    )
    assert few > 0.05
    assert many < 0.01


def test_the_participants_needed_for_jsd_are_the_fewest() -> None:
    counts = answers_of(np.random.default_rng(6), 6.0, 800, 5)[1].astype(float)
    spread = divergence.simulated_spread(HumanAnswers(counts, np.eye(5)), "perfect", seed=1)
    for width in (0.02, 0.01, 0.008):
        needed = divergence.participants_needed(spread, 800, width)
        assert needed is not None
        assert divergence.half_width(spread.sd(needed), 800) <= width + 1e-9
        if needed > 1:
            assert divergence.half_width(spread.sd(needed - 1), 800) > width
    assert divergence.participants_needed(spread, 800, 0.001) is None


# The table


def job(scale: HumanScale | LabelScale = FIVE, **changes: Any) -> PrecisionJob:
    content = {
        "datasets": {"words": {"valence": scale}},
        "participants": (20,),
        "exact": False,
        "seed": 1,
        "split_halves": 50,
        "settings": PrecisionSettings(),
    }
    return PrecisionJob.model_validate(content | changes)


def norms(counts: np.ndarray) -> pd.DataFrame:
    ratings = [np.repeat(np.arange(1.0, 6.0), row) for row in counts]
    return pd.DataFrame(
        {
            "item_id": [f"i{place:04d}" for place in range(len(ratings))],
            "scale": "valence",
            "mean": [row.mean() for row in ratings],
            "sd": [row.std(ddof=1) for row in ratings],
            "n": [len(row) for row in ratings],
            "ratings": ratings,
            "labels": None,
        },
        columns=NORMS.schema.names,
    )


@pytest.fixture(scope="module")
def emotional() -> pd.DataFrame:
    """Norms of 500 items with five raters each, who agree as little as EmoBank's on arousal."""
    return norms(answers_of(np.random.default_rng(7), 8.0, 500, 5)[1])


def rows_of(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table


def test_the_table_has_a_row_per_assumption_and_half_width_and_fits_its_contract(
    emotional: pd.DataFrame, tmp_path: Any
) -> None:
    table = precision_rows(job(participants=(5, 20), exact=True), {"words": emotional})
    assert len(table) == 3 * (4 + 2) * 3
    PRECISION.write_csv(table, tmp_path / "precision.csv")
    assert list(pd.read_csv(tmp_path / "precision.csv").columns) == PRECISION.schema.names
    narrower = table.sort_values("half_width", ascending=False)
    for _, group in narrower.groupby(["readout", "participants", "assumed"], dropna=False):
        assert group["items_needed"].is_monotonic_increasing


def test_items_that_are_needed_bring_what_was_promised_when_they_are_planned(
    emotional: pd.DataFrame,
) -> None:
    table = precision_rows(job(), {"words": emotional})
    row = rows_of(table, measure="r", assumed="0.7", half_width=0.05).iloc[0]
    assert correlation.half_width(row["expected"], row["items_needed"]) <= 0.05
    assert row["expected"] < 0.7 * math.sqrt(row["reliability_human"])


def test_the_ceiling_is_told_where_it_keeps_the_interval_wide(emotional: pd.DataFrame) -> None:
    table = precision_rows(job(), {"words": emotional})
    row = rows_of(table, measure="r", assumed="0.9", half_width=0.025).iloc[0]
    assert pd.isna(row["participants_needed"])
    assert "the ceiling set by the human raters" in row["reason"]
    small = rows_of(table, measure="r", assumed="0.3", half_width=0.025).iloc[0]
    assert "not reachable with 500 items, which leave" in small["reason"]


def test_more_participants_are_asked_for_only_where_they_help(emotional: pd.DataFrame) -> None:
    def first(participants: int, width: float) -> Any:
        settings = PrecisionSettings(expected_r=(0.7,), half_widths=(width,))
        asked = job(participants=(participants,), settings=settings)
        return rows_of(precision_rows(asked, {"words": emotional}), measure="r").iloc[0]

    width = (first(2, 0.1)["planned"] + first(40, 0.1)["planned"]) / 2
    needed = int(first(2, width)["participants_needed"])
    assert 2 < needed < 40
    assert first(needed, width)["planned"] <= width < first(needed - 1, width)["planned"]


def without_raters(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None)


def without_spread(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None, sd=np.nan, n=None)


@pytest.mark.parametrize(
    ("change", "r_says", "jsd_says"),
    [
        (lambda table: table.iloc[:0], NO_NORMS, NO_NORMS),
        (without_spread, "how reliable the human means are is not known", "not known"),
        (without_raters, None, "the single human answers are not known"),
        (lambda table: table.iloc[:1], NO_NORMS, "1 items have no interval"),
    ],
)
def test_what_norms_cannot_tell_is_null_and_says_why(
    emotional: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    r_says: str | None,
    jsd_says: str,
) -> None:
    table = precision_rows(job(), {"words": change(emotional)})
    for measure, says in (("r", r_says), ("jsd", jsd_says)):
        rows = rows_of(table, measure=measure, half_width=0.1)
        if says is None:
            assert rows["items_needed"].notna().all()
        else:
            assert all(says in reason for reason in rows["reason"])
            assert rows["participants_needed"].isna().all()
    assert any("words valence" in line for line in in_words(table))


def test_the_order_of_norms_changes_nothing(emotional: pd.DataFrame) -> None:
    one = precision_rows(job(), {"words": emotional})
    other = precision_rows(job(), {"words": emotional.sample(frac=1, random_state=1)})
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_labels_have_rows_of_jsd_alone() -> None:
    rng = np.random.default_rng(8)
    chosen = [[[FEELINGS.labels[place]] for place in rng.integers(0, 3, 4)] for _ in range(50)]
    table = pd.DataFrame(
        dict.fromkeys(NORMS.schema.names)
        | {"item_id": [f"i{place}" for place in range(50)], "scale": "valence", "labels": chosen}
    )
    rows = precision_rows(job(FEELINGS), {"words": table})
    assert set(rows["measure"]) == {"jsd"}
    assert rows["items_needed"].notna().all()


def test_the_plan_tells_in_words_what_is_reachable(emotional: pd.DataFrame) -> None:
    lines = in_words(precision_rows(job(), {"words": emotional}))
    assert lines[0].startswith("words valence, 500 items, 20 participants: half-widths")
    assert lines[1].startswith("  r with people: ±0.08")
    assert "if it is 0.3 (seen as 0." in lines[1]
    assert "for a perfect model (0." in lines[3]
    assert "for ±0.05: items " in lines[2]
    assert "or participants not reachable" in lines[2]
    assert lines[-1].endswith("precision.csv.")
