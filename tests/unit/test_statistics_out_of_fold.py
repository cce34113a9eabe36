"""Regressions in cross-validation, and correlations with covariates held constant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emoalign.statistics.out_of_fold import (
    FOLDS,
    PENALTIES,
    nested_ridge,
    regressed,
    rmse_sums,
    stacked,
)
from emoalign.statistics.partial import partial_sums
from emoalign.statistics.recitation import partial_correlation
from emoalign.statistics.resampling import (
    Keys,
    dealt_folds,
    pearson_sums,
    resample_counts,
    text_keys,
)


def keys_of(n: int, copies: int = 1) -> Keys:
    return text_keys([f"text {number // copies}" for number in range(n)])


def r(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def related(n: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A model and people who share two covariates and something else; one value is missing."""
    rng = np.random.default_rng(seed)
    covariates, shared = rng.normal(size=(n, 2)), rng.normal(size=n)
    model = covariates @ [1.0, -0.5] + shared + rng.normal(size=n)
    human = covariates @ [0.7, 0.3] + shared + rng.normal(size=n)
    covariates[4, 1] = np.nan
    return model, human, covariates


# Covariates held constant


def test_partial_r_is_that_of_pingouin() -> None:
    model, human, covariates = related()
    frame = pd.DataFrame({"x": model, "y": human, "a": covariates[:, 0], "b": covariates[:, 1]})
    expected = pingouin.partial_corr(frame.dropna(), "x", "y", ["a", "b"])["r"].iloc[0]
    assert partial_sums(model, human, covariates).estimate() == pytest.approx([expected])
    assert partial_correlation(model, human, covariates) == pytest.approx(expected)


def test_resamples_and_the_jackknife_are_partial_correlations_of_the_items_drawn() -> None:
    model, human, covariates = related()
    sums = partial_sums(np.stack([model, human + model]), human, covariates)
    counts = resample_counts(len(model), 20, 1)
    found, left_out = sums.replicates(counts), sums.jackknife()
    drawn = np.repeat(np.arange(len(model)), counts[7])
    without = np.arange(len(model)) != 9
    for place, means in enumerate((model, human + model)):
        for value, items in ((found[place, 7], drawn), (left_out[place, 9], without)):
            expected = partial_correlation(means[items], human[items], covariates[items])
            assert value == pytest.approx(expected)


def test_without_covariates_it_is_pearson_r_and_a_copy_of_one_changes_nothing() -> None:
    model, human, covariates = related()
    none = np.empty((len(model), 0))
    assert partial_sums(model, human, none).estimate() == pytest.approx(
        pearson_sums(model, human).estimate()
    )
    twice = np.column_stack([covariates, 3 * covariates[:, 0] - 2])
    assert partial_sums(model, human, twice).estimate() == pytest.approx(
        partial_sums(model, human, covariates).estimate()
    )


def test_of_a_model_that_is_its_covariate_nothing_is_left() -> None:
    _, human, covariates = related()
    assert np.isnan(partial_sums(2 * covariates[:, 0] + 1, human, covariates).estimate()).all()
    assert np.isnan(partial_sums(human[:4], human[:4], covariates[:4]).estimate()).all()


# Ridge regression


def test_predictions_and_penalties_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    for n, size in ((120, 15), (60, 80)):
        features = rng.normal(size=(n, size)) * rng.uniform(0.1, 9, size) + 3
        target = features[:, 0] + rng.normal(0, features[:, 0].std(), n)
        keys = keys_of(n, 2)
        found = nested_ridge(features, target[:, np.newaxis], keys, 5)
        for fold in (0, FOLDS - 1):
            held, kept = found.folds == fold, found.folds != fold
            inner = PredefinedSplit(dealt_folds(keys[kept], FOLDS, 5, f"inner {fold}"))
            # The variances of standardised features sum to 1 where the penalty is that of each.
            search = GridSearchCV(
                make_pipeline(StandardScaler(), Ridge()),
                {"ridge__alpha": PENALTIES * size},
                scoring="neg_mean_squared_error",
                cv=inner,
            ).fit(features[kept], target[kept])
            expected = search.predict(features[held]) + target.mean() - target[kept].mean()
            assert found.predicted[held, 0] == pytest.approx(expected, abs=1e-6)
            assert found.penalties[fold, 0] == pytest.approx(
                search.best_params_["ridge__alpha"] / size
            )
            assert np.isnan(found.within[fold, held]).all()
            assert np.isfinite(found.within[fold, kept]).all()


def test_a_linear_regression_is_that_of_scikit_learn() -> None:
    model, human, _ = related()
    features = np.column_stack([model, model**2])
    folds = dealt_folds(keys_of(80), FOLDS, 5, "outer")
    found = regressed(features, human, keys_of(80), 5)
    for fold in range(FOLDS):
        held, kept = folds == fold, folds != fold
        fitted = LinearRegression().fit(features[kept], human[kept])
        expected = fitted.predict(features[held]) + human.mean() - human[kept].mean()
        assert found[held] == pytest.approx(expected)


def test_features_that_only_tell_duplicates_apart_predict_nothing() -> None:
    rng = np.random.default_rng(3)
    n, copies = 900, 3
    features = np.repeat(rng.normal(size=(n // copies, 400)), copies, axis=0)
    features += 0.01 * rng.normal(size=features.shape)
    target = np.repeat(rng.normal(size=(n // copies, 1)), copies, axis=0)
    together = nested_ridge(features, target, keys_of(n, copies), 1)
    apart = nested_ridge(features, target, keys_of(n), 1)
    assert abs(r(together.predicted[:, 0], target[:, 0])) < 0.1
    assert r(apart.predicted[:, 0], target[:, 0]) > 0.8
    for one in range(0, n, copies):
        assert len(set(together.folds[one : one + copies])) == 1


def test_where_there_is_nothing_to_predict_r_is_near_zero() -> None:
    rng = np.random.default_rng(4)
    keys = keys_of(100)
    found = [
        r(regressed(rng.normal(size=(100, 2)), target, keys, seed), target)
        for seed in range(200)
        for target in (rng.normal(size=100),)
    ]
    # With the means that each fold learnt from it would be -.2.
    assert -0.1 < np.mean(found) < 0.02


def test_the_order_of_items_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    features, target = rng.normal(size=(90, 20)), rng.normal(size=(90, 1))
    model = target[:, 0] + rng.normal(size=90)
    keys, order = keys_of(90), rng.permutation(90)
    found = nested_ridge(features, target, keys, 1)
    other = nested_ridge(features[order], target[order], keys[order], 1)
    assert other.predicted == pytest.approx(found.predicted[order])
    assert stacked(other, model[order], target[order, 0]) == pytest.approx(
        stacked(found, model, target[:, 0])[order]
    )


# Both together


def signals(n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, what people make of them and of something else, and that."""
    rng = np.random.default_rng(6)
    features, other = rng.normal(size=(n, 30)), rng.normal(size=n)
    human = features[:, :5].sum(axis=1) + 2 * other + rng.normal(size=n)
    return features, human, other


def test_a_model_adds_what_only_it_knows_and_nothing_where_it_repeats_the_ridge() -> None:
    features, human, other = signals()
    ridge = nested_ridge(features, human[:, np.newaxis], keys_of(400), 1)
    alone = r(ridge.predicted[:, 0], human)
    assert alone > 0.5
    assert r(stacked(ridge, other, human), human) > alone + 0.15
    same = stacked(ridge, ridge.predicted[:, 0], human)
    assert r(same, human) == pytest.approx(alone, abs=0.02)
    noise = stacked(ridge, np.random.default_rng(7).normal(size=400), human)
    assert r(noise, human) == pytest.approx(alone, abs=0.02)


def test_items_without_a_mean_of_the_model_have_no_prediction() -> None:
    features, human, other = signals()
    ridge = nested_ridge(features, human[:, np.newaxis], keys_of(400), 1)
    other[:3] = np.nan
    assert np.flatnonzero(np.isnan(stacked(ridge, other, human))).tolist() == [0, 1, 2]


def test_no_item_has_a_part_in_what_it_is_predicted_by() -> None:
    features, human, other = signals(100)
    keys = keys_of(100)
    changed = human.copy()
    changed[0] += 50

    def predicted(human: np.ndarray) -> float:
        ridge = nested_ridge(features, human[:, np.newaxis], keys, 1)
        return float(stacked(ridge, other, human)[0] - human.mean())

    assert predicted(changed) == pytest.approx(predicted(human))


def test_the_error_is_the_root_of_the_mean_square_over_items_with_both() -> None:
    predicted, human = np.array([1.0, 2.0, np.nan, 4.0]), np.array([2.0, 2.0, 1.0, 7.0])
    sums = rmse_sums(predicted, human)
    assert sums.estimate() == pytest.approx([np.sqrt(10 / 3)])
    assert sums.jackknife()[0, 3] == pytest.approx(np.sqrt(1 / 2))
