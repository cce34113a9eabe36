"""Nested cross-validation: nothing of an item is known to what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.analyses.calibration.review import SCORES
from emoalign.statistics.calibrators.family import Fitted, Sample, Setting, Unchanged
from emoalign.statistics.calibrators.validation import Validated, cross_validate, fitting
from emoalign.statistics.distances import Kind, brier, jsd, scores
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys, text_keys
from tests.kit.planted import Distortion, planted, truths


def keys(n: int, copies: int = 1) -> Keys:
    """Texts of `n` items, each text shown by so many of them."""
    return text_keys([f"text {number // copies}" for number in range(n)])


def validated(
    sample: Sample, texts: Keys, methods: Sequence[str] = METHODS
) -> dict[str, Validated]:
    families = fitting([name for name in METHODS if name in methods], sample.kind)
    return cross_validate(sample, texts, families, folds=5, inner_folds=3, seed=1)[1]


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
        name: brier(sample.human, one.out_of_fold).mean()
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
    assert scores("labels", human, model, names=("brier",))[0] == pytest.approx(expected)


def test_an_item_for_which_nothing_was_chosen_has_no_normalised_divergence() -> None:
    human, model = truths(3, "labels", 1), np.array([[0.0] * 6, [1.0] * 6, [0.5] * 6])
    divergence, *by_label = scores("labels", human, model, names=SCORES["labels"])
    assert np.isnan(divergence).tolist() == [True, False, False]
    assert np.isfinite(by_label).all()
