"""What the page says of how answers spread."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.distributions.in_words import findings
from emoalign.tables import CELL_KEY, DISTRIBUTION_CONTRASTS, DISTRIBUTIONS
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import report_job, study, words_of

NORM_ROWS = norms()


def section(page: str) -> str:
    """The words of the section, without the rest of the page."""
    found = re.search(r'<section id="distributions".*?</section>', page, flags=re.DOTALL)
    assert found is not None
    return words_of(found[0])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    answers = ratings(NORM_ROWS)
    answers[3] = np.nan
    asked = study(protocols=("p", "q"), figures=["entropy"])
    rows = pd.concat([rating_rows(answers), rating_rows(ratings(NORM_ROWS, 4.0), protocol="q")])
    return make_page(tmp_path_factory.mktemp("study"), asked, rows, NORM_ROWS)


def test_half_of_the_people_stands_beside_the_model(page: str) -> None:
    text = section(page)
    for column in (
        "Perfect model",
        "Half of raters",
        "Human average",
        "Shuffled items",
        "Uniform guess",
    ):
        assert column in text
    assert re.search(r"\bp JSD \(bits\) 29 0\.\d{3} \[0\.\d{3}", text)
    assert "Are the model's answers more varied where human raters disagree?" in text
    assert "Which distributions are closer to the human ones?" in text
    assert "Label by label" not in text


def test_the_message_is_at_the_top_and_names_what_it_is_beside(page: str) -> None:
    text = words_of(page)
    assert (
        "Distributions of answers (Words, valence): the mean Jensen–Shannon divergence (JSD) from "
        "the human distributions was" in text
    )
    assert "bits in 2 conditions (model × protocol × way of reading the answer)." in text
    assert "for Model m under p (sampled answers) and" in text
    assert "two random halves of an item's raters differ by 0." in text


def test_items_that_were_left_out_are_counted(page: str) -> None:
    assert (
        "Model m under p (sampled answers), Words, valence: 1 without a usable answer"
        in section(page)
    )
    assert "without single human ratings" not in section(page)


def test_the_method_is_told_with_its_settings(page: str) -> None:
    text = words_of(page)
    assert "items with at least 3 raters" in text
    assert "(5 folds of items)" in text


def test_labels_are_told_one_by_one(tmp_path: Path) -> None:
    choices = [[["joy"], ["joy", "fear"], ["anger"]], [["fear"], ["fear"], ["joy"]]] * 10
    chosen = [["joy"], ["fear", "anger"]] * 10
    asked = study(scales=(), labels=("emotions",))
    text = section(make_page(tmp_path, asked, label_rows(chosen), label_norms(choices)))
    assert "Label by label" in text
    assert "All rows: Model Model m · Protocol p · Scale emotions · Readout sampled" in text
    assert " anger 20 " in text
    assert "Brier by label 20" in text


@pytest.mark.parametrize(
    ("norm_rows", "why"),
    [
        (
            NORM_ROWS.assign(ratings=None),
            "the human ratings are known only as summaries, not as single ratings",
        ),
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
    assert "Distributions cannot be compared" in words_of(page)
    assert why in words_of(page)


CELL = {"model": "m", "protocol": "p", "dataset": "words", "scale": "valence", "readout": "exact"}
OF_CELL = {"stratum": "all", "metric": "jsd", "value": 0.6, "value_low": 0.5, "value_high": 0.7}
OF_CELL |= {"human_halves": 0.4, "perfect": 0.1}


def distances(*rows: dict[str, object]) -> pd.DataFrame:
    base = dict.fromkeys(DISTRIBUTIONS.schema.names, np.nan) | CELL | OF_CELL
    return pd.DataFrame([base | row for row in rows])


def contrasts(*rows: dict[str, object]) -> pd.DataFrame:
    """Contrasts, each with a clear difference of the sign that it names."""
    base = dict.fromkeys(DISTRIBUTION_CONTRASTS.schema.names, np.nan) | {
        **{"dataset": "words", "scale": "valence", "readout": "exact", "p_holm": 0.001},
    }
    made = []
    for row in rows:
        sign = row.pop("sign")
        ends = {"difference": 0.1 * sign, "difference_low": 0.1 * sign - 0.05}
        made.append(
            base | ends | {"difference_high": 0.1 * sign + 0.05, "signedrank_z": sign} | row
        )
    return pd.DataFrame(made, columns=list(base))


def between(metric: str, sign: float, **told: object) -> dict[str, object]:
    """p against q of the model m: below 0, p is nearer."""
    return {"kind": "protocol", "within": "m", "a": "p", "b": "q", "metric": metric} | {
        "sign": sign,
        **told,
    }


def guess(metric: str, sign: float, b: str = "uniform", **told: object) -> dict[str, object]:
    return {
        "kind": "guess",
        "within": "p",
        "a": "m",
        "b": b,
        "metric": metric,
        "sign": sign,
        **told,
    }


JOB = report_job(protocols=("p", "q"))
UNCLEAR = {"p_holm": 0.126}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            [between("jsd", -1), between("rps", -1), between("w1", -1)],
            "With Model m (exact probabilities), answers under p are closer to people's than under "
            "q by all of JSD, RPS and W1.",
        ),
        (
            [between("jsd", -1, **UNCLEAR), between("rps", 1), between("w1", 1)],
            "With Model m (exact probabilities), the metrics do not all agree: by RPS and W1, "
            "answers under q are closer to people's than under p; by JSD, the answers under p and "
            "q do not differ clearly in how close they are to people's.",
        ),
        (
            [between("jsd", -1), between("rps", 1), between("w1", 1)],
            "With Model m (exact probabilities), the metrics disagree: by JSD, answers under p are "
            "closer to people's than under q; by RPS and W1, answers under q are closer to "
            "people's than under p.",
        ),
        (
            [between("jsd", -1, **UNCLEAR), between("rps", 1, difference_low=-0.1)],
            "With Model m (exact probabilities), the answers under p and q do not differ clearly "
            "in how close they are to people's, whether by JSD or RPS.",
        ),
        (
            [between("jsd", -1, signedrank_z=2.0)],
            "With Model m (exact probabilities), the answers under p and q do not differ clearly "
            "in how close they are to people's.",
        ),
        (
            [guess("jsd", 1), guess("rps", -1)],
            "By JSD, Model m under p (exact probabilities) is farther from the human distributions "
            "than a uniform guess",
        ),
        (
            [guess("jsd", -1), guess("rps", -1)],
            "By JSD and RPS, Model m under p (exact probabilities) is closer to the human "
            "distributions than a uniform guess (all answers equally likely).",
        ),
        (
            [guess("jsd", -1, **UNCLEAR), guess("rps", -1)],
            "By JSD, Model m under p (exact probabilities) is not clearly closer to the human "
            "distributions than a uniform guess",
        ),
        (
            [guess("jsd", 1, b="marginal")],
            "is farther from the human distributions than the human average",
        ),
        (
            [guess("jsd", -1), guess("jsd", 1, within="q")],
            "In 1 of 2 conditions, the model was closer by JSD to the human distributions than a "
            "uniform guess (all answers equally likely). Farther away than that: Model m under q "
            "(exact probabilities) by JSD.",
        ),
    ],
)
def test_a_winner_is_named_where_contrasts_say_so(
    told: list[dict[str, object]], sentence: str
) -> None:
    rows = distances({}, {"protocol": "q", "value": 0.3})
    [sentences] = findings(rows, contrasts(*map(dict, told)), {}, JOB)
    text = " ".join(sentences)
    assert sentence in text
    assert ("are closer" in text) == ("are closer" in sentence)


def test_little_probability_on_the_scale_stands_beside_a_distance() -> None:
    usable = {tuple(CELL[name] for name in CELL_KEY): 0.29}
    [[first, *_]] = findings(distances({}), contrasts(), usable, JOB)
    assert first.endswith(
        "was 0.60 bits, 95% CI [0.50, 0.70], for Model m under p (exact probabilities; 29% of the "
        "returned probability is on the scale)."
    )


def test_many_verdicts_are_counted() -> None:
    rows = [between("jsd", -1, within=f"m{place}") for place in range(3)]
    rows += [between("jsd", 1, within="m8", **UNCLEAR)]
    rows += [between("jsd", -1, within="m9"), between("rps", 1, within="m9")]
    [sentences] = findings(distances({}), contrasts(*rows), {}, JOB)
    assert (
        "Paired contrasts were made within 5 sets of conditions (all models under one protocol, or "
        "all protocols of one model, with one readout). In 3 of them, the same model or protocol "
        "is closest to people by every metric; in 1, the metrics disagree; in 1, none is closest "
        "by every metric." in sentences
    )


def test_predictions_of_a_baseline_are_no_headline() -> None:
    row: dict[str, object] = {"model": "roberta", "protocol": "(baseline)"}
    assert list(findings(distances(row), contrasts(), {}, JOB)) == []
