"""Do 95% intervals hold the truth 95 times in 100? Simulated studies tell, by kind of truth.

    PYTHONPATH=src .venv/bin/python benchmarks/coverage.py [studies]

Discrete ratings on nine points, by ten people and by two models with twenty answers, of 50, 100 and
300 items whose true locations are normal, of two groups, or with heavy tails. The truth of an
interval is what its estimate comes to with endless items of the same design, so that few raters and
answers are part of it: r of means with that much noise, entropies that are too low. Intervals rest
on 1,000 resamples here, which makes them neither wider nor narrower on average.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from emoalign.statistics.clustered import clustered_spearman
from emoalign.statistics.contrasts import contrasts
from emoalign.statistics.distances import entropy
from emoalign.statistics.reliability import ceiling_interval, icc1_sums
from emoalign.statistics.replicates import (
    Interval,
    log_rms_sd_ratio_replicates,
    pearson_replicates,
    replicates_of,
)

STUDIES, RESAMPLES = 2_000, 1_000
ITEMS = (50, 100, 300)
RATERS, ANSWERS, POINTS = 10, 20, 9
ENDLESS = 400_000
AT_ONCE = 50

Floats = NDArray[np.float64]


def two_groups(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """Values about -1 and 1, of variance 1."""
    return rng.choice((-0.95, 0.95), size) + rng.normal(0, np.sqrt(1 - 0.95**2), size)


TRUTHS: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "bimodal": two_groups,
    "heavy tails": lambda rng, size: rng.standard_t(3, size) / np.sqrt(3),
}

INTERVALS = {
    "r": "r, BCa",
    "difference": "difference of two r, BCa",
    "zou": "difference of two r, Zou",
    "spread": "ln of the ratio of SDs, BCa",
    "entropy": "ρ of entropies, percentiles",
    "ceiling": "ceiling, BCa",
}
"""What has an interval, as it is printed."""


@dataclass(frozen=True)
class Ratings:
    """Single ratings of people and of two models, each (studies, items, ratings).

    `means` are the true means of people's ratings, (studies, items).
    """

    people: Floats
    first: Floats
    second: Floats
    means: Floats


def rated(truth: str, studies: int, n_items: int, rng: np.random.Generator) -> Ratings:
    """Draw ratings: normal about the location of an item, rounded to the nearest point."""
    size = (studies, n_items)
    of_items = TRUTHS[truth](rng, size)
    shared, *own = rng.normal(size=(3, *size))
    spread = np.exp(rng.normal(0, 0.3, size))

    def answers(location: Floats, sd: Floats, n: int) -> Floats:
        drawn = location[..., np.newaxis] + sd[..., np.newaxis] * rng.normal(size=(*size, n))
        return np.clip(np.rint(drawn), 0, POINTS - 1)

    location = 4 + 1.7 * of_items
    above = (location[..., np.newaxis] - np.arange(POINTS - 1) - 0.5) / (1.3 * spread[..., None])
    near, far = (
        of_items + 0.4 * shared + by * one for by, one in zip((0.4, 0.8), own, strict=True)
    )
    return Ratings(
        answers(location, 1.3 * spread, RATERS),
        answers(4 + 1.5 * near, 0.9 * np.sqrt(spread), ANSWERS),
        answers(4 + 1.5 * far, 1.1 * np.sqrt(spread), ANSWERS),
        special.ndtr(above).sum(axis=-1),
    )


def entropies(ratings: Floats) -> Floats:
    """The entropy of each item's ratings, in bits, (studies, items)."""
    shares = np.stack([(ratings == point).mean(axis=-1) for point in range(POINTS)], axis=-1)
    return entropy(shares)


def truths(truth: str, seed: int) -> dict[str, float]:
    """What each statistic comes to with endless items of this design."""
    of = rated(truth, 1, ENDLESS, np.random.default_rng([seed, 1]))
    people, first, second = (one[0].mean(axis=1) for one in (of.people, of.first, of.second))
    r_first, r_second = (stats.pearsonr(model, people).statistic for model in (first, second))
    variances = [one[0].var(axis=1, ddof=1).mean() for one in (of.first, of.people)]
    of_entropies = [np.round(entropies(one)[0], 12) for one in (of.first, of.people)]
    return {
        "r": r_first,
        "difference": r_first - r_second,
        "zou": r_first - r_second,
        "spread": np.log(variances[0] / variances[1]) / 2,
        "entropy": stats.spearmanr(*of_entropies).statistic,
        "ceiling": np.sqrt(of.means.var() / people.var()),
    }


def intervals(of: Ratings, seed: int) -> dict[str, list[Interval]]:
    """The intervals of each study."""
    people, first, second = (one.mean(axis=-1) for one in (of.people, of.first, of.second))
    compared = contrasts(first, second, people, RESAMPLES, seed)
    spreads = [one.std(axis=-1, ddof=1) for one in (of.first, of.people)]
    items, ceilings = np.arange(people.shape[1]), []
    for ratings in of.people:
        reliability = replicates_of(icc1_sums(ratings), RESAMPLES, seed)
        ceilings.append(ceiling_interval(reliability.estimate, reliability.interval()))
    return {
        "r": [one.interval() for one in pearson_replicates(first, people, RESAMPLES, seed)],
        "difference": [Interval(one.low, one.high) for one in compared],
        "zou": [Interval(one.zou_low, one.zou_high) for one in compared],
        "spread": [
            one.interval() for one in log_rms_sd_ratio_replicates(*spreads, RESAMPLES, seed)
        ],
        "entropy": [
            clustered_spearman(model, human, items, RESAMPLES, seed)
            for model, human in zip(entropies(of.first), entropies(of.people), strict=True)
        ],
        "ceiling": ceilings,
    }


def held(truth: str, n_items: int, studies: int, seed: int = 1) -> dict[str, NDArray[np.bool_]]:
    """Whether the interval of each study holds the truth, (studies,), by statistic."""
    known = truths(truth, seed)
    found: dict[str, list[bool]] = {name: [] for name in INTERVALS}
    for block in range(0, studies, AT_ONCE):
        # Studies of a block share the items of resamples, and those of another have others.
        rng = np.random.default_rng([seed, 2, n_items, block])
        of = rated(truth, min(AT_ONCE, studies - block), n_items, rng)
        for name, some in intervals(of, seed + block).items():
            found[name] += [one.low <= known[name] <= one.high for one in some]
    return {name: np.array(of_studies) for name, of_studies in found.items()}


def main() -> None:
    """Print a table: a row for each truth and number of items, a column for each interval."""
    studies = int(sys.argv[1]) if sys.argv[1:] else STUDIES
    error = np.sqrt(0.95 * 0.05 / studies)
    print(f"{studies:,} studies; the standard error of .95 is {error:.3f}")
    print("| truth | items | " + " | ".join(INTERVALS.values()) + " |")
    print("|---|---:|" + "---:|" * len(INTERVALS))
    for truth, n_items in product(TRUTHS, ITEMS):
        started = time.perf_counter()
        shares = [f"{of.mean():.3f}".lstrip("0") for of in held(truth, n_items, studies).values()]
        print(f"| {truth} | {n_items} | " + " | ".join(shares) + " |", flush=True)
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
