"""The model or protocol that is closest to people, named only where paired contrasts say so.

The one place that decides it, for correlations (`tables.CONTRASTS`) as for divergences of
distributions (`tables.DISTRIBUTION_CONTRASTS`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.tables import groups, records
from emoalign.wording import READOUTS, listed

SMALL = 0.05
"""The significance level of adjusted p-values."""

FEW = 4
"""The most verdicts and conditions that are named one by one."""

METRICS = {"r": "r", "jsd": "JSD", "rps": "RPS", "w1": "W1", "brier": "Brier score"}
"""The metrics behind verdicts, as sentences name them; r is that of correlations."""

FAMILY = ["kind", "within", "dataset", "scale", "readout"]
"""Contrasts with the same values in these compare the same conditions with each other."""


def nearer(contrast: Mapping[str, Any]) -> str | None:
    """The side of a contrast that is closer to people; None where the contrast does not decide.

    It decides with an adjusted p-value below `SMALL`, an interval of the difference, where there is
    one, that excludes 0, and a test that points to the same side as the means.
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
    """The one that is closer to people than each of the others, by the contrasts of one metric;
    None where there is no such one."""
    won = {
        (winner, row["a"] if winner == row["b"] else row["b"])
        for row in records(contrasts)
        if (winner := nearer(row)) is not None
    }
    for name in names:
        if len(names) > 1 and all((name, other) in won for other in names if other != name):
            return name
    return None


def higher_first(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Contrasts of correlations, turned so that no difference is below 0: A is the one with the
    higher r, in tables as in sentences."""
    turned = contrasts["difference"] < 0
    rows = contrasts.copy()
    for one, other in (("a", "b"), ("r_a", "r_b")):
        rows.loc[turned, [one, other]] = contrasts.loc[turned, [other, one]].to_numpy()
    for name in ("difference", "williams_t"):
        rows.loc[turned, name] = -contrasts.loc[turned, name]
    for by in ("difference", "zou"):
        low, high = f"{by}_low", f"{by}_high"
        rows.loc[turned, [low, high]] = -contrasts.loc[turned, [high, low]].to_numpy()
    return rows


def ends_of(contrast: Mapping[str, Any]) -> tuple[float, float]:
    """The 95% interval of a difference of correlations, wherever it is shown.

    It is Zou's, which takes items to be independent, unless some items form clusters.
    """
    by = "zou" if contrast["n_clusters"] == contrast["n_items"] else "difference"
    return contrast[f"{by}_low"], contrast[f"{by}_high"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of contrasts between the models of a protocol, or the protocols of a model.

    Attributes:
        kind, within, dataset, scale, readout: of the contrasts.
        names: of the models or protocols that were compared, ascending.
        winners: the closest of them to people by each metric, None where none is.
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
        """The closest by every metric."""
        found = set(self.winners.values())
        return found.pop() if len(found) == 1 else None

    @property
    def disagree(self) -> bool:
        """True if different metrics find different ones closest."""
        return len(set(self.winners.values()) - {None}) > 1

    def sentence(self, title: Callable[[str], str]) -> str:
        """The verdict in words; `title` is how a model or protocol is called."""
        between_models = self.kind == "model"
        within = f"{title(self.within)} ({READOUTS[self.readout]})"
        where = f"Under {within}, " if between_models else f"With {within}, "
        names = listed(map(title, self.names))
        among = names if between_models else f"the answers under {names}"

        def closest(winner: str) -> str:
            others = listed(title(name) for name in self.names if name != winner)
            if between_models:
                return f"{title(winner)} is closer to people than {others}"
            return f"answers under {title(winner)} are closer to people's than under {others}"

        if self.agreed is not None:
            return f"{where}{closest(self.agreed)}{self._by_all()}."
        by_winner: dict[str | None, list[str]] = {}
        for metric, winner in self.winners.items():
            by_winner.setdefault(winner, []).append(metric)
        unclear = by_winner.pop(None, None)
        none = f"none of {names} is clearly closest to people"
        if len(self.names) == 2:
            none = f"{among} do not differ clearly in how close they are to people's"
            if between_models:
                none = f"{names} do not differ clearly in how close they are to people"
        if not by_winner:
            return f"{where}{none}{self._by_any()}."
        found = "; ".join(
            f"by {listed(map(_called, metrics))}, {closest(winner)}"
            for winner, metrics in by_winner.items()
            if winner is not None
        )
        opening = "the metrics disagree" if self.disagree else "the metrics do not all agree"
        rest = f"; by {listed(map(_called, unclear))}, {none}" if unclear else ""
        return f"{where}{opening}: {found}{rest}."

    def _by_all(self) -> str:
        """The metrics that all say so; none of correlations, which have but one."""
        if len(self.winners) == 1:
            return ""
        several = "both" if len(self.winners) == 2 else "all of"
        return f" by {several} {listed(map(_called, self.winners))}"

    def _by_any(self) -> str:
        """The metrics of which none says so; none of correlations, which have but one."""
        if len(self.winners) == 1:
            return ""
        return f", whether by {listed(map(_called, self.winners), joined='or')}"


def verdicts(contrasts: pd.DataFrame) -> Iterator[Verdict]:
    """The verdicts on all families of contrasts of models or protocols that were tested."""
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
    """Verdicts one by one where they are few, else the number of each outcome."""
    if len(told) <= FEW:
        yield from (verdict.sentence(title) for verdict in told)
        return
    agreed = sum(verdict.agreed is not None for verdict in told)
    disagree = sum(verdict.disagree for verdict in told)
    yield (
        f"Paired contrasts were made within {len(told)} sets of conditions (all models under one "
        "protocol, or all protocols of one model, with one readout). In "
        f"{agreed} of them, the same model or protocol is closest to people by every metric; in "
        f"{disagree}, the metrics disagree; in {len(told) - agreed - disagree}, none is closest by "
        "every metric."
    )


def _called(metric: str) -> str:
    return METRICS[metric]
