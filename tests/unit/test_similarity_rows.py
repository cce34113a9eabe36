"""The table of similarity: ranks of the distances of the items that figures show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.spaces import ITEMS_SHOWN, similarity_rows
from emoalign.items.rated_items import rated_items
from emoalign.statistics.structure import alike_side_by_side, distance_ranks
from tests.kit.comparison import (
    DIMENSIONS,
    N_ITEMS,
    NORM_ROWS,
    SCALES,
    item_rows,
    refused,
    structure,
)
from tests.kit.ratings import cell, norms, ratings

CELLS = ["model", "protocol", "readout"]


def rows(items: pd.DataFrame, job: StructureJob | None = None) -> pd.DataFrame:
    job = job or structure()
    return similarity_rows(list(rated_items(items, job.datasets)), job)


def order(table: pd.DataFrame) -> list[str]:
    """The items of people in the order they are shown in."""
    people = table[table["model"].isna()]
    return [people["item_a"].iloc[0], *people[people["place_a"] == 1]["item_b"]]


def many(n: int) -> pd.DataFrame:
    """Item rows of one model that rated so many items."""
    cells = []
    for number, scale in enumerate(SCALES):
        people = norms(n, seed=number)
        cells.append(cell(people, ratings(people, seed=number), model="m", scale=scale))
    return pd.concat(cells, ignore_index=True)


def test_people_stand_first_and_every_cell_has_all_pairs_in_the_same_order() -> None:
    table = rows(item_rows())
    n_pairs = N_ITEMS * (N_ITEMS - 1) // 2
    assert table["model"].head(n_pairs).isna().all()
    cells = list(table.iloc[n_pairs:].groupby(CELLS))
    assert len(cells) == 4
    shown = order(table)
    assert len(set(shown)) == N_ITEMS
    for _, of_cell in cells:
        assert len(of_cell) == n_pairs
        assert [shown[place - 1] for place in of_cell["place_a"]] == list(of_cell["item_a"])
        assert [shown[place - 1] for place in of_cell["place_b"]] == list(of_cell["item_b"])


def test_ranks_are_those_of_distances_in_the_space_of_a_framework() -> None:
    table = rows(item_rows())
    people = table[table["model"].isna()]
    means = [
        NORM_ROWS[scale].set_index("item_id")["mean"].loc[order(table)] for scale in DIMENSIONS
    ]
    expected = stats.rankdata(pdist(np.stack(means, axis=1)))
    assert list(people["dimensions"]) == pytest.approx((expected - 1) / (len(expected) - 1))
    assert table[["dimensions", "emotions"]].min().to_list() == [0, 0]
    assert table[["dimensions", "emotions"]].max().to_list() == [1, 1]


def test_an_item_without_a_mean_has_no_ranks_in_that_space_alone() -> None:
    items = item_rows()
    gone = (items["model"] == "m1") & (items["scale"] == "fear") & (items["item_id"] == "item-007")
    items.loc[gone, "mean"] = np.nan
    table = rows(items)
    concerned = (table["item_a"] == "item-007") | (table["item_b"] == "item-007")
    assert table["dimensions"].notna().all()
    missing = table["emotions"].isna()
    assert (missing == concerned & (table["model"] == "m1")).all()
    assert rows(refused(items))["dimensions"].isna().sum() == 4 * N_ITEMS * (N_ITEMS - 1) // 2


def test_items_that_are_alike_stand_side_by_side_from_unpleasant_to_pleasant() -> None:
    valence = NORM_ROWS["valence"].set_index("item_id")["mean"]
    ordered = valence[order(rows(item_rows()))].to_numpy()
    assert ordered[: N_ITEMS // 2].mean() < ordered[-N_ITEMS // 2 :].mean()
    shuffled = np.random.default_rng(1).permutation(ordered)
    assert np.abs(np.diff(ordered)).mean() < np.abs(np.diff(shuffled)).mean()


def test_of_many_items_as_many_are_shown_as_can_be_told_apart() -> None:
    items = many(2 * ITEMS_SHOWN)
    shown = order(rows(items))
    assert len(set(shown)) == ITEMS_SHOWN
    assert order(rows(items.sample(frac=1, random_state=5))) == shown, "in whatever order they come"
    assert order(rows(items, structure().model_copy(update={"seed": 4}))) != shown


def test_two_items_have_no_order_and_no_rows() -> None:
    assert rows(many(2)).empty
    assert rows(item_rows(DIMENSIONS)).empty, "there are no emotions"


def test_neighbours_are_nearer_than_in_any_order_of_the_same_tree() -> None:
    """Of five points on a line in two groups, the best order is the one along the line."""
    points = np.array([[4.0], [0.0], [1.5], [5.5], [3.6]])
    apart = pdist(points)
    along = points[alike_side_by_side(apart), 0]
    assert list(along) in (sorted(along), sorted(along, reverse=True))
    assert list(distance_ranks(np.array([3.0, 1.0, 3.0]))) == [0.75, 0.0, 0.75]
    assert list(distance_ranks(np.array([3.0]))) == [0.0]
