"""The stack and what it is compared with, and ridges, against scipy and scikit-learn."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from sklearn.linear_model import LinearRegression, Ridge

from emoalign.statistics.estimation.embedding_ridge import FoldRidge, components
from emoalign.statistics.estimation.held_out import N_FOLDS, Learnt, Sources, held_out
from emoalign.statistics.estimation.stacking import fitted
from emoalign.statistics.out_of_fold import PENALTIES
from emoalign.statistics.resampling import dealt_folds

Floats = np.ndarray


def sources(n: int, seed: int, cells: int = 4) -> tuple[Floats, Floats]:
    """Means of cells of unequal error, of which the last only says the opposite, and of people."""
    rng = np.random.default_rng(seed)
    human = rng.normal(5, 1.2, n)
    means = human[:, np.newaxis] + rng.normal(0, np.linspace(0.4, 1.5, cells), (n, cells))
    means[:, -1] = 10 - means[:, -1]
    return means, human


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_those_of_bounded_least_squares_on_all_items(seed: int) -> None:
    means, human = sources(200, seed)
    standard = (means - means.mean(axis=0)) / means.std(axis=0)
    expected = lsq_linear(standard, human - human.mean(), (0, np.inf), tol=1e-14).x
    found = fitted(means, human, 4)
    assert found.weights["stack"] == pytest.approx(expected, abs=1e-6)
    assert found.weights["stack"][-1] == 0
    assert found.level == pytest.approx(human.mean())
    predicted = found.predicted(means[:7])["stack"]
    assert predicted == pytest.approx(human.mean() + standard[:7] @ expected, abs=1e-6)


def test_best_and_average_are_least_squares_on_one_column() -> None:
    means, human = sources(150, 6)
    others, _ = sources(30, 7)
    found = fitted(means, human, 4).predicted(others)
    best = np.argmax([np.corrcoef(cell, human)[0, 1] for cell in means.T])
    line = LinearRegression().fit(means[:, [best]], human)
    assert found["best"] == pytest.approx(line.predict(others[:, [best]]))
    centre, spread = means.mean(axis=0), means.std(axis=0)
    average, of_others = (((part - centre) / spread).mean(axis=1) for part in (means, others))
    line = LinearRegression().fit(average[:, np.newaxis], human)
    assert found["average"] == pytest.approx(line.predict(of_others[:, np.newaxis]))
    assert found["constant"] == pytest.approx(np.full(30, human.mean()))


def test_a_missing_value_is_the_mean_of_those_learnt_from() -> None:
    means, human = sources(120, 8)
    holed = means.copy()
    holed[::9, 1] = np.nan
    filled = np.where(np.isnan(holed), np.nanmean(holed, axis=0), holed)
    found, expected = fitted(holed, human, 4), fitted(filled, human, 4)
    for method in ("stack", "best", "constant"):
        values = expected.predicted(filled)[method]
        assert found.predicted(holed)[method] == pytest.approx(values, abs=1e-6), method
    # In the average a cell's SD is that of the values it has.
    standard = (holed - np.nanmean(holed, axis=0)) / np.nanstd(holed, axis=0)
    average = np.nan_to_num(standard).mean(axis=1)[:, np.newaxis]
    line = LinearRegression().fit(average, human)
    assert found.predicted(holed)["average"] == pytest.approx(line.predict(average))


def test_equal_cells_share_their_weight_and_constant_ones_have_none() -> None:
    means, human = sources(120, 9)
    found = fitted(np.column_stack((means[:, 0], means[:, 0], np.full(120, 3.0))), human, 3)
    first, second, constant = found.weights["stack"]
    assert first == pytest.approx(second)
    assert constant == 0
    alone = fitted(means[:, :1], human, 1).weights["stack"]
    assert first + second == pytest.approx(alone[0])


def test_the_embedding_has_no_part_in_the_models_alone() -> None:
    means, human = sources(100, 10)
    both = np.column_stack((means, human))
    found = fitted(both, human, 4)
    assert found.weights["stack"] == pytest.approx([0, 0, 0, 0, human.std()], abs=1e-6)
    assert found.weights["models"][:4] == pytest.approx(fitted(means, human, 4).weights["stack"])
    assert found.weights["models"][4] == 0


def test_without_cells_the_embedding_is_the_stack() -> None:
    _, human = sources(100, 11)
    found = fitted((human * 2)[:, np.newaxis], human, 0)
    assert set(found.weights) == {"stack", "constant"}
    assert found.predicted(np.array([[6.0]]))["stack"] == pytest.approx(3.0)


def vectors(n: int, size: int, seed: int) -> tuple[Floats, Floats]:
    """Embeddings, a tenth of which tells what people feel, and people's means."""
    rng = np.random.default_rng(seed)
    human = rng.normal(5, 1.2, n)
    return rng.normal(size=(n, size)) + np.outer(human, rng.normal(0, 0.3, size)), human


def standardised(values: Floats, rated: np.ndarray) -> Floats:
    """Features as they are penalised: their variances sum to 1."""
    scale = values[rated].std(axis=0) * np.sqrt(values.shape[1])
    return (values - values[rated].mean(axis=0)) / scale


@pytest.mark.parametrize(("n", "size"), [(90, 12), (60, 80)])
@pytest.mark.parametrize("left", [(3,), (3, 7)])
def test_the_column_of_the_embedding_is_that_of_ridges_fitted_one_by_one(
    n: int, size: int, left: tuple[int, ...]
) -> None:
    values, human = vectors(n, size, 12)
    rated = np.arange(n) < n - 15
    folds = np.arange(n - 15) % N_FOLDS
    x, y = standardised(values, rated), human[rated]
    kept = ~np.isin(folds, left)
    tried = np.full((len(PENALTIES), n - 15), np.nan)
    for fold in set(folds) - set(left):
        within = kept & (folds != fold)
        for place, penalty in enumerate(PENALTIES):
            ridge = Ridge(penalty, solver="svd").fit(x[rated][within], y[within])
            tried[place, folds == fold] = ridge.predict(x[rated][folds == fold])
    best = int(np.nansum((tried - y) ** 2, axis=1).argmin())
    ridge = Ridge(PENALTIES[best], solver="svd").fit(x[rated][kept], y[kept])
    features = components(values, rated)
    found = FoldRidge(features[rated], y, folds, features[~rated]).column(left)
    assert found.learnt == pytest.approx(tried[best, kept], abs=1e-8)
    assert found.applied == pytest.approx(ridge.predict(x[rated][~kept]), abs=1e-8)
    assert found.others == pytest.approx(ridge.predict(x[~rated]), abs=1e-8)


@pytest.mark.parametrize(("n", "size"), [(200, 30), (25, 60)])
def test_components_keep_distances_and_leading_ones_most_of_them(n: int, size: int) -> None:
    values, _ = vectors(n, size, 13)
    values[3] = np.nan
    rated = np.arange(n) < n - 5
    known = np.arange(n) != 3
    x = standardised(values, rated & known)
    found = components(values, rated)
    within = rated & known
    assert found[within] @ found[within].T == pytest.approx(x[within] @ x[within].T, abs=1e-10)
    assert (found[3] == 0).all()
    _, spread, axes = np.linalg.svd(x[within], full_matrices=False)
    few = components(values, rated, most=4)
    assert few.shape == (n, 4)
    assert np.square(few[within]).sum(axis=0) == pytest.approx(spread[:4] ** 2)
    assert np.abs(few[known]) == pytest.approx(np.abs(x[known] @ axes[:4].T), abs=1e-8)


@pytest.mark.parametrize("embedded", [False, True])
def test_nothing_is_predicted_by_a_regression_that_saw_it(embedded: bool) -> None:
    """Each prediction is what its regression gives once what it must not see is something else."""
    n = 80
    means, human = sources(n, 14)
    features = vectors(n, 6, 15)[0] if embedded else None
    keys = np.repeat(np.arange(n // 2), 2).astype(np.uint64)
    folds = dealt_folds(keys, N_FOLDS, 1)
    others = Sources(means[:5] + 0.1, None if features is None else features[:5], (1, 9))

    def of(values: Floats, given: Floats) -> dict[str, Floats]:
        learnt = Learnt(Sources(given, features, (1, 9)), values, keys, folds)
        found = held_out(learnt, others).of
        return {m: np.column_stack((f.rated, f.nested)) for m, f in found.items()}

    found = of(human, means)
    assert set(found) >= {"stack", "best", "average", "constant"}
    for first, second in list(combinations(range(N_FOLDS), 2))[::6]:
        unseen = np.isin(folds, (first, second))
        changed = of(np.where(unseen, 9 - human, human), means)
        for method, values in found.items():
            after = changed[method]
            for own, other in ((first, second), (second, first)):
                rows = folds == own
                assert after[rows, 1 + other] == pytest.approx(values[rows, 1 + other], abs=1e-9)
                # What was learnt from items of the other fold is another.
                assert np.abs(after[rows, 0] - values[rows, 0]).max() > 1e-3, method
    own = np.column_stack([np.full(n, np.nan), found["stack"][:, 1:]])
    assert np.isnan(own[np.arange(n), 1 + folds]).all()


def test_predictions_of_others_are_those_of_each_fold() -> None:
    means, human = sources(60, 16)
    keys = np.arange(60, dtype=np.uint64)
    folds = dealt_folds(keys, N_FOLDS, 1)
    learnt = Learnt(Sources(means, None, (1.0, 9.0)), human, keys, folds)
    asked = means[:8] + 3
    found = held_out(learnt, Sources(asked, None, (1.0, 9.0)), nested=False)
    for fold in range(N_FOLDS):
        kept = folds != fold
        expected = fitted(means[kept], human[kept], 4)
        predicted = np.clip(expected.predicted(asked)["stack"], 1, 9)
        assert found.of["stack"].others[:, fold] == pytest.approx(predicted)
        assert found.weights[fold] == pytest.approx(expected.weights["stack"])
    assert found.of["stack"].means == pytest.approx(found.of["stack"].others.mean(axis=1))
