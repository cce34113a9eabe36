"""The cumulative logit: cut points that cross are put in order, in the fit as in what is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import optimize, special

from emoalign.items.cells import read_cells
from emoalign.statistics import distances
from emoalign.statistics.calibrators.family import Sample, Setting
from emoalign.statistics.calibrators.monotone import CumulativeLogit, CumulativeLogitFamily
from emoalign.statistics.calibrators.validation import cross_validate
from emoalign.statistics.distances import smoothed
from emoalign.statistics.pairs import FloatArray
from emoalign.study.scales import HumanScale
from tests.kit.kept import kept_results

N_POINTS = 9

Cells = dict[str, tuple[Sample, FloatArray]]


def log_odds(model: FloatArray, smoothing: float) -> FloatArray:
    return special.logit(np.cumsum(smoothed(model, smoothing), axis=1)[:, :-1])


def rearranged(at: FloatArray, scores: FloatArray) -> FloatArray:
    below = special.expit(np.sort(at[0] * scores + at[1:], axis=1))
    return np.diff(below, prepend=0, append=1, axis=1)


def likelihood(at: FloatArray, scores: FloatArray, human: FloatArray) -> float:
    """Mean log-likelihood of a rating in nats under the rearranged distributions."""
    return float(np.mean(np.sum(special.xlogy(human, rearranged(at, scores) + 1e-300), axis=1)))


@dataclass(frozen=True)
class NoCurveFalls(CumulativeLogitFamily):
    """The likeliest cut points among those that leave no learnt item's curve falling anywhere."""

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[CumulativeLogit]:
        fitted = []
        for setting in settings:
            scores = log_odds(sample.model, setting.smoothing)
            room = np.diff(scores, axis=1).min(axis=0)
            # Cut points rise by steps from as far down as the closest log odds leave room for.
            fallen = np.concatenate(([0.0], np.cumsum(room)))
            weighted = sample.human * sample.shares[:, np.newaxis]

            moved = scores - fallen

            def loss(
                at: FloatArray, moved: FloatArray = moved, weighted: FloatArray = weighted
            ) -> tuple[float, FloatArray]:
                below = special.expit(at[0] * moved + np.cumsum(at[1:]))
                shares = np.maximum(np.diff(below, prepend=0, append=1, axis=1), 1e-300)
                ratio = weighted / shares
                slopes = np.diff(ratio, axis=1) * below * (1 - below)
                steps = np.cumsum(slopes.sum(axis=0)[::-1])[::-1]
                gradient = np.array([np.sum(slopes * moved), *steps])
                return -float(np.sum(special.xlogy(weighted, shares))), gradient

            best = optimize.minimize(
                loss,
                [1.0, 0.0, *room],
                jac=True,
                method="L-BFGS-B",
                bounds=[(1e-3, None), (None, None), *[(0, None)] * len(room)],
            )
            slope, *steps = best.x.tolist()
            thresholds = np.cumsum(steps) - slope * fallen
            fitted.append(
                CumulativeLogit(
                    kind="ordinal",
                    smoothing=setting.smoothing,
                    slope=slope,
                    thresholds=tuple(thresholds.tolist()),
                )
            )
        return fitted


def people(n: int, rng: np.random.Generator) -> FloatArray:
    """What is true of items: bells of several places and widths over nine points."""
    middle, width = rng.normal(4, 1.8, (n, 1)), rng.uniform(0.8, 2, (n, 1))
    heights = np.exp(-0.5 * ((np.arange(N_POINTS) - middle) / width) ** 2)
    return heights / heights.sum(axis=1, keepdims=True)


def favouring_a_number(truth: FloatArray) -> FloatArray:
    """A model that is too sure, and says 6 for most of what is 5 or 7."""
    said = truth.copy()
    for neighbour in (4, 6):
        moved = 0.7 * said[:, neighbour]
        said[:, 5] += moved
        said[:, neighbour] -= moved
    return said**2 / (said**2).sum(axis=1, keepdims=True)


def planted(n: int, answers: int | None, seed: int) -> tuple[Sample, FloatArray]:
    rng = np.random.default_rng(seed)
    truth = people(n, rng)
    said = favouring_a_number(truth)
    model = said if answers is None else rng.multinomial(answers, said) / answers
    return Sample.of(model, rng.multinomial(10, truth) / 10, "ordinal"), truth


def held_out(sample: Sample, keys: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Out-of-fold distributions of our cut points, and of those that let no learnt curve fall."""
    families = {"free": CumulativeLogitFamily(), "held": NoCurveFalls()}
    _, found = cross_validate(sample, keys.astype(np.uint64), families, 5, 3, seed)
    return found["free"].out_of_fold, found["held"].out_of_fold


@pytest.mark.parametrize(("answers", "least"), [(None, 0.04), (20, 0.02)])
def test_a_number_that_is_said_too_often_is_corrected_on_held_out_items(
    answers: int | None, least: float
) -> None:
    """Its share can only shrink where the curves of items that never had it would fall."""
    sample, truth = planted(200, answers, seed=1)
    free, held = held_out(sample, np.arange(200), 1)
    assert (free >= 0).all()
    assert free.sum(axis=1) == pytest.approx(1)
    for distance in (distances.nll, distances.jsd):
        assert distance(truth, free).mean() < distance(truth, held).mean() - least
    assert distances.rps(truth, free).mean() < 0.6 * distances.rps(truth, held).mean()


def test_nothing_is_lost_where_no_cut_points_cross() -> None:
    truth = people(200, np.random.default_rng(2))
    model = truth**2 / (truth**2).sum(axis=1, keepdims=True)
    human = np.random.default_rng(3).multinomial(10, truth) / 10
    free, held = held_out(Sample.of(model, human, "ordinal"), np.arange(200), 1)
    for distance in (distances.nll, distances.jsd):
        assert distance(truth, free).mean() == pytest.approx(
            distance(truth, held).mean(), abs=0.001
        )


@pytest.mark.parametrize(("answers", "within"), [(None, 0.001), (20, 0.01)])
def test_another_optimiser_finds_no_likelier_cut_points(answers: int | None, within: float) -> None:
    """In nats per rating; few answers leave many hills of nearly the same height."""
    sample, _ = planted(150, answers, seed=4)
    (found,) = CumulativeLogitFamily().fit(sample, [Setting(0.01)])
    scores = log_odds(sample.model, 0.01)
    own = np.array([found.slope, *found.thresholds])
    assert found.apply(sample.model) == pytest.approx(rearranged(own, scores))
    best = likelihood(own, scores, sample.human)

    def loss(at: FloatArray) -> float:
        return -likelihood(np.array([abs(at[0]), *at[1:]]), scores, sample.human)

    rng = np.random.default_rng(5)
    for _ in range(8):
        start = own + rng.normal(0, 0.3, own.size)
        other = optimize.minimize(loss, start, method="Powell")
        assert best >= -other.fun - within


@pytest.fixture(scope="module")
def default_study(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """The cells of the default study under the rating sheet, by readout, with keys of items."""
    kinds = ("items", "norms", "stimuli")
    folder = kept_results("default", tmp_path_factory.mktemp("kept"), *kinds)
    scale = HumanScale(min=1, max=N_POINTS, direction="higher is more positive")
    tables = {kind: folder / kind / "vader.parquet" for kind in kinds}
    return {
        cell.readout: (
            Sample.of(cell.model_shares, cell.human_shares, "ordinal"),
            cell.cluster_keys,
        )
        for cell in read_cells("vader", {"valence": scale}, tables, 3)
        if cell.protocol == "rating-sheet"
    }


@pytest.mark.parametrize("readout", ["exact", "sampled"])
def test_the_default_study_is_nearer_to_people_on_held_out_words(
    readout: str, default_study: Cells
) -> None:
    sample, keys = default_study[readout]
    free, held = held_out(sample, keys, 3)
    gain = [
        distance(sample.human, held).mean() - distance(sample.human, free).mean()
        for distance in (distances.nll, distances.jsd, distances.rps)
    ]
    assert min(gain) > 0
