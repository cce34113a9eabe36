"""Losses are the divergences that they are called."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, rel_entr, softmax

from emoalign.baselines.classifiers import divergences, predicted_shares
from emoalign.baselines.examples import divergence
from emoalign.study.scales import LabelScale, OrdinalScale

RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(size=(6, 4))
CHOSEN = RANDOM.integers(0, 4, size=(6, 4)) / 3
POINTS = RANDOM.multinomial(5, [0.1, 0.2, 0.3, 0.4], size=6) / 5
LABELS = LabelScale(kind="labels", labels=("a", "b", "c", "d"))
FOUR = OrdinalScale(min=1, max=4, direction="up")


def test_the_loss_of_labels_is_the_divergence_between_bernoulli_distributions() -> None:
    found = divergences(torch.tensor(LOGITS), torch.tensor(CHOSEN), "sigmoid").numpy()
    q = expit(LOGITS)
    expected = (rel_entr(CHOSEN, q) + rel_entr(1 - CHOSEN, 1 - q)).mean(axis=1)
    assert found == pytest.approx(expected, abs=1e-12)
    assert divergence(CHOSEN, q, LABELS) == pytest.approx(expected.mean(), abs=1e-12)


def test_the_loss_of_points_is_the_divergence_between_distributions_over_points() -> None:
    found = divergences(torch.tensor(LOGITS), torch.tensor(POINTS), "softmax").numpy()
    q = softmax(LOGITS, axis=1)
    expected = rel_entr(POINTS, q).sum(axis=1)
    assert found == pytest.approx(expected, abs=1e-12)
    assert divergence(POINTS, q, FOUR) == pytest.approx(expected.mean(), abs=1e-12)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_the_loss_is_zero_where_the_prediction_is_what_people_said(output: str) -> None:
    predicted = predicted_shares(torch.tensor(LOGITS), output)
    assert divergences(torch.tensor(LOGITS), predicted, output).abs().max() < 1e-12


def test_shares_of_labels_need_not_sum_to_one_and_those_of_points_do() -> None:
    labels = predicted_shares(torch.tensor(LOGITS).float(), "sigmoid").numpy()
    points = predicted_shares(torch.tensor(LOGITS).float(), "softmax").numpy()
    assert labels == pytest.approx(expit(LOGITS), abs=1e-6)
    assert points.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-15)
