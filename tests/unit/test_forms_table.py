"""The table of forms, against scipy and numpy on the ratings of each form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.base import ShownForm
from emoalign.analyses.forms.analysis import FormsJob
from emoalign.analyses.forms.compare_forms import forms_table, label_rows, place_rows, scale_rows
from emoalign.items.asked_items import asked_scales
from emoalign.items.form_means import form_means, place_shares
from emoalign.study.fields import Range
from emoalign.tables import FORMS, RATINGS
from tests.kit.ratings import norms, rating_rows

from .test_form_means import labelled, primacy, rotated

NINE, HUNDRED = Range(min=1, max=9), Range(min=0, max=100)
NORM_ROWS = norms(60, seed=4)
UP, DOWN = ShownForm(name="words", shown=NINE), ShownForm(name="down", reversed=True, shown=NINE)
WIDE = ShownForm(name="wide", shown=HUNDRED)


def job(*forms: ShownForm) -> FormsJob:
    return FormsJob(
        scales={"words": {"valence": NINE}},
        forms={"words": {"p": {"valence": forms}}},
        seed=3,
        bootstrap_resamples=300,
    )


def items(scale: str = "valence", rows: pd.DataFrame = NORM_ROWS) -> pd.DataFrame:
    """What item tables tell of people, a row for each item."""
    return pd.DataFrame(
        {
            "dataset": "words",
            "scale": scale,
            "item_id": rows["item_id"],
            "cluster": np.arange(len(rows)),
            "human_mean": rows["mean"],
            "human_sd": rows["sd"],
        }
    )


def answers(form: str, move: float = 0.0, noise: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """Ten mapped ratings of each item in a form that moves them."""
    rng = np.random.default_rng(seed)
    truth = NORM_ROWS["mean"].to_numpy()[:, None]
    said = np.clip(np.rint(truth + move + rng.normal(0, noise, (len(truth), 10))), 1, 9)
    return rating_rows(said, form=form)


def table(folder: Path, rows: pd.DataFrame, *forms: ShownForm) -> pd.DataFrame:
    RATINGS.write(rows, folder / "ratings.parquet")
    told = job(*forms)
    means = form_means([folder / "ratings.parquet"], "words", told.scales["words"], folder)
    found = [
        row
        for scale in asked_scales(items(), means)
        for row in scale_rows(scale, told.forms["words"], told)
    ]
    return forms_table(found)


def three(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings in three forms, and their table."""
    rows = pd.concat(
        [
            answers("words", 0.4, seed=1),
            answers("down", -0.4, 2.0, seed=2),
            answers("wide", 0.1, seed=3),
        ],
        ignore_index=True,
    )
    return rows, table(folder, rows, UP, DOWN, WIDE)


def test_each_form_has_its_own_agreement_and_its_shift_from_all(tmp_path: Path) -> None:
    rows, found = three(tmp_path)
    means = rows.pivot_table(index="item_id", columns="form", values="rating")
    sds = rows.pivot_table(index="item_id", columns="form", values="rating", aggfunc="std")
    human = NORM_ROWS.set_index("item_id")
    forms = found[found["kind"] == "form"].set_index("form")
    assert set(forms.index) == {"words", "down", "wide"}
    for form, row in forms.iterrows():
        own, others = means[form], means.drop(columns=form).mean(axis=1)
        line = stats.linregress(human["mean"], own)
        assert row["r"] == pytest.approx(line.rvalue)
        assert row["slope"] == pytest.approx(line.slope)
        assert row["r_others"] == pytest.approx(stats.pearsonr(own, others).statistic)
        assert row["shift"] == pytest.approx((own - means.mean(axis=1)).mean())
        ratio = np.log(sds[form].mean() / human["sd"].mean())
        assert row["log_sd_ratio"] == pytest.approx(ratio)
        for name in ("r", "r_others", "shift", "slope", "log_sd_ratio"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
        assert (row["n_answers"], row["n_ok"], row["n_items"]) == (600, 600, 60)
    assert forms["shift"].sum() == pytest.approx(0, abs=1e-12)


def test_the_pull_compares_forms_with_the_same_numbers(tmp_path: Path) -> None:
    rows, found = three(tmp_path)
    means = rows.pivot_table(index="item_id", columns="form", values="rating")
    [row] = found[found["kind"] == "direction"].to_dict("records")
    pulls = (means["words"] - means["down"]) / 2
    assert row["effect"] == pytest.approx(pulls.mean())
    expected = stats.bootstrap((pulls,), np.mean, method="BCa", rng=1).confidence_interval
    assert (row["effect_low"], row["effect_high"]) == pytest.approx(tuple(expected), abs=0.02)
    assert row["n_ok"] == 1200
    assert pd.isna(row["form"])


def test_forms_of_one_direction_have_no_pull(tmp_path: Path) -> None:
    rows = pd.concat([answers("words"), answers("wide", seed=1)], ignore_index=True)
    found = table(tmp_path, rows, UP, ShownForm(name="wide", reversed=True, shown=HUNDRED))
    assert set(found["kind"]) == {"form"}


def test_a_form_without_ratings_says_so_and_leaves_the_others_comparable(tmp_path: Path) -> None:
    silent = answers("wide").assign(rating=np.nan, status="refusal")
    rows = pd.concat([answers("words"), answers("down", seed=1), silent], ignore_index=True)
    forms = table(tmp_path, rows, UP, DOWN, WIDE).set_index("form")
    assert forms.loc["wide", "reason"] == "no item with both means; 3 are needed"
    assert (forms.loc["wide", "n_answers"], forms.loc["wide", "n_ok"]) == (600, 0)
    assert np.isfinite(forms.loc["words", ["shift", "r_others"]].astype(float)).all()
    assert pd.isna(forms.loc["words", "reason"])


def test_one_form_and_recorded_ratings_have_no_rows(tmp_path: Path) -> None:
    assert table(tmp_path, answers("words"), UP).empty
    recorded = answers("words").assign(form=None)
    assert table(tmp_path, recorded).empty


def test_people_are_not_needed_to_compare_forms(tmp_path: Path) -> None:
    rows = pd.concat([answers("words"), answers("down", -1, seed=1)], ignore_index=True)
    RATINGS.write(rows, tmp_path / "ratings.parquet")
    means = form_means([tmp_path / "ratings.parquet"], "words", {"valence": NINE}, tmp_path)
    unrated = items().assign(human_mean=np.nan, human_sd=np.nan)
    told = job(UP, DOWN)
    [scale] = asked_scales(unrated, means)
    found = forms_table(list(scale_rows(scale, told.forms["words"], told)))
    assert found["r"].isna().all()
    assert found.loc[found["kind"] == "form", ["shift", "r_others"]].notna().all(axis=None)
    assert found.loc[found["kind"] == "direction", "effect"].notna().all()


def label_table(folder: Path, rows: pd.DataFrame, n_items: int) -> pd.DataFrame:
    RATINGS.write(rows, folder / "ratings.parquet")
    ratings = [folder / "ratings.parquet"]
    people = pd.DataFrame({"item_id": [f"i{number:03d}" for number in range(n_items)]})
    people = people.assign(mean=np.nan, sd=np.nan)
    means = form_means(ratings, "words", {}, folder)
    shares = place_shares(ratings, "words", folder)
    found = [*label_rows(means), *place_rows(shares, items("emotions", people), job())]
    return forms_table(found)


def test_places_of_rotated_labels_have_their_share_beyond_chance(tmp_path: Path) -> None:
    rows, _ = primacy(60, 60, seed=1)
    found = label_table(tmp_path, rows, 60)
    assert found["kind"].tolist() == ["form"] * 6 + ["place"] * 6
    assert found["form"].tolist()[:6] == [f"set/{number}" for number in range(6)]
    places = found[found["kind"] == "place"]
    assert places["place"].tolist() == [1, 2, 3, 4, 5, 6]
    assert places["effect"].sum() == pytest.approx(0, abs=1e-12)
    shown = [
        order.index(label[0]) + 1
        for order, label in zip(rows["label_order"], rows["labels"], strict=True)
    ]
    counts = pd.Series(shown).value_counts(normalize=True).sort_index()
    assert places["effect"].to_numpy() == pytest.approx(counts.to_numpy() - 1 / 6)
    assert places["effect_low"].iloc[0] > 0
    assert places["effect_high"].iloc[-1] < 0
    assert found["n_ok"].sum() == 3600 + 6 * 3600


def test_labels_in_the_order_of_the_card_have_no_rows(tmp_path: Path) -> None:
    rows = labelled([("i000", "set", ["joy"], None), ("i001", "set", ["fear"], None)])
    assert label_table(tmp_path, rows, 2).empty


def test_labels_in_random_orders_have_places_without_forms(tmp_path: Path) -> None:
    rows = labelled(
        [(f"i{item:03d}", "set", [rotated(item % 6)[0]], rotated(item % 6)) for item in range(12)]
    )
    found = label_table(tmp_path, rows, 12)
    assert found["effect"].tolist() == pytest.approx([5 / 6] + [-1 / 6] * 5)
    assert set(found["reason"]) == {"no interval: all items are alike"}


def test_rotations_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    rows = labelled([("i000", f"set/{turn}", ["joy"], rotated(0)) for turn in (10, 2, 0)])
    found = label_table(tmp_path, rows, 1)
    forms = found.loc[found["kind"] == "form", "form"]
    assert forms.tolist() == ["set/0", "set/2", "set/10"]


def test_the_table_keeps_its_contract(tmp_path: Path) -> None:
    _, found = three(tmp_path)
    FORMS.write_both(found, tmp_path)
    assert len(FORMS.read(tmp_path / "forms.parquet")) == 4
    FORMS.write_both(forms_table([]), tmp_path)
    assert FORMS.read(tmp_path / "forms.parquet").empty
