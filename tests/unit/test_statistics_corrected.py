"""Estimates from model ratings and a few people: oracles from ppi-python, and coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from emoalign.statistics.corrected import (
    Corrected,
    Estimate,
    Part,
    corrected_regression,
    design_based_regression,
    difference,
    least_squares,
)
from emoalign.statistics.corrected_correlation import (
    corrected_correlation,
    design_based_correlation,
    weighted_correlation,
)


class Words:
    """Words of the Glasgow Norms, of which people's ratings of 100 are known."""

    def __init__(self, shared: Path, scale: str) -> None:
        norms = pd.read_csv(shared / "glasgow/glasgow.csv")
        words = norms.merge(pd.read_csv(shared / "glasgow/glasgow_gpt-4.csv"), on="word")
        words = words.dropna(subset=[f"{scale}.M", scale]).set_index("word")
        words = words.loc[sorted(words.index)]
        n = len(words)
        self.rated = np.sort(np.random.default_rng(20260101).permutation(n)[:100])
        self.rest = np.setdiff1d(np.arange(n), self.rated)
        self.human = words[f"{scale}.M"].to_numpy()
        self.model = words[scale].to_numpy()
        self.concreteness = words["Concreteness.M"].to_numpy() - 4
        self.ones = np.ones((n, 1))
        self.predictors = np.column_stack([self.ones, self.concreteness, words["Length"] - 6])

    def corrected(self, predictors: np.ndarray) -> Corrected:
        rated, rest = (Part(predictors[at], self.model[at]) for at in (self.rated, self.rest))
        return corrected_regression(rated, self.human[self.rated], rest)

    def design_based(self, predictors: np.ndarray) -> Estimate:
        human = np.full(len(self.human), np.nan)
        human[self.rated] = self.human[self.rated]
        probabilities = np.full(len(human), 100 / len(human))
        return design_based_regression(predictors, self.model, human, probabilities)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("scale", "classical", "weight", "ppi", "dsl"),
    [
        (
            "Valence",
            [5.1305, 4.8718, 5.3893],
            0.9348,
            [5.1286, 4.9854, 5.2718],
            [5.1287, 0.0728],
        ),
        (
            "Arousal",
            [4.2803, 4.0688, 4.4918],
            0.4771,
            [4.2141, 4.0494, 4.3788],
            [4.1576, 0.1127],
        ),
    ],
)
def test_means_are_those_of_ppi_python(
    shared: Path,
    scale: str,
    classical: list[float],
    weight: float,
    ppi: list[float],
    dsl: list[float],
) -> None:
    words = Words(shared, scale)
    found = words.corrected(words.ones)
    for estimate, expected in ((found.classical, classical), (found.ppi, ppi)):
        told = [estimate.values[0], estimate.low[0], estimate.high[0]]
        assert told == pytest.approx(expected, abs=6e-5)
    assert found.weight == pytest.approx(weight, abs=6e-5)
    assert found.ppi.narrower_than(found.classical)[0] > 0
    of_design = words.design_based(words.ones)
    assert [of_design.values[0], of_design.errors[0]] == pytest.approx(dsl, abs=6e-5)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("scale", "ppi", "dsl"),
    [
        ("Valence", [5.1985, 0.0381, 0.0913], [5.2053, 0.0413, 0.0956]),
        ("Arousal", [4.7336, -0.2626, 0.1641], [4.5855, -0.0896, 0.2654]),
    ],
)
def test_regressions_are_those_of_ppi_python(
    shared: Path, scale: str, ppi: list[float], dsl: list[float]
) -> None:
    words = Words(shared, scale)
    assert words.corrected(words.predictors).ppi.values == pytest.approx(ppi, abs=6e-5)
    assert words.design_based(words.predictors).values == pytest.approx(dsl, abs=6e-5)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("scale", "weight", "r", "error", "ends"),
    [
        ("Valence", 1.0, 0.0318, 0.0683, None),
        ("Arousal", 0.2727, -0.3463, 0.0771, [-0.4875, -0.1874]),
    ],
)
def test_correlations_have_the_published_weight_and_error(
    shared: Path, scale: str, weight: float, r: float, error: float, ends: list[float] | None
) -> None:
    words = Words(shared, scale)
    (human, *_), (model, rest), (z, z_rest) = (
        (values[words.rated], values[words.rest])
        for values in (words.human, words.model, words.concreteness)
    )
    found = corrected_correlation(human, model, rest, z, z_rest)
    told = [found.weight, found.ppi.values[0], found.ppi.errors[0]]
    assert told == pytest.approx([weight, r, error], abs=6e-5)
    assert found.classical.values[0] == pytest.approx(np.corrcoef(human, z)[0, 1])
    if ends is not None:
        assert [found.ppi.low[0], found.ppi.high[0]] == pytest.approx(ends, abs=6e-5)


def test_classical_errors_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(1)
    predictors = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    outcome = predictors @ [1.0, 2.0, -1.0] + rng.normal(size=60) * (1 + predictors[:, 1] ** 2)
    fitted = sm.OLS(outcome, predictors).fit(cov_type="HC0")
    found = least_squares(predictors, outcome)
    assert found.values == pytest.approx(fitted.params, rel=1e-10)
    assert found.errors == pytest.approx(fitted.bse, rel=1e-10)
    assert found.low == pytest.approx(fitted.conf_int()[:, 0], rel=1e-10)


def test_collinear_predictors_are_refused() -> None:
    twice = np.ones((40, 2))
    part = Part(twice, np.arange(40.0))
    with pytest.raises(ValueError, match="2 predictors of rank 1"):
        corrected_regression(part, np.arange(40.0), part)
    apart = Part(np.column_stack([np.ones(40), np.arange(40)]), np.arange(40.0))
    with pytest.raises(ValueError, match="rank 1"):
        corrected_regression(apart, np.arange(40.0), part)
    with pytest.raises(ValueError, match="rank 1"):
        least_squares(twice, np.arange(40.0))


def simulated(
    rng: np.random.Generator, knowledge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Predictors, people's and the model's ratings of 1,200 items, 400 of which people rated."""
    group, z = rng.integers(2, size=1200), rng.normal(size=1200)
    human = 5 + 0.8 * group + 0.4 * z + rng.normal(size=1200)
    model = 5.4 + knowledge * (human - 5.4) + 0.5 * (group - 0.5) + rng.normal(0, 0.6, 1200)
    predictors = np.column_stack([np.ones(1200), group, z])
    return predictors, human, model, rng.permutation(1200)[:400]


@pytest.mark.parametrize("knowledge", [0.9, 0.0])
def test_intervals_cover_the_truth_whether_the_model_knows_anything_or_not(
    knowledge: float,
) -> None:
    rng, covered, weights, narrower = np.random.default_rng(2), [], [], []
    truth = np.array([5, 0.8, 0.4])
    for _ in range(1000):
        predictors, human, model, asked = simulated(rng, knowledge)
        rest = np.setdiff1d(np.arange(1200), asked)
        found = corrected_regression(
            Part(predictors[asked], model[asked]),
            human[asked],
            Part(predictors[rest], model[rest]),
        )
        covered.append((found.ppi.low <= truth) & (truth <= found.ppi.high))
        weights.append(found.weight)
        narrower.append(found.ppi.narrower_than(found.classical))
    assert np.mean(covered, axis=0) == pytest.approx(np.full(3, 0.95), abs=0.025)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)
    if knowledge:
        assert np.mean(narrower) > 0.25
    else:
        assert np.mean(weights) < 0.3
        assert abs(np.mean(narrower)) < 0.03


def test_unequal_probabilities_that_are_known_are_allowed_for() -> None:
    """People were asked three times as often about one group: only plain means are off."""
    rng, covered, errors = np.random.default_rng(3), [], []
    for _ in range(1000):
        predictors, human, model, _ = simulated(rng, 0.9)
        probabilities = np.where(predictors[:, 1] == 1, 0.3, 0.1)
        told = np.where(rng.random(1200) < probabilities, human, np.nan)
        found = design_based_regression(np.ones((1200, 1)), model, told, probabilities)
        covered.append(found.low[0] <= 5.4 <= found.high[0])
        errors.append(np.nanmean(told) - 5.4)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
    assert np.mean(errors) > 0.15


@pytest.mark.parametrize("knowledge", [0.9, 0.0])
def test_intervals_of_means_cover_the_truth(knowledge: float) -> None:
    rng, covered, narrower = np.random.default_rng(9), [], []
    for _ in range(1000):
        _, human, model, asked = simulated(rng, knowledge)
        rest, ones = np.setdiff1d(np.arange(1200), asked), np.ones((1200, 1))
        rated, others = (Part(ones[at], model[at] + 2) for at in (asked, rest))
        found = corrected_regression(rated, human[asked], others)
        probabilities = np.full(1200, 1 / 3)
        told = np.where(np.isin(np.arange(1200), asked), human, np.nan)
        dsl = design_based_regression(ones, model, told, probabilities)
        covered.append([one.low[0] <= 5.4 <= one.high[0] for one in (found.ppi, dsl)])
        narrower.append(found.ppi.narrower_than(found.classical)[0])
    assert np.mean(covered, axis=0) == pytest.approx(np.full(2, 0.95), abs=0.015)
    assert np.mean(narrower) > 0.25 if knowledge else abs(np.mean(narrower)) < 0.03


def test_a_bias_that_is_taken_out_first_gives_narrower_intervals_that_cover() -> None:
    """The published gradients count a bias as variance, and give the model a smaller λ."""
    rng, covered, narrower, weights = np.random.default_rng(10), [], [], []
    truth = np.array([5, 0.8, 0.4])
    for _ in range(1000):
        predictors, human, model, asked = simulated(rng, 0.9)
        rest = np.setdiff1d(np.arange(1200), asked)
        model = model - 2
        error = np.mean(human[asked] - model[asked])
        biased, shifted = (
            corrected_regression(
                Part(predictors[asked], ratings[asked]),
                human[asked],
                Part(predictors[rest], ratings[rest]),
            )
            for ratings in (model, model + error)
        )
        covered.append(
            [(one.ppi.low <= truth) & (truth <= one.ppi.high) for one in (biased, shifted)]
        )
        narrower.append(shifted.ppi.narrower_than(biased.ppi))
        weights.append([biased.weight, shifted.weight])
    assert np.mean(covered, axis=(0, 2)) == pytest.approx([0.95, 0.95], abs=0.015)
    assert np.mean(narrower) > 0.15
    of_biased, of_shifted = np.mean(weights, axis=0)
    assert of_shifted > 2 * of_biased


@pytest.mark.parametrize("knowledge", [0.9, 0.0])
def test_differences_of_groups_gain_although_the_model_is_biased(knowledge: float) -> None:
    """The model is 2 too high, and more so in one group: what is constant in a group cancels."""
    rng, covered, narrower = np.random.default_rng(5), [], []
    for _ in range(1000):
        predictors, human, model, asked = simulated(rng, knowledge)
        model = model + 2 + predictors[:, 1]
        rated = np.isin(np.arange(1200), asked)
        groups = []
        for group in (0, 1):
            of_group = predictors[:, 1] == group
            parts = (
                Part(np.ones((int(at.sum()), 1)), model[at])
                for at in (of_group & rated, of_group & ~rated)
            )
            groups.append(corrected_regression(next(parts), human[of_group & rated], next(parts)))
        first, second = groups
        ppi = difference(first.ppi, second.ppi)
        covered.append(ppi.low[0] <= 0.8 <= ppi.high[0])
        narrower.append(ppi.narrower_than(difference(first.classical, second.classical))[0])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)
    assert np.mean(narrower) > 0.25 if knowledge else abs(np.mean(narrower)) < 0.03


@pytest.mark.parametrize("knowledge", [1.0, 0.0])
def test_intervals_of_correlations_cover_the_truth(knowledge: float) -> None:
    rng, covered, gains = np.random.default_rng(4), [], []
    for _ in range(1000):
        z = rng.normal(size=1200)
        human = 0.5 * z + rng.normal(0, np.sqrt(0.75), 1200)
        model = knowledge * human + rng.normal(0, 0.5, 1200) - 0.2 * z
        rated, rest = slice(0, 400), slice(400, None)
        found = corrected_correlation(human[rated], model[rated], model[rest], z[rated], z[rest])
        covered.append([one.low <= 0.5 <= one.high for one in (found.ppi, found.classical)])
        gains.append(found.ppi.narrower_than(found.classical)[0])
    assert np.mean(covered, axis=0).ravel() == pytest.approx([0.95, 0.95], abs=0.015)
    assert np.mean(gains) > 0.15 if knowledge else abs(np.mean(gains)) < 0.03


def test_correlations_allow_for_known_unequal_probabilities() -> None:
    rng, covered, plain = np.random.default_rng(6), [], []
    for _ in range(1000):
        z = rng.normal(size=1200)
        human = 0.5 * z + rng.normal(0, np.sqrt(0.75), 1200)
        model = human + rng.normal(0, 0.5, 1200) - 0.2 * z
        probabilities = np.where(np.abs(z) > 1, 0.6, 0.2)
        rated = rng.random(1200) < probabilities
        found = (
            design_based_correlation(z, model, np.where(rated, human, np.nan), probabilities),
            weighted_correlation(human[rated], z[rated], probabilities[rated]),
        )
        covered.append([one.low <= 0.5 <= one.high for one in found])
        plain.append(np.corrcoef(human[rated], z[rated])[0, 1])
    assert np.mean(covered, axis=0).ravel() == pytest.approx([0.95, 0.95], abs=0.02)
    assert np.mean(plain) > 0.55


def test_weights_of_least_squares_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(7)
    predictors = np.column_stack([np.ones(60), rng.normal(size=60)])
    outcome, probabilities = rng.normal(size=60), rng.uniform(0.1, 1, 60)
    fitted = sm.WLS(outcome, predictors, weights=1 / probabilities).fit(cov_type="HC0")
    found = least_squares(predictors, outcome, probabilities)
    assert found.values == pytest.approx(fitted.params, rel=1e-10)
    assert found.errors == pytest.approx(fitted.bse, rel=1e-10)


def test_errors_by_design_are_those_of_statsmodels_for_corrected_ratings() -> None:
    predictors, human, model, asked = simulated(np.random.default_rng(11), 0.9)
    told = np.full(1200, np.nan)
    told[asked] = human[asked]
    outcome = model.copy()
    outcome[asked] += 3 * (human - model)[asked]
    fitted = sm.OLS(outcome, predictors).fit(cov_type="HC1")
    found = design_based_regression(predictors, model, told, np.full(1200, 1 / 3))
    assert found.values == pytest.approx(fitted.params, rel=1e-10)
    assert found.errors == pytest.approx(fitted.bse, rel=1e-10)


def test_equal_probabilities_weigh_nothing() -> None:
    rng = np.random.default_rng(8)
    y, z = rng.normal(size=(2, 60))
    equal = weighted_correlation(y, z, np.full(60, 0.25))
    alone = corrected_correlation(y, np.zeros(60), np.zeros(90), z, rng.normal(size=90))
    assert alone.weight == 0
    for one in (equal, alone.ppi):
        assert one.values == pytest.approx(alone.classical.values)
        assert one.low == pytest.approx(alone.classical.low)
