"""Planning: the widths that are promised are those that simulated studies find."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.precision.analysis import PrecisionJob, PrecisionSettings
from emoalign.analyses.precision.reasons import (
    ALL_AGREE,
    NO_NORMS,
    NO_VARIANCE,
    ONE_ANSWER,
    ONE_MEAN,
    SAME_MEANS,
)
from emoalign.analyses.precision.widths import precision_rows
from emoalign.analyses.precision.words import in_words
from emoalign.items.clusters import ItemClusters
from emoalign.statistics import planned_precision
from emoalign.statistics.planned_precision import HumanSpread
from emoalign.statistics.raters import People
from emoalign.statistics.reliability import summary_reliability
from emoalign.statistics.replicates import pearson_replicates
from emoalign.statistics.resampling import text_keys
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.study.settings import DistributionSettings
from emoalign.tables import DISTRIBUTIONS, ITEMS, NORMS, PRECISION, STATUSES, STIMULI
from tests.kit.analysing import run
from tests.kit.datasets import prepared, shipped

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
    assert planned_precision.items_needed_for_r(r, width / 2) == items


@given(r=st.floats(0, 0.97), width=st.floats(0.005, 0.6))
def test_one_item_less_than_needed_is_too_few(r: float, width: float) -> None:
    items = planned_precision.items_needed_for_r(r, width)
    assert planned_precision.half_width_of_r(r, items) <= width + 1e-9
    assert items == 4 or planned_precision.half_width_of_r(r, items - 1) > width - 1e-9


@given(n=st.integers(5, 5000), width=st.floats(0.005, 0.6))
def test_the_least_r_has_exactly_the_width_asked_for(n: int, width: float) -> None:
    least = planned_precision.r_needed(n, width)
    if least == 0:
        assert planned_precision.half_width_of_r(0, n) <= width + 1e-9
    else:
        assert planned_precision.half_width_of_r(least, n) == pytest.approx(width)


def test_the_half_width_is_that_of_fishers_interval() -> None:
    x = np.random.default_rng(0).normal(size=(2, 60))
    theirs = stats.pearsonr(x[0], x[0] + x[1])
    low, high = theirs.confidence_interval(0.95)
    assert planned_precision.half_width_of_r(theirs.statistic, 60) == pytest.approx(
        (high - low) / 2
    )


def simulated_means(rng: np.random.Generator, n_items: int, raters: int, sd: float) -> Any:
    """True means, and what `raters` say of them: means and SDs over raters."""
    truth = rng.normal(size=n_items)
    ratings = truth[:, None] + rng.normal(0, sd, (n_items, raters))
    return truth, ratings.mean(axis=1), ratings.std(axis=1, ddof=1)


def test_the_reliability_of_the_model_is_what_the_statistics_will_find() -> None:
    rng = np.random.default_rng(1)
    _, means, sds = simulated_means(rng, 20_000, 7, 2.0)
    spread = HumanSpread(reliability=0.9, items=1.0, raters=1.0)
    expected = planned_precision.model_reliability(spread, 7, 2.0)
    assert summary_reliability(means, sds, 7) == pytest.approx(expected, abs=0.01)
    assert planned_precision.model_reliability(spread, math.inf, 2.0) == 1
    assert planned_precision.participants_needed_for_r(spread, expected, 2.0) == 7


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
    own = planned_precision.model_reliability(spread, participants, ratio)
    seen = assumed * math.sqrt(spread.reliability * own)
    assert np.mean(widths) == pytest.approx(
        planned_precision.half_width_of_r(seen, n_items), rel=0.02
    )


# People


def answers_of(rng: np.random.Generator, alpha: float, n_items: int, raters: int) -> Any:
    """True distributions of items about a common one, and the ratings of `raters` people."""
    common = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    truth = rng.dirichlet(alpha * common, n_items)
    return truth, rng.multinomial(raters, truth)


def people(counts: np.ndarray) -> People:
    """People whose ratings are these counts of points, (items, 5)."""
    ids = np.array([f"i{place:05d}" for place in range(len(counts))])
    unknown = np.full(len(counts), np.nan)
    return People(ids, counts.astype(float), counts.sum(axis=1), unknown, None)


def spread_of(counts: np.ndarray, model: Any = "perfect") -> planned_precision.DivergenceSpread:
    folds = np.arange(len(counts)) % 5
    spread = planned_precision.simulated_spread(people(counts), folds, model, seed=1)
    assert spread is not None
    return spread


def test_ratings_between_points_and_items_without_any_do_not_count() -> None:
    norms = pd.DataFrame({"ratings": [np.array([1.0, 5.0, 5.0]), None, np.array([2.5, 3.0])]})
    norms = norms.assign(item_id=["a", "b", "c"], scale="valence")
    known = human_answers(norms, "valence", FIVE)
    assert known.item_ids.tolist() == ["a"]
    assert known.counts.tolist() == [[1, 0, 0, 0, 2]]
    assert len(human_answers(norms.iloc[1:], "valence", FIVE).n) == 0


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
    spread = spread_of(counts, model)
    promised = planned_precision.half_width_of_jsd(spread.sd(participants), n_items)
    found = [study(n_items)[1] for _ in range(200)]
    assert spread.mean(participants) == pytest.approx(np.mean(found), rel=0.05)
    widths = []
    for values in found[:40]:
        interval = stats.bootstrap((values,), np.mean, n_resamples=999, rng=rng)
        low, high = interval.confidence_interval
        widths.append((high - low) / 2)
    assert np.mean(widths) == pytest.approx(promised, rel=0.06)
    assert np.mean(np.abs(np.mean(found, axis=1) - np.mean(found)) <= promised) > 0.9


def test_the_jsd_of_a_perfect_model_is_what_few_and_many_raters_leave_unknown() -> None:
    rng = np.random.default_rng(5)
    few = spread_of(answers_of(rng, 6.0, 2000, 3)[1]).mean(math.inf)
    truth, counts = answers_of(rng, 6.0, 2000, 100)
    many, apart = spread_of(counts).mean(math.inf), jsd(counts / 100, truth).mean()
    assert few > 0.05
    assert many == pytest.approx(apart, rel=0.08)


def test_the_participants_needed_for_jsd_are_the_fewest() -> None:
    spread = spread_of(answers_of(np.random.default_rng(6), 6.0, 800, 5)[1])
    for width in (0.02, 0.01, 0.008):
        needed = planned_precision.participants_needed_for_jsd(spread, 800, width)
        assert needed is not None
        assert planned_precision.half_width_of_jsd(spread.sd(needed), 800) <= width + 1e-9
        if needed > 1:
            assert planned_precision.half_width_of_jsd(spread.sd(needed - 1), 800) > width
    assert planned_precision.participants_needed_for_jsd(spread, 800, 0.001) is None


# The table


def job(scale: HumanScale | LabelScale = FIVE, **changes: Any) -> PrecisionJob:
    content = {
        "datasets": {"words": {"valence": scale}},
        "participants": (20,),
        "exact": False,
        "seed": 1,
        "min_raters": 3,
        "folds": 5,
        "settings": PrecisionSettings(),
    }
    return PrecisionJob.model_validate(content | changes)


def planned(asked: PrecisionJob, norms: pd.DataFrame) -> pd.DataFrame:
    """The table of one dataset whose items all show texts of their own."""
    item_ids = np.array(sorted(set(norms["item_id"])), dtype=np.str_)
    clusters = ItemClusters(item_ids, np.arange(len(item_ids)), text_keys(item_ids.tolist()))
    return precision_rows(asked, {"words": norms}, {"words": clusters})


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
            "raters": None,
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
    table = planned(job(participants=(5, 20), exact=True), emotional)
    assert len(table) == 3 * (4 + 2 + 2) * 3
    PRECISION.write_csv(table, tmp_path / "precision.csv")
    assert list(pd.read_csv(tmp_path / "precision.csv").columns) == PRECISION.schema.names
    narrower = table.sort_values("half_width", ascending=False)
    for _, group in narrower.groupby(["readout", "participants", "assumed"], dropna=False):
        assert group["items_needed"].is_monotonic_increasing


def test_items_that_are_needed_bring_what_was_promised_when_they_are_planned(
    emotional: pd.DataFrame,
) -> None:
    table = planned(job(), emotional)
    row = rows_of(table, measure="r", assumed="0.7", half_width=0.05).iloc[0]
    assert planned_precision.half_width_of_r(row["expected"], row["items_needed"]) <= 0.05
    assert row["expected"] < 0.7 * math.sqrt(row["reliability_human"])


def test_the_ceiling_is_told_where_it_keeps_the_interval_wide(emotional: pd.DataFrame) -> None:
    table = planned(job(), emotional)
    row = rows_of(table, measure="r", assumed="0.9", half_width=0.025).iloc[0]
    assert pd.isna(row["participants_needed"])
    assert "the reliability of the human ratings caps r at ." in row["reason"]
    small = rows_of(table, measure="r", assumed="0.3", half_width=0.025).iloc[0]
    assert "not reachable with 500 items, where infinitely many" in small["reason"]


def test_more_participants_are_asked_for_only_where_they_help(emotional: pd.DataFrame) -> None:
    def first(participants: int, width: float) -> Any:
        settings = PrecisionSettings(expected_r=(0.7,), half_widths=(width,))
        asked = job(participants=(participants,), settings=settings)
        return rows_of(planned(asked, emotional), measure="r").iloc[0]

    width = (first(2, 0.1)["planned"] + first(40, 0.1)["planned"]) / 2
    needed = int(first(2, width)["participants_needed"])
    assert 2 < needed < 40
    assert first(needed, width)["planned"] <= width < first(needed - 1, width)["planned"]


def without_raters(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None)


def where_all_agree(table: pd.DataFrame) -> pd.DataFrame:
    means = table["mean"].round()
    return table.assign(
        mean=means, sd=0.0, ratings=[np.full(5, mean) for mean in means], n=np.full(len(table), 5)
    )


def means_alone(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None, sd=np.nan, n=None)


def without_sds(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None, sd=np.nan)


def without_numbers_of_raters(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=None, n=None)


def first_raters(table: pd.DataFrame, number: int) -> pd.DataFrame:
    ratings = [all_of[:number] for all_of in table["ratings"]]
    return table.assign(
        ratings=ratings,
        mean=[of.mean() for of in ratings],
        sd=[of.std(ddof=1) if number > 1 else np.nan for of in ratings],
        n=number,
    )


def one_rating(table: pd.DataFrame) -> pd.DataFrame:
    return first_raters(table, 1)


def one_rating_as_a_mean(table: pd.DataFrame) -> pd.DataFrame:
    return first_raters(table, 1).assign(ratings=None)


def two_ratings(table: pd.DataFrame) -> pd.DataFrame:
    return first_raters(table, 2)


def between_points(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(ratings=[ratings * 0.9 + 0.05 for ratings in table["ratings"]])


def with_the_same_mean(table: pd.DataFrame) -> pd.DataFrame:
    ratings = [np.array([2.0, 3.0, 4.0])] * len(table)
    return table.assign(ratings=ratings, mean=3.0, sd=1.0, n=3)


@pytest.mark.parametrize(
    ("change", "r_says", "ratio_says", "jsd_says"),
    [
        (lambda table: table.iloc[:0], NO_NORMS, NO_NORMS, NO_NORMS),
        (one_rating, "unknown (each item has a single", "has no SD", "single human rating, fewer"),
        (one_rating_as_a_mean, "(each item has a single", "has no SD", "has a single human rating"),
        (two_ratings, None, None, "at most 2 human ratings, fewer than min_raters: 3"),
        (means_alone, "SDs and the number", "SDs and the number", "single human ratings are"),
        (without_sds, "the SDs of", "the SDs of", "single human ratings are unknown"),
        (without_numbers_of_raters, "number of human", "number of human", "single human ratings"),
        (without_raters, None, None, "single human ratings are unknown"),
        (between_points, None, None, "all on points of the scale"),
        (where_all_agree, None, ALL_AGREE, None),
        (with_the_same_mean, SAME_MEANS, None, None),
        (lambda table: table.iloc[:1], ONE_MEAN, "1 item has no interval", "1 item has no"),
        (lambda table: table.iloc[:3], "3 items have no", "3 items have no", "3 items have no"),
    ],
)
def test_a_width_that_a_dataset_cannot_have_is_null_and_says_why(
    emotional: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    r_says: str | None,
    ratio_says: str | None,
    jsd_says: str | None,
) -> None:
    table = planned(job(), change(emotional))
    words = "\n".join(in_words(table))
    assert "nan" not in words.lower()
    told = (("r", r_says), ("log_rms_sd_ratio", ratio_says), ("jsd", jsd_says))
    for measure, says in told:
        rows = rows_of(table, measure=measure, half_width=0.1)
        if says is None:
            assert rows["planned"].notna().all()
            assert rows["items_needed"].notna().all()
            continue
        assert all(says in reason for reason in rows["reason"])
        assert rows["participants_needed"].isna().all()
        assert says.removeprefix("unknown ") in words
        # r has a width where only the reliability of the human means is missing.
        observed = measure == "r" and "the assumed r is the observed one" in rows["reason"].iloc[0]
        assert rows["planned"].notna().all() == observed


def test_items_that_a_measure_cannot_use_are_not_counted_for_it(emotional: pd.DataFrame) -> None:
    once = first_raters(emotional.iloc[:200], 1)
    lines = in_words(planned(job(), pd.concat([once, emotional.iloc[200:]])))
    assert lines[0].startswith("words, valence: 500 items, 20 participants")
    assert "  ln of the SD ratio (model/human), 300 items: ±0.0" in "\n".join(lines)
    assert "  mean JSD (bits), 300 items: ±0.0" in "\n".join(lines)


def test_a_study_of_recorded_ratings_plans_no_widths(emotional: pd.DataFrame) -> None:
    (line,) = in_words(planned(job(participants=()), emotional))
    assert "no interval widths are planned" in line


def test_one_answer_or_always_the_same_one_has_no_ratio_of_sds(emotional: pd.DataFrame) -> None:
    rows = rows_of(planned(job(participants=(1,)), emotional), measure="log_rms_sd_ratio")
    assert rows["planned"].isna().all()
    asked = rows_of(rows, half_width=0.1)
    assert set(asked["reason"]) == {ONE_ANSWER}
    for needed, assumed in zip(asked["participants_needed"], asked["assumed"], strict=True):
        enough = planned(job(participants=(int(needed),)), emotional)
        row = rows_of(enough, measure="log_rms_sd_ratio", assumed=assumed).iloc[0]
        assert row["planned"] <= 0.1
    same = planned(job(settings=PrecisionSettings(sd_ratio=0)), emotional)
    assert set(rows_of(same, measure="log_rms_sd_ratio")["reason"]) == {NO_VARIANCE}
    half = planned(job(settings=PrecisionSettings(sd_ratio=0.5)), emotional)
    expected = rows_of(half, measure="log_rms_sd_ratio")["expected"]
    assert expected.to_numpy() == pytest.approx(np.log(0.5))


def test_items_of_one_rater_do_not_count_in_the_ratio_of_sds(emotional: pd.DataFrame) -> None:
    once = np.arange(500) < 200
    some = emotional.assign(
        n=np.where(once, 1, 5),
        sd=emotional["sd"].mask(once),
        ratings=[
            ratings[:1] if one else ratings
            for one, ratings in zip(once, emotional["ratings"], strict=True)
        ],
    )
    rows = rows_of(planned(job(), some), measure="log_rms_sd_ratio")
    assert set(rows["n_items"]) == {300}
    others = rows_of(planned(job(), emotional.iloc[200:]), measure="log_rms_sd_ratio")
    assert rows["planned"].to_numpy() == pytest.approx(others["planned"].to_numpy())


def test_the_order_of_norms_changes_nothing(emotional: pd.DataFrame) -> None:
    one = planned(job(), emotional)
    other = planned(job(), emotional.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_labels_have_rows_of_jsd_alone() -> None:
    rng = np.random.default_rng(8)
    chosen = [[[FEELINGS.labels[place]] for place in rng.integers(0, 3, 4)] for _ in range(50)]
    table = pd.DataFrame(
        dict.fromkeys(NORMS.schema.names)
        | {"item_id": [f"i{place}" for place in range(50)], "scale": "valence", "labels": chosen}
    )
    rows = planned(job(FEELINGS), table)
    assert set(rows["measure"]) == {"jsd"}
    assert rows["items_needed"].notna().all()


def test_the_plan_tells_in_words_what_is_reachable(emotional: pd.DataFrame) -> None:
    lines = in_words(planned(job(), emotional))
    assert lines[0] == (
        "words, valence: 500 items, 20 participants. Expected half-widths of 95% intervals:"
    )
    assert lines[1].startswith("  r with human means: ±.08")
    assert "if the true r is .30 (observed ." in lines[1]
    assert lines[2].startswith("    ±.05 takes ")
    assert "with 500 items, no number of participants is enough" in lines[2]
    assert lines[3].startswith("  ln of the SD ratio (model/human): ±0.03")
    assert "if the model's SDs follow the human SDs over items, ±0.0" in lines[3]
    assert lines[4].startswith("    ±0.05 takes ")
    assert "for a model that knows each item's true distribution (mean 0." in lines[5]
    exact = in_words(planned(job(participants=(), exact=True), emotional))
    assert "500 items, exact probabilities." in exact[0]
    assert not any("participants" in line for line in exact)


# The plan and what is found afterwards


def answered(norms: pd.DataFrame, scale: str, shares: np.ndarray, readout: str) -> pd.DataFrame:
    """Items that a model answered, 20 times where they are sampled."""
    rows = pd.DataFrame({name: [None] * len(norms) for name in ITEMS.schema.names})
    return rows.assign(
        **dict.fromkeys((f"n_{status}" for status in STATUSES if status != "ok"), 0),
        model="m",
        protocol="p",
        dataset="words",
        scale=scale,
        readout=readout,
        item_id=norms["item_id"].to_numpy(),
        n_ok=20,
        distribution=shares.tolist(),
    )


def found_beside(
    folder: Path, scale: Any, norms: pd.DataFrame, stimuli: pd.DataFrame, readout: str
) -> tuple[pd.Series, pd.DataFrame]:
    """The row of the mean JSD of a cell that was asked about a plan, and the plan of it."""
    k = len(scale.labels) if isinstance(scale, LabelScale) else len(scale.points)
    shares = np.full((len(norms), k), 1 / k)
    files = {kind: folder / f"{kind}/words.parquet" for kind in ("items", "norms", "stimuli")}
    ITEMS.write(answered(norms, "valence", shares, readout), files["items"])
    NORMS.write(norms, files["norms"])
    STIMULI.write(stimuli, files["stimuli"])
    comparing = DistributionJob(
        scales={"words": {"valence": scale}},
        seed=1,
        bootstrap_resamples=100,
        settings=DistributionSettings(),
    )
    run(comparing, "compare_distributions", folder)
    found = DISTRIBUTIONS.read(folder / DISTRIBUTIONS.path)
    (row,) = [one for _, one in rows_of(found, stratum="all", metric="jsd").iterrows()]
    asked = job(scale, participants=() if readout == "exact" else (20,), exact=readout == "exact")
    plan = precision_rows(asked, {"words": norms}, {"words": ItemClusters.read(files["stimuli"])})
    return row, rows_of(plan, measure="jsd", half_width=0.1).set_index("assumed")


def test_a_plan_for_real_words_expects_the_divergence_that_is_found_beside_them(
    tmp_path: Path,
) -> None:
    """300 words of VADER with 10 raters each; a Dirichlet population would expect .129."""
    card = shipped("vader")
    stimuli, norms = prepared(tmp_path, card, sample=300)
    row, plan = found_beside(tmp_path, card.scales["valence"], norms, stimuli, "sampled")
    # The SD of a word's JSD is .075: standard errors are .0012 (4,200 drawn words in the plan) and
    # .0004 (30,000 behind the table).
    assert plan.loc["perfect", "expected"] == pytest.approx(row["perfect"], abs=0.004)
    assert plan.loc["perfect", "n_items"] == row["n_items"] == 300
    row, plan = found_beside(tmp_path, card.scales["valence"], norms, stimuli, "exact")
    assert plan.loc["perfect", "expected"] == pytest.approx(row["perfect"], abs=0.003)
    assert plan.loc["marginal", "expected"] == pytest.approx(row["marginal"], abs=1e-12)


def test_a_plan_for_labels_expects_the_divergence_that_is_found_beside_them(
    tmp_path: Path,
) -> None:
    """Sets of labels by three or four raters, of whom some chose none."""
    rng = np.random.default_rng(9)
    sets = [[], ["joy"], ["anger"], ["joy", "neutral"], ["neutral"]]
    chosen = [
        [sets[place] for place in rng.choice(5, 3 + number % 2, p=truth)]
        for number, truth in enumerate(rng.dirichlet(np.full(5, 0.5), 400))
    ]
    item_ids = [f"i{number:03d}" for number in range(400)]
    norms = pd.DataFrame(
        dict.fromkeys(NORMS.schema.names)
        | {"item_id": item_ids, "scale": "valence", "n": 3, "labels": chosen}
    )
    stimuli = pd.DataFrame(
        dict.fromkeys(STIMULI.schema.names)
        | {"item_id": item_ids, "text": item_ids, "modality": "word", "shard": "0000"}
    )
    scale = FEELINGS.model_copy(update={"at_least": 0})
    row, plan = found_beside(tmp_path, scale, norms, stimuli, "sampled")
    assert plan.loc["perfect", "expected"] == pytest.approx(row["perfect"], abs=0.01)
    assert plan.loc["perfect", "n_items"] == row["n_items"] < 400
    row, plan = found_beside(tmp_path, scale, norms, stimuli, "exact")
    assert plan.loc["marginal", "expected"] == pytest.approx(row["marginal"], abs=1e-12)


def test_items_with_fewer_raters_than_the_study_compares_do_not_count_in_the_plan(
    emotional: pd.DataFrame,
) -> None:
    few = emotional.assign(
        ratings=[
            ratings[:2] if number % 2 else ratings
            for number, ratings in enumerate(emotional["ratings"])
        ]
    )
    rows = rows_of(planned(job(), few), measure="jsd")
    assert set(rows["n_items"]) == {250}
    none = rows_of(planned(job(min_raters=6), emotional), measure="jsd")
    assert set(none["n_items"]) == {500}
    assert none["reason"].str.contains("at most 5 human ratings, fewer than min_raters: 6").all()
