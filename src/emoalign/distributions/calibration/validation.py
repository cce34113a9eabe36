"""Nested cross-validation: outer folds judge a calibrator, inner ones choose its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emoalign.distributions.calibration.calibrator import Family, Fitted, Sample
from emoalign.distributions.calibration.folds import deal
from emoalign.distributions.calibration.links import cross_entropy
from emoalign.distributions.folds import Folds, Keys
from emoalign.statistics.pairs import FloatArray


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
    outer = deal(keys, folds, f"{seed} outer")
    out_of_fold = {name: np.empty_like(sample.model) for name in families}
    for fold in range(folds):
        kept, held = outer != fold, outer == fold
        training = sample.part(kept)
        inner = deal(keys[kept], inner_folds, f"{seed} inner {fold}")
        for name, family in families.items():
            fitted = fit_chosen(family, training, inner)
            out_of_fold[name][held] = fitted.apply(sample.model[held])
    everything = deal(keys, inner_folds, f"{seed} inner all")
    return outer, {
        name: Validated(out_of_fold[name], fit_chosen(family, sample, everything))
        for name, family in families.items()
    }


def fit_chosen(family: Family, sample: Sample, parts: Folds) -> Fitted:
    """The family fitted to the sample, with the settings of the highest held-out likelihood.

    Of settings that are as good as each other the first is taken.
    """
    settings = family.settings(sample.kind)
    if len(settings) == 1:
        return family.fit(sample, settings)[0]
    losses = np.zeros(len(settings))
    for part in np.unique(parts):
        held = parts == part
        judged = sample.part(held)
        losses += [
            cross_entropy(judged.human, fitted.apply(judged.model), sample.kind).sum()
            for fitted in family.fit(sample.part(~held), settings)
        ]
    return family.fit(sample, [settings[int(np.argmin(losses))]])[0]
