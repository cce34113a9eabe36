"""GoEmotions: rater by rater, and the published splits."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import pytest

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.fields import FileSource
from tests.kit.datasets import chosen, items, real, shipped, write

LABELS = (
    "admiration,amusement,anger,annoyance,approval,caring,confusion,curiosity,desire,"
    "disappointment,disapproval,disgust,embarrassment,excitement,fear,gratitude,grief,joy,love,"
    "nervousness,optimism,pride,realization,relief,remorse,sadness,surprise,neutral"
)


PEOPLE = "author,subreddit,link_id,parent_id,created_utc,rater_id"


HEADER = f"text,id,{PEOPLE},example_very_unclear,{LABELS}\n"


def row(comment: str, item_id: str, *labels: str, unclear: str = "False") -> str:
    cells = ["1" if name in labels else "0" for name in LABELS.split(",")]
    who = "famous_author,pics,t3,t1,1548381039.0,worker37"
    return f'"{comment}",{item_id},{who},{unclear},{",".join(cells)}\n'


def goemotions(folder: Path, *parts: str) -> list[SourceItem]:
    files = [write(folder / f"part{place}.csv", HEADER + part) for place, part in enumerate(parts)]
    paths = {f"ratings.{place}": path for place, path in enumerate(files)}
    for name in ("train", "dev", "test"):
        paths[f"splits.{name}"] = write(folder / f"{name}.tsv", f"a {name} text\t27\tid-{name}\n")
    ratings = tuple(FileSource(file=str(path)) for path in files)
    return items("goemotions", paths, ratings=ratings)


def test_rows_of_a_comment_are_found_in_all_files(tmp_path: Path) -> None:
    one, other = goemotions(
        tmp_path,
        row('it is a ""form""', "id-train", "joy") + row("what?", "x", "anger", "fear"),
        row("what?", "x", "neutral", unclear="FALSE")
        + row('it is a ""form""', "id-train", unclear="TRUE"),
    )
    assert (one.item_id, one.text, one.split) == ("id-train", 'it is a "form"', "train")
    assert chosen(one) == (("joy",),)
    assert (other.split, chosen(other)) == (None, (("anger", "fear"), ("neutral",)))


def test_nothing_is_kept_of_who_wrote_and_who_rated(tmp_path: Path) -> None:
    found = goemotions(tmp_path, row("hello", "x", "joy"))
    assert not any(name in repr(found) for name in ("famous_author", "worker37", "pics"))


def test_comments_that_everybody_called_unclear_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = goemotions(tmp_path, row("hm", "x", unclear="True") + row("oh", "y", "joy"))
    assert [item.item_id for item in found] == ["y"]
    assert "1 rows without labels" in caplog.text
    assert "1 of 2 comments have no others" in caplog.text


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (row("a", "x", "joy").replace(",1,", ",2,"), "line 2, column joy: expected 0 or 1"),
        (row("a", "x", unclear="maybe"), "line 2, column example_very_unclear: expected True or"),
        (row("a", "x") + row("b", "x"), "line 3: the text of x differs from that in .*line 2"),
        ("a,b\n", "line 2: expected 37 fields"),
    ],
)
def test_damaged_raw_files_are_told(part: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        goemotions(tmp_path, part)


def splits(folder: Path, train: str, labels: str = "joy\nfear\nneutral") -> list[SourceItem]:
    files = {"labels": write(folder / "emotions.txt", labels)}
    for name, text in (("train", train), ("dev", ""), ("test", 'a "b\t0\ttest-1\n')):
        files[f"splits.{name}"] = write(folder / f"{name}.tsv", text)
    return items("goemotions-splits", files)


def test_splits_name_their_labels_by_number_and_quotes_are_characters(tmp_path: Path) -> None:
    first, second = splits(tmp_path, '"It is\t1,2\tid-1\n')
    assert (first.text, first.split, chosen(first)) == ('"It is', "train", (("fear", "neutral"),))
    assert (second.text, second.split, chosen(second)) == ('a "b', "test", (("joy",),))


@pytest.mark.parametrize("numbers", ["3", "", "joy", "1;2", "-1"])
def test_a_number_without_a_label_is_told(numbers: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1: expected label numbers from 0 to 2"):
        splits(tmp_path, f"a\t{numbers}\tx\n")


@pytest.mark.shared_data
def test_goemotions_splits_have_their_published_sizes(shared: Path) -> None:
    files = {f"splits.{name}": f"goemotions/{name}.tsv" for name in ("train", "dev", "test")}
    found = real(shared, "goemotions-splits", labels="goemotions/emotions.txt", **files)
    counts = pd.Series([item.split for item in found]).value_counts().to_dict()
    assert counts == {"train": 43410, "dev": 5426, "test": 5427}
    card = shipped("goemotions-splits").scales["emotions"]
    used = {label for item in found for one in chosen(item) for label in one}
    assert used == set(card.labels)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["raw_first_4999rows_no_rater_id.csv", "raw_goemotions_1_head10_author_redacted.csv"]
)
def test_slices_of_the_raw_goemotions_are_read(name: str, shared: Path) -> None:
    path = shared / "goemotions" / name
    rows = pd.read_csv(path, keep_default_na=False)
    told = {"ratings": (FileSource(file=str(path)),), "splits": {}}
    found = items("goemotions", {"ratings.0": path}, **told)
    clear = rows[~rows["example_very_unclear"].astype(bool)]
    assert len(found) == clear["id"].nunique()
    labels = LABELS.split(",")
    assert sum(len(one) for item in found for one in chosen(item)) == clear[labels].sum().sum()
    assert all(chosen(item) for item in found)
