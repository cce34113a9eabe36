"""Ids of items that may not be shown: made where the dataset's own would tell the text."""

from __future__ import annotations

import logging
import unicodedata
from pathlib import Path

import pytest

from emoalign.stimuli import public_ids as module
from emoalign.stimuli.public_ids import ItemFinder, public_ids
from emoalign.stimuli.readers.base import SourceItem
from tests.kit.datasets import prepared, table_card, write


def items(*named: tuple[str, str]) -> list[SourceItem]:
    return [SourceItem(item_id, text, {}) for item_id, text in named]


@pytest.mark.parametrize(
    ("item_id", "text"),
    [
        ("beach", "beach"),
        ("Beach", "beach"),
        ("sea", "Sea"),
        ("v_sea_01", "sea"),
        ("sea1", "sea"),
        ("anew-ice_cream-2", "ice cream"),
        ("icecream", "Ice-cream"),
        ("The cat sat", "The cat sat on the mat."),
        (unicodedata.normalize("NFD", "café"), "café"),
        ("海", "海"),
        ("w海岸3", "海岸"),
        ("이바다", "바다"),
        ("w별", "별"),
        ("elan", "Élan"),
        ("uebung_1", "Übung"),
        ("UBUNG", "Übung"),
        ("Strasse", "Straße"),
    ],
)
def test_an_id_that_tells_the_text_is_made_for_every_item(item_id: str, text: str) -> None:
    called = public_ids(items(("17", "storm"), (item_id, text)), "mine")
    assert set(called) == {"17", item_id}
    for made in called.values():
        assert len(made) == 10
        assert int(made, 16) >= 0


@pytest.mark.parametrize(
    ("item_id", "text"),
    [("17", "beach"), ("w0017", "sea"), ("S12b", "An old cat."), ("7", "7up")],
)
def test_an_id_that_tells_nothing_stays(item_id: str, text: str) -> None:
    assert public_ids(items((item_id, text)), "mine") == {item_id: item_id}


def test_an_id_that_is_the_text_of_another_item_is_made() -> None:
    called = public_ids(items(("storm", "thunder"), ("2", "Storm!")), "mine")
    assert "storm" not in called.values()


def test_images_keep_their_ids() -> None:
    image = SourceItem("Beach 1", None, {}, image="Beach 1.jpg")
    assert public_ids([image], "mine") == {"Beach 1": "Beach 1"}


def test_a_made_id_depends_on_dataset_and_id_alone() -> None:
    two = items(("joy", "joy"), ("woe", "woe"))
    called = public_ids(two, "mine")
    assert public_ids([*reversed(two), *items(("awe", "awe"))], "mine")["joy"] == called["joy"]
    assert public_ids(two, "yours")["joy"] != called["joy"]


def test_made_ids_are_longer_where_two_items_would_share_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = items(*((f"word{number}x", f"word{number}x") for number in range(300)))
    monkeypatch.setattr(module, "LENGTH", 1)
    called = public_ids(many, "mine")
    assert len(set(called.values())) == 300
    assert 3 <= len(called["word1x"]) < 10


def test_other_tables_find_an_item_by_the_id_it_has_in_the_dataset() -> None:
    called = public_ids(items(("café", "café"), ("woe", "woe")), "mine")
    find = ItemFinder("mine", called.values(), None)
    assert find("café") == find(unicodedata.normalize("NFD", "café")) == [called["café"]]
    assert find("awe") == []
    assert ItemFinder("yours", called.values(), None)("woe") == []


def test_other_tables_find_items_by_texts_whose_letters_are_coded_otherwise() -> None:
    find = ItemFinder("mine", ["1", "2", "3"], ["café", "woe", "woe"])
    assert find("café") == ["1"]
    assert not find.otherwise
    decomposed = unicodedata.normalize("NFD", "café")
    assert find(decomposed) == ["1"]
    assert find.otherwise == {decomposed}
    assert find("woe") == ["2", "3"]


def test_only_a_restricted_dataset_has_made_ids_and_its_sample_is_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"word{letter}" for letter in "abcdefghijkl"]
    table = write(tmp_path / "words.csv", "word,v\n" + "".join(f"{name},3\n" for name in names))
    more = write(tmp_path / "more.csv", "word,a\nwordzz,3\n" + "".join(f"{n},2\n" for n in names))
    source = {
        "id": "word",
        "scales": {"valence": {"mean": "v"}},
        "joined": [
            {"table": {"file": str(more)}, "id": "word", "scales": {"arousal": {"mean": "a"}}}
        ],
    }
    scales = {name: {"min": 1, "max": 7, "direction": "up"} for name in ("valence", "arousal")}
    card = table_card(table, source, scales=scales)
    shown, _ = prepared(tmp_path, card, sample=5)
    assert shown["item_id"].tolist() == shown["text"].tolist()
    with caplog.at_level(logging.INFO):
        hidden, norms = prepared(tmp_path, card, sample=5, restricted=True)
    assert sorted(hidden["text"]) == sorted(shown["text"])
    assert not set(hidden["item_id"]) & set(hidden["text"])
    assert hidden["item_id"].is_monotonic_increasing
    assert set(norms["item_id"]) == set(hidden["item_id"])
    assert set(norms["scale"]) == {"valence", "arousal"}
    assert "no item has their id: 1 (line 2)" in caplog.text
    assert "wordzz" not in caplog.text
