"""Each way to calibrate: it undoes what it is for, as other programs find it, and makes sense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter, ValidationError
from scipy import optimize, special
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from statsmodels.miscmodels.ordinal_model import OrderedModel

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.analyses.calibration.saved import Calibrator
from emoalign.statistics.calibrators.family import (
    Fitted,
    Mixture,
    Sample,
    Setting,
    cross_entropy,
    link,
    unlink,
)
from emoalign.statistics.calibrators.monotone import CumulativeLogit, Isotonic
from emoalign.statistics.calibrators.scaling import (
    Bias,
    Dirichlet,
    DirichletFamily,
    Temperature,
    Vector,
)
from emoalign.statistics.calibrators.validation import FAMILIES, fitting
from emoalign.statistics.distances import Kind, smoothed
from emoalign.statistics.pairs import FloatArray
from tests.kit.planted import LABELS, POINTS, planted, truths

KINDS: tuple[Kind, ...] = ("ordinal", "labels")
PAIRS = [(name, kind) for kind in KINDS for name in fitting(METHODS, kind)]
BARELY = Setting(1e-9, 1e-9)
SAVED: TypeAdapter[Calibrator] = TypeAdapter(Calibrator)


def fitted(name: str, sample: Sample, setting: Setting = BARELY) -> Fitted:
    (found,) = fitting(METHODS, sample.kind)[name].fit(sample, [setting])
    return found


def tempered(temperature: float, kind: Kind) -> FloatArray:
    return lambda shares: unlink(link(shares, kind) / temperature, kind)


# What was planted is found


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_too_sure_is_brought_back_to_its_temperature(kind: Kind) -> None:
    sample, _ = planted(kind, lambda shares: unlink(2.5 * link(shares, kind), kind))
    found = fitted("temperature", sample)
    assert isinstance(found, Temperature)
    assert found.temperature == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_says_one_label_too_often_is_corrected_by_as_much(kind: Kind) -> None:
    k = POINTS if kind == "ordinal" else LABELS
    excess = np.linspace(-0.8, 0.8, k)
    sample, _ = planted(kind, lambda shares: unlink(link(shares, kind) + excess, kind))
    found = fitted("bias", sample)
    assert isinstance(found, Bias)
    assert np.array(found.biases) == pytest.approx(-excess, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_and_biases_of_each_point_or_label_are_found(kind: Kind) -> None:
    k = POINTS if kind == "ordinal" else LABELS
    slopes, biases = np.linspace(0.6, 1.4, k), np.linspace(-0.5, 0.5, k)

    def distortion(shares: FloatArray) -> FloatArray:
        return unlink((link(shares, kind) - biases) / slopes, kind)

    sample, truth = planted(kind, distortion, n=4000, raters=50)
    found = fitted("vector", sample)
    assert isinstance(found, Vector)
    if kind == "labels":
        assert np.array(found.slopes) == pytest.approx(slopes, abs=0.06)
        assert np.array(found.biases) == pytest.approx(biases, abs=0.08)
    # Over points the distortion renormalises, so that only most of it can be undone.
    before, after = (
        np.abs(shares - truth).mean() for shares in (sample.model, found.apply(sample.model))
    )
    assert after < 0.3 * before


def test_the_share_of_the_marginal_that_was_mixed_in_is_found() -> None:
    """People are a mixture of what the model says and of what is said on the whole."""
    model = truths(3000, "ordinal", 1)
    marginal = model.mean(axis=0)
    truth = 0.65 * model + 0.35 * marginal
    counts = np.random.default_rng(2).multinomial(20, truth)
    found = fitted("mixture", Sample.of(model, counts / 20, "ordinal"))
    assert isinstance(found, Mixture)
    assert found.weight == pytest.approx(0.35, abs=0.04)
    assert np.array(found.marginal) == pytest.approx(marginal, abs=0.02)


def test_thresholds_that_were_moved_are_moved_back() -> None:
    """logit F of the model = (logit F of people - threshold) / slope."""
    thresholds = np.array([-0.6, -0.2, 0.3, 0.5])

    def distortion(shares: FloatArray) -> FloatArray:
        below = special.logit(np.cumsum(shares, axis=1)[:, :-1])
        return np.diff(special.expit((below - thresholds) / 0.7), prepend=0, append=1, axis=1)

    truth = truths(3000, "ordinal", 4)
    model = distortion(truth)
    # Items for which the moved thresholds cross are no distribution; they are left out.
    valid = (model > 0).all(axis=1)
    human = np.random.default_rng(5).multinomial(30, truth[valid]) / 30
    found = fitted("cumulative_logit", Sample.of(model[valid], human, "ordinal"))
    assert isinstance(found, CumulativeLogit)
    assert found.slope == pytest.approx(0.7, abs=0.03)
    assert np.array(found.thresholds) == pytest.approx(thresholds, abs=0.06)
    assert found.apply(model[valid]) == pytest.approx(truth[valid], abs=0.03)


def test_a_matrix_of_points_that_are_taken_for_each_other_is_found() -> None:
    matrix = np.eye(POINTS) + np.diag(np.full(POINTS - 1, 0.3), 1)
    biases = np.array([0.3, -0.1, 0.0, 0.1, -0.3])
    model = truths(4000, "ordinal", 6)
    truth = unlink(link(model, "ordinal") @ matrix.T + biases, "ordinal")
    human = np.random.default_rng(7).multinomial(60, truth) / 60
    found = fitted("dirichlet", Sample.of(model, human, "ordinal"))
    assert found.apply(model) == pytest.approx(truth, abs=0.03)


def test_any_rising_distortion_of_a_label_is_undone_by_isotonic_regression() -> None:
    sample, truth = planted("labels", lambda shares: shares**3, n=4000, raters=50)
    calibrated = fitted("isotonic", sample, Setting()).apply(sample.model)
    assert np.abs(calibrated - truth).mean() < 0.02 < np.abs(sample.model - truth).mean()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ordinal", [2.25 / 3.5, 1.25 / 3.5]), ("labels", [2.25 / 3.5, 1.25 / 3.5])],
)
def test_the_marginal_is_the_mean_of_people_and_of_half_an_item_that_is_even_handed(
    kind: Kind, expected: list[float]
) -> None:
    human = np.array([[1.0, 0.0], [0.75, 0.25], [0.25, 0.75]])
    sample = Sample.of(human[::-1], human, kind)
    assert fitted("marginal", sample).apply(human) == pytest.approx(np.tile(expected, (3, 1)))


# Others find the same


@pytest.mark.parametrize("name", ["temperature", "bias", "vector", "dirichlet"])
def test_another_optimiser_finds_no_better_map_of_points(name: str) -> None:
    sample, _ = planted("ordinal", lambda shares: shares**2, n=300, raters=5, answers=10)
    smoothing, ridge = 0.05, 1e-3
    found = fitted(name, sample, Setting(smoothing, ridge))
    scores = np.log(smoothed(sample.model, smoothing, "ordinal"))

    def mapped(at: FloatArray) -> tuple[FloatArray, float]:
        """Calibrated shares and the penalty, from the free numbers."""
        if name == "temperature":
            return special.softmax(scores * at[0], axis=1), ridge * (at[0] - 1) ** 2
        if name == "bias":
            return special.softmax(scores + at, axis=1), ridge * np.sum(at**2)
        if name == "vector":
            squares = np.sum((at[:POINTS] - 1) ** 2) + np.sum(at[POINTS:] ** 2)
            return special.softmax(scores * at[:POINTS] + at[POINTS:], axis=1), ridge * squares
        matrix, biases = at[: POINTS**2].reshape(POINTS, POINTS), at[POINTS**2 :]
        off = matrix[~np.eye(POINTS, dtype=bool)]
        squares = np.mean(off**2) + np.mean(biases**2)
        rest = 1e-6 * (np.sum((matrix - np.eye(POINTS)) ** 2) + np.sum(biases**2))
        return special.softmax(scores @ matrix.T + biases, axis=1), ridge * squares + rest

    def loss(at: FloatArray) -> float:
        shares, penalty = mapped(at)
        return float(-np.mean(np.sum(sample.human * np.log(shares), axis=1)) + penalty)

    start = {
        "temperature": np.ones(1),
        "bias": np.zeros(POINTS),
        "vector": np.concatenate((np.ones(POINTS), np.zeros(POINTS))),
        "dirichlet": np.concatenate((np.eye(POINTS).ravel(), np.zeros(POINTS))),
    }[name]
    other = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-7})
    assert found.apply(sample.model) == pytest.approx(mapped(other.x)[0], abs=2e-4)


def test_labels_are_scaled_as_by_a_logistic_regression_of_each() -> None:
    sample, _ = planted("labels", lambda shares: shares**2, n=400, raters=5, answers=10)
    ridge = 1e-3
    found = fitted("vector", sample, Setting(0.05, ridge))
    scores = special.logit(smoothed(sample.model, 0.05, "labels"))
    n = len(scores)
    for label in range(LABELS):
        # Shares are weights of chosen and not chosen. The penalty draws the slope to 1: the scores
        # are an offset, which sklearn knows only as a slope that is shifted by one.
        chosen = sample.human[:, label]

        def loss(at: FloatArray, label: int = label, chosen: FloatArray = chosen) -> float:
            mapped = scores[:, label] * at[0] + at[1]
            terms = np.logaddexp(0, mapped) - chosen * mapped
            return float(terms.mean() + ridge * ((at[0] - 1) ** 2 + at[1] ** 2))

        other = optimize.minimize(loss, [1.0, 0.0], method="BFGS", options={"gtol": 1e-8})
        assert isinstance(found, Vector)
        assert (found.slopes[label], found.biases[label]) == pytest.approx(other.x, abs=1e-4)
        free = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(
            np.tile(scores[:, [label]], (2, 1)),
            np.repeat([1, 0], n),
            sample_weight=np.concatenate((chosen, 1 - chosen)),
        )
        unheld = fitted("vector", sample, Setting(0.05, 1e-10))
        assert isinstance(unheld, Vector)
        assert unheld.slopes[label] == pytest.approx(free.coef_[0, 0], abs=1e-3)
        assert unheld.biases[label] == pytest.approx(free.intercept_[0], abs=1e-3)


def test_isotonic_curves_are_those_of_scikit_learn() -> None:
    sample, _ = planted("labels", lambda shares: shares**2, n=500, raters=4, answers=10)
    new = np.random.default_rng(3).uniform(0, 1, (200, LABELS))
    found = fitted("isotonic", sample, Setting())
    for label in range(LABELS):
        other = IsotonicRegression(out_of_bounds="clip")
        other.fit(sample.model[:, label], sample.human[:, label])
        assert found.apply(new)[:, label] == pytest.approx(other.predict(new[:, label]), abs=1e-9)


def test_thresholds_are_those_of_an_ordered_regression_on_the_log_odds() -> None:
    """Where all thresholds of an item have the same log odds but for a shift, the model is the
    proportional-odds model with the shift as its covariate."""
    rng = np.random.default_rng(8)
    shift = rng.normal(0, 1.5, 800)
    base = np.array([-2.0, -0.7, 0.6, 1.9])
    model = np.diff(special.expit(base + shift[:, None]), prepend=0, append=1, axis=1)
    cuts = np.array([-1.5, -0.2, 0.3, 2.0])
    truth = np.diff(special.expit(cuts + 0.6 * shift[:, None]), prepend=0, append=1, axis=1)
    rating = np.array([rng.choice(POINTS, p=row) for row in truth])
    found = fitted("cumulative_logit", Sample.of(model, np.eye(POINTS)[rating], "ordinal"))
    ordered = OrderedModel(rating, shift[:, None], distr="logit")
    other = ordered.fit(method="bfgs", disp=False, gtol=1e-8)
    expected = ordered.transform_threshold_params(other.params)[1:-1]
    assert isinstance(found, CumulativeLogit)
    assert found.slope == pytest.approx(-other.params[0], abs=1e-3)
    # Thresholds of the two differ by what the slope makes of the base.
    assert np.array(found.thresholds) + found.slope * base == pytest.approx(expected, abs=2e-3)


# Whatever comes in, distributions come out


@pytest.mark.parametrize(("name", "kind"), PAIRS)
@settings(max_examples=25)
@given(data=st.data())
def test_whatever_is_calibrated_is_a_distribution(
    name: str, kind: Kind, data: st.DataObject
) -> None:
    k = 4
    shares = st.floats(0, 1) if kind == "labels" else st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0])
    model = data.draw(arrays(float, (12, k), elements=shares))
    human = data.draw(arrays(float, (12, k), elements=shares))
    if kind == "ordinal":
        model, human = (
            np.where(rows.sum(1, keepdims=True) > 0, rows, 1.0) for rows in (model, human)
        )
        model, human = (rows / rows.sum(1, keepdims=True) for rows in (model, human))
    family = fitting(METHODS, kind)[name]
    for setting in family.settings(kind):
        (found,) = family.fit(Sample.of(model, human, kind), [setting])
        calibrated = found.apply(model)
        assert calibrated.shape == model.shape
        assert np.isfinite(calibrated).all()
        assert calibrated.min() >= 0
        assert calibrated.max() <= 1 + 1e-12
        if kind == "ordinal":
            assert calibrated.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name, kind in PAIRS if name != "marginal"]
)
def test_a_model_that_is_right_stays_as_it_is(name: str, kind: Kind) -> None:
    sample, truth = planted(kind, lambda shares: shares, n=3000, raters=50)
    calibrated = fitted(name, sample, Setting(1e-6, 1e-4)).apply(sample.model)
    assert np.abs(calibrated - truth).mean() < 0.015


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_the_order_of_items_matters_to_no_fit(name: str, kind: Kind) -> None:
    sample, _ = planted(kind, lambda shares: shares**2, n=200, raters=5, answers=10)
    order = np.random.default_rng(0).permutation(200)
    turned = Sample.of(sample.model[order], sample.human[order], kind)
    family = fitting(METHODS, kind)[name]
    for one, other in zip(
        family.fit(sample, family.settings(kind)),
        family.fit(turned, family.settings(kind)),
        strict=True,
    ):
        assert one.apply(sample.model) == pytest.approx(other.apply(sample.model), abs=1e-4)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_settings_are_fitted_the_same_alone_as_in_a_row(name: str, kind: Kind) -> None:
    sample, _ = planted(kind, lambda shares: shares**2, n=200, raters=5, answers=10)
    family = fitting(METHODS, kind)[name]
    settings = family.settings(kind)
    for setting, one in zip(settings, family.fit(sample, settings), strict=True):
        (alone,) = family.fit(sample, [setting])
        assert one.apply(sample.model) == pytest.approx(alone.apply(sample.model), abs=1e-4)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_a_fitted_calibrator_is_the_same_after_it_was_saved(name: str, kind: Kind) -> None:
    sample, _ = planted(kind, lambda shares: shares**2, n=100, raters=5, answers=10)
    found = fitted(name, sample, Setting(0.01, 0.01))
    again = SAVED.validate_json(SAVED.dump_json(found))
    assert again == found
    assert np.array_equal(again.apply(sample.model), found.apply(sample.model))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"method": "temperature", "temperature": 0}, "the temperature 0"),
        ({"method": "mixture", "weight": 1.5, "marginal": [0.5, 0.5]}, "the weight 1.5"),
        ({"method": "cumulative_logit", "slope": -1, "thresholds": [0]}, "the slope -1"),
        ({"method": "platt"}, "'platt'"),
    ],
)
def test_numbers_that_make_no_calibrator_are_refused(content: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        SAVED.validate_python({"kind": "ordinal"} | content)


def test_points_that_nobody_ever_chose_stay_possible() -> None:
    model = np.tile([0.0, 0.5, 0.5, 0.0, 0.0], (30, 1))
    human = np.tile([0.0, 1.0, 0.0, 0.0, 0.0], (30, 1))
    sample = Sample.of(model, human, "ordinal")
    for name in ("mixture", "dirichlet", "vector", "bias", "temperature", "cumulative_logit"):
        family = FAMILIES[name]
        for found in family.fit(sample, family.settings("ordinal")):
            assert np.isfinite(cross_entropy(human, found.apply(model), "ordinal")).all()
    dirichlet = DirichletFamily().fit(sample, DirichletFamily().settings("ordinal"))
    assert all(isinstance(one, Dirichlet) for one in dirichlet)


def test_where_every_curve_is_at_zero_the_marginal_is_what_is_said() -> None:
    curves = Isotonic(
        kind="ordinal",
        shares=((0.0, 1.0),) * 3,
        heights=((0.0, 1.0), (0.0, 0.0), (0.0, 0.0)),
        marginal=(0.2, 0.3, 0.5),
    )
    assert curves.apply(np.array([[0.0, 1.0, 0.0]])) == pytest.approx(np.array([[0.2, 0.3, 0.5]]))
