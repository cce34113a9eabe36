"""What the report says of correlations looked at more closely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.robustness.checks import robustness_rows
from emoalign.analyses.robustness.in_words import CHECKS, answers, findings, verdict
from emoalign.analyses.robustness.section import _corrected
from emoalign.statistics.robustness import range_corrected
from emoalign.tables import ROBUSTNESS
from emoalign.wording import coefficient, number
from tests.kit.ratings import ratings
from tests.kit.words import report_job

from .test_robustness import NORM_ROWS, answered, cell, exact, job

JOB = report_job(models=("a", "b", "c", "m"))


def checked(r: float, low: float, **names: object) -> list[dict[str, Any]]:
    """The rows of a cell, all checks of which have an interval from `low`."""
    base = dict.fromkeys(ROBUSTNESS.schema.names, np.nan) | {
        **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout": "sampled", "part": "", "parted_by": None, "reason": None},
        **{"n_items": 30, "n_left_out": 0, "n_missing": 0, "sd_ratio": 1.0},
        **{"r": r, "low": low, "high": r + 0.1, "difference": 0.0, "r_corrected": r},
        **names,
    }
    parts = [("all", ""), ("thirds", "pooled"), ("sides", "pooled"), ("answers", "")]
    parts += [("weighted", ""), ("common", "")]
    return [
        base | {"check": check, "part": part, "parted_by": "valence" if part else None}
        for check, part in parts
    ]


def changed(rows: list[dict[str, Any]], check: str, **numbers: object) -> list[dict[str, Any]]:
    return [row | numbers if row["check"] == check else row for row in rows]


def test_correlations_hold_if_all_checks_lie_above_0() -> None:
    holds, unclear = checked(0.7, 0.6), checked(0.1, -0.1, model="b")
    less = {"r": 0.3, "low": 0.2, "high": 0.4, "difference": -0.4, "difference_high": -0.3}
    weaker = changed(checked(0.7, 0.6, model="b"), "sides", **less, sd_ratio=0.6)
    thirds = changed(weaker, "thirds", **less, sd_ratio=0.6)
    lowest = holds[1] | {"part": "low", "r": -0.1, "low": -0.3}
    falls = changed(checked(0.7, 0.6, model="a"), "sides", r=0.1, low=-0.1, high=0.3)
    unknown = changed(checked(0.7, 0.6, model="c"), "thirds", r=np.nan, low=np.nan)
    told = {
        f"Yes: the one positive correlation (95% interval above 0) stayed above 0 in {CHECKS}.": [
            *holds,
            *unclear,
        ],
        f"Yes: both positive correlations (95% interval above 0) stayed above 0 in {CHECKS}.": [
            *holds,
            *unknown,
        ],
        f"In part: 1 of 2 positive correlations (95% interval above 0) stayed above 0 in {CHECKS}."
        "": [*holds, *falls],
        "No: the one positive correlation (95% interval above 0) did not stay above 0": falls,
        f"In part: both positive correlations (95% interval above 0) stayed above 0 in {CHECKS}. "
        "Correlations were lower within negative and within positive items in 1 of 2 cases than "
        "restriction of range explains.": [
            *holds,
            *weaker,
        ],
        f"In part: the one positive correlation (95% interval above 0) stayed above 0 in {CHECKS}. "
        "It was lower within negative": weaker,
        f"In part: the one positive correlation (95% interval above 0) stayed above 0 in {CHECKS}. "
        "It was lower within thirds and within negative and within positive items than": thirds,
        f"Yes: the one positive correlation (95% interval above 0) stayed above 0 in {CHECKS}. "
        "Within single thirds alone, where items are fewer, it did not always do so.": [
            *holds,
            lowest,
        ],
        f"Yes: both positive correlations (95% interval above 0) stayed above 0 in {CHECKS}. "
        "Within single thirds and within negative or positive items alone, where items are": [
            *[*holds, lowest],
            *checked(0.7, 0.6, model="b"),
            *[
                one | {"check": "sides", "part": "below"}
                for one in (lowest, lowest | {"model": "b"})
            ],
        ],
        "No: none of 2 positive correlations": [*falls, *[one | {"model": "m"} for one in falls]],
        "No correlation had a 95% interval above 0, so there was none": unclear,
    }
    for words, rows in told.items():
        assert verdict(pd.DataFrame(rows)).startswith(words)


def test_a_fall_within_parts_is_told_with_what_the_range_explains() -> None:
    rows = checked(0.7, 0.6)
    fallen = {"r": 0.26, "low": 0.15, "high": 0.36, "difference": -0.44, "difference_high": -0.34}
    rows = changed(rows, "sides", **fallen, sd_ratio=0.472, r_corrected=0.496)
    told = answers(pd.DataFrame(rows), JOB)
    assert told["Within negative and within positive items"] == (
        "The one positive correlation stayed above 0. The largest drop was from .70 over all items "
        "to .26, 95% CI [.15, .36], within parts (Model m, sampled answers). Corrected for "
        "restriction of range, it was .50 within parts."
    )
    [(first, then)] = findings(pd.DataFrame(rows), JOB)
    assert first == (
        "Part of the correlation reflects the difference between negative and positive words: r "
        "was .70 over all words, but .26, 95% CI [.15, .36], within negative and within positive "
        "ones (Model m, sampled answers)."
    )
    assert then == (
        "Corrected for restriction of range, the correlation within negative and within positive "
        "words was .50, still below .70."
    )
    holds, alike = checked(0.69, 0.5, model="a"), [one | {"model": "b"} for one in rows]
    for others, words in (
        ([], []),
        (holds, ["The same is not true of the other positive correlation."]),
        (
            changed(holds, "sides", **fallen, sd_ratio=0.472, r_corrected=0.496),
            ["The same is true of the other positive correlation (Model a, sampled answers)."],
        ),
        ([*holds, *alike], ["The same is true of 1 of 2 other positive correlations."]),
    ):
        [(_, _, *told_of_others)] = findings(pd.DataFrame([*rows, *others]), JOB)
        assert told_of_others == words


def test_the_corrected_r_has_an_interval() -> None:
    row = dict(zip(("r", "low", "high", "sd_ratio"), (0.26, 0.15, 0.36, 0.472), strict=True))
    shown = _corrected(row | {"r_corrected": range_corrected(0.26, 0.472)})
    low, high = (range_corrected(end, 0.472) for end in (0.15, 0.36))
    assert shown == f".50 [{coefficient(low)}, {coefficient(high)}]"
    assert _corrected(row | {"low": np.nan, "high": np.nan, "r_corrected": 0.5}) == ".50"


def test_a_fall_that_the_narrower_range_explains_is_no_finding() -> None:
    """Where the line goes on within the parts."""
    ratio = 0.4
    within = next(r for r in np.linspace(0, 1, 1001) if range_corrected(r, ratio) > 0.7)
    fallen = {"r": within, "low": within - 0.1, "high": within + 0.1, "difference_high": -0.1}
    rows = changed(checked(0.7, 0.6), "sides", **fallen, sd_ratio=ratio)
    assert not list(findings(pd.DataFrame(rows), JOB))


def test_refused_items_and_few_answers_are_told_with_what_they_change() -> None:
    table = robustness_rows(answered(), job()).fillna({"part": ""})
    told = answers(table, JOB)
    every = table[table["check"] == "all"].iloc[0]
    few = table[table["check"] == "answers"].iloc[0]
    assert told["Items without a rating"].startswith("Some items have no rating.")
    ends = f"between {coefficient(every['r_least'])} and {coefficient(every['r_most'])} "
    assert ends in told["Items without a rating"]
    assert "6 of 60 items" in told["Items without a rating"]
    low, middle, high = (
        table[(table["check"] == "thirds") & (table["part"] == part)]["no_rating"].iloc[0]
        for part in ("low", "middle", "high")
    )
    shares = f"{100 * low:.0f}%, {100 * middle:.0f}% and {100 * high:.0f}% of the answers were not"
    assert shares in told["Items without a rating"]
    by_answers = told["Number of answers"]
    assert f"({few['n_left_out']} items in 1 condition), correlations changed" in by_answers
    assert f"from {coefficient(every['r'])} to {coefficient(few['r'])}" in by_answers
    assert "Probability on the scale" not in told


def test_single_answers_are_said_to_be_too_few() -> None:
    once = cell(NORM_ROWS, ratings(NORM_ROWS)[:, :1])
    told = answers(robustness_rows(once, job()).fillna({"part": ""}), JOB)["Number of answers"]
    assert told == "No item has at least 2 usable answers, so this could not be checked."


def test_items_that_nobody_was_asked_about_are_not_told_as_refused() -> None:
    items = answered().assign(n_refusal=0)
    told = answers(robustness_rows(items, job()).fillna({"part": ""}), JOB)
    assert "Some items have no rating" in told["Items without a rating"]
    assert "were not ratings" not in told["Items without a rating"]


def test_flagged_cells_are_named_with_their_mass() -> None:
    items = pd.concat([exact(np.full(60, 0.29)), exact(np.full(60, 0.9), model="a")])
    told = answers(robustness_rows(items, job()).fillna({"part": ""}), JOB)
    assert told["Probability on the scale"] == (
        "In 1 of 2 conditions, less than half of the model's probability is on the ratings of the "
        "scale (Model m, exact probabilities: 29%). The means of this condition rest on "
        "answers that the model is unlikely to give."
    )
    assert "Number of answers" not in told


def test_a_cell_that_is_flagged_for_most_of_its_items_is_not_said_to_be_so_on_average() -> None:
    mass = np.where(np.arange(60) < 40, 0.45, 0.9)
    items = pd.concat([exact(mass), exact(np.full(60, 0.3), model="a")])
    rows = robustness_rows(items, job()).fillna({"part": ""})
    told = answers(rows, JOB)["Probability on the scale"]
    assert told.startswith(
        "In 2 of 2 conditions, less than half of the model's probability is on the ratings of the "
        "scale, on average or for most items ("
    )
    assert "60%" in told
    assert "The means of these conditions rest on answers" in told


def test_half_of_the_mass_is_told_as_at_least_half() -> None:
    rows = robustness_rows(exact(np.full(60, 0.5)), job()).fillna({"part": ""})
    told = answers(rows, JOB)["Probability on the scale"]
    assert told == (
        "At least half of the model's probability is on the ratings of the scale in every "
        "condition, both on average and for at least half of the items."
    )


def test_a_restricted_range_is_told() -> None:
    told = answers(robustness_rows(answered(), job()).fillna({"part": ""}), JOB)
    ratio = answered().dropna(subset="mean")["human_mean"].std() / NORM_ROWS["mean"].std()
    assert f"was {number(ratio)} times that" in told["Restriction of range"]
    rows = pd.DataFrame(checked(0.7, 0.6))
    assert "range is not restricted" in answers(rows, JOB)["Restriction of range"]


@pytest.mark.parametrize("missing", [["r_least", "r_most"], ["sd_ratio"], ["difference"]])
def test_what_is_not_known_is_not_told_as_a_number(missing: list[str]) -> None:
    rows = pd.DataFrame(checked(0.7, 0.6, n_missing=2)).assign(**dict.fromkeys(missing, np.nan))
    said = " ".join(answers(rows, JOB).values())
    assert "nan" not in said
    assert "\N{EN DASH}" not in said
