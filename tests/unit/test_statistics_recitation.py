"""Completions of a table of norms: an oracle, chance, and a model that knows a third of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pytest

from emoalign.statistics import recitation as module
from emoalign.statistics.recitation import partial_correlation, partial_sums, recitation


@pytest.mark.shared_data
def test_recorded_completions_have_the_published_numbers(shared: Path) -> None:
    words = pd.read_csv(shared / "glasgow/gpt4_data_contamination_test.csv").dropna()
    norms, completions, ratings = (
        words[name].to_numpy(float) for name in ("Arousal.M", "num_response", "Arousal")
    )
    found = recitation(norms, completions, ratings, seed=1)
    assert found is not None
    assert (found.n, found.exact, found.hits) == (859, 1, 37)
    assert found.hits_by_chance == pytest.approx(31.35, abs=0.15)
    assert found.hits_by_chance_sd == pytest.approx(3.22, abs=0.1)
    assert found.p == pytest.approx(0.0559, abs=0.008)
    assert found.with_norms == pytest.approx(0.5063, abs=5e-5)
    assert found.beyond_judgement == pytest.approx(0.2282, abs=5e-5)
    assert found.decimals == pytest.approx(-0.0452, abs=5e-5)


def completed(rng: np.random.Generator, known: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Norms to two decimals, completions by judgement alone or by heart, and ratings."""
    norms = np.round(rng.uniform(2, 8, 300), 2)
    judged = norms + rng.normal(0, 0.8, 300)
    recited = rng.random(300) < known
    return norms, np.where(recited, norms, np.round(judged, 2)), np.rint(judged)


def share_found(monkeypatch: pytest.MonkeyPatch, known: float, n: int) -> float:
    monkeypatch.setattr(module, "PERMUTATIONS", 99)
    rng = np.random.default_rng(7)
    found = [recitation(*completed(rng, known), seed=study) for study in range(n)]
    return float(np.mean([each is not None and each.p <= 0.05 for each in found]))


def test_a_model_that_knows_a_third_of_the_norms_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert share_found(monkeypatch, 1 / 3, 1_000) >= 0.99


def test_completions_with_made_up_decimals_are_seldom_taken_for_recited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a model judges to the point, and adds decimals to, hits by chance alone."""
    monkeypatch.setattr(module, "PERMUTATIONS", 99)
    rng, found = np.random.default_rng(8), []
    for study in range(1_000):
        norms, _, ratings = completed(rng, 0)
        made_up = ratings + np.round(rng.random(300), 2)
        told = recitation(norms, made_up, ratings, seed=study)
        found.append(told is not None and told.p <= 0.05)
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def test_what_a_model_has_by_heart_goes_beyond_its_judgement() -> None:
    rng = np.random.default_rng(3)
    by_heart, judged = (recitation(*completed(rng, known), seed=1) for known in (0.5, 0.0))
    assert by_heart is not None
    assert judged is not None
    assert by_heart.beyond_judgement > judged.beyond_judgement + 0.2
    assert by_heart.decimals > 0.3 > judged.decimals
    assert by_heart.exact > 100 > judged.exact


def test_replicates_of_the_partial_correlation_are_it_over_the_items_drawn() -> None:
    rng = np.random.default_rng(4)
    norms, completions, ratings = completed(rng, 0.2)
    ratings[::7] = np.nan
    sums = partial_sums(completions, norms, ratings)
    drawn = rng.integers(300, size=(3, 300))
    counts = np.stack([np.bincount(row, minlength=300) for row in drawn]).astype(np.uint8)
    of_drawn = [partial_correlation(completions[at], norms[at], ratings[at]) for at in drawn]
    assert sums.replicates(counts)[0] == pytest.approx(of_drawn, abs=1e-9)
    assert sums.estimate()[0] == pytest.approx(partial_correlation(completions, norms, ratings))
    assert np.isnan(partial_sums(completions, norms, np.full(300, 5.0)).estimate()[0])
    assert np.isnan(partial_sums(norms, norms, norms).estimate()[0])


@pytest.mark.parametrize("k", [1, 2])
def test_partial_correlations_are_those_of_pingouin(k: int) -> None:
    rng = np.random.default_rng(k)
    others = rng.normal(size=(50, k))
    x, y = others.sum(axis=1) + rng.normal(size=(2, 50))
    table = pd.DataFrame({"x": x, "y": y} | {f"z{at}": others[:, at] for at in range(k)})
    given = [f"z{at}" for at in range(k)]
    expected = pingouin.partial_corr(table, "x", "y", given)["r"].iloc[0]
    assert partial_correlation(x, y, others) == pytest.approx(expected, abs=1e-9)


def test_too_little_gives_no_number() -> None:
    rng = np.random.default_rng(5)
    norms, completions, ratings = completed(rng, 0)
    assert recitation(norms[:19], completions[:19], ratings[:19], seed=1) is None
    assert recitation(norms, np.full(300, np.nan), ratings, seed=1) is None
    apart = np.arange(25.0)
    assert recitation(apart, apart, apart, seed=1) is None
    assert np.isnan(partial_correlation(norms, completions, norms))
    assert np.isnan(partial_correlation(norms, completions, np.full(300, np.nan)))


def test_missing_ratings_leave_the_rest_as_it_is() -> None:
    norms, completions, ratings = completed(np.random.default_rng(6), 0.2)
    found = recitation(norms, completions, ratings * np.nan, seed=1)
    whole = recitation(norms, completions, ratings, seed=1)
    assert found is not None
    assert whole is not None
    assert np.isnan(found.beyond_judgement)
    assert (found.hits, found.p) == (whole.hits, whole.p)
