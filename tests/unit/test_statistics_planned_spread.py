"""The width that a ratio of SDs is promised is the one that simulated studies find."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.planned_spread import (
    Assumed,
    VarianceSpread,
    fourth_cumulants,
    half_width_of_spread,
    items_needed_for_spread,
    participants_needed_for_spread,
    variance_spread,
)
from emoalign.statistics.replicates import log_rms_sd_ratio_replicates
from tests.kit.spread import POINTS, Shares, nine_points, variances

ITEMS, STUDIES = 300, 200


def outliers(rng: np.random.Generator, n_items: int) -> Shares:
    """One rating in ten is anything at all, so that extreme ones are far from rare."""
    return 0.9 * nine_points(rng, n_items) + 0.1 / len(POINTS)


def singles(counts: np.ndarray) -> list[np.ndarray]:
    return [np.repeat(POINTS, row) for row in counts]


@pytest.mark.parametrize(
    ("truths", "raters", "answers", "assumed"),
    [
        (nine_points, 3, 20, "alike"),
        (nine_points, 3, 20, "unrelated"),
        (nine_points, 5, 3, "alike"),
        (nine_points, 10, math.inf, "unrelated"),
        (outliers, 5, 20, "alike"),
        (outliers, 10, 3, "unrelated"),
        (outliers, 10, math.inf, "alike"),
    ],
)
def test_simulated_studies_have_intervals_of_the_ratio_as_wide_as_promised(
    truths: Callable[[np.random.Generator, int], Shares],
    raters: int,
    answers: float,
    assumed: Assumed,
) -> None:
    rng = np.random.default_rng(11)
    human, model = np.empty((2, STUDIES, ITEMS))
    promised = []
    for study in range(STUDIES):
        shares = truths(rng, ITEMS)
        counts = rng.multinomial(raters, shares)
        human[study] = variances(counts)
        others = shares if assumed == "alike" else truths(rng, ITEMS)
        model[study] = (
            others @ POINTS**2 - (others @ POINTS) ** 2
            if math.isinf(answers)
            else variances(rng.multinomial(int(answers), others))
        )
        if study < 30:
            spread = variance_spread(np.sqrt(human[study]), np.full(ITEMS, raters), singles(counts))
            assert spread is not None
            promised.append(half_width_of_spread(spread.of_difference(answers, assumed), ITEMS))
    cells = log_rms_sd_ratio_replicates(np.sqrt(model), np.sqrt(human), 1_000, seed=1)
    found = [(one.high - one.low) / 2 for one in (cell.interval() for cell in cells)]
    assert np.mean(promised) == pytest.approx(np.mean(found), rel=0.1)


def test_sampling_variances_and_fourth_cumulants_are_scipys() -> None:
    rng = np.random.default_rng(3)
    ratings = [rng.integers(1, 10, n).astype(float) for n in (4, 5, 7, 12)]
    cumulants = [stats.kstat(one, 4) for one in ratings]
    assert fourth_cumulants(ratings) == pytest.approx(np.array(cumulants))
    sds, n = [one.std(ddof=1) for one in ratings], [len(one) for one in ratings]
    spread = variance_spread(sds, n, ratings)
    assert spread is not None
    mean_square = np.mean(np.square(sds)) ** 2
    theirs = np.mean([stats.kstatvar(one, 2) for one in ratings]) / mean_square
    assert spread.sampling == pytest.approx(theirs)
    assert spread.fourth == pytest.approx(np.mean(cumulants) / mean_square)


def test_without_single_ratings_a_normal_distribution_is_assumed() -> None:
    spread = variance_spread([1.0, 2.0], [5, 9], [None, [1.0, 2.0, 3.0]])
    assert spread is not None
    assert spread.fourth == 0
    # Var(s²) = 2σ⁴/(n - 1), and s⁴(n - 1)/(n + 1) is an unbiased estimate of σ⁴.
    assert spread.sampling == pytest.approx(np.mean([2 / 6, 2 * 16 / 10]) / 2.5**2)
    assert spread.of_answers(math.inf) == 0


def test_people_who_all_agree_have_no_ratio() -> None:
    assert variance_spread([0.0, 0.0], [3, 3], [None, None]) is None
    assert variance_spread([], [], []) is None


@pytest.mark.parametrize("fourth", [-1.0, 0.0, 4.0])
@pytest.mark.parametrize("assumed", ["alike", "unrelated"])
def test_what_is_needed_is_the_fewest(fourth: float, assumed: Assumed) -> None:
    spread = VarianceSpread(sampling=0.4, items=0.2, fourth=fourth)
    for width in (0.2, 0.1, 0.07, 0.06):
        items = items_needed_for_spread(spread.of_difference(10, assumed), width)
        widths = [
            half_width_of_spread(spread.of_difference(10, assumed), n) for n in (items - 1, items)
        ]
        assert widths[1] <= width < widths[0]
        needed = participants_needed_for_spread(spread, 300, width, assumed)
        if needed is None:
            assert half_width_of_spread(spread.of_difference(math.inf, assumed), 300) >= width
            continue
        assert half_width_of_spread(spread.of_difference(needed, assumed), 300) <= width
        if needed > 2:
            assert half_width_of_spread(spread.of_difference(needed - 1, assumed), 300) > width


def test_too_few_items_have_no_interval() -> None:
    assert math.isnan(half_width_of_spread(1.0, 3))
    assert participants_needed_for_spread(VarianceSpread(0.4, 0.2, 0.0), 3, 0.1, "alike") is None
