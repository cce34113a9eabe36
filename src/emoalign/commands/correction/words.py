"""Corrected estimates on the terminal: a table, a sentence for each, and what to be aware of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from emoalign.commands.correction.estimates import DSL, MODEL, PEOPLE, PPI, Ends, Estimated, Shift
from emoalign.commands.correction.named import Named
from emoalign.wording import ABSENT, ci, coefficient, interval, listed, number, percent

MOST_DIGITS = 6
"""Decimals of a number, whatever its standard error."""


def table(told: Sequence[Estimated], named: Named) -> list[str]:
    """The lines of a table: a row for each estimate, a column for each way to it."""
    by_ppi = told[0].ppi is not None
    columns: list[tuple[str, Callable[[Estimated], str]]] = [
        ("", lambda one: one.term),
        (
            PEOPLE if named.probability is None else f"{PEOPLE}, weighted",
            lambda one: _with_ends(one, one.people),
        ),
        (PPI if by_ppi else DSL, lambda one: _with_ends(one, one.best)),
        ("interval", _gain),
    ]
    if by_ppi:
        columns += [
            ("λ", lambda one: coefficient(one.weight)),
            (DSL, lambda one: _with_ends(one, one.dsl)),
        ]
    columns.append((MODEL, lambda one: written(one)(one.model)))
    return aligned(
        [[title for title, _ in columns], *([say(one) for _, say in columns] for one in told)]
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def sentences(told: Sequence[Estimated], named: Named) -> Iterator[str]:
    """A sentence for a paper on each estimate, and one before them on how they were made."""
    first, people = told[0], named.people
    part, how = (
        ("a random part", "prediction-powered inference (PPI++; Angelopoulos et al., 2023)")
        if first.ppi is not None
        else (
            "each drawn with a known probability",
            "design-based supervised learning (DSL; Egami et al., 2023)",
        )
    )
    yield (
        f"People rated {first.n:,} of {first.items:,} items, {part}. Their ratings and those of "
        f"all items by {named.model} were combined by {how}."
    )
    means = [
        f"{one.name} (M = {written(one)(one.best.value)})" for one in told if one.kind == "group"
    ]
    slopes = [
        corrected(one, "b = ", f", for {one.name}") for one in told if one.kind == "regression"
    ]
    for one in told:
        if one.kind == "mean":
            yield f"The mean of {people} was {corrected(one)}."
        elif one.kind == "difference":
            pair = listed(reversed(means))
            yield f"The difference in the mean of {people} between {pair} was {corrected(one)}."
        elif one.kind == "correlation" and not math.isnan(one.best.value):
            yield f"The correlation of {people} with {one.name} was {corrected(one, 'r = ')}."
    if slopes:
        begins = "The coefficient" if len(named.on) == 1 else "The coefficients"
        yield (
            f"{begins} in a linear regression of {people} on {listed(named.on)} "
            f"{'was' if len(named.on) == 1 else 'were'} {listed(slopes[1:])}."
        )


def cautions(told: Sequence[Estimated], named: Named, shift: Shift | None = None) -> Iterator[str]:
    """What the reader of the table must know: where nothing is gained, and what is assumed."""
    yield from not_shown(told)
    known = [one for one in told if not math.isnan(one.best.value)]
    useless = [one.term for one in known if one.weight == 0]
    if useless:
        yield (
            f"λ = 0 for {listed(useless)}: the ratings of {named.model} add nothing to people's, "
            "and PPI++ is the estimate from people alone."
        )
    yield from wider(known, PPI if told[0].ppi is not None else DSL, named)
    if shift is not None:
        yield (
            f"{named.model} rates {number(abs(shift.by))} {'lower' if shift.by > 0 else 'higher'} "
            "than people on average. In a regression, PPI++ counts this as noise. "
            f"{'Add' if shift.by > 0 else 'Subtract'} {number(abs(shift.by))} "
            f"{'to' if shift.by > 0 else 'from'} all its ratings, and the intervals of the "
            f"regression become {percent(round(shift.narrower, 2))} narrower and stay as valid."
        )
    if told[0].ppi is not None:
        yield (
            "All intervals assume that the items people rated were drawn at random. If some were "
            "more likely to be drawn, give the probabilities in a column, with --probability."
        )
    else:
        yield (
            "PPI++ is not shown: it assumes that all items were equally likely to be given to "
            "people. People's ratings alone are weighted by the inverse of the probabilities."
        )


def not_shown(told: Sequence[Estimated]) -> Iterator[str]:
    """Which estimates the table cannot show."""
    undefined = [one.term for one in told if math.isnan(one.best.value)]
    if undefined:
        yield f"{listed(undefined)}: not estimable from so few ratings by people."
    small = [one.term for one in told if _wanted(one) > MOST_DIGITS]
    if small:
        yield (
            f"{listed(small)}: too small to be shown. Take the logarithm of the column, or larger "
            "units."
        )


def wider(told: Sequence[Estimated], way: str, named: Named) -> Iterator[str]:
    """Where correction costs more than it brings."""
    terms = [one.term for one in told if one.weight != 0 and round(one.narrower, 2) < 0]
    if terms:
        yield (
            f"{way} has a wider interval than people's ratings alone for {listed(terms)}: the "
            f"ratings of {named.model} add nothing there."
        )


def corrected(one: Estimated, letter: str = "", of: str = "") -> str:
    """The corrected estimate with its interval, and people's alone beside it."""
    said, digits, bounded = written(one), digits_of(one), one.kind == "correlation"
    alone = one.people
    weight = "" if math.isnan(one.weight) else f"λ = {coefficient(one.weight)}; "
    return (
        f"{in_words(one, one.best, letter)}{of} ({weight}people's ratings alone: "
        f"{said(alone.value)} {interval(alone.low, alone.high, digits, bounded=bounded)})"
    )


def in_words(one: Estimated, ends: Ends, letter: str = "") -> str:
    """One way to an estimate with its interval: b = 0.29, 95% CI [0.09, 0.49]."""
    bounded = one.kind == "correlation"
    return (
        f"{letter}{written(one)(ends.value)}, "
        f"{ci(ends.low, ends.high, digits_of(one), bounded=bounded)}"
    )


def _with_ends(one: Estimated, ends: Ends) -> str:
    bounded = one.kind == "correlation"
    between = interval(ends.low, ends.high, digits_of(one), bounded=bounded)
    return f"{written(one)(ends.value)} {between}".rstrip()


def _gain(one: Estimated) -> str:
    if math.isnan(one.narrower):
        return ABSENT
    share = round(one.narrower, 2)
    if share == 0:
        return "as wide"
    return f"{percent(abs(share))} {'narrower' if share > 0 else 'wider'}"


def written(one: Estimated) -> Callable[[float], str]:
    """How its numbers are written."""
    digits = digits_of(one)
    if one.kind == "correlation":
        return lambda value: coefficient(value, digits)
    return lambda value: number(value, digits)


def digits_of(one: Estimated) -> int:
    """Decimals: two, or as many as show the first digit of the standard error."""
    return min(_wanted(one), MOST_DIGITS)


def _wanted(one: Estimated) -> int:
    error = one.best.error
    return max(2, -math.floor(math.log10(error))) if error > 0 else 2
