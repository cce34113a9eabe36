"""What each predictor, people and a perfect model reach on the items of a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from emoalign.analyses.distributions import draws, metrics, predictors
from emoalign.analyses.distributions.analysis import DistributionSettings
from emoalign.analyses.distributions.cells import DistributionCell
from emoalign.analyses.distributions.draws import Pair
from emoalign.analyses.distributions.folds import folds_of
from emoalign.analyses.distributions.kinds import Kind
from emoalign.analyses.distributions.population import Population, population
from emoalign.analyses.distributions.scores import METRICS, entropies, scores
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import Purpose, seed_of

REFERENCES = ("uniform", "marginal", "point_mass", "shuffled", "human_halves", "perfect")
"""What a model is set beside, in the order in which it is told."""


@dataclass(frozen=True, eq=False)
class ByLabel:
    """The same label by label, each of shape (labels,): means over items, and over draws.

    `rho` is the rank correlation over items of the shares. All NaN for ordinal scales.
    """

    jsd: FloatArray
    brier: FloatArray
    rho: FloatArray


@dataclass(frozen=True, eq=False)
class Expected:
    """What somebody reaches, item by item, on average over draws.

    `values` has shape (metrics, items), in the order of `METRICS`; NaN where no draw tells.
    `entropy_rho` is the rank correlation over items of the entropies, mean over draws.
    """

    values: FloatArray
    entropy_rho: float
    labels: ByLabel


DRAWN_ITEMS = 40_000
"""Items drawn anew, over all draws, after which a mean over items is known to about .001."""

FEWEST_DRAWS = 10

_Key = tuple[Purpose, str, str, bytes]


@dataclass(eq=False)
class Draws:
    """What depends on people alone is drawn once for all cells of the same items and answers."""

    seed: int
    settings: DistributionSettings
    _known: dict[_Key, Expected] = field(default_factory=dict)
    _populations: dict[tuple[str, str, bytes], Population] = field(default_factory=dict)

    def halves(self, cell: DistributionCell) -> Expected:
        """One half of the raters against the other, over random halves."""
        key: _Key = ("raters", cell.dataset, cell.scale, cell.item_ids.tobytes())
        return self._once(
            key, cell, lambda seed: draws.halves(cell.people, self.n_draws(cell), seed)
        )

    def perfect(self, cell: DistributionCell) -> Expected:
        """A perfect model with as many answers as the cell has."""
        items = cell.item_ids.tobytes()
        of_people = (cell.dataset, cell.scale, items)
        if of_people not in self._populations and cell.people.choices is None:
            self._populations[of_people] = population(cell.people)
        known = self._populations.get(of_people)
        return self._once(
            ("answers", cell.dataset, cell.scale, items + cell.answers.tobytes()),
            cell,
            lambda seed: draws.perfect(cell.people, cell.answers, self.n_draws(cell), seed, known),
        )

    def n_draws(self, cell: DistributionCell) -> int:
        """Draws for each item: fewer where many items make the mean over them sure already."""
        enough = -(-DRAWN_ITEMS // len(cell.item_ids))
        return min(self.settings.simulations, max(enough, FEWEST_DRAWS))

    def _once(
        self,
        key: _Key,
        cell: DistributionCell,
        draw: Callable[[int], Iterator[Pair]],
    ) -> Expected:
        if key not in self._known:
            purpose, dataset = key[:2]
            seed = seed_of(self.seed, dataset, purpose)
            self._known[key] = expected(cell.kind, draw(seed), step_of(cell))
        return self._known[key]


NO_LABELS = ByLabel(np.empty(0), np.empty(0), np.empty(0))


def step_of(cell: DistributionCell) -> float:
    """Distance between neighbouring points of the cell's scale; 1 for labels."""
    return float(cell.points[1] - cell.points[0]) if len(cell.points) > 1 else 1.0


def expected(kind: Kind, pairs: Iterable[Pair], step: float = 1.0) -> Expected:
    """The mean over draws of every metric of every item, and of the rank correlations."""
    total: FloatArray = np.zeros(())
    defined: FloatArray = np.zeros(())
    correlations, labels = [], []
    for human, model in pairs:
        found = scores(kind, human, model, step)
        known = np.isfinite(found)
        total = total + np.where(known, found, 0)
        defined = defined + known
        of_people, of_model = (entropies(kind, shares) for shares in (human, model))
        correlations.append(rank_correlations(of_model[:, np.newaxis], of_people[:, np.newaxis]))
        if kind == "labels":
            labels.append(_by_label(human, model))
    return Expected(
        np.where(defined > 0, total / np.maximum(defined, 1), np.nan),
        float(_defined_mean(np.array(correlations))[0]),
        ByLabel(*(_defined_mean(np.array(part)) for part in zip(*labels, strict=True)))
        if labels
        else NO_LABELS,
    )


def rank_correlations(first: FloatArray, second: FloatArray) -> FloatArray:
    """Spearman's rho of each column, over rows that have both; NaN where one does not vary."""
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if known.sum() < FEWEST_ITEMS:
        return np.full(first.shape[1], np.nan)
    x, y = (
        stats.rankdata(np.round(values[known], 12), axis=0) - (known.sum() + 1) / 2
        for values in (first, second)
    )
    xx, yy, xy = ((a * b).sum(axis=0) for a, b in ((x, x), (y, y), (x, y)))
    varies = (xx > 0) & (yy > 0)
    found: FloatArray = np.where(varies, xy / np.sqrt(np.where(varies, xx * yy, 1)), np.nan)
    return found


def _by_label(human: FloatArray, model: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return (
        metrics.bernoulli_jsd(human, model).mean(axis=0),
        metrics.brier(human, model).mean(axis=0),
        rank_correlations(np.broadcast_to(model, human.shape), human),
    )


def _defined_mean(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is defined, NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    found: FloatArray = np.where(known, values, 0).sum(axis=0) / np.where(n > 0, n, np.nan)
    return found


def references(cell: DistributionCell, drawn: Draws) -> Mapping[str, Expected]:
    """All of `REFERENCES` on the items of a cell."""
    if not len(cell.item_ids):
        unknown = np.full(len(cell.labels), np.nan)
        nobody = np.empty((len(METRICS[cell.kind]), 0))
        return dict.fromkeys(
            REFERENCES, Expected(nobody, np.nan, ByLabel(unknown, unknown, unknown))
        )
    human, kind, step = cell.human_shares, cell.kind, step_of(cell)
    settings = drawn.settings
    folds = folds_of(cell.text_keys, settings.folds, seed_of(drawn.seed, cell.dataset, "folds"))
    seed = seed_of(drawn.seed, cell.dataset, "permutations")

    def scored(model: FloatArray) -> Expected:
        return expected(kind, [(human, np.broadcast_to(model, human.shape))], step)

    permuted = predictors.shuffled(cell.model_shares, settings.permutations, seed)
    return {
        "uniform": scored(predictors.uniform(kind, human.shape[1])),
        "marginal": scored(predictors.marginal(human, folds)),
        "point_mass": scored(predictors.point_mass(kind, cell.model_shares)),
        "shuffled": expected(kind, ((human, model) for model in permuted), step),
        "human_halves": drawn.halves(cell),
        "perfect": drawn.perfect(cell),
    }
