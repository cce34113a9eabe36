"""What forms do to ratings: shifts, the others, and the pull towards higher numbers."""

from __future__ import annotations

import numpy as np
import pytest

from emoalign.statistics.forms import of_others, pull, shifts

MEANS = np.array([[2.0, 4.0, 6.0], [3.0, 5.0, np.nan], [4.0, 9.0, 7.0]])


def test_shifts_sum_to_0_over_the_items_that_all_forms_have() -> None:
    found = shifts(MEANS)
    assert found[:, :2].tolist() == [[-1, -2], [0, -1], [1, 3]]
    assert np.isnan(found[:, 2]).all()
    assert found[:, :2].sum(axis=0) == pytest.approx([0, 0], abs=1e-14)


def test_a_form_stands_beside_the_mean_of_the_others() -> None:
    found = of_others(MEANS)
    for place in range(3):
        others = np.delete(MEANS, place, axis=0).mean(axis=0)
        assert found[place, :2] == pytest.approx(others[:2])
    assert np.isnan(found[:, 2]).all()
    assert np.isnan(of_others(MEANS[:1])).all()


def test_the_pull_is_half_of_what_reversing_the_scale_changes() -> None:
    up, down = MEANS[:1] + 0.3, MEANS[:1] - 0.5
    assert pull(up, down) == pytest.approx([0.4] * 3)
    assert pull(np.vstack((up, up + 0.2)), down) == pytest.approx([0.45] * 3)


def test_no_forms_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found means of shape \(0, 3\)"):
        shifts(np.empty((0, 3)))


def directions(n_items: int, n: int, drawn: float, seed: int) -> tuple[np.ndarray, ...]:
    """Answers of participants on a 1–9 scale whose numbers draw them: what people mean, and the
    mapped means of the scale as on the card and reversed, each (items,)."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(2.5, 7.5, n_items)
    said = [
        np.clip(np.rint(meant[:, None] + drawn + rng.normal(0, 1, (n_items, n))), 1, 9)
        for meant in (truth, 10 - truth)
    ]
    return truth, said[0].mean(axis=1), (10 - said[1]).mean(axis=1)


def test_a_planted_pull_is_found_and_is_gone_from_balanced_means() -> None:
    truth, up, down = directions(300, 10, 0.4, seed=2)
    assert 0.35 < pull(up[None], down[None]).mean() < 0.42
    assert abs(((up + down) / 2 - truth).mean()) < 0.02
    assert (up - truth).mean() > 0.35


def test_over_200_studies_the_pull_is_that_planted_but_for_the_ends_of_the_scale() -> None:
    studies = [directions(300, 10, 0.4, seed) for seed in range(200)]
    found = np.array([pull(up[None], down[None]).mean() for _, up, down in studies])
    balanced = [((up + down) / 2 - truth).mean() for truth, up, down in studies]
    assert found.mean() == pytest.approx(0.39, abs=0.02)
    assert found.std() < 0.02
    assert ((found > 0.35) & (found < 0.42)).mean() > 0.95
    assert abs(np.mean(balanced)) < 0.005
    assert np.mean(np.abs(balanced) < 0.02) > 0.8
