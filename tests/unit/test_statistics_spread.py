"""Do a model's answers vary as much as people's? Told from variances, whose mean is unbiased."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.replicates import (
    log_rms_sd_ratio_replicates,
    log_sd_ratio_replicates,
)
from emoalign.statistics.resampling import log_rms_sd_ratio_sums, log_sd_ratio_sums
from emoalign.statistics.significance import equal_spread, sign_flip, signed_rank
from tests.kit.spread import POINTS, nine_points, variances

STUDIES, ITEMS = 2_000, 300


def all_flips(differences: np.ndarray) -> float:
    """The p of scipy's permutation test over all signs, each once."""
    found = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda x, y, axis: np.sum(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    return float(found.pvalue)


@pytest.mark.parametrize("seed", range(4))
def test_p_is_the_share_of_all_flips_that_are_as_far_from_nothing(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.4, 1, (3, 10))
    expected = [all_flips(row) for row in differences]
    # Three standard errors of a share over 40,000 flips are at most .0075.
    assert sign_flip(differences, 40_000, seed) == pytest.approx(np.array(expected), abs=0.0075)


def test_a_sum_that_is_equally_far_but_for_rounding_counts() -> None:
    # .1 + .2 - .3 is not quite 0 in binary numbers: every flip is as far from 0 or farther.
    assert 0.1 + 0.2 - 0.3 != 0
    assert sign_flip(np.array([[0.1, 0.2, -0.3]]), 999, seed=1) == 1
    tenths = np.array([[0.1] * 8 + [-0.1] * 2])
    # Of 1,024 signs of ten equal differences 112 have a sum of 6 or more on either side.
    assert sign_flip(tenths, 40_000, seed=1) == pytest.approx(112 / 1024, abs=0.005)


def test_a_unit_that_does_not_differ_changes_nothing_but_the_flips() -> None:
    differences = np.array([[3.0, 2.0, -1.0, 0.0, 0.0, 0.0]])
    # Their sum is 4. Of the eight signs of 3, 2 and 1 four have a sum of 4 or 6 on either side.
    assert sign_flip(differences, 40_000, seed=2) == pytest.approx(4 / 8, abs=0.0075)


def test_the_least_p_counts_the_observed_signs_as_a_flip() -> None:
    assert sign_flip(np.ones((1, 200)), 999, seed=3) == 1 / 1000


def test_flips_follow_from_the_seed_alone_and_rows_from_nothing_else() -> None:
    differences = np.random.default_rng(5).normal(size=(4, 50))
    together = sign_flip(differences, 500, seed=1)
    assert sign_flip(differences[[2]], 500, seed=1) == together[2]
    assert (sign_flip(differences, 500, seed=2) != together).any()


def test_where_nothing_differs_there_is_no_test() -> None:
    assert np.isnan(sign_flip(np.zeros((2, 5)), 100, seed=0)).all()
    assert np.isnan(sign_flip(np.zeros((1, 0)), 100, seed=0)).all()
    assert np.isnan(equal_spread([np.nan, 1.0], [1.0, np.nan], 100, seed=0)).all()


def test_variances_that_are_the_same_but_for_rounding_do_not_differ() -> None:
    human = np.sqrt(np.array([0.1, 0.7, 1.3, 2.9, 4.1]))
    model = np.sqrt(np.square(human) * (1 + 3e-16))
    assert np.any(model**2 != human**2)
    assert np.isnan(equal_spread(model, human, 100, seed=0)).all()


def test_ratings_that_vary_by_rounding_alone_have_no_spread() -> None:
    nothing, something = np.full(20, 2e-17), np.linspace(1, 2, 20)
    for pair in ((nothing, something), (something, nothing)):
        for of in (log_rms_sd_ratio_replicates, log_sd_ratio_replicates):
            (found,) = of(*pair, 100, 0)
            assert np.isnan(found.estimate)


def test_equal_spread_flips_the_differences_of_variances() -> None:
    rng = np.random.default_rng(6)
    model, human = rng.gamma(4, 0.5, size=(2, 10))
    (p,) = equal_spread(np.append(model, np.nan), np.append(human, 2.0), 40_000, seed=1)
    assert p == pytest.approx(all_flips(model**2 - human**2), abs=0.0075)


def test_copies_of_an_item_in_one_unit_have_the_p_of_one_copy_in_any_order() -> None:
    rng = np.random.default_rng(7)
    model, human = rng.gamma(4, 0.5, size=(2, 3, 25))
    once = equal_spread(model, human, 2_000, seed=1)
    order = rng.permutation(100)
    copied = [np.tile(sds, (1, 4))[:, order] for sds in (model, human)]
    units = np.tile(np.arange(25), 4)[order]
    assert equal_spread(*copied, 2_000, seed=1, clusters=units) == pytest.approx(once)
    assert (equal_spread(*copied, 2_000, seed=1) < once).all(), "as if there were more items"
    assert equal_spread(model, human, 2_000, seed=1, clusters=np.arange(25)) == pytest.approx(once)


def test_the_old_statistic_finds_a_difference_of_raters_and_the_new_one_does_not() -> None:
    human, model = sds(np.random.default_rng(1), 40, raters=3, answers=20)
    assert log_sd_ratio_sums(model, human).estimate().mean() > 0.1
    assert abs(log_rms_sd_ratio_sums(model, human).estimate().mean()) < 0.02


def sds(
    rng: np.random.Generator, studies: int, raters: int, answers: float
) -> tuple[np.ndarray, np.ndarray]:
    """SDs of people and of a model that answers as they do, (studies, items); exact if infinite."""
    shares = nine_points(rng, studies, ITEMS)
    human = variances(rng.multinomial(raters, shares))
    if math.isinf(answers):
        return np.sqrt(human), np.sqrt(shares @ POINTS**2 - (shares @ POINTS) ** 2)
    return np.sqrt(human), np.sqrt(variances(rng.multinomial(int(answers), shares)))


def simulated(raters: int, answers: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(2026)
    for _ in range(0, STUDIES, 200):
        yield sds(rng, 200, raters, answers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raters", "answers", "published_bias"), [(3, 20, 0.116), (5, 20, 0.047), (10, math.inf, 0.026)]
)
def test_people_beside_themselves_have_equal_spread_in_95_of_100_studies(
    raters: int, answers: float, published_bias: float
) -> None:
    """A test at .05 that is right errs between 3 and 7 times in 100: four standard errors here."""
    p, ratio, of_sds, ranks = [], [], [], []
    for block, (human, model) in enumerate(simulated(raters, answers)):
        p.append(equal_spread(model, human, 1_999, seed=block))
        ratio.append(log_rms_sd_ratio_sums(model, human).estimate())
        of_sds.append(log_sd_ratio_sums(model, human).estimate())
        pairs = zip(model[:40], human[:40], strict=True)
        ranks.append([signed_rank(*pair).p < 0.05 for pair in pairs])
    rejected = np.mean(np.concatenate(p) <= 0.05)
    assert 0.03 < rejected < 0.07
    assert abs(np.mean(ratio)) < 0.01
    # What makes the means of SDs a replication only: simulated before, by other code.
    assert np.mean(of_sds) == pytest.approx(published_bias, abs=0.005)
    assert np.mean(ranks) > 0.5
