"""Items that belong together are resampled, and dealt into folds, together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.arousal.analysis import ArousalJob
from emoalign.analyses.arousal.compare_arousal import arousal_rows
from emoalign.analyses.contrasts.contrast_pairs import contrast_rows
from emoalign.analyses.frameworks.differences import framework_rows
from emoalign.items.cells import read_cells
from emoalign.items.clusters import ItemClusters
from emoalign.items.rated_items import drawn_items, rated_items
from emoalign.statistics.resampling import hashed_folds, text_keys
from emoalign.tables import CALIBRATED, CALIBRATION, DISTRIBUTIONS, ITEMS, STIMULI
from tests.kit.comparison import NORM_ROWS, aligned, comparison, item_rows
from tests.kit.planted import calibrated, planted_study, written
from tests.kit.ratings import norms, rating_rows, ratings, stimuli
from tests.kit.stages import compare_answers, make
from tests.kit.words import study

JOB = comparison()


def clusters(
    folder: Path,
    item_ids: Sequence[str],
    texts: Sequence[str],
    of_card: Sequence[str | None] | None = None,
) -> ItemClusters:
    path = folder / "stimuli.parquet"
    STIMULI.write(stimuli(item_ids, texts, of_card), path)
    return ItemClusters.read(path)


# Which items belong together


def test_items_with_one_text_are_one_cluster_and_all_others_stand_alone(tmp_path: Path) -> None:
    found = clusters(tmp_path, "abcd", ["Hm.", "Oh!", "Hm.", "Ah."])
    assert found.numbers.tolist() == [0, 1, 0, 2]
    assert (found.keys == text_keys(["Hm.", "Oh!", "Hm.", "Ah."])).all()


def test_images_are_known_by_their_content(tmp_path: Path) -> None:
    rows = stimuli("abc").assign(text=None, image_sha256=["sha 1", "sha 2", "sha 1"])
    STIMULI.write(rows, tmp_path / "stimuli")
    assert ItemClusters.read(tmp_path / "stimuli").numbers.tolist() == [0, 1, 0]


def test_the_card_names_clusters_of_different_texts(tmp_path: Path) -> None:
    found = clusters(tmp_path, "abcde", "vwxyz", ["run", None, "run", "go", None])
    # In order of their names: b, e, go, run.
    assert found.numbers.tolist() == [3, 0, 3, 2, 1]
    assert found.keys[0] == found.keys[2]
    assert len(set(found.keys)) == 4
    assert (found.keys[[1, 4]] == text_keys("wz")).all()
    assert (found.keys_of(np.array(["c", "e"])) == found.keys[[2, 4]]).all()


def test_a_text_of_two_clusters_joins_them_and_whoever_shares_it(tmp_path: Path) -> None:
    texts = ["Dear Sir,", "One.", "Two.", "Dear Sir,", "Dear Sir,", "Three."]
    found = clusters(tmp_path, "abcdef", texts, ["x", "x", "y", "y", None, "z"])
    assert found.numbers.tolist() == [0, 0, 0, 0, 0, 1]
    assert len(set(found.keys)) == 2


def test_an_id_that_is_the_name_of_anothers_cluster_joins_nothing(tmp_path: Path) -> None:
    found = clusters(tmp_path, ["1", "2", "3"], ["p", "q", "r"], [None, "1", "1"])
    assert found.numbers.tolist() == [0, 1, 1]


def test_the_order_of_rows_changes_no_cluster(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = stimuli(
        [f"i{place:02d}" for place in range(40)],
        [f"text {number}" for number in rng.integers(0, 30, 40)],
        [None if number > 8 else f"c{number}" for number in rng.integers(0, 12, 40)],
    )
    STIMULI.write(rows, tmp_path / "one")
    STIMULI.write(rows.sample(frac=1, random_state=2), tmp_path / "other")
    one, other = (ItemClusters.read(tmp_path / name) for name in ("one", "other"))
    assert (one.item_ids == other.item_ids).all()
    assert (one.numbers == other.numbers).all()
    assert (one.keys == other.keys).all()
    # Numbers and keys tell the same clusters apart.
    assert len(set(zip(one.numbers, one.keys, strict=True))) == len(set(one.numbers))


# Means


def copied(rows: pd.DataFrame, copies: int, seed: int = 0) -> pd.DataFrame:
    """Rows of each item so many times under ids of any order; those of one item are its cluster."""
    ids = sorted(set(rows["item_id"]))
    rng = np.random.default_rng(seed)
    names = rng.permutation([f"copy-{place:03d}" for place in range(len(ids) * copies)])
    of_item = dict(zip(ids, names.reshape(len(ids), copies), strict=True))
    each = [
        rows.assign(item_id=[of_item[item_id][copy] for item_id in rows["item_id"]])
        for copy in range(copies)
    ]
    return pd.concat(each, ignore_index=True).sample(frac=1, random_state=seed)


NORMS = pd.concat(NORM_ROWS.values(), ignore_index=True)


def tables(items: pd.DataFrame, norm_rows: pd.DataFrame = NORMS) -> dict[str, pd.DataFrame]:
    rated = list(rated_items(items, JOB.datasets))
    arousal = ArousalJob(**JOB.model_dump(exclude={"version"}), worst_items=3)
    return {
        "alignment": aligned(items, JOB, norm_rows),
        "contrasts": contrast_rows(rated, JOB),
        "framework": framework_rows(rated, JOB),
        "arousal": arousal_rows(rated, arousal),
    }


BY_FISHER = {"pearson_fisher_low", "pearson_fisher_high", "zou_low", "zou_high"}


def ends(table: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in table if name.endswith(("_low", "_high")) and name not in BY_FISHER]
    return table[names].astype(float)


def test_copies_of_items_make_no_interval_narrower() -> None:
    items = item_rows()
    single, fourfold = tables(items), tables(copied(items, 4), copied(NORMS, 4))
    for name, once in single.items():
        before, after = ends(once), ends(fourfold[name])
        assert before.notna().all(axis=None), name
        # Reliability has the number of items less one in it, and four times as many are given.
        close = [column for column in before if column.startswith(("reliab", "ceil", "pearson_d"))]
        assert after[close].to_numpy() == pytest.approx(before[close].to_numpy(), rel=0.1)
        before, after = before.drop(columns=close), after.drop(columns=close)
        assert after.to_numpy() == pytest.approx(before.to_numpy(), rel=1e-9)
        assert (fourfold[name]["n_items"] == 4 * once["n_items"]).all()
    assert fourfold["framework"]["p"].tolist() == pytest.approx(single["framework"]["p"].tolist())
    alone = copied(items, 4)
    alone["cluster"] = alone["item_id"].rank(method="dense").astype(int)
    widths = [
        (one["pearson_high"] - one["pearson_low"]).mean()
        for one in (single["alignment"], aligned(alone, JOB))
    ]
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.2)


def test_the_order_of_rows_changes_no_interval() -> None:
    items = copied(item_rows(), 2)
    shuffled = items.sample(frac=1, random_state=5)
    for name, table in tables(items).items():
        pd.testing.assert_frame_equal(table, tables(shuffled)[name])


def test_items_that_no_model_was_asked_about_stand_alone() -> None:
    rows = pd.DataFrame({"item_id": list("cadc"), "cluster": [4, 0, 4, 4]})
    item_ids, clusters = drawn_items(rows, also=["b", "c", "e"])
    assert item_ids.tolist() == list("abcde")
    assert clusters.tolist() == [0, 2, 1, 1, 3]
    nobody = drawn_items(rows[:0], also=["b", "a"])
    assert [part.tolist() for part in nobody] == [["a", "b"], [0, 1]]


def test_few_clusters_have_no_interval_and_say_so() -> None:
    items = item_rows()
    items["cluster"] %= 2
    found = tables(items)
    for name, table in found.items():
        assert ends(table).isna().all(axis=None), name
    assert (
        found["alignment"][["pearson_r", "log_sd_ratio", "pearson_fisher_low"]]
        .notna()
        .all(axis=None)
    )
    for name in ("contrasts", "framework", "arousal"):
        reasons = set(found[name]["reason"])
        assert reasons == {"only 2 clusters of items; a bootstrap interval needs 3"}, name
    assert found["contrasts"][["zou_low", "p"]].notna().all(axis=None)


def test_item_tables_tell_which_items_are_resampled_together(tmp_path: Path) -> None:
    people = norms(6)
    texts = ["sea", "oak", "sea", "elm", "ash", "fir"]
    make(tmp_path, study(), rating_rows(ratings(people)), people, texts)
    items = ITEMS.read(tmp_path / "items/words.parquet")
    assert items.sort_values("item_id")["cluster"].tolist() == [0, 1, 0, 2, 3, 4]


# Distributions and calibration


def in_clusters(folder: Path, size: int = 3, n: int = 60) -> dict[str, Path]:
    """Tables of items of which so many, with texts of their own, are one cluster of the card."""
    written_tables = written(folder, n)
    rows = STIMULI.read(written_tables["stimuli"])
    rng = np.random.default_rng(4)
    names = rng.permutation([f"document {place // size}" for place in range(n)])
    STIMULI.write(rows.assign(cluster=names), written_tables["stimuli"])
    return written_tables


def of_item(paths: dict[str, Path]) -> pd.Series:
    return STIMULI.read(paths["stimuli"]).set_index("item_id")["cluster"]


def test_folds_part_no_cluster(tmp_path: Path) -> None:
    paths = in_clusters(tmp_path)
    scales = planted_study().asked_scales("d")
    document = of_item(paths)
    for cell in read_cells("d", scales, paths, min_raters=3):
        names = document[cell.item_ids].to_numpy()
        folds = hashed_folds(cell.cluster_keys, 5, seed=1)
        for tell in (folds, cell.groups):
            assert pd.Series(tell).groupby(names).nunique().eq(1).all()
        assert len(set(cell.groups)) == len(set(names)) == 20
        assert len(set(folds)) > 1
    rows = CALIBRATED.read(calibrated(tmp_path) / "calibrated/d.parquet")
    rows = rows.assign(document=document[rows["item_id"]].to_numpy())
    of_document = rows.groupby(["scale", "method", "document"])["fold"]
    assert of_document.nunique().eq(1).all()
    assert rows.groupby(["scale", "method"])["fold"].nunique().gt(1).all()


def test_distributions_and_calibration_count_and_resample_clusters(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    written(tmp_path / "alone")
    in_clusters(tmp_path / "joined")
    found: dict[str, list[pd.DataFrame]] = {}
    for name in ("alone", "joined"):
        compare_answers(tmp_path / name, planted_study())
        calibrated(tmp_path / name)
        found[name] = [
            table.read(tmp_path / name / table.path) for table in (DISTRIBUTIONS, CALIBRATION)
        ]
    for name, n_clusters in (("alone", 60), ("joined", 20)):
        distributions, calibration = found[name]
        whole = distributions.query("stratum == 'all' and scale == 'valence' and metric == 'jsd'")
        assert set(whole["n_texts"]) == set(calibration["n_texts"]) == {n_clusters}
    alone, joined = (found[name][0] for name in ("alone", "joined"))
    assert joined["value"].tolist() == pytest.approx(alone["value"].tolist(), nan_ok=True)
    assert not np.isclose(joined["value_low"], alone["value_low"]).any()
