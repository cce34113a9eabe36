"""What to ask instead: more forms for as many answers, or fewer answers for results as good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from emoalign.tables import groups
from emoalign.wording import coefficient, counted, number

NOTEWORTHY = 0.01
"""Differences of g below this are not worth another design."""


@dataclass(frozen=True)
class Way:
    """A way of asking about an item: forms, answers under each, and the g of means from them."""

    forms: int
    answers: float
    g: float

    @property
    def total(self) -> float:
        """Answers to an item."""
        return self.forms * self.answers

    def named(self, *, short: bool = False) -> str:
        """Itself in words: 4 forms × 5 answers, or 4 × 5."""
        nearly_whole = abs(self.answers - round(self.answers)) < 0.05
        answers = number(self.answers, 0 if nearly_whole else 1)
        if short:
            return f"{self.forms} × {answers}"
        several = "s" * (answers != "1")
        return f"{counted(self.forms, 'form')} × {answers} answer{several}"


def ways(rows: pd.DataFrame) -> list[Way]:
    """The ways of asking in one wave that rows of `tables.GENERALIZABILITY` tell g of."""
    known = rows[rows["n_waves"].eq(1) & rows["g"].notna()]
    columns = (known[name] for name in ("n_forms", "n_answers", "g"))
    return [
        Way(int(forms), float(answers), float(g))
        for forms, answers, g in zip(*columns, strict=True)
    ]


def best(others: Sequence[Way], own: Way) -> Way | None:
    """The way with the highest g among those with no more answers, of equal ones that with the
    fewest forms; None where none is notably better."""
    possible = [way for way in others if way.total <= own.total and way.g >= own.g + NOTEWORTHY]
    return min(possible, key=lambda way: (-way.g, way.forms), default=None)


def cheapest(others: Sequence[Way], own: Way) -> Way | None:
    """The way with the fewest answers among those as good, of equal ones that with the fewest
    forms; None where none takes fewer answers, or where means are chance whatever is asked."""
    if own.g < NOTEWORTHY:
        return None
    possible = [way for way in others if way.total < own.total and way.g > own.g - NOTEWORTHY]
    return min(possible, key=lambda way: (way.total, way.forms), default=None)


@dataclass(frozen=True)
class Advice:
    """What is known of how a protocol asks about a scale, by medians over models.

    Attributes:
        protocol, dataset, scale: what it is about.
        models: the models it is known of, ascending.
        own: how the protocol asks.
        best, cheapest: ways that are better, or as good with fewer answers; see the functions.
    """

    protocol: str
    dataset: str
    scale: str
    models: tuple[str, ...]
    own: Way
    best: Way | None
    cheapest: Way | None


def advice(rows: pd.DataFrame) -> Iterator[Advice]:
    """What to ask under each protocol and on each scale, from rows of `tables.GENERALIZABILITY`."""
    known = rows[rows["g"].notna() & rows["n_waves"].eq(1)]
    asked, possible = known[known["protocol"].notna()], known[known["protocol"].isna()]
    cells = ["dataset", "scale", "protocols"]
    others = dict(groups(possible, cells))
    for (dataset, scale, alike, protocol), own in groups(asked, [*cells, "protocol"]):
        of_models = others[dataset, scale, alike]
        of_models = of_models[of_models["model"].isin(own["model"])]
        by_design = of_models.groupby(["n_forms", "n_waves", "n_answers"], as_index=False)
        (current,) = ways(own[["n_forms", "n_waves", "n_answers", "g"]].median().to_frame().T)
        instead = ways(by_design[["g"]].median())
        yield Advice(
            protocol=protocol,
            dataset=dataset,
            scale=scale,
            models=tuple(sorted(own["model"])),
            own=current,
            best=best(instead, current),
            cheapest=cheapest(instead, current),
        )


def in_words(told: Advice, prices: Mapping[Way, str]) -> str:
    """A sentence on what to ask under a protocol; `prices` are those of ways, in words."""

    def shown(way: Way) -> str:
        price = f", {prices[way]}" if way in prices else ""
        return f"{way.named()} (g = {coefficient(way.g)}{price})"

    where = f"{told.protocol} ({told.dataset}, {told.scale}): asked with {shown(told.own)}"
    parts = []
    if told.best is not None:
        parts.append(f"{shown(told.best)} would be better for as many answers or fewer")
    if told.cheapest is not None and told.cheapest != told.best:
        parts.append(f"{shown(told.cheapest)} would be about as good")
    if not parts and told.own.g < NOTEWORTHY:
        return f"{where}; means of these answers are little more than chance in every way compared."
    if not parts:
        return (
            f"{where}; no other way compared is better for as many answers, or as good for fewer."
        )
    return f"{where}; {'; '.join(parts)}."
