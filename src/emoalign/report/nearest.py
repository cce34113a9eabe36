"""Who is nearest to people: said only where paired contrasts say so, by every metric alike.

The one place that decides it, for correlations (`tables.CONTRASTS`) as for distances between
distributions (`tables.DISTRIBUTION_CONTRASTS`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.tables import groups, records
from emoalign.wording import listed

SMALL = 0.05
"""An adjusted p-value below this tells two sides apart."""

FEW = 4
"""Verdicts and cells that are named one by one."""

METRICS = {"r": "r", "jsd": "JSD", "rps": "RPS", "w1": "W1", "brier": "Brier score"}
"""The metrics that verdicts go by, as sentences call them; r is that of correlations."""

FAMILY = ["kind", "within", "dataset", "scale", "readout"]
"""Contrasts that are alike in these compare the same cells with each other."""


def nearer(contrast: Mapping[str, Any]) -> str | None:
    """The side of a contrast that is nearer to people; None where that cannot be told.

    It takes an adjusted p-value below `SMALL`; an interval of the difference, where there is one,
    without 0; and a test that points to the same side as the means.
    """
    difference = contrast["difference"]
    undecided = contrast["difference_low"] <= 0 <= contrast["difference_high"]
    if not contrast["p_holm"] < SMALL or undecided or not difference:
        return None
    if difference * contrast.get("signedrank_z", difference) <= 0:
        return None
    # A correlation is better the higher it is, a distance the lower.
    is_a = difference > 0 if "metric" not in contrast else difference < 0
    return str(contrast["a"] if is_a else contrast["b"])


def nearest(names: Collection[str], contrasts: pd.DataFrame) -> str | None:
    """The one that contrasts of one metric find nearer to people than each of the others; None
    where there is no such one."""
    won = {
        (winner, row["a"] if winner == row["b"] else row["b"])
        for row in records(contrasts)
        if (winner := nearer(row)) is not None
    }
    for name in names:
        if len(names) > 1 and all((name, other) in won for other in names if other != name):
            return name
    return None


@dataclass(frozen=True)
class Verdict:
    """What contrasts say of the models of a protocol, or of the protocols of a model.

    Attributes:
        kind, within, dataset, scale, readout: of the contrasts.
        names: of the models or protocols that were compared, ascending.
        winners: the nearest of them by each metric, None where none is.
    """

    kind: str
    within: str
    dataset: str
    scale: str
    readout: str
    names: tuple[str, ...]
    winners: Mapping[str, str | None]

    @property
    def agreed(self) -> str | None:
        """The nearest by every metric."""
        found = set(self.winners.values())
        return found.pop() if len(found) == 1 else None

    @property
    def disagree(self) -> bool:
        """Whether metrics name different ones."""
        return len(set(self.winners.values()) - {None}) > 1

    def sentence(self, title: Callable[[str], str]) -> str:
        """The verdict in words; `title` says what a model or protocol is called."""
        names = [title(name) for name in self.names]
        where = f"For {title(self.within)} ({self.readout}), "
        if self.kind == "model":
            where = f"Under {title(self.within)} ({self.readout}), "
        if self.agreed is not None:
            others = listed([title(name) for name in self.names if name != self.agreed])
            by = "" if len(self.winners) == 1 else f", by {listed(map(_called, self.winners))}"
            return f"{where}{title(self.agreed)} is nearer to people than {others}{by}."
        by_winner: dict[str | None, list[str]] = {}
        for metric, winner in self.winners.items():
            by_winner.setdefault(winner, []).append(_called(metric))
        unclear = by_winner.pop(None, None)
        none = f"none of {listed(names)} is clearly the nearest to people"
        if len(names) == 2:
            none = f"{listed(names)} do not differ clearly in their distance from people"
        if not by_winner:
            by = "" if len(self.winners) == 1 else f" by {listed(map(_called, self.winners))}"
            return f"{where}{none}{by}."
        found = "; ".join(
            f"by {listed(metrics)}, {title(winner)} is the nearest"
            for winner, metrics in by_winner.items()
            if winner is not None
        )
        opening = "the metrics disagree: " if self.disagree else "only some metrics tell: "
        rest = f"; by {listed(unclear)}, {none}" if unclear else ""
        return f"{where}{opening}{found}{rest}."


def verdicts(contrasts: pd.DataFrame) -> Iterator[Verdict]:
    """The verdict on every family of contrasts of models or protocols, of which any was tested."""
    kept = contrasts[contrasts["kind"].isin(["model", "protocol"])]
    for (kind, within, dataset, scale, readout), family in groups(kept, FAMILY, sort=False):
        by_metric = dict(groups(family, ["metric"])) if "metric" in family else {("r",): family}
        told = {name: by_metric[(name,)] for name in METRICS if (name,) in by_metric}
        tested = {name: rows for name, rows in told.items() if rows["p_holm"].notna().any()}
        names = tuple(sorted({*family["a"], *family["b"]}))
        if tested:
            winners = {name: nearest(names, rows) for name, rows in tested.items()}
            yield Verdict(kind, within, dataset, scale, readout, names, winners)


def verdict_sentences(told: Sequence[Verdict], title: Callable[[str], str]) -> Iterator[str]:
    """Verdicts one by one where they are few, else how many came out which way."""
    if len(told) <= FEW:
        yield from (verdict.sentence(title) for verdict in told)
        return
    agreed = sum(verdict.agreed is not None for verdict in told)
    disagree = sum(verdict.disagree for verdict in told)
    yield (
        f"Contrasts were made within {len(told)} sets of models under one protocol or protocols of "
        f"one model: in {agreed}, every metric finds the same one nearest to people, in "
        f"{disagree} the metrics disagree, and in {len(told) - agreed - disagree} there is no "
        "nearest one by every metric."
    )


def _called(metric: str) -> str:
    return METRICS[metric]
