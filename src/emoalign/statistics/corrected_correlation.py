"""A correlation from a model's ratings of all items and people's ratings of a random part of them.

A correlation follows from five means: of people's ratings y, a covariate z, y², z² and yz. Each is
corrected as other means are (see `corrected`). Standard errors are those of what each item adds to
r; intervals are of 95%, by Fisher's z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from emoalign.statistics.corrected import Corrected, Estimate, unbiased
from emoalign.statistics.pairs import FloatArray


def corrected_correlation(
    human: FloatArray, model: FloatArray, model_rest: FloatArray, z: FloatArray, z_rest: FloatArray
) -> Corrected:
    """Correlate people's ratings with a covariate z by PPI++, with one λ for all five means.

    r is NaN where the corrected means are not those of any ratings, which takes very few items.

    Args:
        human, model, z: of the items that people rated.
        model_rest, z_rest: of the others.
    """
    n, n_rest = len(human), len(model_rest)
    human, model, model_rest = _standardised(human, human, model, model_rest)
    z, z_rest = _standardised(np.concatenate([z, z_rest]), z, z_rest)
    wrong = _products(model_rest, z_rest).mean(axis=1) - _products(model, z).mean(axis=1)

    def influences(moments: _Moments) -> tuple[FloatArray, FloatArray, FloatArray]:
        return (
            moments.influence(human, z),
            moments.influence(model, z),
            moments.influence(model_rest, z_rest),
        )

    classical = _Moments.of(_products(human, z).mean(axis=1))
    people, machine, rest = influences(classical)
    shared = float(np.cov(people, machine)[0, 1])
    spread = (1 + n / n_rest) * float(np.var(np.concatenate([machine, rest]), ddof=1))
    weight = float(np.clip(shared / spread, 0, 1)) if spread > 0 else 0.0
    alone = _by_fisher(classical.r, float(np.std(people)) / np.sqrt(n))
    both = _Moments.of(_products(human, z).mean(axis=1) + weight * wrong)
    people, machine, rest = influences(both)
    variance = np.var(people - weight * machine) / n + weight**2 * np.var(rest) / n_rest
    return Corrected(alone, _by_fisher(both.r, float(np.sqrt(variance))), weight)


def design_based_correlation(
    z: FloatArray, model: FloatArray, human: FloatArray, probabilities: FloatArray
) -> Estimate:
    """Correlate people's ratings with a covariate z of all items by DSL.

    Args:
        z, model: of all items.
        human: people's ratings, NaN where they were not asked.
        probabilities: with which people were asked about each item; any value where they were not.
    """
    rated = np.isfinite(human)
    human, model = _standardised(human[rated], human, model)
    (z,) = _standardised(z, z)
    means = unbiased(_products(model, z), _products(human, z), rated, probabilities).mean(axis=1)
    moments = _Moments.of(means)
    added = unbiased(moments.influence(model, z), moments.influence(human, z), rated, probabilities)
    return _by_fisher(moments.r, float(np.std(added, ddof=1)) / np.sqrt(len(z)))


def weighted_correlation(y: FloatArray, z: FloatArray, probabilities: FloatArray) -> Estimate:
    """Correlate two variables of items that were drawn with unequal probabilities."""
    (y,), (z,) = _standardised(y, y), _standardised(z, z)
    weights = 1 / probabilities / np.sum(1 / probabilities)
    moments = _Moments.of(_products(y, z) @ weights)
    return _by_fisher(moments.r, float(np.sqrt(np.sum((weights * moments.influence(y, z)) ** 2))))


def _standardised(by: FloatArray, *values: FloatArray) -> list[FloatArray]:
    """Values less the mean of some of them, over their SD.

    That changes no correlation. But where the mean is many SDs, squares would lose the digits in
    which values differ.
    """
    mean, sd = by.mean(), by.std()
    return [(each - mean) / (sd if sd > 0 else 1) for each in values]


def _products(y: FloatArray, z: FloatArray) -> FloatArray:
    """What r is made of: y, z, y², z² and yz, (5, items)."""
    return np.stack([y, z, y**2, z**2, y * z])


def _by_fisher(r: float, error: float) -> Estimate:
    if not abs(r) < 1:
        return Estimate(*np.full((4, 1), np.nan))
    middle, half = np.arctanh(r), stats.norm.ppf(0.975) * error / (1 - r**2)
    ends = np.tanh([[middle - half], [middle + half]])
    return Estimate(np.array([r]), np.array([error]), *ends)


@dataclass(frozen=True)
class _Moments:
    """Means and SDs of people's ratings y and a covariate z, and their correlation."""

    y: float
    z: float
    sd_y: float
    sd_z: float
    r: float

    @classmethod
    def of(cls, means: FloatArray) -> _Moments:
        """From the means of y, z, y², z² and yz; NaN where a variance would not be above 0."""
        y, z, yy, zz, yz = (float(mean) for mean in means)
        variances = yy - y**2, zz - z**2
        if min(variances) <= 0:
            return cls(y, z, np.nan, np.nan, np.nan)
        sd_y, sd_z = np.sqrt(variances)
        return cls(y, z, float(sd_y), float(sd_z), float((yz - y * z) / (sd_y * sd_z)))

    def influence(self, y: FloatArray, z: FloatArray) -> FloatArray:
        """What each item adds to r."""
        first, second = (y - self.y) / self.sd_y, (z - self.z) / self.sd_z
        found: FloatArray = first * second - self.r / 2 * (first**2 + second**2)
        return found
