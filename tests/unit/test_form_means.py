"""Ratings by form, against pandas and sums by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.items.form_means import form_means, place_shares
from emoalign.study.fields import Range
from emoalign.tables import CELL_KEY, RATINGS
from tests.kit.ratings import rating_rows

NINE = {"valence": Range(min=1, max=9)}
KEYS = [*CELL_KEY, "form", "item_id"]
LABELS = ["anger", "fear", "joy", "pride", "shame", "trust"]


def written(folder: Path, *tables: pd.DataFrame) -> list[Path]:
    """Each table in a rating file of its own."""
    paths = [folder / f"{number}.parquet" for number in range(len(tables))]
    for path, rows in zip(paths, tables, strict=True):
        RATINGS.write(rows, path)
    return paths


def means(folder: Path, *tables: pd.DataFrame) -> pd.DataFrame:
    return form_means(written(folder, *tables), "words", NINE, folder)


def dealt(n_items: int = 12, seed: int = 0) -> list[pd.DataFrame]:
    """Ratings of two models under three forms, in part refused, one form from 0 to 100."""
    rng = np.random.default_rng(seed)
    rows = []
    for model in ("a", "b"):
        for form in ("words", "words-down", "words-0-100"):
            answers = rng.integers(1, 10, (n_items, 5)).astype(float)
            if form == "words-0-100":
                answers = 1 + rng.integers(0, 101, (n_items, 5)) * 8 / 100
            answers[rng.random(answers.shape) < 0.2] = np.nan
            rows.append(rating_rows(answers, model=model, form=form))
    return rows


def test_means_and_sds_of_each_form_are_those_of_pandas(tmp_path: Path) -> None:
    rows = dealt()
    found = means(tmp_path, *rows).set_index(KEYS)
    expected = pd.concat(rows).groupby(KEYS)["rating"].agg(["mean", "std", "count", "size"])
    assert list(found.index) == list(expected.index)
    assert found["mean"].to_numpy() == pytest.approx(expected["mean"].to_numpy(), nan_ok=True)
    assert found["sd"].to_numpy() == pytest.approx(expected["std"].to_numpy(), nan_ok=True)
    assert found["n_ok"].tolist() == expected["count"].tolist()
    assert found["n_answers"].tolist() == expected["size"].tolist()


def test_neither_rows_nor_files_have_an_order(tmp_path: Path) -> None:
    whole = pd.concat(dealt(), ignore_index=True)
    at_once = means(tmp_path / "one", whole)
    shuffled = whole.sample(frac=1, random_state=1)
    parts = [shuffled.iloc[start::3] for start in range(3)]
    pd.testing.assert_frame_equal(means(tmp_path / "many", *parts), at_once, check_exact=True)


def test_equal_answers_vary_by_nothing(tmp_path: Path) -> None:
    rows = rating_rows(np.full((1, 7), 1 + 37 * 8 / 100), form="words-0-100")
    [row] = means(tmp_path, rows).to_dict("records")
    assert row["mean"] == pytest.approx(3.96, abs=1e-15)
    assert row["sd"] == 0


def test_other_datasets_are_left_out_and_recorded_ratings_have_no_form(tmp_path: Path) -> None:
    own = rating_rows(np.array([[2.0, 4.0]]))
    found = means(tmp_path, own, rating_rows(np.array([[9.0]]), dataset="others", form="words"))
    assert found["mean"].tolist() == [3.0]
    assert found["form"].isna().all()


def test_an_item_whose_answers_are_no_ratings_is_counted_and_has_no_mean(tmp_path: Path) -> None:
    [row] = means(tmp_path, rating_rows(np.full((1, 3), np.nan), form="words")).to_dict("records")
    assert (row["n_answers"], row["n_ok"]) == (3, 0)
    assert np.isnan(row["mean"])
    assert np.isnan(row["sd"])


def probable(*probabilities: list[float] | None, **names: str) -> pd.DataFrame:
    """Distributions over one item, a row each."""
    rows = rating_rows(np.full((1, len(probabilities)), np.nan), readout="exact", **names)
    status = ["error" if one is None else "ok" for one in probabilities]
    return rows.assign(probabilities=list(probabilities), status=status)


@pytest.mark.parametrize("form", ["words", None])
def test_raw_probabilities_of_an_item_are_averaged_before_they_are_renormalised(
    tmp_path: Path, form: str | None
) -> None:
    first, second = [0.1] * 8 + [0.05], [0.0] * 8 + [0.05]
    rows = probable(first, second, None).assign(form=form)
    [row] = means(tmp_path, rows).to_dict("records")
    q = (np.array(first) + second) / (np.sum(first) + np.sum(second))
    points = np.arange(1, 10)
    assert row["mean"] == pytest.approx(q @ points, rel=1e-12)
    assert row["sd"] == pytest.approx(np.sqrt(q @ (points - q @ points) ** 2), rel=1e-12)
    assert (row["n_answers"], row["n_ok"]) == (3, 2)


def test_points_of_another_range_lie_at_equal_distances_on_the_scale(tmp_path: Path) -> None:
    [row] = means(tmp_path, probable([0.0, 0.0, 0.2, 0.0, 0.6], form="words-0-4")).to_dict(
        "records"
    )
    assert row["mean"] == pytest.approx((0.2 * 5 + 0.6 * 9) / 0.8, rel=1e-12)


def test_a_distribution_without_mass_has_no_mean(tmp_path: Path) -> None:
    [nothing] = means(tmp_path, probable([0.0] * 9, form="words")).to_dict("records")
    assert np.isnan(nothing["mean"])
    [missing] = means(tmp_path, probable(None, form="words")).to_dict("records")
    assert np.isnan(missing["mean"])
    assert (missing["n_answers"], missing["n_ok"]) == (1, 0)


def labelled(rows: list[tuple[str, str, list[str] | None, list[str] | None]]) -> pd.DataFrame:
    """Answers on a scale of labels: item, form, what was chosen, and the order shown."""
    blank = rating_rows(np.full((1, len(rows)), np.nan), scale="emotions")
    items, forms, chosen, orders = zip(*rows, strict=True)
    return blank.assign(
        item_id=items,
        form=forms,
        labels=chosen,
        label_order=orders,
        status=["refusal" if one is None else "ok" for one in chosen],
    )


def rotated(place: int) -> list[str]:
    return LABELS[place:] + LABELS[:place]


def test_choices_are_counted_at_the_places_where_they_were_shown(tmp_path: Path) -> None:
    rows = [
        ("i1", "set/0", ["anger"], rotated(0)),  # place 1
        ("i1", "set/0", ["anger", "joy"], rotated(0)),  # places 1 and 3
        ("i1", "set/1", ["anger"], rotated(1)),  # place 6
        ("i1", "set/1", None, rotated(1)),
        ("i1", "set/1", [], rotated(1)),
        ("i2", "set", ["joy"], None),
    ]
    found = place_shares(written(tmp_path, labelled(rows)), "words", tmp_path)
    shares = dict(zip(found["place"], found["share"], strict=True))
    assert shares == pytest.approx({1: 0.375, 3: 0.125, 6: 0.5})
    assert set(found["item_id"]) == {"i1"}
    assert set(found["n_labels"]) == {6}
    assert set(found["n_answers"]) == {3}


def primacy(n_items: int, n_answers: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers that choose by true shares times e^(-.15 j) for place j, in rotated orders; and the
    true shares, (items, labels)."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.ones(6), n_items)
    item, answer = (grid.ravel() for grid in np.mgrid[:n_items, :n_answers])
    shift = answer % 6
    shown = (np.arange(6) + shift[:, None]) % 6
    weights = np.take_along_axis(truth[item], shown, axis=1) * np.exp(-0.15 * np.arange(6))
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    place = np.minimum((ends < rng.random(len(item))[:, None]).sum(axis=1), 5)
    chosen = shown[np.arange(len(item)), place]
    rows = [
        (f"i{i:03d}", f"set/{s}", [LABELS[label]], rotated(s))
        for i, s, label in zip(item, shift, chosen, strict=True)
    ]
    return labelled(rows), truth


@pytest.mark.parametrize(
    ("n_items", "n_answers", "near", "far"),
    [(60, 60, 0.02, 0.03), pytest.param(300, 240, 0.006, 0.01, marks=pytest.mark.slow)],
)
def test_a_planted_primacy_is_found_by_place_and_gone_from_rotated_shares(
    tmp_path: Path, n_items: int, n_answers: int, near: float, far: float
) -> None:
    rows, truth = primacy(n_items, n_answers, seed=1)
    found = place_shares(written(tmp_path, rows), "words", tmp_path)
    by_place = found.groupby("place")["share"].sum() / len(truth)
    assert by_place[1] == pytest.approx(0.220, abs=near)
    assert by_place[6] == pytest.approx(0.120, abs=near)
    assert by_place.sum() == pytest.approx(1)

    def apart(kept: pd.DataFrame) -> float:
        """Total variation distance of the mean shares from the truth."""
        shares = kept["labels"].str[0].value_counts(normalize=True)[LABELS].to_numpy()
        return float(np.abs(shares - truth.mean(axis=0)).sum() / 2)

    assert apart(rows) < far
    assert apart(rows[rows["form"] == "set/0"]) > 0.07


def test_place_shares_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows, _ = primacy(10, 12, seed=2)
    found = place_shares(written(tmp_path / "one", rows), "words", tmp_path)
    shuffled = rows.sample(frac=1, random_state=3)
    again = place_shares(
        written(tmp_path / "two", shuffled.iloc[:50], shuffled.iloc[50:]), "words", tmp_path
    )
    pd.testing.assert_frame_equal(found, again, check_exact=True)
