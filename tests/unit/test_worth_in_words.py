"""Numbers of people in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.alignment.worth import with_worth
from emoalign.report.section import Finding
from emoalign.report.worth_in_words import as_good_as, people, with_interval
from emoalign.tables import RATERS_WORTH
from emoalign.wording import as_stated
from tests.kit.words import report_job

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("numbers", "told", "short"),
    [
        ((6.8, 5.1, 11.2), "as good as the mean of 7 people, 95% CI [5, 11]", "7 [5, 11]"),
        ((2.56, 2.04, 3.32), "as good as the mean of 2.6 people, 95% CI [2.0, 3.3]", None),
        (
            (0.3723, 0.261, 0.541),
            "less good than one person's (k = 0.37, 95% CI [0.26, 0.54])",
            "0.37 [0.26, 0.54]",
        ),
        ((0.0, 0.0, 0.01), "less good than one person's (k = 0.00, 95% CI [0.00, 0.01])", None),
        ((1.02, 0.71, 1.5), "as good as one person's, 95% CI [0.7, 1.5]", None),
        ((0.996, 0.7, 1.5), "as good as one person's, 95% CI [0.70, 1.50]", None),
        (
            (INF, 12.3, INF),
            "as good as the mean of any number of people, as far as these data can tell "
            "(95% CI [12, ∞])",
            "∞ [12, ∞]",
        ),
        ((40.0, 9.0, INF), "as good as the mean of 40 people, 95% CI [9, ∞]", "40 [9, ∞]"),
        ((3.0, NAN, NAN), "as good as the mean of 3.0 people (no interval)", "3.0"),
        ((0.5, NAN, NAN), "less good than one person's (k = 0.50, no interval)", "0.50"),
    ],
)
def test_a_number_of_people_is_told_so_that_it_is_understood(
    numbers: tuple[float, float, float], told: str, short: str | None
) -> None:
    assert as_good_as(*numbers) == told
    if short is not None:
        assert with_interval(*numbers) == short


def test_what_is_unknown_is_a_dash() -> None:
    assert with_interval(NAN, NAN, NAN) == "–"
    assert people(5.0) == "5"


def worth(**changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(RATERS_WORTH.schema.names, NAN) | {
        **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout": "sampled", "n_models": 1, "answers": NAN, "reason": None, "r": 0.9},
        **{"k": 7.0, "k_low": 5.0, "k_high": 11.0, "phi": 0.4},
        **{"k_error": 7.4, "k_error_low": 5.3, "k_error_high": 12.0},
    }
    return row | changes


def told(*rows: dict[str, Any], **study: Any) -> list[str]:
    about = {"dataset": "words", "scale": "valence", "model": "m"}
    finding = Finding(["The message.", "More."], **about)
    summary = ["Of all conditions."]
    job = report_job(**study)
    first, second = with_worth([summary, finding], pd.DataFrame(rows), job)
    assert first == summary
    assert isinstance(second, Finding)
    assert second.about == about
    return second


def test_the_worth_follows_the_message_of_a_finding() -> None:
    curve = worth(answers=1.0, k=1.0)
    average = worth(model=None, n_models=3, k=20.0)
    assert told(worth(), curve, average) == [
        "The message.",
        "For ranking words, these ratings are as good as the mean of 7 people, 95% CI [5, 11]. For "
        "predicting mean ratings, they are as good as the mean of 7 people, 95% CI [5, 12]; the "
        "same rating for all words would be worth k = 0.40.",
        "More.",
    ]
    assert told(worth(k=NAN)) == ["The message.", "More."]
    assert told(worth(model="n"), models=("m", "n")) == ["The message.", "More."]


def test_of_several_protocols_the_one_with_the_highest_r_is_told() -> None:
    rows = [
        worth(protocol="q", r=0.95, k=9.0),
        worth(readout="exact", r=0.8, k=3.0, k_low=2.0, k_high=4.0),
        worth(r=0.99, k=50.0),
    ]
    sentence = told(*rows, protocols=("p", "q"))[1]
    assert sentence.startswith(
        "For ranking words, those under q (sampled answers), the best of them, are as good as the "
        "mean of 9 people"
    )


def test_a_model_that_reverses_the_order_is_not_called_a_good_predictor() -> None:
    assert told(worth(r=-0.9, k=0.0, k_low=0.0, k_high=0.0))[1] == (
        "For ranking words, these ratings are less good than one person's (k = 0.00, 95% CI "
        "[0.00, 0.00])."
    )


@pytest.mark.parametrize(
    ("value", "bounded", "told"),
    [
        (0.1, True, ".10"),
        (0.125, True, ".125"),
        (0.005, True, ".005"),
        (0, True, ".00"),
        (1e-5, True, ".00001"),
        (0.5, False, "0.50"),
        (1, False, "1.00"),
        (1.125, False, "1.125"),
    ],
)
def test_what_a_study_states_is_quoted_with_all_of_its_decimals(
    value: float, bounded: bool, told: str
) -> None:
    assert as_stated(value, bounded=bounded) == told
