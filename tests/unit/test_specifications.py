"""Specification curves: their tables, against scipy, numpy and the table of alignment."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.specifications.analysis import Factors, SpecificationsJob
from emoalign.analyses.specifications.curves import Tables, specification_tables
from emoalign.items.asked_items import Specification, asked_scales
from emoalign.statistics.replicates import pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.study.fields import Range
from emoalign.study.protocols import Protocol
from emoalign.tables import (
    SPECIFICATION_CONTRASTS,
    SPECIFICATION_CURVES,
    SPECIFICATIONS,
)

PROTOCOLS = ("cool", "warm")
FORMS = ("words", "words-down")
READOUTS = ("exact", "sampled")
WAYS = [Specification(*way) for way in product(PROTOCOLS, FORMS, READOUTS)]
N = 40


def factors(**changes: object) -> Factors:
    told = {"temperature": 1.0, "thinking": "provider", "personas": None, "wave": 1}
    return Factors.model_validate(told | changes)


def job(**changes: object) -> SpecificationsJob:
    told = {
        "scales": {"words": {"valence": Range(min=1, max=9)}},
        "protocols": {"cool": factors(temperature=0.5), "warm": factors()},
        "seed": 3,
        "bootstrap_resamples": 200,
        "permutations": 199,
    }
    return SpecificationsJob.model_validate(told | changes)


def people(n: int = N, cluster: np.ndarray | None = None) -> pd.DataFrame:
    """The rows of an item table that tell of people, one for each item."""
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "dataset": "words",
            "scale": "valence",
            "item_id": [f"item-{number:03d}" for number in range(n)],
            "cluster": np.arange(n) if cluster is None else cluster,
            "human_mean": rng.uniform(2, 8, n),
            "human_sd": 1.0,
        }
    )


def asked(
    noise: dict[str, float], ways: list[Specification] = WAYS, seed: int = 0, n: int = N
) -> pd.DataFrame:
    """Form means of models, each with its noise, part of it shared by all ways of asking."""
    rng = np.random.default_rng(seed)
    rows = []
    for model, apart in noise.items():
        own = rng.normal(0, apart, n)
        for way in ways:
            means = people(n)["human_mean"] + own + rng.normal(0, 0.5, n)
            rows.append(
                people(n)[["dataset", "scale", "item_id"]].assign(
                    model=model, **way._asdict(), mean=means, sd=1.0, n_answers=5, n_ok=5
                )
            )
    return pd.concat(rows, ignore_index=True)


def tables(means: pd.DataFrame, items: pd.DataFrame | None = None, **changes: object) -> Tables:
    own = people() if items is None else items
    return specification_tables(asked_scales(own, means), job(**changes))


def test_every_way_of_asking_has_the_r_and_interval_of_its_item_means() -> None:
    means = asked({"a": 1.0, "b": 2.0})
    rows = tables(means).specifications
    assert len(rows) == 16
    human = people()["human_mean"].to_numpy()
    for _, row in rows.iterrows():
        own = means
        for name in ("model", "protocol", "form", "readout"):
            own = own[own[name] == row[name]]
        assert row["r"] == pytest.approx(stats.pearsonr(own["mean"], human).statistic, rel=1e-12)
        [found] = pearson_replicates(own["mean"], human, 200, seed_of(3, "words", "items"))
        limits = found.interval()
        assert (row["r_low"], row["r_high"]) == pytest.approx((limits.low, limits.high), rel=1e-12)
    assert rows["n_items"].eq(N).all()
    assert rows["n_ok"].eq(5 * N).all()
    assert rows["reason"].isna().all()


def test_a_curve_is_the_median_and_spread_of_its_correlations() -> None:
    found = tables(asked({"a": 1.0, "b": 2.0}))
    for _, curve in found.curves.iterrows():
        r = found.specifications.loc[found.specifications["model"] == curve["model"], "r"]
        assert curve["median"] == pytest.approx(np.median(r))
        assert (curve["lowest"], curve["highest"]) == (r.min(), r.max())
        assert curve["iqr"] == pytest.approx(stats.iqr(r))
        assert curve["median_low"] < curve["median"] < curve["median_high"]
        assert curve["n_specifications"] == 8
        above = found.specifications["r_low"][r.index] > 0
        assert curve["n_above_0"] == above.sum()


def test_w_is_that_of_the_order_of_models_in_each_way() -> None:
    found = tables(asked({"a": 1.2, "b": 1.3, "c": 1.4}))
    wide = found.specifications.pivot(
        index=["protocol", "form", "readout"], columns="model", values="r"
    )
    chi2 = stats.friedmanchisquare(*wide.to_numpy().T).statistic
    assert found.curves["kendall_w"].to_numpy() == pytest.approx([chi2 / (8 * 2)] * 3)


def test_two_models_are_compared_over_all_ways_at_once() -> None:
    found = tables(asked({"a": 0.3, "b": 2.5}))
    [row] = found.contrasts.to_dict("records")
    wide = found.specifications.pivot(
        index=["protocol", "form", "readout"], columns="model", values="r"
    )
    apart = wide["a"] - wide["b"]
    assert row["difference"] == pytest.approx(np.median(apart))
    assert (row["lowest"], row["highest"]) == pytest.approx((apart.min(), apart.max()))
    assert (row["n_a_higher"], row["n_b_higher"], row["n_specifications"]) == (8, 0, 8)
    assert row["p"] == row["p_holm"] == 1 / 200
    assert row["difference_low"] > 0


def test_p_is_adjusted_over_all_pairs_and_scales() -> None:
    found = tables(asked({"a": 0.9, "b": 1.2, "c": 1.6})).contrasts
    ordered = np.sort(found["p"].to_numpy())
    expected = np.minimum(1, np.maximum.accumulate(ordered * [3, 2, 1]))
    assert np.sort(found["p_holm"].to_numpy()) == pytest.approx(expected)


def test_neither_models_nor_rows_have_an_order_that_matters() -> None:
    means = asked({"a": 1.0, "b": 1.3, "c": 1.6})
    found, again = (tables(one) for one in (means, means.sample(frac=1, random_state=2)))
    for one, other in zip(found, again, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    alone = tables(means[means["model"] != "c"])
    pair = found.contrasts.query("a == 'a' and b == 'b'").iloc[0]
    assert alone.contrasts.iloc[0]["p"] == pair["p"]


def test_one_way_of_asking_has_no_curve() -> None:
    for one in tables(asked({"a": 1.0, "b": 1.0}, WAYS[:1])):
        assert one.empty


def test_models_that_were_never_asked_alike_are_not_compared() -> None:
    means = pd.concat([asked({"a": 1.0}, WAYS[:4]), asked({"b": 1.0}, WAYS[4:])], ignore_index=True)
    found = tables(means)
    assert found.contrasts.empty
    assert len(found.curves) == 2
    assert found.curves["kendall_w"].isna().all()


def test_a_way_without_ratings_does_not_count_and_says_why() -> None:
    means = asked({"a": 1.0, "b": 1.5})
    silent = means["form"].eq("words-down") & means["model"].eq("b")
    means.loc[silent, ["mean", "sd"]] = np.nan
    found = tables(means)
    told = found.specifications.query("model == 'b' and form == 'words-down'")
    assert set(told["reason"]) == {"no item with both means; 3 are needed"}
    curve = found.curves.set_index("model").loc["b"]
    assert curve["n_specifications"] == 4
    [row] = found.contrasts.to_dict("records")
    assert row["n_specifications"] == 4
    assert row["reason"] is None


def test_items_that_one_model_lacks_are_left_out_of_their_comparison_alone() -> None:
    means = asked({"a": 1.0, "b": 1.5})
    lacking = means["model"].eq("b") & means["item_id"].isin(["item-000", "item-001"])
    means.loc[lacking & means["form"].eq("words"), "mean"] = np.nan
    found = tables(means)
    assert found.specifications.query("model == 'a'")["n_items"].eq(N).all()
    [row] = found.contrasts.to_dict("records")
    shared = means[~means["item_id"].isin(["item-000", "item-001"])]
    apart = []
    for way in WAYS:
        own = (shared if way.form == "words" else means).query(
            "protocol == @way.protocol and form == @way.form and readout == @way.readout"
        )
        both = own.pivot(index="item_id", columns="model", values="mean")
        human = people().set_index("item_id")["human_mean"].reindex(both.index)
        a, b = (stats.pearsonr(both[model], human).statistic for model in "ab")
        apart.append(a - b)
    assert row["difference"] == pytest.approx(np.median(apart), rel=1e-9)
    assert row["n_items"] == N


def test_clusters_change_intervals_and_tests_and_no_estimate() -> None:
    means = asked({"a": 1.0, "b": 1.3})
    free = tables(means)
    clustered = tables(means, people(cluster=np.arange(N) // 4))
    before, after = (one.specifications["r"].to_numpy() for one in (free, clustered))
    assert after == pytest.approx(before, rel=1e-12)
    assert clustered.specifications["n_clusters"].eq(N // 4).all()
    ends = [one.specifications["r_low"].to_numpy() for one in (free, clustered)]
    assert np.abs(ends[0] - ends[1]).max() > 0.001
    two = tables(means, people(cluster=np.arange(N) % 2))
    [row] = two.contrasts.to_dict("records")
    assert np.isnan(row["p"])
    assert row["reason"] == "only 2 clusters of items; 3 are needed"
    assert np.isnan(two.curves["median_low"]).all()


def test_recorded_ratings_have_no_form_and_may_have_two_readouts() -> None:
    ways = [Specification("recorded", None, readout) for readout in READOUTS]
    means = asked({"a": 1.0, "b": 1.0}, ways)
    rows = tables(means, protocols={"recorded": factors(temperature=None)}).specifications
    assert rows["form"].isna().all()
    assert len(rows) == 4


def test_probabilities_that_two_protocols_share_are_one_way_of_asking() -> None:
    means = asked({"a": 1.0, "b": 1.3})
    shared = means["protocol"].eq("warm") & means["readout"].eq("exact")
    found = tables(means, protocols={"cool": factors(), "warm": factors()})
    rows = found.specifications
    assert len(rows) == 2 * 6
    assert set(rows.loc[rows["readout"] == "exact", "protocol"]) == {"cool"}
    assert set(rows.loc[rows["readout"] == "sampled", "protocol"]) == set(PROTOCOLS)
    for one, other in zip(found, tables(means[~shared]), strict=True):
        pd.testing.assert_frame_equal(
            one.drop(columns="temperature", errors="ignore"),
            other.drop(columns="temperature", errors="ignore"),
        )


@pytest.mark.parametrize(
    "apart",
    [
        {"temperature": 0.5},
        {"thinking": "off"},
        {"personas": "students"},
        {"wave": 2},
    ],
)
def test_probabilities_asked_for_otherwise_are_another_way(apart: dict[str, object]) -> None:
    rows = tables(asked({"a": 1.0}), protocols={"cool": factors(), "warm": factors(**apart)})
    assert len(rows.specifications) == len(WAYS)


def test_probabilities_in_sessions_follow_other_answers_in_each_protocol() -> None:
    both = dict.fromkeys(PROTOCOLS, factors(session="50 items, history all"))
    assert len(tables(asked({"a": 1.0}), protocols=both).specifications) == len(WAYS)


def test_one_question_under_two_protocols_has_no_curve() -> None:
    ways = [Specification(protocol, "words", "exact") for protocol in PROTOCOLS]
    both = dict.fromkeys(PROTOCOLS, factors())
    for one in tables(asked({"a": 1.0, "b": 1.0}, ways), protocols=both):
        assert one.empty


def test_tables_keep_their_contracts(tmp_path: Path) -> None:
    found = tables(asked({"a": 1.0, "b": 1.3}))
    for table, rows in zip(
        (SPECIFICATIONS, SPECIFICATION_CURVES, SPECIFICATION_CONTRASTS), found, strict=True
    ):
        table.write_both(rows, tmp_path)
        assert len(table.read(tmp_path / f"{table.path.split('/')[-1]}")) == len(rows)


def test_what_a_protocol_varies_is_told_beside_its_correlation() -> None:
    asked_so = Protocol(
        name="p", prompts="words", temperature="provider", session={"items": 50, "history": 5}
    )
    told = Factors.of(asked_so)
    assert told.model_dump() == {
        "temperature": None,
        "thinking": "provider",
        "personas": None,
        "wave": 1,
        "session": "50 items, history 5",
    }
    alone = Protocol(name="p", prompts="words")
    assert Factors.of(alone).session is None
    rows = tables(asked({"a": 1.0}), protocols={"cool": told, "warm": Factors.of(alone)})
    by_protocol = rows.specifications.drop_duplicates("protocol").set_index("protocol")
    assert by_protocol.loc["cool", "session"] == "50 items, history 5"
    assert by_protocol.loc["warm", "temperature"] == 1
