"""What a baseline learns: for every item, the shares of the people who gave each answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from emoalign.stimuli.norms import human_answers, norm_rows
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.scales import DatasetScale, LabelScale, Scale

Shares = NDArray[np.float64]
"""Of each item (a row), the share of people, from 0 to 1, who gave each answer (a column)."""


def answer_names(scale: Scale) -> tuple[str, ...]:
    """The possible answers: the labels of the scale, or its points in ascending order."""
    if isinstance(scale, LabelScale):
        return scale.labels
    return tuple(f"{point:g}" for point in scale.points)


def human_shares(
    items: Sequence[SourceItem], name: str, scale: DatasetScale
) -> tuple[Shares, NDArray[np.bool_]]:
    """The shares of each item on a scale, and whether it has some; a row without is NaN.

    On a scale of labels a share is that of the raters who chose the label, and a row need not sum
    to 1, because a rater may choose several; on a scale of points rows sum to 1. An item has none
    where single ratings are unknown, or where one lies between two points. Raises DataError for a
    rating that is not on the scale.
    """
    people = human_answers(norm_rows(items, {name: scale}), name, scale)
    shares = np.full((len(items), people.counts.shape[1]), np.nan)
    place = {item.item_id: number for number, item in enumerate(items)}
    shares[[place[item_id] for item_id in people.item_ids]] = people.shares
    return shares, ~np.isnan(shares[:, 0])


def divergence(human: Shares, predicted: Shares, scale: Scale) -> float:
    """The loss of a baseline: KL divergence (nats) of predicted shares from those of people.

    Scale of labels: whether a person chooses a label is one event for every label, so that it is
    the divergence between the two Bernoulli distributions, averaged over labels and items. Scale
    of points: the divergence between the two distributions over points, averaged over items.
    """
    if isinstance(scale, LabelScale):
        both = rel_entr(human, predicted) + rel_entr(1 - human, 1 - predicted)
        return float(both.mean())
    return float(rel_entr(human, predicted).sum(axis=1).mean())
