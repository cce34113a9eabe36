"""The table of structure, from item tables made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.spaces import structure_rows
from emoalign.items.rated_items import rated_items
from emoalign.tables import ITEMS, STRUCTURE
from tests.kit.analysing import run
from tests.kit.comparison import (
    DIMENSIONS,
    EMOTIONS,
    N_ITEMS,
    NORM_ROWS,
    dataset,
    item_rows,
    refused,
    structure,
)


def rows(items: pd.DataFrame, job: StructureJob | None = None) -> pd.DataFrame:
    job = job or structure()
    return structure_rows(list(rated_items(items, job.datasets)), job)


def test_four_pairs_of_spaces_are_compared_for_every_model_and_protocol() -> None:
    table = rows(item_rows())
    assert len(table) == 4 * 4
    first = table.iloc[:4]
    assert list(zip(first["a"], first["b"], strict=True)) == [
        ("human dimensions", "human emotions"),
        ("human dimensions", "model dimensions"),
        ("human emotions", "model emotions"),
        ("model dimensions", "model emotions"),
    ]
    assert (table["n_items"] == N_ITEMS).all()


def test_spaces_of_people_are_those_of_the_norms() -> None:
    spaces = [
        pdist(np.stack([NORM_ROWS[scale]["mean"] for scale in scales], axis=1))
        for scales in (DIMENSIONS, EMOTIONS)
    ]
    found = rows(item_rows()).iloc[0]
    assert found["rho"] == pytest.approx(stats.spearmanr(*spaces).statistic)


def test_a_model_that_follows_people_has_their_structure() -> None:
    table = rows(item_rows()).set_index(["a", "b"])
    alike = table.loc["human emotions", "model emotions"]
    assert (alike["rho"] > 0.6).all()
    assert (alike["p"] == 0.01).all()


def test_large_datasets_are_sampled_the_same_for_every_model() -> None:
    table = rows(item_rows(), structure(structure_items=15))
    assert (table["n_items"] == 15).all()
    among_people = table[table["b"] == "human emotions"]
    assert among_people["rho"].nunique() == 1
    other = structure(structure_items=15).model_copy(update={"seed": 4})
    assert rows(item_rows(), other)["rho"].iloc[0] != among_people["rho"].iloc[0]


def test_items_without_a_mean_on_any_scale_are_left_out_for_that_model_alone() -> None:
    items = item_rows()
    gone = (items["model"] == "m1") & (items["scale"] == "fear") & (items["item_id"] < "item-004")
    items.loc[gone, "mean"] = np.nan
    counts = rows(items).groupby("model")["n_items"].unique()
    assert (counts["m1"], counts["m2"]) == (N_ITEMS - 4, N_ITEMS)


def test_the_table_does_not_depend_on_the_order_of_rows() -> None:
    shuffled = item_rows().sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(rows(shuffled), rows(item_rows()))


@pytest.mark.parametrize("scales", [DIMENSIONS, EMOTIONS, ("valence",)])
def test_without_both_frameworks_there_is_nothing_to_compare(scales: tuple[str, ...]) -> None:
    job = structure().model_copy(update={"datasets": {"words": dataset(*scales)}})
    assert rows(item_rows(scales), job).empty


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (refused, "no item with means on all of these scales; 4 are needed"),
        (lambda items: items.assign(human_mean=np.nan), "no item with means on all of these"),
        (lambda items: items[items["item_id"] < "item-002"], "only 2 items with"),
        (lambda items: items.assign(mean=5.0), "all pairs of items have the same distance"),
    ],
    ids=["all refused", "no people", "two items", "always the same"],
)
def test_what_has_no_structure_says_why(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    table = rows(change(item_rows()))
    last = table[table["b"] == "model emotions"]
    assert last["rho"].isna().all()
    assert last["reason"].str.startswith(reason).all()


def test_the_stage_writes_the_table(tmp_path: Path) -> None:
    ITEMS.write(item_rows(), tmp_path / "items/words.parquet")
    run(structure(), "compare_structure", tmp_path)
    table = STRUCTURE.read(tmp_path / "statistics/structure.parquet")
    assert len(pd.read_csv(tmp_path / "statistics/structure.csv")) == len(table) == 16
