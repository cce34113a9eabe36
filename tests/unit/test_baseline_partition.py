"""What a baseline may learn from: nothing that it is evaluated on, under any spelling."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.baselines.baseline_cards import Splits
from emoalign.baselines.examples import human_shares
from emoalign.baselines.partition import Partition, check, normalised, partition
from emoalign.errors import BaselineError
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.readers.base import HumanLabels, SourceItem, from_ratings
from emoalign.study.fields import FileSource
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import ITEMS as ITEM_TABLE
from emoalign.tables import NORMS, RATINGS, STIMULI
from tests.kit.datasets import items as read_items
from tests.kit.datasets import real, shipped
from tests.kit.ratings import stimuli

SPLITS = Splits()


def item(item_id: str, text: str, split: str | None) -> SourceItem:
    return SourceItem(item_id, text, {"emotions": HumanLabels((("joy",),))}, split=split)


ITEMS = [
    item("t1", "Good morning", "train"),
    item("t2", "Thank you!!", "train"),
    item("t3", "You lost", "train"),
    item("t4", "  THANK   you.", "train"),
    item("d1", "you, lost…", "dev"),
    item("d2", "Who knows", "dev"),
    item("d3", "thank you", "dev"),
    item("e1", "Thank you", "test"),
    item("e2", "A test", "test"),
    item("n1", "In no split", None),
]


def ids(items: tuple[SourceItem, ...]) -> list[str]:
    return [one.item_id for one in items]


def test_a_limit_draws_training_items_by_the_seed_and_leaves_the_rest_as_it_was() -> None:
    items = [item(f"t{n:03d}", f"text {n}", "train") for n in range(200)]
    items += [item("d1", "a dev text", "dev"), item("e1", "a test text", "test")]
    whole = partition(items, SPLITS)
    usable = np.array([number % 2 == 0 for number in range(200)])
    drawn = whole.drawn(30, 1, usable)
    assert (len(drawn.train), drawn.not_drawn, drawn.dev) == (30, 170, whole.dev)
    assert ids(drawn.train) == sorted(ids(drawn.train))
    assert all(int(name[1:]) % 2 == 0 for name in ids(drawn.train))
    assert drawn == whole.drawn(30, 1, usable)
    assert drawn.train != whole.drawn(30, 2, usable).train
    assert set(ids(drawn.train)) < set(ids(whole.drawn(60, 1, usable).train))
    assert drawn.digest != whole.digest
    left = next(one for one in whole.train if one not in drawn.train)
    assert not drawn.seen.has(left.item_id, str(left.text))
    assert whole.drawn(100, 1, usable) is whole


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Thank you!!", "  thank\tYOU 😂", True),
        ("ﬁne", "fine", True),
        ("STRASSE", "straße", True),
        ("[NAME] won", "name WON.", True),
        ("well-known", "well known", True),
        ("wellknown", "well known", False),
        ("no", "not", False),
        ("😂", "😢", False),
        ("!!!", "!!!", True),
    ],
)
def test_texts_are_alike_in_letters_and_digits(one: str, other: str, alike: bool) -> None:
    assert (normalised(one) == normalised(other)) == alike


def test_the_test_split_and_its_texts_are_left_out_of_what_is_learned() -> None:
    found = partition(ITEMS, SPLITS)
    assert (ids(found.train), ids(found.dev)) == (["t1"], ["d1", "d2"])
    assert found.counts.model_dump() == {
        "held_out": 2,
        "train": 1,
        "train_same_item": 0,
        "train_same_text": 2,
        "train_text_in_dev": 1,
        "dev": 2,
        "dev_same_item": 0,
        "dev_same_text": 1,
    }


def test_items_of_a_study_are_left_out_whatever_split_they_are_in() -> None:
    held_out = {"t1": "Good morning", "n1": "In no split", "d2": "Who knows"}
    more = [*ITEMS, item("t5", "GOOD morning?", "train"), item("t6", "New", "train")]
    found = partition(more, SPLITS, held_out)
    assert (ids(found.train), ids(found.dev)) == (["t6"], ["d1"])
    assert (found.counts.held_out, found.counts.train_same_item) == (5, 1)
    assert (found.counts.train_same_text, found.counts.dev_same_item) == (3, 1)


def test_the_order_of_items_makes_no_difference() -> None:
    shuffled = random.Random(3).sample(ITEMS, len(ITEMS))
    assert partition(shuffled, SPLITS) == partition(ITEMS, SPLITS)
    other = partition([*ITEMS, item("t9", "More", "train")], SPLITS)
    assert partition(shuffled, SPLITS).digest == partition(ITEMS, SPLITS).digest != other.digest


def test_the_check_notices_what_leaked() -> None:
    right = partition(ITEMS, SPLITS)
    wrong = Partition((*right.train, item("t2", "Thank you!!", "train")), right.dev, right.counts)
    check(right, {"e1": "Thank you"})
    with pytest.raises(BaselineError, match=r"1 items that the baseline is evaluated on.*e1"):
        check(wrong, {"e1": "thank YOU", "e2": "A test"})


def test_a_split_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(BaselineError, match=r"split 'validation'; splits .*: dev, test, train"):
        partition(ITEMS, Splits(dev="validation"))
    with pytest.raises(BaselineError, match="splits of the dataset: none"):
        partition([item("n1", "In no split", None)], SPLITS)


def test_nothing_left_to_learn_from_is_told() -> None:
    with pytest.raises(BaselineError, match="nothing is left to train on: 0 items"):
        partition([item(s, "The same", s) for s in ("train", "dev", "test")], SPLITS)


@pytest.mark.shared_data
def test_no_real_comment_is_learned_from_and_evaluated_on(shared: Path) -> None:
    """Counted here another way, by ids and texts of the files themselves."""
    files = {f"splits.{name}": f"goemotions/{name}.tsv" for name in ("train", "dev", "test")}
    found = real(shared, "goemotions-splits", labels="goemotions/emotions.txt", **files)
    counts = partition(found, SPLITS).counts
    table = pd.DataFrame(
        {
            "split": [one.split for one in found],
            "text": [unicodedata.normalize("NFKC", str(one.text)).casefold() for one in found],
        }
    )
    words = table["text"].str.replace(r"\W+", " ", regex=True).str.strip()
    table["key"] = words.where(words != "", table["text"])
    keys = {split: set(rows["key"]) for split, rows in table.groupby("split")}
    train = table.loc[table["split"] == "train", "key"]
    dev = table.loc[table["split"] == "dev", "key"]
    assert counts.model_dump() == {
        "held_out": 5427,
        "train": (~train.isin(keys["dev"] | keys["test"])).sum(),
        "train_same_item": 0,
        "train_same_text": train.isin(keys["test"]).sum(),
        "train_text_in_dev": train.isin(keys["dev"] - keys["test"]).sum(),
        "dev": (~dev.isin(keys["test"])).sum(),
        "dev_same_item": 0,
        "dev_same_text": dev.isin(keys["test"]).sum(),
    }
    assert (counts.train, counts.train_same_text, counts.train_text_in_dev) == (42970, 296, 144)
    assert (counts.dev, counts.dev_same_text) == (5392, 34)


# Targets

LABELS = LabelScale(kind="labels", labels=("joy", "fear", "neutral"))
FIVE = HumanScale(min=1, max=5, direction="up")


def test_the_target_of_labels_is_the_share_of_raters_who_chose_each() -> None:
    choices = [(("joy",), ("joy", "fear"), ("neutral",), ("joy",)), (("fear",),), ()]
    items = [
        SourceItem(f"i{place}", "a text", {"emotions": HumanLabels(tuple(each))})
        for place, each in enumerate(choices)
    ]
    shares, known = human_shares(items, "emotions", LABELS)
    assert known.tolist() == [True, True, False]
    assert shares[:2].tolist() == [[0.75, 0.25, 0.25], [0, 1, 0]]
    assert np.isnan(shares[2]).all()


def test_the_target_of_points_is_the_distribution_of_ratings() -> None:
    ratings = {"a": [1, 2, 2, 5], "b": [3.5, 3], "c": [4]}
    items = [
        SourceItem(name, "a text", {"valence": from_ratings(each)})
        for name, each in ratings.items()
    ]
    shares, known = human_shares([*items, SourceItem("d", "a text", {})], "valence", FIVE)
    assert known.tolist() == [True, False, True, False]
    assert shares[0].tolist() == [0.25, 0.5, 0, 0, 0.25]
    assert shares[2].tolist() == [0, 0, 0, 1, 0]


@pytest.mark.shared_data
def test_targets_are_the_human_distributions_of_the_item_table(
    shared: Path, tmp_path: Path
) -> None:
    """The same slice of raw ratings, counted by the aggregation in DuckDB."""
    path = shared / "goemotions/raw_first_4999rows_no_rater_id.csv"
    told = {"ratings": (FileSource(file=str(path)),), "splits": {}}
    found = read_items("goemotions", {"ratings.0": path}, **told)
    scale = shipped("goemotions").scales["emotions"]
    shares, known = human_shares(found, "emotions", scale)
    assert known.all()
    NORMS.write(norm_rows(found, {"emotions": scale}), tmp_path / "norms.parquet")
    answers = pd.DataFrame(
        [
            dict.fromkeys(RATINGS.schema.names)
            | {"model": "m", "protocol": "p", "dataset": "d", "scale": "emotions"}
            | {"readout": "sampled", "item_id": one.item_id, "participant": 0}
            | {"status": "ok", "labels": ["joy"]}
            for one in found
        ]
    )
    RATINGS.write(answers, tmp_path / "ratings.parquet")
    job = AggregationJob(dataset="d", scales={"emotions": scale})
    shown = stimuli([one.item_id for one in found], [str(one.text) for one in found])
    STIMULI.write(shown, tmp_path / "stimuli.parquet")
    aggregate(
        job,
        [tmp_path / "ratings.parquet"],
        tmp_path / "norms.parquet",
        tmp_path / "stimuli.parquet",
        tmp_path / "i.parquet",
    )
    table = ITEM_TABLE.read(tmp_path / "i.parquet").set_index("item_id")
    expected = np.array(table.loc[[one.item_id for one in found], "human_distribution"].tolist())
    assert np.array_equal(shares, expected)
