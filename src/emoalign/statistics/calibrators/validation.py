"""All families of calibrators, and nested cross-validation of them.

Outer folds judge a calibrator, inner ones choose its settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from emoalign.statistics.calibrators.family import (
    Family,
    Fitted,
    MarginalFamily,
    MixtureFamily,
    Sample,
    UnchangedFamily,
    cross_entropy,
)
from emoalign.statistics.calibrators.monotone import CumulativeLogitFamily, IsotonicFamily
from emoalign.statistics.calibrators.scaling import (
    BiasFamily,
    DirichletFamily,
    TemperatureFamily,
    VectorFamily,
)
from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds, Keys, dealt_folds

FAMILIES: dict[str, Family] = {
    "temperature": TemperatureFamily(),
    "bias": BiasFamily(),
    "isotonic": IsotonicFamily(),
    "mixture": MixtureFamily(),
    "vector": VectorFamily(),
    "dirichlet": DirichletFamily(),
    "cumulative_logit": CumulativeLogitFamily(),
}
"""What can be tried, by name."""


def fitting(methods: Iterable[str], kind: Kind) -> dict[str, Family]:
    """The families of these names that are for a kind of scale, in the order of `FAMILIES`.

    Before them are `none` and `marginal`, which others are compared with.
    """
    wanted = set(methods)
    chosen: dict[str, Family] = {
        name: family for name, family in FAMILIES.items() if name in wanted and kind in family.kinds
    }
    return {"none": UnchangedFamily(), "marginal": MarginalFamily(), **chosen}


@dataclass(frozen=True, eq=False)
class Validated:
    """What cross-validation made of one family.

    Attributes:
        out_of_fold: calibrated distributions, shape (items, K), each by a calibrator that saw no
            item with the same text.
        final: the calibrator fitted on all items.
    """

    out_of_fold: FloatArray
    final: Fitted


def cross_validate(
    sample: Sample,
    keys: Keys,
    families: Mapping[str, Family],
    folds: int,
    inner_folds: int,
    seed: int,
) -> tuple[Folds, dict[str, Validated]]:
    """The fold of each item, shape (items,), and every family's results by name.

    `keys` are those of what the items show; items that show the same share a fold, outer and inner.
    """
    outer = dealt_folds(keys, folds, seed, "outer")
    out_of_fold = {name: np.empty_like(sample.model) for name in families}
    for fold in range(folds):
        held, kept = outer == fold, outer != fold
        parts = dealt_folds(keys[kept], inner_folds, seed, f"inner {fold}")
        training = Training.of(sample.part(kept), parts)
        for name, family in families.items():
            out_of_fold[name][held] = training.fit(family).apply(sample.model[held])
    everything = Training.of(sample, dealt_folds(keys, inner_folds, seed, "inner all"))
    return outer, {
        name: Validated(out_of_fold[name], everything.fit(family))
        for name, family in families.items()
    }


@dataclass(frozen=True, eq=False)
class Training:
    """Items to learn from, whole and with each of their inner parts held out.

    Attributes:
        whole: all of the items.
        splits: what is learnt from and what it is judged by, for each part.
    """

    whole: Sample
    splits: tuple[tuple[Sample, Sample], ...]

    @classmethod
    def of(cls, sample: Sample, parts: Folds) -> Training:
        """A sample cut into parts, one for each item."""
        return cls(
            sample.condensed(),
            tuple(
                (sample.part(parts != part).condensed(), sample.part(parts == part).condensed())
                for part in np.unique(parts)
            ),
        )

    def fit(self, family: Family) -> Fitted:
        """The family fitted to the whole, with the settings of the highest held-out likelihood.

        Of settings that are as good as each other the first is taken.
        """
        settings = family.settings(self.whole.kind)
        if len(settings) == 1:
            return family.fit(self.whole, settings)[0]
        losses = np.zeros(len(settings))
        for training, held in self.splits:
            losses += [
                held.weights @ cross_entropy(held.human, fitted.apply(held.model), held.kind)
                for fitted in family.fit(training, settings)
            ]
        return family.fit(self.whole, [settings[int(np.argmin(losses))]])[0]
