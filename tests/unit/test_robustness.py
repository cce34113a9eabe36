"""Correlations looked at more closely: the table, against scipy on the items of each row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.robustness.analysis import RobustnessJob
from emoalign.analyses.robustness.checks import robustness_rows
from emoalign.items.item_jobs import ComparedDataset
from emoalign.study.fields import Range
from emoalign.study.scales import Frameworks
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import ALIGNMENT, CELL_KEY, ITEMS, ROBUSTNESS, STATUSES
from tests.kit.comparison import aligned, comparison, dataset, item_rows
from tests.kit.kept import kept_results
from tests.kit.ratings import cell, norms, ratings

WORDS = {"words": dataset("valence")}
NORM_ROWS = norms(60, seed=4)


def job(**changes: object) -> RobustnessJob:
    told = {"datasets": WORDS, "seed": 3, "bootstrap_resamples": 300, **changes}
    return RobustnessJob.model_validate(told)


def answered(**names: str) -> pd.DataFrame:
    """A cell in which the items with the lowest norms were refused, and others in part."""
    answers = ratings(NORM_ROWS, noise=2.0)
    lowest = NORM_ROWS["mean"].rank(method="first").to_numpy()
    answers[lowest <= 6] = np.nan
    answers[(lowest > 6) & (lowest <= 20), 1:] = np.nan
    answers[(lowest > 20) & (lowest <= 30), 4:] = np.nan
    return cell(NORM_ROWS, answers, **names)


def exact(mass: np.ndarray, **names: str) -> pd.DataFrame:
    """An exact cell with so much of the mass on the scale, shape (items,)."""
    rows = cell(NORM_ROWS, ratings(NORM_ROWS, noise=2.0), readout="exact", **names)
    no_counts = {f"n_{status}": 0 for status in STATUSES} | {"n_ok": 1}
    return rows.assign(returned_mass=1.0, off_scale_mass=1 - mass, **no_counts)


def row(table: pd.DataFrame, check: str, part: str | None = None, **cell_is: str) -> pd.Series:
    """The one row of a check."""
    chosen = table[table["check"] == check]
    chosen = chosen[chosen["part"].isna() if part is None else chosen["part"] == part]
    for name, value in cell_is.items():
        chosen = chosen[chosen[name] == value]
    [found] = [one for _, one in chosen.iterrows()]
    return found


def pearson(items: pd.DataFrame) -> float:
    return float(stats.pearsonr(items["mean"], items["human_mean"]).statistic)


def test_the_default_study_falls_apart_within_negative_and_positive_words(tmp_path: Path) -> None:
    vader = ComparedDataset(
        modality="word",
        scales={"valence": Range(min=1, max=9)},
        frameworks=Frameworks(),
    )
    kept = kept_results("default", tmp_path, "items")
    items = ITEMS.read(kept / "items/vader.parquet")
    table = robustness_rows(items, job(datasets={"vader": vader}, seed=2026))
    sheet = {"protocol": "rating-sheet", "readout": "exact"}
    found = {
        part: row(table, *part, **sheet)["r"]
        for part in (("all", None), ("sides", "below"), ("sides", "above"))
    }
    assert [round(r, 3) for r in found.values()] == [0.697, 0.176, 0.392]
    pooled = row(table, "sides", "pooled", **sheet)
    assert pooled["high"] < 0.5
    assert pooled["difference_high"] < -0.3
    off = table[table["check"] == "all"].set_index(["protocol", "readout"])["mostly_off_scale"]
    assert off["instruction", "exact"]
    assert not off["rating-sheet", "exact"]
    assert off["instruction", "sampled"] is None
    sampled = row(table, "answers", protocol="instruction", readout="sampled")
    assert (sampled["n_items"], sampled["n_left_out"]) == (162, 95)
    missing = row(table, "all", protocol="instruction", readout="sampled")
    assert missing["n_missing"] == 43
    assert missing["r_least"] < missing["r"] < missing["r_most"]


def test_all_items_are_those_of_the_alignment() -> None:
    items, of_words = item_rows(), comparison()
    table = robustness_rows(items, job(datasets=of_words.datasets, bootstrap_resamples=200))
    alignment = aligned(items, of_words)
    every = table[table["check"] == "all"].merge(alignment, on=CELL_KEY, suffixes=("", "_aligned"))
    assert len(every) == len(alignment) == 16
    assert every["r"].to_numpy() == pytest.approx(every["pearson_r"].to_numpy(), rel=1e-12)
    assert every["low"].to_numpy() == pytest.approx(every["pearson_low"].to_numpy(), rel=1e-12)
    assert (every["n_items"] == every["n_items_aligned"]).all()
    assert set(ALIGNMENT.schema.names) >= set(CELL_KEY)


def test_thirds_are_those_of_valence_on_every_scale_of_a_dataset_that_has_it() -> None:
    items = item_rows(models=("m1",), protocols=("p1",))
    table = robustness_rows(items, job(datasets=comparison().datasets))
    of_scale = dict(list(items.groupby("scale")))
    rank = of_scale["valence"].set_index("item_id")["human_mean"].rank()
    low = set(rank[np.floor((rank - 0.5) * 3 / len(rank)) == 0].index)
    for scale, of_cell in of_scale.items():
        found = row(table, "thirds", "low", scale=scale)
        assert found["parted_by"] == "valence"
        assert found["r"] == pytest.approx(pearson(of_cell[of_cell["item_id"].isin(low)]))
    assert set(table[table["check"] == "sides"]["scale"]) == set(of_scale)


def test_without_valence_the_scale_itself_parts_the_items() -> None:
    items = item_rows(scales=("fear",))
    table = robustness_rows(items, job(datasets={"words": dataset("fear")}))
    assert set(table["parted_by"].dropna()) == {"fear"}
    assert not (table["check"] == "sides").any()


def test_few_answers_are_left_out_and_counted() -> None:
    items = answered()
    for least in (2, 5):
        table = robustness_rows(items, job(min_answers=least))
        found, enough = row(table, "answers"), items[items["n_ok"] >= least]
        assert found["n_items"] == len(enough)
        assert found["n_left_out"] == (items["n_ok"] > 0).sum() - len(enough)
        assert found["r"] == pytest.approx(pearson(enough), rel=1e-12)
        assert found["difference"] == pytest.approx(found["r"] - row(table, "all")["r"], rel=1e-9)
        assert found["difference_low"] < found["difference"] < found["difference_high"]
    assert StatisticsSettings().min_answers == job().min_answers == 2


def test_the_weight_of_an_item_is_the_number_of_its_answers() -> None:
    items = answered()
    found = row(robustness_rows(items, job()), "weighted")
    used = items.dropna(subset="mean")
    matrix = np.cov(used["mean"], used["human_mean"], aweights=used["n_ok"])
    assert found["r"] == pytest.approx(
        matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]), rel=1e-12
    )
    every = cell(NORM_ROWS, ratings(NORM_ROWS, noise=2.0))
    same = row(robustness_rows(every, job()), "weighted")
    assert same["reason"] == "all items have the same number of answers: r is that of all items"
    assert np.isnan(same["difference_low"])


def test_common_items_are_those_of_all_cells_that_have_any() -> None:
    complete = cell(NORM_ROWS, ratings(NORM_ROWS, noise=3.0), model="b")
    refused = cell(NORM_ROWS, np.full((60, 10), np.nan), model="c")
    items = pd.concat([answered(model="a"), complete, refused])
    table = robustness_rows(items, job())
    both = complete[complete["item_id"].isin(answered().query("n_ok > 0")["item_id"])]
    found = row(table, "common", model="b")
    assert (found["n_items"], found["n_left_out"]) == (54, 6)
    assert found["r"] == pytest.approx(pearson(both), rel=1e-12)
    assert row(table, "common", model="a")["reason"] == (
        "no item is left out: r is that of all items"
    )
    assert row(table, "common", model="c")["reason"] == "no item with both means; 3 are needed"
    alone = row(robustness_rows(complete, job()), "common")
    assert alone["reason"].startswith("no other condition")
    assert alone["difference"] == 0


def test_refusals_are_counted_over_thirds_and_bound_r() -> None:
    items = answered()
    names = ["n_refusal", "n_unparsable", "n_content_filter", "n_rejected", "n_off_scale"]
    items.loc[items["n_refusal"] == 6, names] = (1, 2, 1, 1, 1)
    table = robustness_rows(items, job())
    every = row(table, "all")
    assert (every["n_items"], every["n_missing"]) == (54, 6)
    assert every["r_least"] < every["r"] < every["r_most"]
    rank = items["human_mean"].rank()
    for place, part in enumerate(("low", "middle", "high")):
        of_third = items[np.floor((rank - 0.5) * 3 / 60) == place]
        found = row(table, "thirds", part)
        assert found["no_rating"] == pytest.approx(1 - of_third["n_ok"].sum() / 10 / len(of_third))
        refused = of_third[["n_refusal", "n_content_filter", "n_rejected"]].to_numpy().sum()
        assert found["refused"] == pytest.approx(refused / 10 / len(of_third))
        assert np.isnan(found["r_least"])
    shares = [row(table, "thirds", part)["no_rating"] for part in ("low", "middle", "high")]
    assert shares[0] > 0.8 > shares[1] > shares[2] == 0


def test_the_range_is_that_of_all_rated_items_of_the_study() -> None:
    items = answered()
    table = robustness_rows(items, job())
    used = items.dropna(subset="mean")["human_mean"]
    every = row(table, "all")
    ratio = used.std() / NORM_ROWS["mean"].std()
    assert every["sd_ratio"] == pytest.approx(ratio, rel=1e-12)
    stretched = every["r"] / ratio
    rest = np.sqrt(1 - every["r"] ** 2 + stretched**2)
    assert every["r_corrected"] == pytest.approx(stretched / rest, rel=1e-12)
    pooled = row(table, "thirds", "pooled")
    assert pooled["sd_ratio"] < 0.5
    assert pooled["r"] < pooled["r_corrected"]


def test_exact_means_with_little_mass_on_the_scale_are_flagged() -> None:
    mass = np.linspace(0.2, 0.9, 60)
    items = exact(mass)
    table = robustness_rows(items, job())
    every = row(table, "all")
    assert every["on_scale_mass"] == pytest.approx(0.55)
    assert every["below_half"] == pytest.approx(np.mean(mass < 0.5))
    assert not every["mostly_off_scale"]
    assert np.isnan(every["no_rating"])
    found = row(table, "mass")
    assert found["r"] == pytest.approx(pearson(items[mass >= 0.5]), rel=1e-12)
    assert not set(table["check"]) & {"answers", "weighted"}
    # Half of the mass is not less than half, whatever is subtracted from what.
    half = exact(np.full(60, 0.5)).assign(returned_mass=0.7, off_scale_mass=0.2)
    assert (half["returned_mass"] - half["off_scale_mass"] < 0.5).all()
    table = robustness_rows(half, job())
    assert row(table, "all")["below_half"] == 0
    assert not row(table, "all")["mostly_off_scale"]
    assert row(table, "mass")["n_items"] == 60
    # Little on average, or for most items.
    for off in (np.full(60, 0.49), np.where(np.arange(60) < 31, 0.45, 1.0)):
        assert row(robustness_rows(exact(off), job()), "all")["mostly_off_scale"]
    nothing = row(robustness_rows(exact(np.full(60, 0.1)), job()), "mass")
    assert nothing["reason"] == (
        "no item with both means and at least half of the probability on the scale; 3 are needed"
    )


def test_items_of_a_cluster_are_resampled_together() -> None:
    """Four copies of every item, each in the cluster of its first, are as sure as one."""
    items = answered()
    copies = pd.concat(
        [items.assign(item_id=items["item_id"] + f"-{copy}") for copy in range(4)],
        ignore_index=True,
    )
    once, often = (robustness_rows(one, job()) for one in (items, copies))
    assert (often["n_items"] == 4 * once["n_items"]).all()
    for name in ("r", "low", "high", "difference", "difference_low", "difference_high"):
        assert often[name].to_numpy(dtype=float) == pytest.approx(
            once[name].to_numpy(dtype=float), rel=1e-6, nan_ok=True
        )
    one = robustness_rows(items.assign(cluster=0), job())
    reasons = one[one["r"].notna() & (one["check"] == "all")]["reason"]
    assert list(reasons) == ["only 1 cluster of items; an interval needs 3"]


def test_rows_do_not_depend_on_the_order_of_items_or_cells() -> None:
    items = pd.concat([answered(model="a"), exact(np.full(60, 0.8), model="b")])
    table = robustness_rows(items, job())
    shuffled = robustness_rows(items.sample(frac=1, random_state=1), job())
    pd.testing.assert_frame_equal(table, shuffled, rtol=1e-12)


@pytest.mark.parametrize(
    "items",
    [
        cell(NORM_ROWS, np.full((60, 10), np.nan)),
        cell(NORM_ROWS, np.full((60, 10), 5.0)),
        cell(NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0), ratings(NORM_ROWS)),
        cell(NORM_ROWS, ratings(NORM_ROWS)).iloc[:2],
        cell(NORM_ROWS, ratings(NORM_ROWS)).iloc[:1],
        exact(np.full(60, np.nan)),
    ],
    ids=["all refused", "constant", "no people", "two items", "one item", "mass unknown"],
)
def test_every_missing_correlation_has_a_reason(items: pd.DataFrame, tmp_path: Path) -> None:
    table = robustness_rows(items, job())
    assert len(table)
    missing = table[table["r"].isna()]
    assert missing["reason"].notna().all()
    ROBUSTNESS.write(table, tmp_path / "robustness.parquet")
