"""A regression on a norm on the terminal: sentences, the table of norms, what to be aware of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from emoalign.commands.correction.estimates import DSL, Estimated
from emoalign.commands.correction.named import Named
from emoalign.commands.correction.norm_as_predictor import InPlace
from emoalign.commands.correction.words import (
    aligned,
    corrected,
    digits_of,
    in_words,
    not_shown,
    wider,
    written,
)
from emoalign.statistics.corrected_predictor import NORM
from emoalign.wording import interval, listed, number

CLEARLY = 2
"""Difference in Akaike's criterion that is no longer negligible."""


def norms_table(told: Sequence[Estimated], swapped: Sequence[InPlace]) -> list[str]:
    """The lines of a table: a row for each norm, with what the regression says with it."""
    digits = digits_of(told[NORM])
    rows = [["", "b", "SE", "sign", "ratio to people's", "ΔAIC"]]
    for one in swapped:
        b = one.coefficient
        rows.append(
            [
                one.norm,
                f"{number(b.value, digits)} {interval(b.low, b.high, digits)}",
                number(b.error, digits),
                one.sign,
                f"{number(one.ratio)} {interval(one.low, one.high)}".rstrip(),
                number(one.delta_aic, 1),
            ]
        )
    return aligned(rows)


def predictor_sentences(told: Sequence[Estimated], named: Named) -> Iterator[str]:
    """Sentences for a paper: how the regression was made, and its coefficients."""
    norm, on = told[NORM], listed([named.people, *named.on])
    if _nothing_to_correct(told):
        yield (
            f"People rated all {norm.items:,} items. {named.outcome} was regressed on {on}. The "
            f"coefficient of {named.people} was {in_words(norm, norm.people, 'b = ')}; with "
            f"{named.model} in its place, it would have been {written(norm)(norm.model)}."
        )
        return
    part = "a random part" if named.probability is None else "each drawn with a known probability"
    yield (
        f"People rated {norm.n:,} of {norm.items:,} items, {part}. The regression of "
        f"{named.outcome} on {on} used {named.model} for all items, corrected by people's ratings "
        "through design-based supervised learning (DSL; Egami et al., 2023)."
    )
    yield (
        f"The coefficient of {named.people} was {corrected(norm, 'b = ')}; with {named.model} used "
        f"as if it were people's, it would have been {written(norm)(norm.model)}."
    )
    others = [corrected(one, "b = ", f", for {one.name}") for one in told[NORM + 1 :]]
    if others:
        begins = "That of the other predictor was" if len(others) == 1 else "The others were"
        yield f"{begins} {listed(others)}."


def predictor_cautions(
    told: Sequence[Estimated], swapped: Sequence[InPlace], named: Named
) -> Iterator[str]:
    """What the reader of the tables must know."""
    yield from not_shown(told)
    n, items = told[NORM].n, told[NORM].items
    if _nothing_to_correct(told):
        yield f"People rated all items: {DSL} is the same as their ratings alone."
    else:
        yield from wider(told, DSL, named)
    people, *others = swapped
    if people.sign == "unclear":
        yield (
            f"With {people.norm}, the interval of the coefficient contains 0: ratios to it say "
            "little."
        )
    elif apart := [one for one in others if one.sign != people.sign]:
        signs = listed([f"{one.sign} with {one.norm}" for one in apart])
        yield f"The sign is {people.sign} with {people.norm}, but {signs}."
    if better := [one.norm for one in others if one.delta_aic < -CLEARLY]:
        yield (
            f"{named.outcome} is predicted better with {listed(better)} than with {people.norm}: "
            "errors of such a norm may go with the outcome, and its coefficient is then biased."
        )
    if no_ratio := [one.norm for one in others if math.isnan(one.low)]:
        yield (
            f"No interval of the ratio for {listed(no_ratio)}: in many resamples of the rated "
            "items, predictors do not vary. Have more items rated."
        )
    if n < items:
        yield (
            f"DSL assumes that {named.model} has not learnt an item's rating from people's rating "
            "of that item: estimates must be out of fold, as those of emoalign are."
        )
    if named.probability is None and n < items:
        yield (
            "All intervals assume that the items people rated were drawn at random. If some were "
            "more likely to be drawn, give the probabilities in a column, with --probability."
        )


def _nothing_to_correct(told: Sequence[Estimated]) -> bool:
    """Whether people rated all items, each with probability 1: the norm is then known."""
    norm = told[NORM]
    return norm.n == norm.items and math.isclose(norm.dsl.value, norm.people.value)
