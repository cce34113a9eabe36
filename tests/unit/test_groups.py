"""Groups of raters: planted differences are recovered, and what is missing has a reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.groups.compare_groups import group_rows
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import summary_reliability
from emoalign.statistics.replicates import pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.tables import GROUP_CONTRASTS, GROUP_PERSONAS, GROUPS
from tests.kit.grouped import felt, groups_job, norms_of, of_group, rated_as

N = 300


def told(
    items: pd.DataFrame, norms: pd.DataFrame, resamples: int = 500, **personas: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    tables = group_rows(items, {"words": norms}, groups_job(resamples, **personas))
    return tables[GROUPS], tables[GROUP_CONTRASTS], tables[GROUP_PERSONAS]


def measure(contrasts: pd.DataFrame, name: str) -> pd.Series:
    (row,) = (row for _, row in contrasts[contrasts["measure"] == name].iterrows())
    return row


@pytest.fixture(scope="module")
def truths() -> dict[str, FloatArray]:
    return felt(N, apart=0.7)


@pytest.fixture(scope="module")
def like_women(truths: dict[str, FloatArray]) -> FloatArray:
    noise = np.random.default_rng(5).normal(0, 0.5, N)
    return truths["women"] + 0.4 + noise


def test_each_group_has_its_own_numbers(
    truths: dict[str, FloatArray], like_women: FloatArray
) -> None:
    norms = norms_of(truths)
    rows = told(rated_as(like_women), norms)[0].set_index("group")
    assert list(rows.index) == ["men", "women"]
    for name, of_one in norms.groupby("group"):
        mean, sd, row = of_one["mean"].to_numpy(), of_one["sd"].to_numpy(), rows.loc[str(name)]
        r = stats.pearsonr(like_women, mean).statistic
        reliability = summary_reliability(mean, sd, 10)
        assert row["r"] == pytest.approx(r)
        assert row["r_low"] < r < row["r_high"]
        assert row["bias"] == pytest.approx(np.mean(like_women - mean))
        assert row["mae"] == pytest.approx(np.mean(np.abs(like_women - mean)))
        assert row["log_rms_sd_ratio"] == pytest.approx(-0.5 * np.log(np.mean(sd**2)))
        assert row["ceiling"] == pytest.approx(np.sqrt(reliability))
        assert row["r_disattenuated"] == pytest.approx(r / np.sqrt(reliability))
        assert (row["n_raters"], row["n_items"], row["reliability_source"]) == (10, N, "summary")
        assert row["reason"] is None


def test_a_model_nearer_to_one_group_is_found_so(
    truths: dict[str, FloatArray], like_women: FloatArray
) -> None:
    _, contrasts, _ = told(rated_as(like_women), norms_of(truths))
    for name, side in {"r": -1, "r_disattenuated": -1, "mae": 1, "mse": 1}.items():
        row = measure(contrasts, name)
        assert (row["a"], row["b"]) == ("men", "women")
        assert row["difference"] == pytest.approx(row["value_a"] - row["value_b"])
        assert min(side * row["difference_low"], side * row["difference_high"]) > 0, name
        assert row["p_holm"] < 0.05
    # 2 · 0.7² of the truths, whatever the sampling error of the means
    assert measure(contrasts, "mse")["difference"] == pytest.approx(2 * 0.7**2, abs=0.2)


def test_groups_that_differ_in_reliability_alone_differ_in_r_but_not_in_r_without_error(
    truths: dict[str, FloatArray], like_women: FloatArray
) -> None:
    many, few = (of_group(truths["women"], n, name) for n, name in ((40, "men"), (3, "women")))
    _, contrasts, _ = told(rated_as(like_women), pd.concat([many, few]))
    assert measure(contrasts, "r")["difference_low"] > 0
    assert measure(contrasts, "mae")["difference_high"] < 0
    for name in ("r_disattenuated", "mse"):
        row = measure(contrasts, name)
        assert row["difference_low"] < 0 < row["difference_high"], name
    assert measure(contrasts, "r")["ceiling_a"] > measure(contrasts, "r")["ceiling_b"]


def test_the_difference_in_bias_is_how_much_higher_a_group_rates(
    truths: dict[str, FloatArray],
) -> None:
    norms = norms_of({"men": truths["men"], "women": truths["men"] + 0.5}, raters=20)
    models = {"m": truths["men"], "other": truths["women"] * 0.5}
    items = pd.concat([rated_as(means, name) for name, means in models.items()])
    rows = told(items, norms)[1].query("measure == 'bias'")
    assert np.ptp(rows["difference"]) < 1e-12
    assert rows["difference"].iloc[0] == pytest.approx(0.5, abs=0.06)
    assert (rows["p"] < 0.05).all()


def test_a_persona_that_moves_ratings_is_found(truths: dict[str, FloatArray]) -> None:
    middle = (truths["men"] + truths["women"]) / 2
    moved = {name: middle + 0.3 * (truth - middle) for name, truth in truths.items()}
    items = pd.concat([rated_as(moved[name], protocol=f"as-{name}") for name in moved])
    personas = {"as-men": "men", "as-women": "women"}
    _, _, rows = told(items, norms_of(truths), **personas)
    rows = rows.set_index("measure")
    assert list(rows["protocol_a"].unique()) == ["as-men"]
    assert (rows["shift_low"] > 0).all()
    assert (rows["p_holm"] < 0.05).all()
    apart = truths["men"] - truths["women"]
    assert rows.loc["mse", "shift"] == pytest.approx(2 * 0.3 * np.mean(apart**2), rel=0.1)
    swapped = {"as-men": "women", "as-women": "men"}
    _, _, back = told(items, norms_of(truths), **swapped)
    assert back.set_index("measure")["shift"].to_numpy() == pytest.approx(-rows["shift"].to_numpy())


def test_personas_do_not_need_sds(truths: dict[str, FloatArray]) -> None:
    norms = norms_of(truths).assign(sd=np.nan, n=None)
    items = pd.concat([rated_as(truths[name], protocol=name) for name in truths])
    _, _, rows = told(items, norms, men="men", women="women")
    assert (rows["shift_low"] > 0).all()
    assert rows["reason"].isna().all()


def test_personas_that_change_nothing_move_nothing(truths: dict[str, FloatArray]) -> None:
    rng = np.random.default_rng(2)
    items = pd.concat(
        [rated_as(truths["men"] + rng.normal(0, 0.3, N), protocol=name) for name in truths]
    )
    _, _, rows = told(items, norms_of(truths), men="men", women="women")
    assert ((rows["shift_low"] < 0) & (rows["shift_high"] > 0)).all()


@pytest.mark.parametrize(
    ("personas", "reason"),
    [
        ({}, "no protocol asks as men or women"),
        ({"asked": ("men",)}, "only asked asks as men"),
        ({"asked": ("men", "women")}, "personas of asked are of several groups (men and women)"),
        ({"asked": ("", "women")}, "personas of asked do not all have the attribute sex"),
        (
            {"asked": ("woman",)},
            "have sex: woman, which is no group of the dataset (men",
        ),
    ],
)
def test_without_a_protocol_for_each_group_there_is_a_reason(
    truths: dict[str, FloatArray], personas: dict[str, tuple[str, ...]], reason: str
) -> None:
    job = groups_job().model_copy(
        update={"personas": {name: {"sex": values} for name, values in personas.items()}}
    )
    items = rated_as(truths["men"], protocol="asked")
    rows = group_rows(items, {"words": norms_of(truths)}, job)[GROUP_PERSONAS]
    assert len(rows) == 1
    assert rows["measure"].isna().all()
    assert reason in rows["reason"].iloc[0]


def test_nothing_depends_on_the_order_of_rows_or_models(truths: dict[str, FloatArray]) -> None:
    norms = norms_of(truths)
    items = pd.concat(
        [rated_as(truths["men"], "a", "men"), rated_as(truths["women"], "a", "women")]
    )
    personas = {"men": "men", "women": "women"}
    first = told(items, norms, **personas)
    again = told(items[::-1], norms[::-1].reset_index(drop=True), **personas)
    with_more = told(pd.concat([rated_as(truths["men"], "0"), items]), norms, **personas)
    for one, other, more in zip(first, again, with_more, strict=True):
        pd.testing.assert_frame_equal(one, other)
        of_a = more[more["model"] == "a"].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            one.drop(columns="p_holm", errors="ignore"),
            of_a.drop(columns="p_holm", errors="ignore"),
        )


def test_r_has_the_resamples_that_all_tables_share(truths: dict[str, FloatArray]) -> None:
    """Items that are rated with labels alone are not among those that are drawn."""
    items, norms = rated_as(truths["men"]), norms_of(truths)
    labelled = items.tail(20).assign(scale="emotions", item_id=[f"z{k}" for k in range(20)])
    human = norms[norms["group"] == "women"]["mean"].to_numpy()
    rows = told(pd.concat([items, labelled.assign(mean=np.nan)]), norms)[0].set_index("group")
    (found,) = pearson_replicates(truths["men"], human, 500, seed_of(1, "words", "items"))
    limits = found.interval()
    assert list(rows.loc["women", ["r_low", "r_high"]]) == pytest.approx([limits.low, limits.high])


def test_groups_with_few_raters_are_told(truths: dict[str, FloatArray]) -> None:
    norms = pd.concat([of_group(truths["men"], 10, "men"), of_group(truths["women"], 2, "women")])
    rows, contrasts, _ = told(rated_as(truths["men"]), norms)
    assert rows.set_index("group")["reason"].fillna("").to_dict() == {
        "men": "",
        "women": "no item was rated by 3 or more women",
    }
    assert rows.set_index("group")["n_items"].to_dict() == {"men": N, "women": 0}
    assert contrasts["difference"].isna().all()
    assert contrasts["reason"].str.startswith("no item with a rating by the model and 3").all()


def test_items_with_few_raters_are_left_out_one_by_one(truths: dict[str, FloatArray]) -> None:
    norms = norms_of(truths)
    norms.loc[(norms["group"] == "women") & (norms.index % 3 == 0), "n"] = 2
    rows, contrasts, _ = told(rated_as(truths["men"]), norms)
    assert rows.set_index("group")["n_items"].to_dict() == {"men": N, "women": N * 2 // 3}
    assert (contrasts["n_items"] == N * 2 // 3).all()


def test_means_alone_have_r_and_bias_and_a_reason(truths: dict[str, FloatArray]) -> None:
    norms = norms_of(truths).assign(sd=np.nan, n=None)
    rows, contrasts, _ = told(rated_as(truths["men"]), norms)
    assert rows["r"].notna().all()
    assert rows["ceiling"].isna().all()
    assert rows["reason"].iloc[0] == (
        "ceiling: the dataset has no SDs of the ratings by men; "
        "spread: the dataset has no SDs of the ratings by men"
    )
    assert pd.isna(measure(contrasts, "mae")["reason"])
    for name in ("r_disattenuated", "mse"):
        assert measure(contrasts, name)["reason"] == "the dataset has no SDs of the ratings by men"


def test_a_model_that_says_the_same_of_everything_has_a_reason(
    truths: dict[str, FloatArray],
) -> None:
    rows, contrasts, _ = told(rated_as(np.full(N, 5.0)), norms_of(truths))
    assert rows["r"].isna().all()
    assert rows["reason"].iloc[0] == "the means of the model or of men do not vary"
    assert measure(contrasts, "r")["reason"] == "the means of the model or of men do not vary"
    assert np.isfinite(measure(contrasts, "bias")["difference"])


def test_clusters_are_drawn_together(truths: dict[str, FloatArray], like_women: FloatArray) -> None:
    items = rated_as(like_women)
    alone, together = (
        told(items.assign(cluster=numbers), norms_of(truths))[0]
        for numbers in (range(N), np.arange(N) // 10)
    )
    assert (alone["n_texts"] == N).all()
    assert (together["n_texts"] == N // 10).all()
    assert together["r"].to_numpy() == pytest.approx(alone["r"].to_numpy())
    assert (together["r_low"] != alone["r_low"]).all()
    two = told(items.assign(cluster=np.arange(N) % 2), norms_of(truths))
    assert (two[0]["reason"] == "only 2 clusters of items; a bootstrap interval needs 3").all()
    assert two[1]["reason"].notna().all()


def test_intervals_of_differences_cover_the_planted_one() -> None:
    """The model is women, who differ from men by 0.3 on average and by 0.5 (SD) besides."""
    true = {"bias": 0.3, "mse": 0.3**2 + 0.5**2, "r_disattenuated": 1 / np.sqrt(1.25) - 1}
    hits = dict.fromkeys(true, 0)
    runs = 60
    for run in range(runs):
        rng = np.random.default_rng([7, run])
        shared, own = rng.normal(5, 1, 200), rng.normal(0, 0.5, 200)
        truths = {"men": shared, "women": shared + 0.3 + own}
        _, contrasts, _ = told(rated_as(truths["women"]), norms_of(truths, 8, run), 300)
        for name in true:
            row = measure(contrasts, name)
            hits[name] += row["difference_low"] < true[name] < row["difference_high"]
    for name, n in hits.items():
        assert stats.binom.cdf(n, runs, 0.95) > 0.001, (name, n)
