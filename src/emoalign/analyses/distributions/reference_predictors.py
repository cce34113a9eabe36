"""References for a model's distances: simple predictors, halves of raters, a perfect model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from emoalign.items.cells import DistributionCell
from emoalign.statistics import predictors
from emoalign.statistics.distances import METRICS
from emoalign.statistics.pairs import FloatArray, Pair
from emoalign.statistics.perfect_model import perfect_answers
from emoalign.statistics.population import Population, population
from emoalign.statistics.predictors import ByLabel, Reached, reached
from emoalign.statistics.raters import halves
from emoalign.statistics.resampling import hashed_folds
from emoalign.statistics.seeds import Purpose, seed_of
from emoalign.study.settings import DistributionSettings

REFERENCES = ("uniform", "marginal", "point_mass", "shuffled", "human_halves", "perfect")
"""The references of a cell, in the order of the report."""

DRAWN_ITEMS = 40_000
"""Items drawn anew, over all draws, after which a mean over items is known to about .001."""

FEWEST_DRAWS = 10

_Key = tuple[Purpose, str, str, bytes]


@dataclass(eq=False)
class Draws:
    """Draws that depend on people alone, made once for cells with the same items and answers."""

    seed: int
    settings: DistributionSettings
    _known: dict[_Key, Reached] = field(default_factory=dict)
    _populations: dict[tuple[str, str, bytes], Population] = field(default_factory=dict)

    def halves(self, cell: DistributionCell) -> Reached:
        """One half of the raters against the other, over random halves."""
        key: _Key = ("raters", cell.dataset, cell.scale, cell.item_ids.tobytes())
        return self._once(key, cell, lambda seed: halves(cell.people, self.n_draws(cell), seed))

    def perfect(self, cell: DistributionCell) -> Reached:
        """A perfect model with as many answers as the cell has."""
        items = cell.item_ids.tobytes()
        of_people = (cell.dataset, cell.scale, items)
        if of_people not in self._populations and cell.people.choices is None:
            self._populations[of_people] = population(cell.people)
        of_items = self._populations.get(of_people)
        answers = cell.answers[np.newaxis]

        def pairs(seed: int) -> Iterator[Pair]:
            draws = perfect_answers(cell.people, answers, self.n_draws(cell), seed, of_items)
            return (cell.beside(shares[0], cell.answers) for shares in draws)

        key: _Key = ("answers", cell.dataset, cell.scale, items + cell.answers.tobytes())
        return self._once(key, cell, pairs)

    def n_draws(self, cell: DistributionCell) -> int:
        """Draws for each item: fewer where many items make the mean over them sure already."""
        enough = -(-DRAWN_ITEMS // len(cell.item_ids))
        return min(self.settings.simulations, max(enough, FEWEST_DRAWS))

    def _once(
        self,
        key: _Key,
        cell: DistributionCell,
        draw: Callable[[int], Iterator[Pair]],
    ) -> Reached:
        if key not in self._known:
            purpose, dataset = key[:2]
            seed = seed_of(self.seed, dataset, purpose)
            self._known[key] = reached(cell.kind, draw(seed), cell.step)
        return self._known[key]


def references(cell: DistributionCell, drawn: Draws) -> Mapping[str, Reached]:
    """All of `REFERENCES` on the items of a cell."""
    if not len(cell.item_ids):
        unknown = np.full(len(cell.labels), np.nan)
        nobody = np.empty((len(METRICS[cell.kind]), 0))
        return dict.fromkeys(
            REFERENCES, Reached(nobody, np.nan, ByLabel(unknown, unknown, unknown))
        )
    human, model, kind = cell.human_shares, cell.model_shares, cell.kind
    settings = drawn.settings
    folds = hashed_folds(
        cell.cluster_keys, settings.folds, seed_of(drawn.seed, cell.dataset, "folds")
    )
    seed = seed_of(drawn.seed, cell.dataset, "permutations")

    def scored(predicted: FloatArray) -> Reached:
        return reached(kind, [cell.beside(np.broadcast_to(predicted, human.shape))], cell.step)

    orders = predictors.shuffled(len(human), settings.permutations, seed)
    others = (cell.beside(model[order], cell.answers[order]) for order in orders)
    return {
        "uniform": scored(predictors.uniform(kind, human.shape[1])),
        "marginal": scored(predictors.marginal(human, folds)),
        "point_mass": scored(predictors.point_mass(kind, model)),
        "shuffled": reached(kind, others, cell.step),
        "human_halves": drawn.halves(cell),
        "perfect": drawn.perfect(cell),
    }
