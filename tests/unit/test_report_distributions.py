"""What the page says of how answers spread."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.report.sections.distributions import findings
from emoalign.tables import DISTRIBUTIONS
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import report_job, study

from .test_report_small_studies import words

NORM_ROWS = norms()


def section(page: str) -> str:
    """The words of the section, without the rest of the page."""
    found = re.search(r'<section id="distributions".*?</section>', page, flags=re.DOTALL)
    assert found is not None
    return words(found[0])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    answers = ratings(NORM_ROWS)
    answers[3] = np.nan
    asked = study(protocols=("p", "q"), figures=["entropy"])
    rows = pd.concat([rating_rows(answers), rating_rows(ratings(NORM_ROWS, 4.0), protocol="q")])
    return make_page(tmp_path_factory.mktemp("study"), asked, rows, NORM_ROWS)


def test_half_of_the_people_stands_beside_the_model(page: str) -> None:
    text = section(page)
    for column in ("Perfect", "Half of people", "Others' mean", "Shuffled", "Uniform"):
        assert column in text
    assert re.search(r"Model m p words valence sampled JSD \(bits\) 29 0\.\d{3} \[0\.\d{3}", text)
    assert "Is the model unsure where people disagree?" in text
    assert "Whose distributions are nearer to people's?" in text
    assert "Label by label" not in text


def test_the_message_is_at_the_top_and_names_what_it_is_beside(page: str) -> None:
    text = words(page)
    assert "How answers spread (Words, valence): the nearest, Model m under p (sampled)" in text
    assert "One half of an item's raters is 0." in text


def test_items_that_were_left_out_are_counted(page: str) -> None:
    assert "Model m, p, words valence, sampled: 0 without single human ratings" in section(page)
    assert "0 with too few raters, 1 without a usable answer" in section(page)


def test_the_method_is_told_with_its_settings(page: str) -> None:
    text = words(page)
    assert "items that at least 3 people rated" in text
    assert "(5 folds by text)" in text


def test_labels_are_told_one_by_one(tmp_path: Path) -> None:
    choices = [[["joy"], ["joy", "fear"], ["anger"]], [["fear"], ["fear"], ["joy"]]] * 10
    chosen = [["joy"], ["fear", "anger"]] * 10
    asked = study(scales=(), labels=("emotions",))
    text = section(make_page(tmp_path, asked, label_rows(chosen), label_norms(choices)))
    assert "Label by label" in text
    assert "Model m p words emotions sampled anger 20" in text
    assert "Brier by label 20" in text


@pytest.mark.parametrize(
    ("norm_rows", "why"),
    [
        (NORM_ROWS.assign(ratings=None), "the norms have no single human ratings"),
        (
            NORM_ROWS.assign(ratings=[one[:2] for one in NORM_ROWS["ratings"]], n=2),
            "enough single human ratings (distributions: min_raters in the study)",
        ),
    ],
)
def test_without_single_ratings_the_page_says_what_is_missing(
    norm_rows: pd.DataFrame, why: str, tmp_path: Path
) -> None:
    page = make_page(tmp_path, study(), rating_rows(ratings(NORM_ROWS)), norm_rows)
    assert "Distributions of ratings cannot be compared" in words(page)
    assert why in words(page)


def test_a_model_nearer_than_the_mean_of_others_is_said_to_be_nearer() -> None:
    row = dict.fromkeys(DISTRIBUTIONS.schema.names, np.nan) | {
        **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout": "exact", "stratum": "all", "metric": "jsd", "value": 0.2},
        **{"value_low": 0.1, "value_high": 0.3, "marginal": 0.25, "human_halves": 0.4},
        "perfect": 0.1,
    }
    [[near, beside]] = findings(pd.DataFrame([row, row | {"value": 0.3}]), report_job())
    assert (
        f"the nearest, {report_job().models['m'].title} under p (exact), is 0.20 bits [0.10, 0.30]"
        in near
    )
    assert "nearer to people than people's mean distribution on other items" in near
    assert beside.startswith("One half of an item's raters is 0.40 from the other half")
    [[far, _]] = findings(pd.DataFrame([row | {"value": 0.3}]), report_job())
    assert "no nearer than people's mean distribution" in far


def test_predictions_of_a_baseline_are_no_headline() -> None:
    row = dict.fromkeys(DISTRIBUTIONS.schema.names, np.nan) | {
        **{"model": "roberta", "protocol": "(baseline)", "dataset": "words", "scale": "valence"},
        **{"readout": "exact", "stratum": "all", "metric": "jsd", "value": 0.2},
    }
    assert findings(pd.DataFrame([row]), report_job()) == []
