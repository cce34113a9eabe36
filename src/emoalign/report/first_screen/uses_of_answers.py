"""What single answers and their distribution may be used for, and the choices of labels.

The rules, and why they are as they are, are in docs/substitution.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from emoalign.report.first_screen.claims import (
    Answer,
    Clause,
    People,
    bounded,
    in_points,
    opened,
    too_few,
)
from emoalign.report.first_screen.evidence import FEWEST_ITEMS, Evidence, Row
from emoalign.report.nearest import nearer
from emoalign.report.worth_in_words import some_raters
from emoalign.wording import as_stated, ci, coefficient, number

MANY = 1.25
"""SDs of model and people that differ by a larger factor are told."""

ENOUGH = 0.5
"""The share of a perfect model's correlation that must be certain."""

SINGLE = "Ranking items by one answer instead of one person's rating"
DISAGREEING = "Telling on which items people disagree"
CHOOSING = "Reproducing which labels people choose"
REPLACING = "Taking the place of one of the raters"


def single_answers(found: Evidence) -> Iterator[Clause]:
    """Whether one sampled answer does as well as one person's rating, where more were sampled."""
    row = found.worth_of_one_answer
    if row is None or found.cell["readout"] != "sampled" or math.isnan(row["k"]):
        return
    people = People.of(row, "k")
    said = people.claim(f"Single answers of the model rank the {found.items}")
    asked = SINGLE.replace("items", found.items)
    yield Clause(SINGLE, asked, *said, f"k = {people}", "substitution")


def disagreement(found: Evidence) -> Iterator[Clause]:
    """Whether the model's answers vary where people's do, and as much."""
    row = found.disagreement
    if row is None:
        return

    def clause(answer: Answer, why: str) -> Clause:
        asked = DISAGREEING.replace("items", found.items)
        told = "" if math.isnan(rho) else bounded("ρ", rho, low, high)
        return Clause(DISAGREEING, asked, answer, why, told, "distributions")

    rho, low, high = (row[f"spearman_rho{end}"] for end in ("", "_low", "_high"))
    if found.one_answer_each:
        why = f"The model answered once about each of the {found.items}."
        yield clause("cannot be told", why)
    elif row["n_items"] == 0:
        yield clause("cannot be told", f"{opened(row['reason'])}.")
    elif row["n_items"] < FEWEST_ITEMS:
        yield clause("cannot be told", f"{too_few(int(row['n_items']), found.items)}.")
    elif row["model_entropy"] == 0:
        yield clause("no", f"The model's answers about one of the {found.items} never differ.")
    elif math.isnan(rho) or math.isnan(low):
        yield clause("cannot be told", f"{opened(row['reason'])}.")
    else:
        yield clause(*_disagreeing(row, rho, low, high, _spread(found)))


def _disagreeing(row: Row, rho: float, low: float, high: float, spread: str) -> tuple[Answer, str]:
    halves, perfect = row["rho_human_halves"], row["rho_perfect"]
    beside = {"two halves of the raters": halves, "a perfect model": perfect}
    known = [f"{of}: {coefficient(value)}" for of, value in beside.items() if not math.isnan(value)]
    r = f"ρ = {coefficient(rho)}, {ci(low, high, bounded=True)}"
    numbers = f"({'; '.join([r, *known])})"
    if low <= 0 and not high < perfect:
        why = f"It is open whether the model's answers vary more where people's do {numbers}."
        return "cannot be told", why
    if low <= 0:
        why = f"It was not shown that the model's answers vary more where people's do {numbers}."
        return "no", f"{why}{spread}"
    why = f"The model's answers vary more where people's do {numbers}.{spread}"
    like_perfect = high >= perfect and low >= ENOUGH * perfect
    return ("yes" if like_perfect and not spread else "in part"), why


def _spread(found: Evidence) -> str:
    """That the answers vary more, or less, than people's, where they clearly do."""
    if found.of_labels:
        return ""
    ratio, low, high = (
        math.exp(found.cell[f"log_rms_sd_ratio{end}"]) for end in ("", "_low", "_high")
    )
    if not (low > 1 or high < 1) or 1 / MANY <= ratio <= MANY:
        return ""
    return f" Their SD is {number(ratio)} times that of people, {ci(low, high)}."


def choices(found: Evidence) -> Iterator[Clause]:
    """Whether the model chooses labels as often as people do, item by item."""
    cell = found.cell
    jsd, low, high = cell["value"], cell["value_low"], cell["value_high"]

    def clause(answer: Answer, why: str) -> Clause:
        told = "" if math.isnan(jsd) else in_points("JSD", jsd, low, high)
        return Clause(CHOOSING, CHOOSING, answer, why, told, "distributions")

    if found.n_items < FEWEST_ITEMS:
        few = f"{too_few(found.n_items, found.items)}."
        yield clause("cannot be told", few if found.n_items else f"{opened(cell['reason'])}.")
        return
    if math.isnan(jsd) or math.isnan(low):
        yield clause("cannot be told", f"{opened(cell['reason'])}.")
        return
    beside = {
        f"the average of people, given to all {found.items}": cell["marginal"],
        "two halves of the raters": cell["human_halves"],
        "a perfect model": cell["perfect"],
    }
    known = [f"{of}: {number(value)}" for of, value in beside.items() if not math.isnan(value)]
    numbers = f"({'; '.join([f'JSD = {number(jsd)} bits, {ci(low, high)}', *known])})"
    if low <= cell["perfect"] and high <= cell["human_halves"]:
        yield clause("yes", f"The choices are as close to people's as a perfect model's {numbers}.")
        return
    contrast = found.against_average
    if contrast is None or math.isnan(contrast["p_holm"]):
        why = f"They could not be compared with the average of people {numbers}."
        yield clause("cannot be told", why)
    elif nearer(contrast) == cell["model"]:
        why = f"The choices are closer to people's than the average of people is {numbers}."
        yield clause("in part", why)
    else:
        yield clause(
            "no",
            "It was not shown that the choices are closer to people's than the average of people "
            f"is {numbers}.",
        )


def replacing(found: Evidence) -> Iterator[Clause]:
    """The alternative annotator test, where the study states an ε."""
    row = found.replaced
    if row is None:
        return

    def clause(answer: Answer, why: str, told: str) -> Clause:
        return Clause(REPLACING, REPLACING, answer, why, told, "substitution")

    if row["passed"] is None or math.isnan(row["winning_rate"]):
        yield clause("cannot be told", f"{opened(row['reason'])}.", "")
        return
    n_raters = int(row["n_raters"])
    some = some_raters(row["winning_rate"], n_raters)
    told = f"ω = {coefficient(row['winning_rate'])}"
    outcome = "passed" if row["passed"] else "did not pass"
    yield clause(
        "yes" if row["passed"] else "no",
        f"The model {outcome} the alternative annotator test: it may replace {some} "
        f"({told}; ε = {as_stated(row['epsilon'], bounded=True)}, as the study states).",
        told,
    )
