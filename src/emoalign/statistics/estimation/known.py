"""What estimates are learnt from, and whether it is enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.errors import EmoalignError
from emoalign.statistics.out_of_fold import FEWEST_LEARNT
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys

FEWEST_RATED, FEWEST_PER_CELL = 100, 5
"""Rated items that estimates need, in all and for each cell."""

FEWEST_OK = 0.8
"""The share of rated items that a cell must have a mean of to be a predictor."""


class TooFewRated(EmoalignError):  # noqa: N818 (an answer that a table gives as its reason)
    """Too few items were rated to learn from; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the items of one scale. Rows are items, ascending by id.

    Attributes:
        human: means of people's ratings, shape (items,), NaN where nobody rated.
        human_sd: their SDs, shape (items,), NaN where unknown.
        human_n: people who rated, shape (items,), NaN where unknown.
        keys: what folds are dealt by, one for each cluster, shape (items,).
        names: the cells, ascending.
        means: the cells' means, shape (items, cells), NaN where missing.
        sds: the cells' SDs, shape (items, cells), NaN where unknown.
        answered: the share of answers that are ratings, shape (items, cells), 0–1.
        vectors: embeddings, shape (items, size).
        ends: the lowest and highest point of the scale.
    """

    human: FloatArray
    human_sd: FloatArray
    human_n: FloatArray
    keys: Keys
    names: tuple[str, ...]
    means: FloatArray
    sds: FloatArray
    answered: FloatArray
    vectors: FloatArray | None
    ends: tuple[float, float]

    @property
    def rated(self) -> NDArray[np.bool_]:
        """The items that people rated, shape (items,)."""
        return np.isfinite(self.human)

    @property
    def used(self) -> NDArray[np.bool_]:
        """The cells that rated enough of the items that people rated, shape (cells,)."""
        present = np.isfinite(self.means[self.rated]).sum(axis=0)
        used: NDArray[np.bool_] = present >= FEWEST_OK * self.rated.sum()
        return used

    def check(self) -> None:
        """Raise TooFewRated where nothing can be learnt."""
        n_rated, n_cells = int(self.rated.sum()), int(self.used.sum())
        fewest = max(FEWEST_RATED, FEWEST_PER_CELL * n_cells)
        if n_rated < fewest:
            for_each = f", {FEWEST_PER_CELL} for each of {n_cells} cells"
            raise TooFewRated(
                f"people rated {n_rated} items on this scale; estimates need at least {fewest}"
                + (for_each if fewest > FEWEST_RATED else "")
            )
        n_clusters = len(np.unique(self.keys[self.rated]))
        if n_clusters < FEWEST_LEARNT:
            raise TooFewRated(
                f"the items that people rated on this scale belong to {n_clusters} clusters; "
                f"estimates need at least {FEWEST_LEARNT}"
            )
        if not n_cells and self.vectors is None:
            raise TooFewRated(
                f"no model rated {FEWEST_OK:.0%} of the items that people rated on this scale"
            )
