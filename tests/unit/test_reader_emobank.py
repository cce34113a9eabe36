"""EmoBank, in small and as its authors publish it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.readers.emobank import EmobankSource
from tests.kit.datasets import items, rated, real, shipped, spearman_brown, write

RATINGS = "id,V,A,D\na,3,3,3\na,4,2,3\na,1,1,1\nb,1,1,1\nb,1,1,1\nc,5,4,3\nc,5,5,5\nd,2,2,2\n"


SENTENCES = '"id","text"\n"a","None"\n"b","Hm."\n"c","Say ""hi""."\n"d","Hm."\n'


SPLITS = "id,split,V,A,D,text\na,train,3.5,2.5,3.0,None\nc,test,5.0,4.5,4.0,Say\n"


GENRES = "id\tdocument\tcategory\tsubcategory\na\tx\tblog\t \nb\tx\tblog\t \nc\ty\tessays\t \n"


def emobank(folder: Path, ratings: str = RATINGS, **changes: object) -> list[SourceItem]:
    files = {
        "ratings": write(folder / "ratings.csv", ratings),
        "texts": write(folder / "raw.csv", SENTENCES),
        "splits": write(folder / "emobank.csv", SPLITS),
        "categories": write(folder / "meta.tsv", GENRES),
    }
    return items("emobank", files, **changes)


def test_who_skipped_a_sentence_did_not_rate_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        a, c = emobank(tmp_path)
    assert (a.item_id, a.text, a.split, a.stratum) == ("a", "None", "train", "blog")
    assert (c.item_id, c.text, c.split, c.stratum) == ("c", 'Say "hi".', "test", "essays")
    assert (a.cluster, c.cluster) == ("x", "y")
    assert rated(a, "valence").ratings == (3, 4)
    assert rated(a, "arousal").ratings == (3, 2)
    assert rated(c, "dominance").sd == pytest.approx(np.std([3, 5], ddof=1))
    # What is left out is never left out in silence.
    assert "skipped the sentence (1, 1, 1): 3" in caplog.text
    assert "fewer than 2 people rated them: 2 of 4" in caplog.text


def test_sentences_are_in_no_cluster_unless_the_card_says_so(tmp_path: Path) -> None:
    assert {one.cluster for one in emobank(tmp_path, cluster=None)} == {None}
    source = shipped("emobank").source
    assert isinstance(source, EmobankSource)
    told = source.model_dump(exclude={"categories"})
    with pytest.raises(ValidationError, match=r"cluster: .* give meta\.tsv there"):
        EmobankSource.model_validate(told)


def test_skips_can_be_left_in_and_single_raters_too(tmp_path: Path) -> None:
    found = emobank(tmp_path, skips="keep", min_raters=1)
    assert [item.item_id for item in found] == ["a", "b", "c", "d"]
    assert rated(found[0], "valence").ratings == (3, 4, 1)


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ("id,V,A\na,3,3\n", r"no column 'D' \(D in the format of EmoBank\)"),
        ("id,V,A,D\na,3,3,x\n", "line 2, column 'D': expected a number, found 'x'"),
        ("id,V,A,D\nz,3,3,3\nz,2,3,3\n", "line 2: 'z' has no sentence in .*raw.csv"),
    ],
)
def test_damaged_ratings_of_emobank_are_told(ratings: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        emobank(tmp_path, ratings)


@pytest.fixture(scope="module")
def real_emobank(shared: Path) -> list[SourceItem]:
    return real(
        shared,
        "emobank",
        ratings="emobank/individual_reader_ratings.csv",
        texts="emobank/raw.csv",
        splits="emobank/emobank.csv",
        categories="emobank/meta.tsv",
    )


@pytest.mark.shared_data
def test_emobanks_own_means_of_readers_are_reproduced_exactly(
    shared: Path, real_emobank: list[SourceItem]
) -> None:
    official = pd.read_csv(shared / "emobank/reader.csv", keep_default_na=False)
    found = {item.item_id: item for item in real_emobank}
    assert set(found) == set(official["id"])
    scales = {"V": "valence", "A": "arousal", "D": "dominance"}
    for line in official.to_dict("records"):
        for letter, scale in scales.items():
            human = rated(found[line["id"]], scale)
            assert human.n == line["N"]
            assert round(human.mean, 2) == line[letter]
            # The authors divide by n.
            assert round(float(np.std(human.ratings or ())), 2) == line[f"std{letter}"]


@pytest.mark.shared_data
def test_emobanks_texts_and_splits_are_those_of_its_authors(
    real_emobank: list[SourceItem],
) -> None:
    texts = pd.Series([item.text for item in real_emobank])
    assert texts.duplicated().any()
    none = next(item for item in real_emobank if item.item_id == "easy_money_13624_13628")
    assert none.text == "None"
    counts = pd.Series([item.split for item in real_emobank]).value_counts()
    # Some sentences of the splits have writers' ratings only.
    assert (counts <= pd.Series({"train": 8062, "dev": 1000, "test": 1000})).all()
    assert counts.sum() > 9900
    assert {item.stratum for item in real_emobank} == {
        "fiction", "letters", "newspaper", "blog", "SemEval", "essays", "travel-guides",
    }  # fmt: skip


@pytest.mark.shared_data
def test_emobanks_documents_are_clusters_but_for_the_headlines_of_semeval(
    real_emobank: list[SourceItem],
) -> None:
    items = pd.DataFrame([{"cluster": one.cluster, "genre": one.stratum} for one in real_emobank])
    assert items["cluster"].isna().eq(items["genre"] == "SemEval").all()
    assert items.groupby("cluster")["genre"].nunique().eq(1).all()
    assert items["cluster"].nunique() == 135
    assert items["cluster"].value_counts().index[0] == "Nathans_Bylichka"


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("scale", "reliability"), [("valence", 0.714), ("arousal", 0.341), ("dominance", 0.316)]
)
def test_emobanks_reliability_is_as_known(
    scale: str, reliability: float, real_emobank: list[SourceItem]
) -> None:
    humans = [rated(item, scale) for item in real_emobank]
    ratings = [human.ratings or () for human in humans if (human.n or 0) >= 4]
    assert spearman_brown(ratings) == pytest.approx(reliability, abs=0.01)
