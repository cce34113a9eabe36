"""Covariates: columns of a dataset's table that items keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoalign.errors import DataError, StudyError
from emoalign.report.covariates_in_words import covariates_in_words
from emoalign.study.fields import Modality
from tests.kit.datasets import MEAN, prepared, table_card, write

WORDS = "id,word,v,conc,seen\n1,joy,6,2.5,10\n2,oak,4,4.9,\n3,elf,5,NA,7\n"
TOLD = MEAN | {"covariates": {"concreteness": "conc", "views": "seen"}, "na_values": ["NA"]}


def kept(folder: Path, text: str, source: dict[str, Any], name: str = "words.csv") -> list[Any]:
    stimuli, _ = prepared(folder, table_card(write(folder / name, text), source))
    return [None if given is None else dict(given) for given in stimuli["covariates"]]


def test_items_keep_their_covariates_and_lack_those_without_a_number(tmp_path: Path) -> None:
    assert kept(tmp_path, WORDS, TOLD) == [
        {"concreteness": 2.5, "views": 10},
        {"concreteness": 4.9},
        {"views": 7},
    ]
    assert kept(tmp_path, WORDS, MEAN) == [None, None, None]


def test_they_are_read_like_all_numbers(tmp_path: Path) -> None:
    text = "id;word;v;conc\n1;joy;6;2,5\n2;oak;4;4,9\n"
    told = MEAN | {"covariates": {"concreteness": "conc"}, "delimiter": ";", "decimal": ","}
    assert kept(tmp_path, text, told) == [{"concreteness": 2.5}, {"concreteness": 4.9}]
    with pytest.raises(DataError, match=r"words.csv, line 3, column 'conc': .*'much'"):
        kept(tmp_path, WORDS.replace("4.9", "much"), TOLD)


def test_a_column_that_is_not_there_is_told_by_file_and_key(tmp_path: Path) -> None:
    told = MEAN | {"covariates": {"concreteness": "concr"}}
    with pytest.raises(DataError, match=r"words.csv: there is no column 'concr' \(covariates.conc"):
        kept(tmp_path, WORDS, told)


def test_joined_tables_may_bring_them(tmp_path: Path) -> None:
    more = write(tmp_path / "more.csv", "nr,freq\n2,3.1\n1,5.2\n")
    part = {"table": {"file": str(more)}, "id": "nr", "covariates": {"frequency": "freq"}}
    found = kept(tmp_path, WORDS, TOLD | {"joined": [part]})
    assert [item.get("frequency") for item in found] == [5.2, 3.1, None]
    assert found[0]["concreteness"] == 2.5
    with pytest.raises(StudyError, match="covariates in more than one table: views"):
        kept(tmp_path, WORDS, TOLD | {"joined": [part | {"covariates": {"views": "freq"}}]})


def test_where_a_row_is_a_rating_they_are_the_same_in_all_rows(tmp_path: Path) -> None:
    text = "id,word,who,v,conc\n1,joy,a,6,2.5\n1,joy,b,7,2.50\n2,oak,a,4,\n2,oak,b,3,4.9\n"
    told = {"rows": "ratings", "rater": "who", "scales": {"valence": {"ratings": ["v"]}}}
    told |= {"covariates": {"concreteness": "conc"}}
    assert kept(tmp_path, text, told) == [{"concreteness": 2.5}, {"concreteness": 4.9}]
    with pytest.raises(DataError, match=r"line 3, column 'conc': item '1' has 3 here, but 2\.5"):
        kept(tmp_path, text.replace("2.50", "3"), told)
    with pytest.raises(StudyError, match="covariates names the column 'who', which rater names"):
        kept(tmp_path, text, told | {"covariates": {"person": "who"}})


@pytest.mark.parametrize(
    ("covariates", "modality", "told"),
    [
        ("frequency, length", "word", "word length and frequency"),
        ("length", "word", "word length"),
        ("concreteness, frequency", "word", "word frequency and concreteness"),
        ("length, words", "sentence", "length in characters and length in words"),
        ("brightness", "image", "brightness"),
    ],
)
def test_covariates_of_a_table_are_told_in_words(
    covariates: str, modality: Modality, told: str
) -> None:
    assert covariates_in_words(covariates, modality) == told
