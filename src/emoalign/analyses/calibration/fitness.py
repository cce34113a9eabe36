"""What must be there before anything can be calibrated, and why it is not where it is missing."""

from __future__ import annotations

import numpy as np

from emoalign.analyses.calibration.analysis import CalibrationSettings
from emoalign.items.cells import DistributionCell
from emoalign.statistics.calibrators.scaling import MOST_POINTS


def why_not(cell: DistributionCell, settings: CalibrationSettings) -> str | None:
    """Why nothing can be learnt on the items of a cell; None where it can."""
    n, left_out = len(cell.item_ids), cell.left_out
    if n == 0:
        if left_out.no_answer:
            return "the model gave no usable answer to an item that people rated"
        if left_out.few_raters:
            return "too few people rated each item for their distribution to be known"
        return "no single ratings of people are known on the points of the scale"
    if n < settings.min_items:
        return f"only {n} items were rated by both people and model; it takes {settings.min_items}"
    texts = len(np.unique(cell.text_keys))
    training = texts - -(-texts // settings.folds)
    if texts < settings.folds or training < settings.inner_folds:
        return (
            f"the items show only {texts} different texts, too few for {settings.folds} folds with "
            f"{settings.inner_folds} parts in each"
        )
    return None


def why_no_matrix(method: str, points: int) -> str | None:
    """Why a method is not tried on a scale with so many points; None where it is."""
    if method == "dirichlet" and points > MOST_POINTS:
        return (
            f"the matrix for {points} points has {points * (points + 1):,} numbers; it is fitted "
            f"for up to {MOST_POINTS} points"
        )
    return None
