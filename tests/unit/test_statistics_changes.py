"""What calibration changed, with texts as the units of chance; and calibration curves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from emoalign.statistics.changes import changes, curve
from emoalign.statistics.pairs import FloatArray
from tests.kit.planted import planted


def compared(
    before: FloatArray, after: FloatArray, text: NDArray[np.int64] | None = None, n: int = 4000
) -> tuple[float, tuple[float, float], tuple[float, float], float]:
    texts = np.arange(len(before)) if text is None else text
    (one,) = changes(
        before[None], after[None], np.array([True]), texts, int(texts.max()) + 1, n, seed=3
    )
    change, gain = one.change_interval, one.gain_interval
    return one.gain, (change.low, change.high), (gain.low, gain.high), one.p


def test_the_interval_of_the_change_is_that_of_another_bootstrap() -> None:
    rng = np.random.default_rng(5)
    before = rng.gamma(2, 0.1, 200)
    after = before * rng.uniform(0.6, 1.2, 200)
    gain, change, of_gain, _ = compared(before, after)
    other = stats.bootstrap((after - before,), np.mean, n_resamples=8000, random_state=1)
    assert change == pytest.approx(tuple(other.confidence_interval), abs=6e-4)
    assert gain == pytest.approx(1 - after.mean() / before.mean())
    ratio = stats.bootstrap(
        (before, after),
        lambda x, y, axis: 1 - y.mean(axis=axis) / x.mean(axis=axis),
        paired=True,
        n_resamples=8000,
        random_state=1,
    )
    assert of_gain == pytest.approx(tuple(ratio.confidence_interval), abs=4e-3)


def test_p_is_that_of_another_permutation_test() -> None:
    rng = np.random.default_rng(6)
    before = rng.gamma(2, 0.1, 40)
    after = before + rng.normal(-0.01, 0.05, 40)
    _, _, _, p = compared(before, after, n=20_000)
    other = stats.permutation_test(
        (before, after),
        lambda x, y, axis: np.mean(y - x, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    )
    assert p == pytest.approx(other.pvalue, abs=0.012)


@pytest.mark.parametrize("direction", [-1, 1])
def test_p_counts_changes_as_large_in_either_direction(direction: int) -> None:
    """Of the 1,024 signs of ten equal changes, 112 have a sum of 6 or more on either side."""
    before = np.full(10, 0.5)
    after = before + direction * np.array([0.1] * 8 + [-0.1] * 2)
    _, _, _, p = compared(before, after, n=40_000)
    expected = stats.binomtest(2, 10).pvalue
    assert expected == 112 / 1024
    # Three standard errors of a share of .109 over 40,000 flips.
    assert p == pytest.approx(expected, abs=0.005)


def test_copies_of_a_text_count_as_one() -> None:
    """Every item four times: as much is known as from the items once."""
    rng = np.random.default_rng(7)
    before = rng.gamma(2, 0.1, 60)
    after = before + rng.normal(-0.02, 0.05, 60)
    text = np.arange(60)
    once = compared(before, after, text)
    copied = compared(np.tile(before, 4), np.tile(after, 4), np.tile(text, 4))
    assert copied[0] == pytest.approx(once[0])
    assert copied[1] == pytest.approx(once[1], abs=1e-9)
    assert copied[3] == once[3]
    apart = compared(np.tile(before, 4), np.tile(after, 4))
    assert apart[1][1] - apart[1][0] < 0.6 * (once[1][1] - once[1][0])


def test_clustered_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        of_text = rng.normal(-0.05, 0.1, 40)
        text = np.repeat(np.arange(40), 5)
        difference = of_text[text] + rng.normal(0, 0.05, 200)
        _, (low, high), _, _ = compared(np.ones(200), 1 + difference, text, n=500)
        held += low <= -0.05 <= high
    # Three standard errors of .95 over 300 simulations are .038.
    assert held / 300 == pytest.approx(0.94, abs=0.04)


def test_an_item_without_a_score_counts_on_neither_side() -> None:
    before, after = np.array([0.5, 0.4, np.nan, 0.3]), np.array([0.25, np.nan, 0.1, 0.15])
    gain, _, _, _ = compared(before, after)
    assert gain == pytest.approx(0.5)


# Curves


def test_curves_count_every_share_once_and_lie_on_the_diagonal_for_a_calibrated_model() -> None:
    sample, truth = planted("ordinal", lambda shares: shares, n=2000, raters=10)
    bins = curve(truth, sample.human, np.arange(2000), 2000, seed=1)
    assert sum(one.n for one in bins) == truth.size
    for one in bins:
        assert one.bin / 10 <= one.predicted <= (one.bin + 1) / 10
        assert one.human_low - 0.02 <= one.predicted <= one.human_high + 0.02


def test_a_share_on_an_edge_is_in_the_bin_below_it() -> None:
    model = np.array([[0.0, 0.7, 0.3], [0.1, 0.2, 0.7]])
    bins = {one.bin: one.n for one in curve(model, model, np.arange(2), 2, seed=1)}
    assert bins == {0: 2, 1: 1, 2: 1, 6: 2}
