"""Sentences of the report that would be false of some studies, and the studies they are said of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.elicitation.engines.registry import ENGINES
from emoalign.planning.studies import LoadedStudy
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings
from tests.kit.words import study

from .test_report_small_studies import told

NORM_ROWS = norms()
ANSWERS = ratings(NORM_ROWS)
CARELESS = np.random.default_rng(4).integers(1, 10, (30, 10)).astype(float)
CHOICES = [[["joy"], ["joy", "anger"], ["joy"]], [["fear"], ["anger"], ["fear"]]] * 6
CHOSEN = label_rows([["joy"], ["fear"]] * 6)
Made = tuple[LoadedStudy, pd.DataFrame, pd.DataFrame]


def asked(*protocols: str, **told: object) -> LoadedStudy:
    """A study in which ten participants are asked."""
    every = {name: {"participants": 10} for name in protocols or ("p",)}
    return study(protocols=every, **told)


def recorded(column: str) -> LoadedStudy:
    """A study of ratings that were there before, or of answers, in a column of a table."""
    card = {"title": "Model m", "engine": "recorded", "source": {"file": "m.csv"}}
    card |= {"columns": {"item": "id", column: "said"}, "scale": "valence"}
    return replace(asked(), models={"m": ENGINES["recorded"].model_validate(card)})


def exact(mass: float, **names: str) -> pd.DataFrame:
    """Probabilities around people's means, so much of them on the scale."""
    apart = np.arange(1, 10) - NORM_ROWS["mean"].to_numpy()[:, None]
    heights = np.exp(-(apart**2) / 4)
    shares = mass * heights / heights.sum(axis=1, keepdims=True)
    rows = rating_rows(np.full((30, 1), np.nan), **names)
    numbers = {"rating": np.nan, "off_scale_mass": 1 - mass, "returned_mass": 1.0}
    unsaid = dict.fromkeys(("status", "text", "participant"))
    return rows.assign(readout="exact", probabilities=list(shares), **numbers, **unsaid)


def with_examples() -> LoadedStudy:
    """Two protocols, the second with an example and another form of the answer."""
    made = study(
        protocols={
            "p": {"participants": 10},
            "q": {"participants": 10, "prompts": "shown"},
        }
    )
    plain = made.prompt_sets["plain"]
    wording = plain.scales["valence"].model_validate(
        plain.scales["valence"].model_dump()
        | {"demonstrations": [{"text": "glad", "rating": 8}, {"text": "sad", "rating": 2}]}
    )
    shown = plain.model_copy(
        update={
            "scales": {"valence": wording},
            "answer": plain.answer.model_copy(update={"max_tokens": 9}),
        }
    )
    return replace(made, prompt_sets={"plain": plain, "shown": shown})


ASKED = {"participants": 10}


def with_thinking(protocols: dict[str, dict[str, object]]) -> LoadedStudy:
    """A study of a model that takes no temperature, and has 2,000 tokens to think hard."""
    made = study(protocols=protocols)
    able = {"sampling": "none", "thinking_tokens": {"high": 2000}}
    card = made.models["m"].model_dump() | {"capabilities": able}
    return replace(made, models={"m": ENGINES["openai"].model_validate(card)})


def both(p: np.ndarray, q: np.ndarray) -> pd.DataFrame:
    return pd.concat([rating_rows(p), rating_rows(q, protocol="q")])


def some(answers: np.ndarray, n: int) -> pd.DataFrame:
    """Answers about the first n items alone, as aggregation finds what was recorded of a few."""
    rows = rating_rows(answers)
    known = rows["item_id"].isin(NORM_ROWS["item_id"][:n])
    return rows[known | ~rows["item_id"].duplicated()].assign(
        status=lambda kept: kept["status"].where(known, None),
        rating=lambda kept: kept["rating"].where(known),
    )


BLOCKED = rating_rows(ANSWERS).assign(
    status=lambda rows: np.where(rows.index < 40, "content_filter", rows["status"]),
    rating=lambda rows: rows["rating"].where(rows.index >= 40),
    text=lambda rows: rows["text"].where(rows.index >= 40, None),
)
ONE_RATER = NORM_ROWS.assign(n=1, sd=np.nan, ratings=[one[:1] for one in NORM_ROWS["ratings"]])
NO_SD = NORM_ROWS.assign(sd=np.nan, ratings=None)
UNRATED = NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0, ratings=None)
FEW_RATED = NORM_ROWS.assign(
    **{name: NORM_ROWS[name].where(NORM_ROWS.index < 20) for name in ("mean", "sd", "ratings")},
    n=NORM_ROWS["n"].where(NORM_ROWS.index < 20, 0),
)
CONSTANT = np.full((30, 10), 5.0)
REFUSED = np.full((30, 10), np.nan)
OPPOSITE = 10 - ANSWERS

ONCE = study(protocols={"p": {"participants": 1}}, scales=(), labels=("emotions",))

STUDIES: dict[str, Callable[[], Made]] = {
    "whole": lambda: (asked(figures=["means", "spread"]), rating_rows(ANSWERS), NORM_ROWS),
    "refused": lambda: (asked(figures=["means", "spread"]), rating_rows(REFUSED), NORM_ROWS),
    "constant": lambda: (asked(), rating_rows(CONSTANT), NORM_ROWS),
    "unrated": lambda: (asked(), rating_rows(ANSWERS), UNRATED),
    "few rated": lambda: (asked(), rating_rows(ANSWERS), FEW_RATED),
    "no SDs of people": lambda: (asked(), rating_rows(ANSWERS), NO_SD),
    "one rater": lambda: (asked(), rating_rows(ANSWERS), ONE_RATER),
    "one answer": lambda: (
        study(protocols={"p": {"participants": 1}}, figures=["spread"]),
        rating_rows(ANSWERS[:, :1]),
        NORM_ROWS,
    ),
    "blocked": lambda: (asked(), BLOCKED, NORM_ROWS),
    "fewer answers": lambda: (asked(), rating_rows(ANSWERS[:, :8]), NORM_ROWS),
    "recorded ratings": lambda: (recorded("rating"), some(ANSWERS[:, :1], 12), NORM_ROWS),
    "recorded answers": lambda: (recorded("answer"), rating_rows(ANSWERS), NORM_ROWS),
    "unlike protocols": lambda: (
        with_examples(),
        both(ANSWERS, CARELESS).assign(form=["plain"] * ANSWERS.size + ["shown"] * CARELESS.size),
        NORM_ROWS,
    ),
    "like protocols": lambda: (
        asked("p", "q"),
        both(ANSWERS, ratings(NORM_ROWS, seed=9)),
        NORM_ROWS,
    ),
    "own sampling": lambda: (
        study(protocols={"p": ASKED, "q": ASKED | {"temperature": "provider"}}),
        both(ANSWERS, ratings(NORM_ROWS, seed=9)),
        NORM_ROWS,
    ),
    "thinking": lambda: (
        with_thinking({"p": ASKED | {"thinking": "off"}, "q": ASKED | {"thinking": "high"}}),
        both(ANSWERS, ratings(NORM_ROWS, seed=9)),
        NORM_ROWS,
    ),
    "opposite": lambda: (asked(), rating_rows(OPPOSITE), NORM_ROWS),
    "exact": lambda: (study(readouts=("exact",)), exact(1.0), NORM_ROWS),
    "off the scale": lambda: (study(readouts=("exact",)), exact(0.29), NORM_ROWS),
    "both readouts": lambda: (
        study(protocols={"p": {"participants": 10, "readouts": ["sampled", "exact"]}}),
        pd.concat([rating_rows(ANSWERS), exact(1.0)]),
        NORM_ROWS,
    ),
    "arousal": lambda: (
        asked(scales=("arousal",), figures=["arousal-errors"]),
        rating_rows(ANSWERS, scale="arousal"),
        NORM_ROWS.assign(scale="arousal"),
    ),
    "labels": lambda: (ONCE, CHOSEN, label_norms(CHOICES)),
    "labels nobody chose": lambda: (ONCE, CHOSEN, label_norms([None] * 12)),
}
ALL = frozenset(STUDIES)
LABELS = frozenset({"labels", "labels nobody chose"})
EXACT = frozenset({"exact", "off the scale"})
READ_BEFORE = frozenset({"recorded ratings", "recorded answers"})
ONE_EACH = frozenset({"no SDs of people", "one rater"})
"""Studies with human means, and nothing that tells how far people agree."""

SET_APART = frozenset({"own sampling", "thinking"})
"""Studies of two protocols that differ in sampling, or in thinking, alone."""

LIKE = SET_APART | {"like protocols"}
TWO = LIKE | {"unlike protocols"}
BETTER_CALIBRATED = frozenset({"constant", "one answer", "opposite", "unlike protocols"})
NUMBERS = ALL - LABELS
COMPARED = NUMBERS - {"refused", "unrated"}
AGREED = COMPARED - ONE_EACH
SPREAD = AGREED - {"constant", "one answer", "recorded ratings"}

SENTENCES: dict[str, frozenset[str] | set[str]] = {
    # The first screen
    "Model m was asked to rate 30 words (Words) on valence": NUMBERS
    - {"recorded ratings", "recorded answers", "arousal"},
    "Model m was asked to rate 12 words (Words) on emotions": LABELS,
    "with 10 sampled answers per item": NUMBERS
    - {"one answer", "exact", "off the scale", "recorded ratings", "recorded answers"},
    "the exact probability of each rating": EXACT | {"both readouts"},
    "in 2 ways (protocols)": TWO,
    "Recorded ratings by Model m, 10 answers per item, were compared with human ratings of 30": {
        "recorded answers"
    },
    "Recorded ratings by Model m, 1 answer per item, were compared with human ratings of up to": {
        "recorded ratings"
    },
    "Each item has a single answer of the model, so the spread and the reliability of its": {
        "one answer",
        "recorded ratings",
    },
    "Giving every item the average human rating would be closer to people than the mean": {
        "constant",
        "opposite",
    },
    "In 1 of 2 conditions, giving every item the average human rating would be closer to": {
        "unlike protocols"
    },
    "Share of ratings": ALL - {"recorded ratings"},
    "for Model m: all were refused by the model.": {"refused"},
    ": 13% of the answers were blocked by a content filter.": {"blocked"},
    "whose ratings correlate clearly more highly": set(),
    "(Model m; 18 of 30 items without a rating)": {"recorded ratings"},
    "Dot: the correlation r of the model’s mean ratings": COMPARED - {"constant"},
    "Dot: the Jensen–Shannon divergence of the model’s answers": {"labels"},
    "Tall tick: the ceiling": AGREED - {"constant"},
    "Short tick: the correlation of a single rating with": AGREED - {"constant"},
    "a single rater correlates": set(),
    "correlation of a single rater with": set(),
    "Tall tick: the divergence to expect of a perfect model": {"labels"},
    "Small dots": set(),
    "the protocol with the highest r of the 2 tried": TWO,
    "Some protocols differ in several respects at once": {"unlike protocols"},
    "Ranks follow from paired contrasts": set(),
    "What the ratings may be used for": ALL,
    "Ranking words by valence: ": NUMBERS - {"arousal"},
    "Ranking words by arousal: ": {"arousal"},
    "Ranking words by valence: no. No agreement with people's ratings was shown": {"opposite"},
    "cannot be told. The ratings are closer to these people's means than independent ratings": {
        "whole",
        "fewer answers",
        "recorded answers",
        "unlike protocols",
        "like protocols",
        *SET_APART,
        "exact",
        "off the scale",
        "both readouts",
        "arousal",
    },
    "Only 20 of the words can be compared, but 30 are needed": {"few rated"},
    "Only 26 of the words can be compared, but 30 are needed": {"blocked"},
    "Only 12 of the words can be compared, but 30 are needed": {"recorded ratings", "labels"},
    "How many people they are worth is unknown: ": ONE_EACH,
    "It is open whether the ratings rank the words as well as one person's": {"one answer"},
    "The model answered once about each of the words.": {"one answer"},
    "It is open whether the ratings must be recalibrated": EXACT | {"both readouts", "one answer"},
    "The bias is below 0.40 points, 5% of the scale": COMPARED
    - EXACT
    - {"both readouts", "one answer", "constant", "opposite"}
    - {"blocked", "few rated", "recorded ratings"},
    "difference of 1 point between two words in the model's ratings corresponds to": COMPARED
    - {"constant", "opposite", "blocked", "few rated", "recorded ratings"},
    "recalibrate first": set(),
    "Ranking words by one answer instead of one person's rating: ": {
        "whole",
        "fewer answers",
        "recorded answers",
        "unlike protocols",
        "like protocols",
        *SET_APART,
        "arousal",
    },
    "Reproducing which labels people choose: cannot be told.": LABELS,
    "Taking the place of one of the raters": set(),
    "The agreement may be memory": set(),
    "Of each scale, this is the verdict on the model": set(),
    "k is the number of people whose mean rating would do as well": AGREED
    - {"constant", "opposite", "blocked", "few rated", "recorded ratings"},
    "Worth, in people": AGREED - {"constant"},
    "What to worry about": {
        "refused",
        "constant",
        "one answer",
        "blocked",
        "recorded ratings",
        "unlike protocols",
        "opposite",
        "off the scale",
    },
    "No answers are ratings, for Model m": {"refused"},
    "Only 87% of the answers are ratings, for Model m": {"blocked"},
    "Only 29% of the returned probability is on the scale, for Model m": {"off the scale"},
    "although they were sampled at a temperature above 0. See Answers": {"constant"},
    "A uniform guess is closer to the human distributions than Model m": {
        "constant",
        "one answer",
        "opposite",
    },
    "than the model is, by at least one metric, in 1 of 2 conditions": {"unlike protocols"},
    "Sampled answers and exact probabilities disagree": set(),
    "The 95% interval of r is wide for Model m": {"recorded ratings"},
    "A condition is one model": {"unlike protocols"},
    "Nothing to worry about": set(),
    # Instead of people's ratings
    "For ranking words, these ratings are as good as the mean of": AGREED
    - {"constant", "opposite", "recorded ratings"}
    - TWO,
    "For ranking words, these ratings are less good than one person's (k = 0.00": {"opposite"},
    "For ranking words, those under p (sampled answers), the best of them, are as good": TWO,
    "as good as the mean of any number of people": AGREED
    - {"constant", "one answer", "opposite", "recorded ratings"},
    "For predicting mean ratings, they are": AGREED - {"constant", "opposite"},
    "The table gives the number of people whose mean would do as well": AGREED - {"constant"},
    "Not assessable: the reliability of the human means is unknown": ONE_EACH,
    "Averages of several models, and fewer answers": AGREED
    - {"constant", "one answer", "recorded ratings"}
    - EXACT,
    "average of 2 models": set(),
    "Not assessable for valence: it is unknown which ratings were given by the same": AGREED
    - {"constant", "arousal"},
    "; for valence: single human ratings are unknown.": {"no SDs of people"},
    "The study states no ε": set(),
    "Nothing was tested, because the study states no margin": AGREED - {"constant"},
    "To say how many people a model is worth": AGREED - {"constant"},
    "half as a target and the others as competitors": AGREED - {"constant"},
    "In the alternative annotator test": set(),
    "Two one-sided tests": set(),
    # How answers became ratings
    "Every answer was a rating.": ALL
    - EXACT
    - {"refused", "blocked", "fewer answers", "recorded ratings", "recorded answers"},
    "Every answer that arrived was a rating; in 1 combination of model, protocol and scale, fewer "
    "answers arrived": {"fewer answers"},
    "All 12 recorded answers are ratings; answers that were not recorded": {"recorded ratings"},
    "All 300 recorded answers are ratings": {"recorded answers"},
    "Only answers in exactly the requested form counted": ALL - EXACT - {"recorded ratings"},
    "Only an answer in exactly the requested form is a rating": ALL - EXACT - {"recorded ratings"},
    "All ratings were used as recorded": {"recorded ratings"},
    "(40 blocked by a content filter)": {"blocked"},
    "(300 refused by the model)": {"refused"},
    "“None”": set(),
    "No protocol asked for sampled answers": EXACT,
    "No sampled answer is a rating on a numerical scale": LABELS | {"refused"},
    # How answers were sampled
    "Answers were sampled from the model's full distribution (top-p 1; other settings of": ALL
    - EXACT
    - {"recorded ratings", "recorded answers", "own sampling", "thinking"},
    "Answers under p were sampled from the model's full distribution (top-p 1; other": {
        "own sampling"
    },
    "Answers were sampled by the provider's own settings, because the model takes none.": {
        "thinking"
    },
    "Under q, no setting of sampling was sent, so the provider's own settings": {"own sampling"},
    "a difference between these protocols may be due to sampling.": {"own sampling"},
    "Under the protocol q (the provider's own sampling), the prompt showed": {"own sampling"},
    "Under the protocol p (temperature 1.0; thinking off), the prompt showed": {"thinking"},
    "Under the protocol q (temperature 1.0; thinking high), the prompt showed no examples; 10 "
    "simulated participants answered in up to 4 tokens, after up to 2,000 tokens of thoughts": {
        "thinking"
    },
    "The two protocols differ in temperature (1.0 vs. the provider's default).": {"own sampling"},
    "The two protocols differ in thinking (off vs. high).": {"thinking"},
    "due to differences between items and levels of thinking.": {"thinking"},
    "due to differences between items and temperatures.": {"own sampling"},
    "takes no setting of sampling, so a difference from": set(),
    # Which items, and who was asked
    "Ratings were collected from Model m": ALL - {"recorded ratings", "recorded answers"},
    "There are no ratings by Model m": {"refused"},
    "There are ratings by Model m of 12 of them": {"recorded ratings"},
    "There are ratings by Model m of 26 of them": {"blocked"},
    "Of Words, 30 words were drawn at random (seed 3)": NUMBERS,
    "Under the protocol p (temperature 1.0), the prompt showed no examples": ALL
    - {"recorded ratings", "recorded answers", "thinking"},
    "Under the protocol q (temperature 1.0), the prompt showed 2 examples": {"unlike protocols"},
    "answered in up to 9 tokens (sampled answers)": {"unlike protocols"},
    "The answers were collected on": set(),
    "were rated.": set(),
    "for exact probabilities, on items with at least half": {"exact", "both readouts"},
    "Two protocols of the same model were compared": TWO,
    "Two models under the same protocol": set(),
    "a paired bootstrap interval over clusters": set(),
    "were resampled together": set(),
    "No item was shown as an example in a prompt": {"unlike protocols"},
    # Who is nearer to people
    "The correlation was higher under p than under q": {"unlike protocols"},
    "The two protocols differ in 2 respects: examples (none vs. 2) and answer format (text of up "
    "to 4 tokens vs. text of up to 9 tokens). This contrast alone": {"unlike protocols"},
    "The correlation did not differ clearly between p and q": LIKE,
    "With Model m (sampled answers), answers under p are closer to people's than under q by all "
    "of JSD, RPS and W1": {"unlike protocols"},
    "the answers under p and q do not differ clearly in how close they are": LIKE,
    "the nearest": set(),
    "By JSD, RPS and W1, Model m (sampled answers) is farther from the human distributions "
    "than either a uniform guess": {"opposite"},
    "29% of the returned probability is on the scale": {"off the scale"},
    "The difference between their correlations was": TWO,
    "Conditions were compared with each other": TWO,
    "this study has no such pair": ALL - TWO,
    # What is missing, and why
    "none has both a valence rating by Model m and a human one": {"unrated"},
    "no item has both a choice of labels by the model and one by people": {"labels nobody chose"},
    "no item has two or more human ratings, or an SD in the norms": ONE_EACH | {"unrated"},
    "no item has two or more ratings by the model": {"one answer", "recorded ratings"},
    "no answer of the model was a rating": {"refused"},
    "the model's means, or the human means, are the same for all items": {"constant"},
    "the reliability of the human ratings cannot be estimated": ONE_EACH,
    "No item has a human rating": {"unrated"},
    "No correlation had a 95% interval above 0": {"opposite"},
    "Every condition has a rating of every item that people rated": COMPARED
    - {"blocked", "constant", "recorded ratings"},
    "Some items have no rating": {"blocked", "recorded ratings"},
    "At least half of the model's probability is on the ratings of the scale in every": {
        "exact",
        "both readouts",
    },
    "Means of items: Words, valence: there is nothing to draw": {"refused"},
    "Spread of ratings: Words, valence: there is nothing to draw": set(),
    "The spread cannot be compared: ": ONE_EACH
    | {"unrated", "refused", "one answer", "recorded ratings"},
    "compares the standard deviation (SD) of the ratings of one item": SPREAD | {"constant"},
    "understate it where it has more": SPREAD,
    "varied more than human ratings in both conditions (95% intervals)": set(),
    "The variance of sampled ratings could not be decomposed: ": {
        "constant",
        "one answer",
        "recorded ratings",
    },
    "no item has two or more ratings given in the same way": {
        "one answer",
        "recorded ratings",
    },
    "The table shows which share of the variance": NUMBERS
    - EXACT
    - {"refused", "constant", "one answer", "recorded ratings"},
    "A small share of items with a large share of item × form": {"unlike protocols"},
    "with the agreement of single ratings for comparison": AGREED | {"refused"},
    "No item has at least 2 usable answers, so this could not be checked.": {
        "one answer",
        "recorded ratings",
    },
    "recomputed on items with at least 2 usable answers": COMPARED
    - EXACT
    - {"constant", "one answer", "recorded ratings"},
    "and with items weighted by their number of answers": COMPARED
    - EXACT
    - {"constant", "one answer", "recorded ratings"},
    "so the check says little about the model": SPREAD,
    "not clearly below that of the human average, which needs no model": {
        "constant",
        "unlike protocols",
    },
    "Dashed: root mean square of people on the same items": {"whole"},
    "of the items farthest from it some are named": {"whole"},
    "on a scale of arousal; this study has none": ALL - {"arousal"},
    # How it was done
    "sampled answers were compared with the exact probabilities": {"both readouts"},
    "To find out which of two readouts is closer": {"both readouts"},
    "If the answers follow the exact probabilities, both give the same means": {"both readouts"},
    "was not returned": set(),
    "did not return all probabilities": set(),
    "Decisions are": set(),
    "The V shape was measured by the correlation of arousal": set(),
    "Errors of arousal, model minus human mean, were correlated": set(),
    "valence of words was not rated": {"arousal"},
    "Right, where valence was rated too: residual of model arousal": {"arousal"},
    "Given the reliability of the human ratings": AGREED,
    "The ceiling, the square root of the reliability": AGREED | {"refused"},
    "Pearson's r has a 95% bias-corrected and accelerated": COMPARED - {"constant"},
    "The spread of the model's ratings of an item was compared": SPREAD,
    # What is said of asking, where models were asked
    "one number of the scale or, in JSON, labels": ALL - EXACT - READ_BEFORE,
    "A combination of model, protocol and readout on one scale": ALL - READ_BEFORE,
    "on ordinal scales, the ranked probability score": AGREED,
    "an urn of sets of labels": {"labels"},
    "Inoshita et al. (2026) report": set(),
    "(Words, valence) reduced the divergence from the human distributions": BETTER_CALIBRATED,
    "no method clearly reduced the divergence": AGREED - BETTER_CALIBRATED - {"recorded ratings"},
    "The variance of single sampled ratings was decomposed": NUMBERS
    - EXACT
    - {"refused", "constant", "one answer", "recorded ratings"},
}
"""Sentences, or parts of them, each with the studies it is said of: of all others it is not."""


@pytest.mark.parametrize("name", STUDIES)
def test_a_sentence_is_said_of_the_studies_of_which_it_is_true(name: str, tmp_path: Path) -> None:
    text = told(tmp_path, *STUDIES[name]())
    text = text[: text.index("Show the manifest")]
    wrong = {
        sentence: "missing" if name in where else "false"
        for sentence, where in SENTENCES.items()
        if (sentence.replace("’", "'") in text) != (name in where)
    }
    assert not wrong
