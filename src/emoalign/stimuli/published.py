"""Norms as a table prints them: in the numbers of its file, with so many decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emoalign.study.scales import HumanScale

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DECIMALS = 6
"""The most decimals that a published mean is taken to have."""

COMPUTED_DECIMALS = 2
"""Decimals of means that are in no file, but follow from single ratings."""

_ROUNDING = 1e-8
"""Differences between floats below this come from rounding."""


@dataclass(frozen=True)
class PublishedMeans:
    """The means of a scale in the numbers of the file.

    Attributes:
        means: by item_id, ascending; items without a mean are left out.
        decimals: the fewest with which each is printed in full.
    """

    means: Mapping[str, float]
    decimals: int

    def printed(self, item_id: str) -> str:
        """The mean of an item as it is printed."""
        return f"{self.means[item_id]:.{self.decimals}f}"


def published_means(norms: pd.DataFrame, name: str, scale: HumanScale) -> PublishedMeans:
    """The means on the scale called `name`, from a table of norms."""
    rows = norms[(norms["scale"] == name) & norms["mean"].notna()].sort_values("item_id")
    numbers = in_file(rows["mean"].to_numpy(dtype=float), scale)
    decimals = next(
        (
            digits
            for digits in range(MOST_DECIMALS + 1)
            if (np.abs(numbers - numbers.round(digits)) < _ROUNDING).all()
        ),
        COMPUTED_DECIMALS,
    )
    means = dict(zip(rows["item_id"].astype(str), numbers.round(decimals).tolist(), strict=True))
    return PublishedMeans(means, decimals)


def in_file(points: NDArray[np.float64], scale: HumanScale) -> NDArray[np.float64]:
    """Points of the scale as numbers of the file; the inverse of `norms.to_scale`."""
    written = scale.written
    return written.min + (points - scale.min) / written.stretch(scale)
