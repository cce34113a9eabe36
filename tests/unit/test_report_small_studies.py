"""Small studies: all stages run, and the report says what could not be computed and why."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.planning.studies import LoadedStudy
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import study, words_of

NORM_ROWS = norms()
ANSWERS = ratings(NORM_ROWS)
REFUSED = np.full((30, 10), np.nan)
DRAWN = ("calibration", "entropy", "transparency")
"""Figures of poor studies that test_figures.py does not draw."""
UNRATED = NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0, ratings=None)


def told(folder: Path, asked: LoadedStudy, rows: pd.DataFrame, norm_rows: pd.DataFrame) -> str:
    """The words of the page of a study; none of them is a value that leaked."""
    text = words_of(make_page(folder, asked, rows, norm_rows))
    manifest = text.index("Show the manifest")
    assert not re.search(r"\b(nan|NaN|None|NaT|inf)\b", text[:manifest])
    in_words = r"(?<!\w)((r|ρ|median of) ?[=<]?|p ?[=<]) −?0\.\d"  # p alone is a protocol here
    assert not re.search(in_words, text[:manifest]), "coefficients have no zero before the point"
    return text


@pytest.mark.parametrize(
    ("answers", "norm_rows", "sentences"),
    [
        (
            ANSWERS,
            NORM_ROWS,
            [
                "this study has no such pair",
                "this study does not have both",
                "No protocol asked for more than one of sampled answers, exact probabilities and "
                "decisions",
                "Yes: the one positive correlation (95% interval above 0) stayed above 0 in every "
                "check with an interval (within thirds, and within negative and positive items, "
                "pooled).",
                "Every condition has a rating of every item that people rated.",
            ],
        ),
        (
            REFUSED,
            NORM_ROWS,
            [
                "For Words, mean valence ratings by Model m could not be correlated with human "
                "means (sampled answers): no item has both a model rating and a human rating",
                "No item has both a model's mean and a human mean",
                "No condition has a correlation with human means, so there is none to check.",
                "gave a rating in only 0% of its sampled answers",
                "No expectation from a published study could be checked",
            ],
        ),
        (
            np.full((30, 10), 5.0),
            NORM_ROWS,
            [
                "(sampled answers): the model's means, or the human means, are the same for all "
                "items",
                "under p gave the same rating of valence, to each of 30 items of words (300 "
                "ratings), although they were sampled at a temperature above 0",
            ],
        ),
        (
            ANSWERS,
            UNRATED,
            [
                "Of 30 words (Words), none has both a valence rating by Model m and a human one",
                "No item has a human rating, so agreement among people is unknown",
                "No item has both a model's mean and a human mean",
            ],
        ),
        (
            ANSWERS,
            NORM_ROWS.assign(sd=np.nan, ratings=None),
            [
                "r = ",
                "several items need two or more ratings each, or SDs and numbers of raters",
                "no item has two or more human ratings, or an SD in the norms",
            ],
        ),
        (ANSWERS, NORM_ROWS.assign(ratings=None), ["means, SDs and numbers of raters"]),
        (ANSWERS[:2], NORM_ROWS[:2], ["(sampled answers): only 2 items can be compared"]),
        (ANSWERS[:1], NORM_ROWS[:1], ["(sampled answers): only 1 item can be compared"]),
    ],
    ids=[
        "one model, protocol, scale and readout",
        "all refused",
        "constant",
        "no human data",
        "no human SD",
        "no raw ratings",
        "two items",
        "one item",
    ],
)
def test_a_small_study_says_what_could_not_be_computed(
    tmp_path: Path, answers: np.ndarray, norm_rows: pd.DataFrame, sentences: list[str]
) -> None:
    text = told(tmp_path, study(figures=DRAWN), rating_rows(answers), norm_rows)
    for sentence in sentences:
        assert sentence in text


def test_a_cell_with_every_answer_refused_stands_beside_the_others(tmp_path: Path) -> None:
    rows = pd.concat(
        [rating_rows(ANSWERS, protocol="p"), rating_rows(REFUSED, protocol="q", text="I will not.")]
    )
    text = told(tmp_path, study(protocols=("p", "q")), rows, NORM_ROWS)
    assert "; r undefined (no item has both a model rating and a human rating), under q." in text
    assert "“I will not.”" in text
    assert "1 could not be tested; the last column says why." in text


CHOICES = [[["joy"], ["joy", "anger"]], [["fear"], ["anger"]]]
LABELS_ONLY = study(scales=(), labels=("emotions",), figures=DRAWN)


def test_a_study_of_labels_alone_is_about_labels(tmp_path: Path) -> None:
    rows = label_rows([["joy"], ["fear"]] * 6)
    text = told(tmp_path, LABELS_ONLY, rows, label_norms(CHOICES * 6))
    assert (
        "Model m chose from 3 labels for 12 words of Words (emotions, under p, sampled answers)"
        in text
    )
    assert "Do models order and place items" not in text


@pytest.mark.parametrize(
    ("chosen", "rated", "why"),
    [
        (
            [["joy"]] * 12,
            False,
            "no item has both a choice of labels by the model and one by people",
        ),
        ([None] * 12, True, "none of its answers was a choice of labels"),
    ],
    ids=["nobody rated", "all refused"],
)
def test_labels_that_cannot_be_compared_say_why(
    tmp_path: Path, chosen: list[list[str] | None], rated: bool, why: str
) -> None:
    people = label_norms(CHOICES * 6 if rated else [None] * 12)
    text = told(tmp_path, LABELS_ONLY, label_rows(chosen), people)
    assert f"cannot be compared with people for Words, emotions, under p: {why}" in text


def test_copies_and_answers_of_other_models_are_told_beside_the_counts(tmp_path: Path) -> None:
    rows = rating_rows(ANSWERS)
    served = rows.assign(
        model_reported=["gpt-4o-2024-08-06"] * 200 + ["other<b>"] * 100,
        reply_id=[f"reply-{place % 150}" for place in range(300)],
        request_id=[f"request-{place // 10}" for place in range(300)],
    )
    text = told(tmp_path, study(), served, NORM_ROWS)
    assert "Check this before you rely on the numbers" in text
    assert (
        "Answers of Model m under p about valence of words come from several models, by the names "
        "in its replies: 'gpt-4o-2024-08-06' (200 answers), 'other<b>' (100 answers)." in text
    )
    assert "150 reply ids of Model m belong to more than one request." in text
    assert "gave the same rating" not in text
