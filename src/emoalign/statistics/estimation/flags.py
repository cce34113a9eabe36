"""What makes an estimate doubtful, and how far the items that nobody rated are from the rated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.embedding_ridge import components, standardised
from emoalign.statistics.estimation.known import Known
from emoalign.statistics.labels import out_of_fold_auc
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import Keys, dealt_folds, row_blocks

Flags = NDArray[np.bool_]

FEWEST_ANSWERED = 0.5
"""The share of a cell's answers that must be ratings, or the item is flagged."""

NEAREST = 5
"""Rated items whose mean distance tells how near an item is to what was rated."""

MOST_COMPARED = 4_000
"""Rated items among which the nearest are looked for."""

FAR = 0.95
"""The share of rated items that are nearer to the others than an item which is far."""

DOMAIN_FOLDS = 5
DOMAIN_COMPONENTS = 32
"""Principal components of the embedding that tell rated items from others."""


def flags(known: Known, mean: FloatArray) -> dict[str, Flags]:
    """The flags of all items, by name, from what is known and the estimates, shape (items,)."""
    rated, means = known.rated, known.means[:, known.used]
    # A sum is finite where all of its parts are.
    missing = ~np.isfinite(means.sum(axis=1))
    distant = np.zeros(len(rated), dtype=np.bool_)
    if known.vectors is not None:
        missing |= ~np.isfinite(known.vectors.sum(axis=1))
        # Not in components of the rated items, which do not show how others are unlike them.
        distant = far(standardised(known.vectors, rated), rated, known.keys)
    return {
        "beyond_rated": beyond_rated(mean, known.human),
        "far": distant,
        "extreme_source": extreme_source(means, rated),
        "few_answers": known.answered[:, known.used].min(axis=1, initial=1) < FEWEST_ANSWERED,
        "imputed": missing,
    }


def beyond_rated(means: FloatArray, human: FloatArray) -> Flags:
    """The items whose estimate is outside the range of people's means, NaN where nobody rated."""
    found: Flags = (means < np.nanmin(human)) | (means > np.nanmax(human))
    return found


def extreme_source(values: FloatArray, rated: Flags) -> Flags:
    """The items on which a cell, shape (items, cells), is outside its range on rated items."""
    if not values.shape[1]:
        return np.zeros(len(values), dtype=np.bool_)
    lowest, highest = np.nanmin(values[rated], axis=0), np.nanmax(values[rated], axis=0)
    found: Flags = ((values < lowest) | (values > highest)).any(axis=1)
    return found


def far(features: FloatArray, rated: Flags, keys: Keys) -> Flags:
    """The items that are farther from rated items than 95% of rated items are from each other.

    The distance is the mean of those to the five nearest rated items of other clusters, in features
    of the embedding, shape (items, size). Of many rated items, those with the lowest keys are
    compared with, which are hashes.
    """
    compared = np.flatnonzero(rated)
    compared = compared[np.argsort(keys[compared], kind="stable")][:MOST_COMPARED]
    middle, of_rated = features[rated].mean(axis=0), keys[compared]
    # Distances of a few digits are enough if lengths are those from the middle.
    table = (features[compared] - middle).astype(np.float32)
    length = np.einsum("ij,ij->i", table, table)
    distance = np.empty(len(features))
    for rows in row_blocks(len(features), len(table)):
        asked = (features[rows] - middle).astype(np.float32)
        squares = length - 2 * asked @ table.T
        squares += np.einsum("ij,ij->i", asked, asked)[:, np.newaxis]
        squares[_same(keys[rows], of_rated)] = np.inf
        nearest = np.partition(squares, NEAREST - 1, axis=1)[:, :NEAREST]
        distance[rows] = np.sqrt(np.maximum(nearest, 0)).mean(axis=1)
    found: Flags = distance > np.quantile(distance[rated], FAR)
    return found


def _same(keys: Keys, compared: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of items that share a cluster, as rows and columns; `compared` ascend."""
    start, end = np.searchsorted(compared, keys, "left"), np.searchsorted(compared, keys, "right")
    sizes = end - start
    row = np.repeat(np.arange(len(keys)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return row, np.repeat(start, sizes) + within


def domain_auc(
    values: FloatArray, vectors: FloatArray | None, rated: Flags, keys: Keys, seed: int
) -> float:
    """How well a logistic regression tells rated items from others, out of fold.

    It learns from the cells' means, shape (items, cells), and the leading components of all
    embeddings, (items, size). .5: the two are alike; above .7 the coverage measured on rated items
    need not hold for the others. NaN where all items are rated.
    """
    if rated.all():
        return np.nan
    present = np.isfinite(values)
    centre = np.where(present, values, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    filled = np.where(present, values, centre)
    if vectors is not None:
        everywhere = np.ones(len(rated), dtype=np.bool_)
        shared = components(vectors, everywhere, DOMAIN_COMPONENTS)
        filled = np.column_stack((filled, shared))
    folds = dealt_folds(keys, DOMAIN_FOLDS, seed, "domain")
    return out_of_fold_auc(filled, rated, folds, logistic_scores)


def logistic_scores(features: FloatArray, labelled: Flags, others: FloatArray) -> FloatArray:
    """Log odds that others, shape (others, size), have the label, by logistic regression.

    Features are standardised. Half the squared length of the slopes is subtracted from the
    log-likelihood, so that slopes stay finite where the two can be told apart. Newton's method.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > ROUNDING, spread, np.inf)
    x, asked = (
        np.column_stack((np.ones(len(part)), (part - centre) / spread))
        for part in (features, others)
    )
    penalty = np.append(0.0, np.ones(features.shape[1]))
    slopes = np.zeros(x.shape[1])
    share = labelled.mean()
    slopes[0] = np.log(share / (1 - share))
    for _ in range(50):
        odds = np.clip(x @ slopes, -30, 30)
        chance = 1 / (1 + np.exp(-odds))
        gradient = x.T @ (labelled - chance) - penalty * slopes
        curvature = (x * (chance * (1 - chance))[:, np.newaxis]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature + ROUNDING * np.eye(len(slopes)), gradient)
        slopes += step
        if np.abs(step).max() < 1e-10:
            break
    scores: FloatArray = asked @ slopes
    return scores
