"""ANEW: a table like any other, and checked besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import HumanRatings, SourceItem
from emoalign.stimuli.readers.table import read_table
from emoalign.stimuli.readers.table_columns import ItemTable
from emoalign.stimuli.readers.table_rows import CARD

_ENOUGH = 100
"""Words that are needed to tell a correlation near 0 from one above .7."""


class AnewSource(ItemTable):
    """ANEW: a table, checked for the swapped columns of some copies."""

    reader: Literal["anew"] = Field(description="The file format.")

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """The words with all ratings that the card names columns of.

        In ANEW, valence goes with dominance (r about .8) and hardly with arousal. Where it is the
        other way round, the two columns were swapped, and the table is refused.
        """
        items = read_table(self, paths, mistakes)
        arousal, dominance = (
            _correlation(items, "valence", name) for name in ("arousal", "dominance")
        )
        if abs(arousal) > abs(dominance):
            columns = {name: self.scales[name].mean for name in ("arousal", "dominance")}
            mistakes.add(
                "Columns swapped",
                f"{paths['table']}: valence correlates {arousal:.2f} with arousal (column "
                f"{columns['arousal']!r}) and {dominance:.2f} with dominance (column "
                f"{columns['dominance']!r}); in ANEW these correlations are about 0 and .8",
                "In some copies of ANEW the two columns are swapped: use another copy, or swap "
                f"the two column names in {CARD}.",
            )
        return items


def _correlation(items: Sequence[SourceItem], scale: str, other: str) -> float:
    """r of the means on two scales; NaN where too few words have both."""
    pairs = [
        (first.mean, second.mean)
        for item in items
        if isinstance(first := item.ratings.get(scale), HumanRatings)
        and isinstance(second := item.ratings.get(other), HumanRatings)
    ]
    if len(pairs) < _ENOUGH:
        return float("nan")
    import numpy as np

    return float(np.corrcoef(np.array(pairs).T)[0, 1])
