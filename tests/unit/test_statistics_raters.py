"""People's answers, counted once for everybody who needs them, and how far people agree."""

from __future__ import annotations

import numpy as np
import pytest

from emoalign.statistics.raters import (
    agreement_on_labels,
    agreement_on_points,
    counted_choices,
    counted_ratings,
)

POINTS = np.array([1, 1.5, 2, 2.5, 3])


def test_ratings_are_counted_on_the_points_they_are_on_but_for_rounding() -> None:
    ratings = np.array([1, 1.5, 1.5 + 4e-7, 3, 3, 2.5, 1, 2.5 + 1e-5])
    people = counted_ratings(np.array(["a", "b", "c"]), np.array([4, 2, 2]), ratings, POINTS)
    assert people.item_ids.tolist() == ["a", "b"]
    for item, values in enumerate((ratings[:4], ratings[4:6])):
        assert (
            people.counts[item].tolist() == np.histogram(values, [*(POINTS - 0.25), 4])[0].tolist()
        )
        assert people.sd[item] == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    assert people.shares.sum(axis=1).tolist() == [1, 1]


@pytest.mark.parametrize("outside", [0.5, 3.5])
def test_an_item_with_a_rating_off_the_scale_is_left_out(outside: float) -> None:
    ratings = np.array([2, outside, 2, 2])
    people = counted_ratings(np.array(["a", "b"]), np.array([2, 2]), ratings, POINTS)
    assert people.item_ids.tolist() == ["b"]


def test_a_rater_may_choose_several_labels_or_none() -> None:
    # Rater 0 of the first item chose labels 0 and 2, rater 1 none; the second item has one rater.
    people = counted_choices(
        np.array(["a", "b"]), np.array([2, 1]), np.array([0, 0, 2]), np.array([0, 2, 1]), 3
    )
    assert people.shares.tolist() == [[0.5, 0, 0.5], [0, 1, 0]]
    assert people.choices is not None
    assert people.choices.shape == (2, 2, 3)
    assert people.choices.sum(axis=2).tolist() == [[2, 0], [1, 0]]
    assert people.at(np.array([False, True])).item_ids.tolist() == ["b"]


def test_agreement_on_five_points_has_the_published_bounds() -> None:
    """SDs of .3 and .7 (Inoshita et al. 2026), an SD on a bound belonging above it."""
    spread = np.array([0.0, 0.29, 0.3, 0.69, 0.7, 0.75, 2.0, np.nan]) / 4
    agreement = agreement_on_points(spread)
    names = [
        next((name for name, items in agreement.items() if items[place]), None)
        for place in range(len(spread))
    ]
    assert names == ["high", "high", "moderate", "moderate", "low", "low", "low", None]


def test_raters_an_item_does_not_have_neither_agree_nor_disagree() -> None:
    choices = np.zeros((4, 3, 2), dtype=bool)
    choices[0, :2, 0] = True
    choices[1, 0, 0] = choices[1, 1, 1] = True
    choices[2, :2, 0] = choices[2, 2, 1] = True
    agreement = agreement_on_labels(choices, np.array([2, 2, 3, 3]))
    assert agreement["full"].tolist() == [True, False, False, True]
    assert agreement["none"].tolist() == [False, True, False, False]
    assert agreement["partial"].tolist() == [False, False, True, False]
