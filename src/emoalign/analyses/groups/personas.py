"""Whether a persona of a group moves a model's ratings towards that group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from emoalign.analyses.groups.measures import Items, Measured, Pair, ScaleCells, weighted
from emoalign.analyses.groups.reasons import why_undecided, why_unknown
from emoalign.stimuli.readers.base import Group
from emoalign.tables import groups
from emoalign.wording import listed

TOWARDS = {"r": ("r", 1), "mae": ("mae", -1), "mse": ("squared", -1)}
"""The measures of closeness, and what they are of a pair: r is better the higher it is, a distance
the lower. Of squared distances the sampling error of people's means cancels."""

Asked = Mapping[Group, tuple[str, ...]]
"""The protocols whose personas are all of a group, ascending."""

Personas = Mapping[str, Mapping[str, tuple[str, ...]]]
"""What the personas of a protocol are by attribute, "" where it is not said."""


def asked_as(norms: pd.DataFrame, personas: Personas) -> Asked:
    """The protocols that ask as each group of these norms."""
    asked: dict[Group, tuple[str, ...]] = {}
    for attribute, names in _named(norms).items():
        for name in names:
            asked[attribute, name] = tuple(
                protocol
                for protocol, values in sorted(personas.items())
                if values.get(attribute) == (name,)
            )
    return asked


def unasked(norms: pd.DataFrame, personas: Personas) -> Iterator[dict[str, object]]:
    """A row for each attribute of which fewer than two groups are asked as, with the reason."""
    asked = asked_as(norms, personas)
    for attribute, names in _named(norms).items():
        as_groups = {name: asked[attribute, name] for name in names if asked[attribute, name]}
        if len(as_groups) >= 2:
            continue
        told = [
            f"the personas of {protocol} {_what(attribute, values[attribute], names)}"
            for protocol, values in sorted(personas.items())
            if set(values[attribute]) not in ({""}, *({name} for name in names))
        ]
        if as_groups:
            ((name, protocols),) = as_groups.items()
            told.insert(0, f"only {listed(protocols)} asks as {name}")
        if not told:
            told = [f"no protocol asks as {' or '.join(names)}"]
        yield {
            "attribute": attribute,
            "reason": "; ".join(told),
        }


def _what(attribute: str, values: tuple[str, ...], names: tuple[str, ...]) -> str:
    given = [value for value in values if value]
    unknown = [value for value in given if value not in names]
    if unknown:
        return (
            f"have {attribute}: {listed(unknown)}, which is no group of the dataset "
            f"({listed(names)})"
        )
    if "" in values:
        return f"do not all have the attribute {attribute}"
    return f"are of several groups ({listed(given)})"


def _named(norms: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The names of the groups by attribute, both ascending."""
    return {
        attribute: tuple(sorted(set(rows["group"])))
        for (attribute,), rows in groups(norms, ["attribute"])
    }


@dataclass(frozen=True)
class Opposed:
    """Two groups, a model, and protocols that ask it as each."""

    model: str
    a: Group
    b: Group
    protocol_a: str
    protocol_b: str

    def items(self, cells: ScaleCells) -> Items:
        """The items that the model rated as both, and that both rated."""
        raters = [(self.model, self.protocol_a), (self.model, self.protocol_b)]
        return cells.shared(raters, [self.a, self.b])

    def pairs(self, cells: ScaleCells) -> tuple[Pair, Pair, Pair, Pair]:
        """Persona a beside people a and b, then persona b beside a and b."""
        items = self.items(cells)
        a, b = (self.model, self.protocol_a), (self.model, self.protocol_b)
        return (
            Pair.on(a, self.a, items),
            Pair.on(a, self.b, items),
            Pair.on(b, self.a, items),
            Pair.on(b, self.b, items),
        )


def _opposed(cells: ScaleCells, asked: Asked) -> Iterator[Opposed]:
    models = sorted({model for model, _ in cells.mean})
    for a, b in combinations(sorted(set(asked) & set(cells.groups)), 2):
        if a[0] != b[0]:
            continue
        for model, protocol_a, protocol_b in product(models, asked[a], asked[b]):
            if {(model, protocol_a), (model, protocol_b)} <= set(cells.mean):
                yield Opposed(model, a, b, protocol_a, protocol_b)


def persona_pairs(cells: ScaleCells, asked: Asked) -> Iterator[Pair]:
    """What has to be measured for `persona_rows`."""
    for opposed in _opposed(cells, asked):
        yield from opposed.pairs(cells)


def persona_rows(
    cells: ScaleCells, asked: Asked, found: Mapping[Pair, Measured]
) -> Iterator[dict[str, object]]:
    """A row per pair of groups that a model is asked as and measure; see `GROUP_PERSONAS`.

    Of squared distances it is 2·mean((m_a − m_b)·(h_a − h_b)), m the model's means by persona and h
    people's by group.
    """
    for opposed in _opposed(cells, asked):
        items, pairs = opposed.items(cells), opposed.pairs(cells)
        for measure, (name, sign) in TOWARDS.items():
            values = [getattr(found[pair], name) for pair in pairs]
            shift = weighted(values, [sign * one for one in (1, -1, -1, 1)])
            limits = shift.interval()
            sides = (opposed.a, opposed.b) * 2
            yield {
                "model": opposed.model,
                "attribute": opposed.a[0],
                "a": opposed.a[1],
                "b": opposed.b[1],
                "protocol_a": opposed.protocol_a,
                "protocol_b": opposed.protocol_b,
                "measure": measure,
                "n_items": int(items.sum()),
                "n_texts": len(np.unique(cells.drawing.clusters[items])),
                "shift": shift.estimate,
                "shift_low": limits.low,
                "shift_high": limits.high,
                "p": shift.p(beyond=True),
                "reason": why_undecided(items, cells.drawing.clusters, shift)
                or why_unknown(cells, sides, measure, values),
            }
