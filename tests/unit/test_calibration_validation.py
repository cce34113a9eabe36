"""Nested cross-validation: nothing of an item is known to what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.calibration.curves import curve
from emoalign.analyses.calibration.folds import deal
from emoalign.analyses.calibration.methods import fitting
from emoalign.analyses.calibration.paired import paired
from emoalign.analyses.calibration.references import Unchanged
from emoalign.analyses.calibration.scores import SCORES, score
from emoalign.analyses.calibration.validation import Validated, cross_validate
from emoalign.analyses.distributions.folds import Keys, text_keys
from emoalign.analyses.distributions.kinds import Kind
from emoalign.analyses.distributions.metrics import jsd
from emoalign.statistics.pairs import FloatArray
from tests.kit.planted import Distortion, planted, truths


def keys(n: int, copies: int = 1) -> Keys:
    """Texts of `n` items, each text shown by so many of them."""
    return text_keys([f"text {number // copies}" for number in range(n)])


def validated(
    sample: Sample, texts: Keys, methods: Sequence[str] = METHODS
) -> dict[str, Validated]:
    families = fitting([name for name in METHODS if name in methods], sample.kind)
    return cross_validate(sample, texts, families, folds=5, inner_folds=3, seed=1)[1]


# Folds


def test_a_text_is_never_in_two_folds_and_folds_have_as_many_texts_as_each_other() -> None:
    texts = np.repeat(keys(23), np.arange(23) % 4 + 1)
    parts = deal(texts, 5, "salt")
    for text in np.unique(texts):
        assert len(set(parts[texts == text])) == 1
    sizes = [len(np.unique(texts[parts == part])) for part in range(5)]
    assert max(sizes) - min(sizes) <= 1


def test_folds_follow_from_texts_and_seed_and_not_from_order_or_copies() -> None:
    texts = keys(40)
    parts = deal(texts, 5, "salt")
    order = np.random.default_rng(0).permutation(40)
    assert np.array_equal(deal(texts[order], 5, "salt"), parts[order])
    assert np.array_equal(deal(np.concatenate((texts, texts[:7])), 5, "salt")[:40], parts)
    assert not np.array_equal(deal(texts, 5, "another salt"), parts)


@dataclass
class Remembering:
    """A family that notes which items it was fitted on, and which it was asked about."""

    kinds: frozenset[Kind] = frozenset(("ordinal",))
    fits: list[frozenset[float]] = field(default_factory=list)
    asked: list[tuple[frozenset[float], frozenset[float]]] = field(default_factory=list)

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        return (Setting(0.1), Setting(0.2))

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Fitted]:
        known = frozenset(sample.human[:, 0].tolist())
        self.fits.append(known)
        return [_Remembered.noting(self.asked, known) for _ in settings]


class _Remembered(Unchanged):
    _asked: list[tuple[frozenset[float], frozenset[float]]]
    _known: frozenset[float]

    @classmethod
    def noting(
        cls, asked: list[tuple[frozenset[float], frozenset[float]]], known: frozenset[float]
    ) -> _Remembered:
        made = cls(kind="ordinal")
        object.__setattr__(made, "_asked", asked)
        object.__setattr__(made, "_known", known)
        return made

    def apply(self, model: FloatArray) -> FloatArray:
        self._asked.append((self._known, frozenset(model[:, 0].tolist())))
        return model


def test_nothing_is_judged_by_what_has_seen_its_text() -> None:
    """Every text has two items with the same number, in both distributions: it is its name."""
    name = np.repeat(np.linspace(0.01, 0.9, 30), 2)
    shares = np.column_stack((name, 1 - name))
    family = Remembering()
    cross_validate(
        Sample.of(shares, shares, "ordinal"), keys(60, copies=2), {"it": family}, 5, 3, 1
    )
    everything = frozenset(name.tolist())
    # Six trainings (five folds and all items), each judging two settings on three inner parts, and
    # five of them applied to their fold.
    assert len(family.asked) == 6 * 3 * 2 + 5
    for known, asked in family.asked:
        assert not known & asked
    outer = [asked for known, asked in family.asked if known | asked == everything]
    assert len(outer) == 5 + 3 * 2
    assert family.fits[-1] == everything


def test_results_do_not_depend_on_the_order_of_items() -> None:
    sample, _ = planted("ordinal", lambda shares: shares**2, n=150, raters=5, answers=10)
    texts = keys(150)
    order = np.random.default_rng(0).permutation(150)
    turned = Sample.of(sample.model[order], sample.human[order], "ordinal")
    one, other = validated(sample, texts), validated(turned, texts[order])
    for name, found in one.items():
        assert found.out_of_fold[order] == pytest.approx(other[name].out_of_fold, abs=1e-4)


def test_a_second_run_gives_the_same_numbers_to_the_last_digit() -> None:
    sample, _ = planted("labels", lambda shares: shares**2, n=100, raters=5, answers=10)
    one, other = (validated(sample, keys(100)) for _ in range(2))
    for name, found in one.items():
        assert np.array_equal(found.out_of_fold, other[name].out_of_fold)
        assert found.final == other[name].final


# What was planted is gained back, and the right method comes first


def sharpened(shares: FloatArray) -> FloatArray:
    powers: FloatArray = shares**3
    return powers / powers.sum(axis=1, keepdims=True)


def shifted(shares: FloatArray) -> FloatArray:
    """People's ratings moved down by a threshold of each point."""
    below = np.cumsum(shares, axis=1)[:, :-1]
    odds = below / (1 - below) * np.exp(1.2)
    return np.diff(odds / (1 + odds), prepend=0, append=1, axis=1)


def overused(shares: FloatArray) -> FloatArray:
    weighed: FloatArray = shares * np.array([0.3, 0.5, 1.0, 2.0, 4.0])
    return weighed / weighed.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("distortion", "best"),
    [(sharpened, "temperature"), (shifted, "cumulative_logit"), (overused, "bias")],
)
def test_the_method_that_undoes_the_distortion_comes_first_and_near_the_noise(
    distortion: Distortion, best: str
) -> None:
    sample, truth = planted("ordinal", distortion, n=1200, raters=20)
    found = validated(sample, keys(1200))
    losses = {name: jsd(sample.human, one.out_of_fold).mean() for name, one in found.items()}
    noise = jsd(sample.human, truth).mean()
    # Vector and Dirichlet scaling contain temperature and bias, and differ by variance alone.
    own = [] if best == "cumulative_logit" else ["vector", "dirichlet"]
    rivals = {name: loss for name, loss in losses.items() if name not in (best, *own)}
    assert losses[best] < min(rivals.values())
    assert all(losses[best] < losses[name] + 5e-4 for name in own)
    assert losses[best] < 1.05 * noise
    assert losses["none"] > 2 * noise


def test_a_model_that_knows_nothing_gains_no_more_than_the_marginal() -> None:
    truth = truths(600, "ordinal", 3)
    rng = np.random.default_rng(4)
    human = rng.multinomial(10, truth) / 10
    sample = Sample.of(rng.multinomial(10, truth[::-1]) / 10, human, "ordinal")
    found = validated(sample, keys(600))
    losses = {name: jsd(human, one.out_of_fold).mean() for name, one in found.items()}
    assert losses["marginal"] < losses["none"]
    assert min(losses.values()) > losses["marginal"] - 0.004


def test_a_model_that_is_calibrated_within_noise_gains_nothing_and_loses_nothing() -> None:
    sample, _ = planted("labels", lambda shares: shares, n=800, raters=10, answers=200)
    found = validated(sample, keys(800))
    after = {
        name: score("brier", sample.human, one.out_of_fold, "labels").mean()
        for name, one in found.items()
        if name != "marginal"
    }
    # Curves of isotonic regression have the most freedom to follow chance.
    assert after.pop("isotonic") < 1.05 * after["none"]
    assert max(after.values()) < 1.01 * after["none"]


# Scores


def test_the_brier_score_of_labels_is_the_rps_of_chosen_or_not() -> None:
    human, model = truths(20, "labels", 1), truths(20, "labels", 2)
    pairs = [np.stack((1 - shares, shares), axis=2) for shares in (human, model)]
    expected = np.mean(np.sum((pairs[0] - pairs[1])[:, :, :1] ** 2, axis=2), axis=1)
    assert score("brier", human, model, "labels") == pytest.approx(expected)


def test_an_item_for_which_nothing_was_chosen_has_no_normalised_divergence() -> None:
    human, model = truths(3, "labels", 1), np.array([[0.0] * 6, [1.0] * 6, [0.5] * 6])
    assert np.isnan(score("jsd", human, model, "labels")).tolist() == [True, False, False]
    for name in SCORES["labels"][1:]:
        assert np.isfinite(score(name, human, model, "labels")).all()


# Paired comparison


def compared(
    before: FloatArray, after: FloatArray, text: NDArray[np.int64] | None = None, n: int = 4000
) -> tuple[float, tuple[float, float], tuple[float, float], float]:
    texts = np.arange(len(before)) if text is None else text
    (one,) = paired(
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
