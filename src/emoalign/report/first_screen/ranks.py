"""Ranks of models, as far as paired contrasts tell them apart and no further."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from emoalign.report.nearest import METRICS, nearer
from emoalign.tables import groups, records
from emoalign.wording import listed

FAMILY = ["dataset", "scale", "within", "readout"]


@dataclass(frozen=True)
class Rank:
    """The ranks, from 1, that contrasts leave open for a model: `best` is one more than the models
    that are clearly nearer to people, `worst` is how many there are without those that are clearly
    farther. Neither takes "clearly nearer" to be transitive."""

    name: str
    best: int
    worst: int

    @property
    def shown(self) -> str:
        """The ranks in a table: 1, or 2–4."""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


@dataclass(frozen=True)
class Ranking:
    """The models that were compared under a protocol, the nearest to people first."""

    dataset: str
    scale: str
    protocol: str
    readout: str
    ranks: tuple[Rank, ...]

    @property
    def tells(self) -> bool:
        """Whether any model is clearly nearer to people than another."""
        return any(rank.shown != f"1–{len(self.ranks)}" for rank in self.ranks)

    def words(self, names: dict[str, str]) -> str:
        """The ranks in words: 1 Ann; 2–3 Ben and Cleo (tied). `names` are the models' names."""
        return "; ".join(
            f"{shown} {listed([names[rank.name] for rank in alike])}"
            + (" (tied)" if len(alike) > 1 else "")
            for shown, alike in (
                (shown, list(some)) for shown, some in groupby(self.ranks, lambda rank: rank.shown)
            )
        )


def ranks(names: Collection[str], contrasts: pd.DataFrame) -> tuple[Rank, ...]:
    """The ranks of models by contrasts of each pair, the best first, else in the order given.

    Of two models one is clearly nearer to people where `nearest.nearer` says so by every metric.
    """
    by_pair: dict[tuple[str, str], set[str | None]] = {}
    for row in records(contrasts):
        by_pair.setdefault((row["a"], row["b"]), set()).add(nearer(row))
    nearer_than = {
        (winner, b if winner == a else a)
        for (a, b), winners in by_pair.items()
        if len(winners) == 1
        for winner in winners
        if winner is not None
    }
    ranked = [
        Rank(
            name,
            best=1 + sum((other, name) in nearer_than for other in names),
            worst=len(names) - sum((name, other) in nearer_than for other in names),
        )
        for name in names
    ]
    return tuple(sorted(ranked, key=lambda rank: (rank.best, rank.worst)))


def rankings(contrasts: pd.DataFrame, models: Collection[str]) -> Iterator[Ranking]:
    """A ranking of the models of each scale under each protocol: of exact probabilities, or of
    sampled answers where those cannot be compared; and one of decisions. `models` are in the order
    of the study."""
    kept = contrasts[(contrasts["kind"] == "model") & contrasts["p_holm"].notna()]
    if "metric" in kept:
        kept = kept[kept["metric"].isin(list(METRICS))]
    families: dict[tuple[str, str, str, bool], tuple[str, pd.DataFrame]] = {}
    for (dataset, scale, protocol, readout), family in groups(kept, FAMILY, sort=False):
        key = (dataset, scale, protocol, readout == "decision")
        # "exact" comes before "sampled".
        if key not in families or readout < families[key][0]:
            families[key] = (readout, family)
    for (dataset, scale, protocol, _), (readout, family) in families.items():
        compared = {*family["a"], *family["b"]}
        names = [name for name in models if name in compared]
        yield Ranking(dataset, scale, protocol, readout, ranks(names, family))
