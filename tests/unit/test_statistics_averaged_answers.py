"""r of the mean of some answers: drawn at random many times, and of ever more answers."""

from __future__ import annotations

import numpy as np
import pytest

from emoalign.statistics.averaged_answers import Answered, averaged_sums
from emoalign.statistics.correlation import pearson


def answered(answers: np.ndarray, human: np.ndarray) -> Answered:
    """The model's means of answers, shape (items, participants), NaN for none."""
    n = np.isfinite(answers).sum(axis=1)
    sd = np.array(
        [
            row[np.isfinite(row)].std(ddof=1) if k > 1 else np.nan
            for row, k in zip(answers, n, strict=True)
        ]
    )
    return Answered(human, np.nanmean(answers, axis=1), sd, sd / np.sqrt(n), n.astype(float))


@pytest.fixture
def rated() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    felt = rng.normal(5, 1, 400)
    answers = felt[:, None] + rng.normal(0, 0.6, (400, 1)) + rng.normal(0, 2, (400, 12))
    return answers, felt + rng.normal(0, 0.3, 400)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_r_of_some_answers_is_that_of_answers_drawn_at_random(
    rated: tuple[np.ndarray, np.ndarray], m: int
) -> None:
    answers, human = rated
    answers[:150, 10:] = np.nan
    rng, drawn = np.random.default_rng(2), []
    for _ in range(300):
        order = np.argsort(np.where(np.isfinite(answers), rng.random(answers.shape), 2), axis=1)
        means = np.take_along_axis(answers, order[:, :m], axis=1).mean(axis=1)
        drawn.append(pearson(means, human).r)
    (r,) = averaged_sums(answered(answers, human), [m]).estimate()
    assert r == pytest.approx(np.mean(drawn), abs=0.004)


def test_r_of_all_answers_is_r_and_that_of_ever_more_is_corrected_for_their_error(
    rated: tuple[np.ndarray, np.ndarray],
) -> None:
    answers, human = rated
    human[:5] = np.nan
    of = answered(answers, human)
    all_of_them, more = averaged_sums(of, [12, np.inf]).estimate()
    own = ~np.isnan(human)
    r = pearson(of.model[own], human[own]).r
    assert all_of_them == pytest.approx(r, abs=1e-12)
    error = np.mean(of.sd[own] ** 2) / 12
    reliability = 1 - error / of.model[own].var(ddof=1)
    assert more == pytest.approx(r / np.sqrt(reliability), abs=1e-10)
    # Without the noise of answers, the correlation is what it would be of 4,000 participants.
    assert averaged_sums(of, [40]).estimate()[0] == pytest.approx(r, abs=1e-12)


def test_what_cannot_be_told_is_undefined() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (50, 10))
    # Means that vary less than chance alone makes them have no limit.
    even = noise - noise.mean(axis=1, keepdims=True) + rng.normal(0, 0.01, (50, 1))
    human = rng.normal(0, 1, 50)
    assert np.isnan(averaged_sums(answered(even, human), [np.inf]).estimate()[0])
    unknown = np.full(50, np.nan)
    single = Answered(human, rng.normal(0, 1, 50), unknown, unknown, np.ones(50))
    assert np.isnan(averaged_sums(single, [np.inf]).estimate()[0])
    assert np.isfinite(averaged_sums(single, [1]).estimate()[0])
    constant = answered(np.ones((50, 4)), human)
    assert np.isnan(averaged_sums(constant, [2]).estimate()[0])


def test_ever_more_answers_to_several_forms_lose_the_error_within_forms_alone() -> None:
    rng = np.random.default_rng(4)
    felt = rng.normal(5, 1, 4000)
    forms = felt + rng.normal(0, 1.2, (4, 4000))
    answers = forms[:, :, np.newaxis] + rng.normal(0, 1.5, (4, 4000, 3))
    human = felt + rng.normal(0, 0.5, 4000)
    all_answers = np.moveaxis(answers, 0, 1).reshape(4000, 12)
    of = answered(all_answers, human)
    within = np.sqrt(answers.var(axis=2, ddof=1).mean(axis=0) / 12)
    of_forms = Answered(of.human, of.model, of.sd, within, of.n)
    (limit,) = averaged_sums(of_forms, [np.inf]).estimate()
    assert limit == pytest.approx(pearson(forms.mean(axis=0), human).r, abs=0.01)
    # Fewer answers are drawn from all forms, and differ as much as all answers do.
    few = [
        pearson(rng.permuted(all_answers, axis=1)[:, :3].mean(axis=1), human).r for _ in range(60)
    ]
    assert averaged_sums(of_forms, [3]).estimate()[0] == pytest.approx(np.mean(few), abs=0.004)
