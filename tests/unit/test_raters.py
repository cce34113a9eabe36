"""Who rated: kept as a code, in the norms alone, wherever a file says it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.errors import DataError, StudyError
from emoalign.stimuli.norms import single_ratings
from emoalign.stimuli.readers.base import HumanLabels, SourceItem, rater_code
from tests.kit.datasets import items, prepared, rated, real, table_card, write
from tests.unit.test_reader_goemotions import goemotions, row
from tests.unit.test_reader_oasis import oasis

LONG = "id,word,who,v\n1,joy,anna,6\n1,joy,ben,7\n2,woe,ben,2\n2,woe,anna,1\n"
BY_ROW = {"rows": "ratings", "rater": "who", "scales": {"valence": {"ratings": ["v"]}}}


def norms_of(folder: Path, text: str, source: Mapping[str, Any], **changes: Any) -> pd.DataFrame:
    return prepared(folder, table_card(write(folder / "words.csv", text), source, **changes))[1]


def coded(*written: str) -> list[str]:
    return [hashlib.sha256(one.encode()).hexdigest()[:16] for one in written]


def test_a_code_is_the_beginning_of_the_checksum_of_the_id_as_it_is_written() -> None:
    assert [rater_code("w1"), rater_code("W1")] == coded("w1", "W1")
    assert len(rater_code("")) == 16


def test_each_row_of_a_table_says_who_rated(tmp_path: Path) -> None:
    norms = norms_of(tmp_path, LONG, BY_ROW)
    assert [list(of) for of in norms["raters"]] == [coded("anna", "ben"), coded("ben", "anna")]
    assert [list(of) for of in norms["ratings"]] == [[6, 7], [2, 1]]


def test_without_the_key_a_table_says_nothing_of_who_rated(tmp_path: Path) -> None:
    source = {key: value for key, value in BY_ROW.items() if key != "rater"}
    assert norms_of(tmp_path, LONG, source)["raters"].isna().all()
    wide = "id,word,a,b\n1,joy,6,7\n2,woe,2,\n"
    columns = {"scales": {"valence": {"ratings": ["a", "b"]}}}
    assert norms_of(tmp_path, wide, columns)["raters"].isna().all()
    people = norms_of(tmp_path, wide, columns | {"columns_are_raters": True})
    assert [list(of) for of in people["raters"]] == [coded("a", "b"), coded("a")]


def test_joined_tables_and_labels_say_who_rated_as_well(tmp_path: Path) -> None:
    said = write(tmp_path / "said.csv", "id,who,l\n1,ben,joy;fear\n1,anna,joy\n2,anna,fear\n")
    joined = {
        "table": {"file": str(said)},
        "id": "id",
        "rows": "ratings",
        "rater": "who",
        "scales": {"emotions": {"labels": "l"}},
    }
    scales = {
        "valence": {"min": 1, "max": 7, "direction": "up"},
        "emotions": {"kind": "labels", "labels": ["joy", "fear"], "at_least": 1},
    }
    norms = norms_of(tmp_path, LONG, BY_ROW | {"joined": [joined]}, scales=scales)
    labels = norms[norms["scale"] == "emotions"]
    assert [list(of) for of in labels["raters"]] == [coded("ben", "anna"), coded("anna")]
    each = single_ratings(norms, "emotions")
    assert each is not None
    assert each["rater"].tolist() == coded("ben", "anna", "anna")
    assert [list(one) for one in each["rating"]] == [["joy", "fear"], ["joy"], ["fear"]]


def test_every_rating_has_its_item_and_person(tmp_path: Path) -> None:
    norms = norms_of(tmp_path, LONG, BY_ROW)
    each = single_ratings(norms, "valence")
    assert each is not None
    assert each["item_id"].tolist() == ["1", "1", "2", "2"]
    assert each["rater"].tolist() == coded("anna", "ben", "ben", "anna")
    assert each["rating"].tolist() == [6, 7, 2, 1]
    assert single_ratings(norms.assign(raters=None), "valence") is None
    assert single_ratings(norms, "arousal") is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (BY_ROW | {"rows": "items"}, "rater says who gave the rating in a row"),
        (BY_ROW | {"columns_are_raters": True}, "give as rater the column that identifies"),
        (
            {"columns_are_raters": True, "scales": {"valence": {"mean": "v"}}},
            "no scale has columns of single ratings",
        ),
        (
            {"columns_are_raters": True, "scales": {"valence": {"ratings": ["a", "b", "a"]}}},
            "ratings names the column 'a' more than once",
        ),
        *(
            (BY_ROW | {key: "who"}, f"{key} names the column 'who', which rater names too")
            for key in ("id", "text", "stratum", "split", "cluster")
        ),
    ],
)
def test_a_card_that_cannot_be_meant_is_told(
    source: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=told):
        table_card(tmp_path / "words.csv", source)


def test_blanks_around_an_id_make_no_other_person(tmp_path: Path) -> None:
    norms = norms_of(tmp_path, LONG.replace("2,woe,ben", "2,woe, ben "), BY_ROW)
    assert [list(of) for of in norms["raters"]] == [coded("anna", "ben"), coded("ben", "anna")]


@pytest.mark.parametrize("gap", ["", " ", "NA"])
def test_a_rating_without_its_person_is_told(gap: str, tmp_path: Path) -> None:
    source = BY_ROW | {"na_values": ["", "NA"]}
    with pytest.raises(DataError, match=r"line 3, column 'who': expected the rater"):
        norms_of(tmp_path, LONG.replace("ben,7", f"{gap},7"), source)


@pytest.mark.parametrize(
    "change",
    [("anna,6", "anna,x"), ("anna,6", "anna,99"), ("2,woe,ben", "2,wow,ben"), ("joy,ben", ",ben")],
)
def test_no_message_holds_the_id_of_a_person(change: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        norms_of(tmp_path, LONG.replace(*change), BY_ROW)
    assert not any(name in str(told.value) for name in ("anna", "ben"))


def test_an_id_that_a_spreadsheet_made_a_date_of_is_told_without_it(tmp_path: Path) -> None:
    table = tmp_path / "words.parquet"
    day = pd.to_datetime(["2026-03-07"] * 2).date
    pd.DataFrame({"id": ["1", "2"], "word": ["joy", "woe"], "who": day, "v": [6, 2]}).to_parquet(
        table
    )
    with pytest.raises(
        DataError, match=r"column 'who': expected text or a number, found the date"
    ) as told:
        prepared(tmp_path, table_card(table, BY_ROW))
    assert "2026" not in str(told.value)


def test_a_person_who_rated_an_item_twice_counts_twice_in_its_mean_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        norms = norms_of(tmp_path, LONG + "1,joy,anna,2\n", BY_ROW)
    assert (norms["mean"][0], norms["n"][0]) == (5, 3)
    assert "valence: 1 ratings of 1 items are by people who had already rated" in caplog.text
    assert not any(name in caplog.text for name in ("anna", "ben", *coded("anna", "ben")))


def test_rows_of_the_ratings_of_oasis_are_people(tmp_path: Path) -> None:
    first, second = oasis(tmp_path)
    assert list(rated(first, "valence").raters or ()) == coded("1", "3")
    assert list(rated(second, "valence").raters or ()) == coded("1", "2", "3")
    assert list(rated(first, "arousal").raters or ()) == coded("4", "5")
    assert rated(oasis(tmp_path, ratings="")[0], "valence").raters is None


def labelled(item: SourceItem) -> HumanLabels:
    found = item.ratings["emotions"]
    assert isinstance(found, HumanLabels)
    return found


def test_raters_of_goemotions_are_codes(tmp_path: Path) -> None:
    (item,) = goemotions(
        tmp_path,
        row("hello", "x", "joy") + row("hello", "x", "fear").replace("worker37", "worker5"),
        row("hello", "x", unclear="True"),
    )
    assert labelled(item).raters == tuple(coded("worker37", "worker5"))
    (unknown,) = goemotions(tmp_path, row("hello", "x", "joy").replace("worker37", ""))
    assert labelled(unknown).raters is None


@pytest.mark.shared_data
def test_files_without_ids_of_people_have_no_raters(shared: Path) -> None:
    found = real(
        shared,
        "emobank",
        ratings="emobank/individual_reader_ratings.csv",
        texts="emobank/raw.csv",
    )
    assert all(rated(item, "valence").raters is None for item in found)


def test_columns_of_vader_are_not_people(tmp_path: Path) -> None:
    path = write(tmp_path / "vader.txt", "joy\t2\t1\t[1, 2, 3]\n")
    (item,) = items("vader", {"lexicon": path})
    assert rated(item, "valence").raters is None


def test_norms_of_people_survive_their_table(tmp_path: Path) -> None:
    norms = norms_of(tmp_path, LONG, BY_ROW)
    again = pd.read_parquet(tmp_path / "norms.parquet")
    assert [list(of) for of in again["raters"]] == [list(of) for of in norms["raters"]]
    assert np.isfinite(again["mean"]).all()
