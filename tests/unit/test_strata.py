"""Samples spread over kinds of items: who is of which kind, how many of each, and who tops up."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from emoalign.errors import DataError
from emoalign.planning.studies import StudyDataset
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.readers.base import HumanLabels, HumanRatings, SourceItem
from emoalign.stimuli.selection import sample_ids, select, strata_of, stratified_ids
from emoalign.study.reading import read_yaml, validate
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.study.settings import Strata
from tests.kit.datasets import ROOT, shipped

BY_SD = {"statistic": "sd", "scales": ["V", "A"], "bounds": [0.3, 0.7], "closed": "left"}
BY_SD["names"] = ["high", "moderate", "low"]
BY_MEAN: dict[str, Any] = {"statistic": "mean", "scales": ["V"], "bounds": [2.5, 3.5]}
BY_MEAN["names"] = ["low", "middle", "high"]
BY_AGREEMENT = {"statistic": "agreement", "scales": ["emotions"]}
FIVE = HumanScale(min=1, max=5, direction="higher is more")
EMOTIONS = LabelScale(kind="labels", labels=("joy", "anger", "love"))
SCALES = {"V": FIVE, "A": FIVE, "emotions": EMOTIONS}


def strata(*by: dict[str, Any], **sizes: Any) -> Strata:
    return Strata.model_validate_json(
        pd.Series({"by": list(by), **(sizes or {"each": 1})}).to_json()
    )


def norms(**values: tuple[float, float]) -> pd.DataFrame:
    """Norms of items on V and A: (mean of V, SD of both)."""
    rows = [
        {"item_id": item, "scale": scale, "mean": mean, "sd": sd}
        for item, (mean, sd) in values.items()
        for scale in ("V", "A")
    ]
    return pd.DataFrame(rows)


def test_an_item_on_a_bound_belongs_where_the_study_says() -> None:
    rows = norms(a=(2.5, 0.3), b=(2.51, 0.29), c=(3.5, 0.7), d=(3.51, 0.69))
    assert strata_of(rows, strata(BY_SD, BY_MEAN), SCALES) == {
        "a": "moderate/low",
        "b": "high/middle",
        "c": "low/middle",
        "d": "moderate/high",
    }


def test_the_statistic_is_the_average_over_its_scales() -> None:
    rows = pd.DataFrame({"item_id": "a", "scale": ["V", "A"], "mean": 3.0, "sd": [0.0, 0.58]})
    assert strata_of(rows, strata(BY_SD), SCALES) == {"a": "high"}


def test_an_item_without_the_statistic_is_in_no_stratum() -> None:
    rows = norms(a=(3, 0.5), b=(3, float("nan")))
    assert set(strata_of(rows, strata(BY_SD), SCALES)) == {"a"}
    assert set(strata_of(rows, strata(BY_MEAN), SCALES)) == {"a", "b"}


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ([["joy"], ["joy"], ["joy"]], "full"),
        ([["joy", "love"], ["love", "joy"]], "full"),
        ([["joy"], ["joy", "love"]], "partial"),
        ([["joy"], ["joy"], ["anger"]], "partial"),
        ([["joy"], ["anger"], ["love"]], "none"),
        ([["joy", "love"], ["anger"]], "none"),
        ([["joy"]], "full"),
    ],
)
def test_people_agree_fully_partly_or_not_at_all(choices: list[list[str]], kind: str) -> None:
    rows = pd.DataFrame({"item_id": ["a"], "scale": "emotions", "labels": [choices]})
    assert strata_of(rows, strata(BY_AGREEMENT), SCALES) == {"a": kind}


KINDS = {f"item-{n:03d}": "rare" if n % 20 == 0 else "common" for n in range(200)}


def test_each_stratum_gives_its_number_or_all_it_has_and_the_rest_tops_up() -> None:
    drawn = stratified_ids(KINDS, {"rare": 30, "common": 30}, 60, seed=1)
    assert drawn == sorted(drawn)
    assert Counter(KINDS[item] for item in drawn) == {"rare": 10, "common": 50}
    assert len(stratified_ids(KINDS, {"rare": 5, "common": 30}, None, seed=1)) == 35


def test_a_draw_depends_on_the_seed_and_on_nothing_else() -> None:
    wanted = {"rare": 5, "common": 30}
    drawn = stratified_ids(KINDS, wanted, 50, seed=1)
    backwards = dict(reversed(KINDS.items()))
    assert stratified_ids(backwards, dict(reversed(wanted.items())), 50, seed=1) == drawn
    assert stratified_ids(KINDS, wanted, 50, seed=2) != drawn


def test_a_larger_sample_contains_the_smaller_one() -> None:
    wanted = {"rare": 5, "common": 30}
    small, large = (set(stratified_ids(KINDS, wanted, size, seed=1)) for size in (40, 90))
    assert small < large


def test_one_stratum_is_a_plain_sample() -> None:
    one = dict.fromkeys(KINDS, "all")
    assert stratified_ids(one, {"all": 7}, None, seed=3) == sample_ids(KINDS, 7, seed=3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"by": [{**BY_MEAN, "names": ["a", "b"]}], "each": 1}, "2 bounds make 3 classes"),
        ({"by": [{**BY_MEAN, "names": ["a", "b", "a"]}], "each": 1}, "different names"),
        ({"by": [{**BY_MEAN, "bounds": [3, 2]}], "each": 1}, "ascending"),
        ({"by": [{**BY_AGREEMENT, "bounds": [1]}], "each": 1}, "agreement has the classes"),
        ({"by": [BY_MEAN]}, "give either each or sizes"),
        ({"by": [BY_MEAN], "each": 1, "sizes": {"low": 1}}, "give either each or sizes"),
        ({"by": [BY_MEAN], "sizes": {"lo": 1}}, "no stratum 'lo'; there are low, middle, high"),
    ],
)
def test_strata_that_make_no_sense_are_refused(content: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Strata.model_validate_json(pd.Series(content).to_json())


# A study that takes them


COMMENTS = {
    "full-a": [["joy"]] * 3,
    "full-b": [["anger"]] * 3,
    "part-a": [["joy"], ["joy"], ["anger"]],
    "part-b": [["joy"], ["joy", "anger"], ["anger"]],
    "none-a": [["joy"], ["anger"], ["neutral"]],
    "few": [["joy"], ["joy"]],
}


def comments() -> list[SourceItem]:
    return [
        SourceItem(
            item_id=item_id,
            text=item_id,
            ratings={"emotions": HumanLabels(tuple(map(tuple, choices)))},
        )
        for item_id, choices in COMMENTS.items()
    ]


def job(**changes: Any) -> PreparationJob:
    fields: dict[str, Any] = {
        "dataset": "comments",
        "modality": "sentence",
        "source": {"reader": "goemotions", "ratings": [{"file": "comments.csv"}]},
        "keep": None,
        "scales": {"emotions": {"kind": "labels", "labels": ["joy", "anger", "neutral"]}},
        "sample": None,
        "seed": 1,
        "excluded_texts": (),
        "shard_items": None,
    }
    return PreparationJob.model_validate(fields | changes)


def test_items_know_their_stratum_and_too_few_raters_leave_an_item_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sizes = {"full": 1, "partial": 2, "none": 1}
    with caplog.at_level("INFO"):
        selection = select(
            comments(), job(strata={"by": [BY_AGREEMENT], "sizes": sizes}, min_raters=3)
        )
    drawn = selection.items
    assert [item.stratum for item in drawn].count("partial") == 2
    assert {item.item_id for item in drawn} >= {"part-a", "part-b", "none-a"}
    assert "few" not in {item.item_id for item in drawn}
    assert selection.in_words("sentence") == (
        "Of 6 sentences, 1 with fewer than 3 human ratings on emotions was excluded. The sample "
        "was drawn from the remaining 5."
    )
    assert "stratum full: 1 of 2 items" in caplog.text


def test_where_norms_are_estimated_too_few_raters_count_as_none_and_leave_out_no_item() -> None:
    people = {"few": (2, 9), "one": (9, 1), "many": (3, 3), "unknown": (None, 3), "none": ()}
    items = [
        SourceItem(
            item_id=name,
            text=name,
            ratings={
                scale: HumanRatings(3.0, 1.0, n, None)
                for scale, n in zip(("V", "A"), numbers, strict=False)
            },
            by_group={"V": {}, "A": {}},
        )
        for name, numbers in people.items()
    ]
    scale = {"min": 1, "max": 5, "direction": "higher is more"}
    asked = job(scales={"V": scale, "A": scale}, modality="word", min_raters=3)
    kept = select(items, replace_in(asked, unrated=True))
    assert {item.item_id: list(item.ratings) for item in kept.items} == {
        "few": ["A"],
        "many": ["V", "A"],
        "none": [],
        "one": ["V"],
        "unknown": ["V", "A"],
    }
    assert {item.item_id: list(item.by_group) for item in kept.items}["few"] == ["A"]
    assert kept.in_words("word") == "Ratings by fewer than 3 people (2 words) count as none."
    # Without estimates such items are left out, as ever; and one rater is enough by default.
    assert [item.item_id for item in select(items, asked).items] == ["many", "unknown"]
    assert select(items, replace_in(asked, unrated=True, min_raters=1)).in_words("word") == ""


def replace_in(job: PreparationJob, **changes: Any) -> PreparationJob:
    return job.model_copy(update=changes)


def test_a_sample_that_the_strata_cannot_fill_is_refused() -> None:
    strata = {"by": [BY_AGREEMENT], "each": 1}
    with pytest.raises(DataError, match=r"sample of 6, but only 5 of 6 sentences.*: 1 with fewer"):
        select(comments(), job(strata=strata, min_raters=3, sample=6))


def test_a_study_says_what_is_wrong_with_its_strata() -> None:
    entry, problems = validate(
        StudyDataset,
        {"dataset": "d", "sample": 2, "strata": {"by": [BY_AGREEMENT], "each": 1}},
        "study.yaml",
    )
    assert entry is None
    assert problems[0].startswith("study.yaml: the strata ask for 3 items, but sample is 2")


PUBLISHED = {
    "high/negative": 36,
    "high/neutral": 2_763,
    "high/positive": 40,
    "moderate/negative": 643,
    "moderate/neutral": 3_488,
    "moderate/positive": 461,
    "low/negative": 2_139,
    "low/neutral": 772,
    "low/positive": 206,
}


@pytest.mark.shared_data
def test_emobank_falls_into_the_nine_cells_of_the_published_study(
    shared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        "ratings": "emobank/individual_reader_ratings.csv",
        "texts": "emobank/raw.csv",
        "splits": "emobank/emobank.csv",
        "categories": "emobank/meta.tsv",
    }
    card = shipped("emobank")
    source = card.source.model_copy(update={"skips": "keep"})
    sentences = source.read({place: shared / file for place, file in files.items()})
    (entry,) = [
        entry
        for entry in read_yaml(ROOT / "config/studies/inoshita2026.yaml")[0]["datasets"]
        if entry["dataset"] == "emobank"
    ]
    taken = {"strata": entry["strata"], "sample": entry["sample"], "scales": card.scales}
    for seed in range(3):
        with caplog.at_level("INFO"):
            drawn = select(sentences, job(**taken, dataset="emobank", seed=seed)).items
        assert len(drawn) == 2_000
        kinds = Counter(str(item.stratum).partition("/")[0] for item in drawn)
        off = {
            kind: kinds[kind] - count
            for kind, count in {"high": 408, "moderate": 836, "low": 757}.items()
        }
        assert all(abs(count) <= 30 for count in off.values()), off
    for name, count in PUBLISHED.items():
        assert re.search(rf"stratum {name}: \d+ of {count} items", caplog.text)
