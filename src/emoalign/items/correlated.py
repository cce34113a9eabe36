"""Correlations of item means with people's, each with its values in the resamples of items."""

from __future__ import annotations

from collections.abc import Sequence

from emoalign.items.rated_items import RatedItems, Rater
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.seeds import seed_of


def correlated(
    rated: Sequence[RatedItems], seed: int, n: int
) -> dict[tuple[str, str, Rater], dict[str, Replicates]]:
    """Correlations by dataset, readout and rater, then by scale, with `n` replicates.

    `seed` is that of the study: whoever asks for the same cell gets the same resamples.
    """
    correlations: dict[tuple[str, str, Rater], dict[str, Replicates]] = {}
    for dataset in rated:
        drawn = seed_of(seed, dataset.dataset, "items")
        for rater, model in zip(dataset.raters, dataset.model, strict=True):
            cells = pearson_replicates(model, dataset.human, n, drawn)
            correlations[dataset.dataset, dataset.readout, rater] = dict(
                zip(dataset.scales, cells, strict=True)
            )
    return correlations
