"""VADER: the sentence sets, and the lexicon as its authors publish it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.source_files import locate
from tests.kit.datasets import items, rated, real, shipped, spearman_brown, write


def sentences(folder: Path, texts: str, ratings: str) -> list[SourceItem]:
    files = {
        "texts": write(folder / "texts.txt", texts),
        "ratings": write(folder / "ratings.txt", ratings, "utf-8-sig"),
    }
    return items("vader-amazon", files)


def test_sentences_are_joined_with_their_ratings_and_stated_means_do_not_count(
    tmp_path: Path,
) -> None:
    texts = '1_1\t-0.9\tno "picture" scrolling.\r\n1_2\t3\tnice\r\n'
    first, second = sentences(tmp_path, texts, "1_2\t9\t0\t[3, 3]\r\n1_1\t9\t0\t[-1, 0]\r\n")
    assert (first.item_id, first.text) == ("1_1", 'no "picture" scrolling.')
    assert rated(first, "valence").mean == -0.5
    assert rated(second, "valence").ratings == (3, 3)


@pytest.mark.parametrize(
    ("texts", "ratings", "told"),
    [
        ("1\t0\ta\n", "2\t0\t0\t[1]\n", "texts.txt, line 1: sentence '1' has no ratings"),
        ("1\t0\ta\n", "1\t0\t0\t[1]\n2\t0\t0\t[1]\n", "ratings of '2', which"),
        ("1\t0\ta\n", "1\t0\t0\t[1]\n1\t0\t0\t[1]\n", "line 2: ratings of '1' occur twice"),
        ("1\t0\n", "1\t0\t0\t[1]\n", r"line 1: expected 3 tab-separated fields \(id, mean, text\)"),
    ],
)
def test_sentences_and_ratings_of_different_sets_are_told(
    texts: str, ratings: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        sentences(tmp_path, texts, ratings)


@pytest.mark.shared_data
def test_a_sentence_set_of_vader_is_read_whole(shared: Path) -> None:
    folder = "vader_icwsm2014/amazonReviewSnippets"
    found = real(
        shared,
        "vader-amazon",
        texts=f"{folder}_GroundTruth.txt",
        ratings=f"{folder}_anonDataRatings.txt",
    )
    assert len(found) == 3708
    assert found[0].text == "troubleshooting ad-2500 and ad-2600 no picture scrolling b/w."
    assert {rated(item, "valence").n for item in found} == {20}


def test_the_lexicon_of_vader_has_the_reliability_that_is_known() -> None:
    card = shipped("vader")
    found = items("vader", {"lexicon": locate(card.files()["lexicon"])})
    ratings = [rated(item, "valence").ratings or () for item in found]
    assert spearman_brown(ratings) == pytest.approx(0.964, abs=0.01)
