"""What a baseline learns: for every item, the shares of the people who gave each answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import rel_entr

from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.readers.source_items import SourceItem
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale, Scale

Shares = NDArray[np.float64]
"""Of each item (a row), the share of people, from 0 to 1, who gave each answer (a column)."""

ON_POINT = 1e-6
"""How far a rating may be from a point of the scale, in steps, to count as that point."""


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
    norms = norm_rows(items, {name: scale}).set_index("item_id")
    norms = norms.reindex([item.item_id for item in items]).astype(object).where(pd.notna, None)
    shares = (
        _label_shares(norms["labels"], scale)
        if isinstance(scale, LabelScale)
        else _point_shares(norms["ratings"], scale)
    )
    return shares, ~np.isnan(shares[:, 0])


def _label_shares(choices: pd.Series, scale: LabelScale) -> Shares:
    place = {label: index for index, label in enumerate(scale.labels)}
    chosen = choices.reset_index(drop=True).explode().explode().dropna()
    counts = np.zeros((len(choices), len(scale.labels)))
    np.add.at(counts, (chosen.index.to_numpy(), chosen.map(place).to_numpy(dtype=np.intp)), 1)
    return counts / _raters(choices)


def _point_shares(ratings: pd.Series, scale: HumanScale) -> Shares:
    each = ratings.reset_index(drop=True).explode().dropna()
    steps = (each.to_numpy(dtype=np.float64) - scale.min) / scale.step
    nearest = np.round(steps)
    counts = np.zeros((len(ratings), len(scale.points)))
    np.add.at(counts, (each.index.to_numpy(), nearest.astype(np.intp)), 1)
    counts[each.index[np.abs(steps - nearest) > ON_POINT]] = np.nan
    return counts / _raters(ratings)


def _raters(answers: pd.Series) -> Shares:
    """How many people answered, in a column; NaN where nobody did."""
    raters = np.array([len(each) if each is not None else 0 for each in answers], dtype=np.float64)
    return np.where(raters > 0, raters, np.nan)[:, None]


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
