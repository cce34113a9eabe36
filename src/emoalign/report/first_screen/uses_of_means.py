"""What the mean ratings of a condition may be used for: to rank items, to predict people's means.

The rules, and why they are as they are, are in docs/substitution.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from emoalign.report.first_screen.claims import (
    Answer,
    Clause,
    People,
    bounded,
    in_points,
    opened,
    said_of,
    too_few,
)
from emoalign.report.first_screen.evidence import FEWEST_ITEMS, Evidence, Row
from emoalign.report.worth_in_words import people as number_of
from emoalign.wording import ci, correlation, number, percent

LEVEL = 0.05
"""A bias beyond this share of the scale's length calls for recalibration."""

SCALING = 0.1
"""So does a calibration slope that is farther from 1."""

PERFECT = 1 - 1e-9

RECALIBRATED = "The recalibrated ratings predict the mean rating of very many people"

SAME = "For the same reason."

RANKING = "Ranking items"
PREDICTING = "Predicting people's mean ratings"
FACE_VALUE = "Level and scaling of mean ratings"


def of_means(found: Evidence) -> Iterator[Clause]:
    """What the mean ratings of a condition may be used for."""
    if found.worth is None:
        return
    order = ranking(found, found.worth)
    yield order
    if not found.assessable:
        return
    if not agrees(found.cell):
        yield replace(order, use=PREDICTING, asked=PREDICTING, why=SAME)
        return
    level = face_value(found)
    means = predicting(found, found.worth, level)
    yield replace(means, why=SAME) if means.why == order.why else means
    yield level


def agrees(cell: Row) -> bool:
    """Whether agreement with people is shown: the interval of r is above 0, or r is 1."""
    r, low, _ = _r(cell)
    return r > PERFECT if math.isnan(low) else low > 0


def _r(cell: Row) -> tuple[float, float, float]:
    return cell["pearson_r"], cell["pearson_low"], cell["pearson_high"]


def ranking(found: Evidence, row: Row) -> Clause:
    """Whether the ratings order the items as well as people's, and how many people's."""
    cell, r = found.cell, correlation(found.cell, "pearson_r", "pearson")
    told = "" if math.isnan(cell["pearson_r"]) else bounded("r", *_r(cell))

    def clause(answer: Answer, why: str, told: str = told, section: str = "alignment") -> Clause:
        asked = f"Ranking {found.items} by {cell['scale']}"
        return Clause(RANKING, asked, answer, why, told, section)

    if not told:
        return clause("cannot be told", f"{opened(row['reason'])}.")
    if found.n_items < FEWEST_ITEMS:
        return clause("cannot be told", f"{too_few(found.n_items, found.items)} ({r}).")
    if math.isnan(cell["pearson_low"]) and not agrees(cell):
        return clause("cannot be told", f"The correlation with people has no interval ({r}).")
    if not agrees(cell):
        return clause("no", f"No agreement with people's ratings was shown ({r}).")
    people = People.of(row, "k")
    if math.isnan(people.k):
        why = f"{_unknown(row)} ({r})."
        return clause("cannot be told", why, told, "substitution")
    said = people.claim(f"The ratings rank the {found.items}")
    return clause(*said, f"k = {people}", "substitution")


def _unknown(row: Row) -> str:
    return f"How many people they are worth is unknown: {said_of(row['reason'])}"


def predicting(found: Evidence, row: Row, level: Clause) -> Clause:
    """Whether the ratings, brought to people's level and scaling, come as close to the means."""
    people = People.of(row, "k_error")
    if math.isnan(people.k):
        why = SAME if math.isnan(row["k"]) else f"{_unknown(row)}."
        return Clause(PREDICTING, PREDICTING, "cannot be told", why, "", "substitution")
    average = row["phi"]
    answer, why = people.claim(RECALIBRATED)
    if answer == "yes" and not people.low > average:
        answer = "no"
        why = (
            "It was not shown that the recalibrated ratings predict them better than the average "
            f"rating of people, given to all {found.items}, would ({people.told}; the average: "
            f"{number_of(average)})."
        )
    if answer == "yes" and level.answer == "recalibrate first":
        answer = "yes, once recalibrated"
    return Clause(PREDICTING, PREDICTING, answer, why, f"k = {people}", "substitution")


def face_value(found: Evidence) -> Clause:
    """Whether the ratings must be brought to people's level and scaling first."""
    bias, slope = (
        [found.cell[f"{name}{end}"] for end in ("", "_low", "_high")]
        for name in ("bias", "calibration_slope")
    )
    most = LEVEL * found.length
    shifted = abs(bias[0]) > most and (bias[1] > 0 or bias[2] < 0)
    stretched = abs(slope[0] - 1) > SCALING and (slope[1] > 1 or slope[2] < 1)
    level = _joined(f"bias = {number(bias[0])} points", ci(*bias[1:]))
    scaling = _joined(
        f"a difference of 1 point between two {found.items} in the model's ratings corresponds to "
        f"{number(slope[0])} points in people's",
        ci(*slope[1:]),
    )

    def clause(answer: Answer, why: str, told: str = in_points("bias", *bias)) -> Clause:
        return Clause(FACE_VALUE, FACE_VALUE, answer, why, told, "alignment")

    if shifted or stretched:
        far = "high" if bias[0] > 0 else "low"
        size = "small" if slope[0] > 1 else "large"
        said = [f"On average, the ratings are too {far} ({level})."] if shifted else []
        if stretched:
            said.append(f"Differences between {found.items} are too {size}: {scaling}.")
        short = in_points("bias", *bias) if shifted else in_points("slope", *slope)
        return clause("recalibrate first", " ".join(said), short)
    fit = (
        -most <= bias[1] and bias[2] <= most and slope[1] >= 1 - SCALING and slope[2] <= 1 + SCALING
    )
    if fit:
        limits = f"{number(most)} points, {percent(LEVEL)} of the scale"
        return clause("like people's", f"The bias is below {limits} ({level}), and {scaling}.")
    why = f"It is open whether the ratings must be recalibrated: {level}; {scaling}."
    return clause("cannot be told", why)


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))
