"""Lists of sessions: who rates what, and in which order."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from emoalign.elicitation.dealing import (
    Dealing,
    cannot_deal,
    dealt,
    lists_per_sweep,
    mean_in_view,
)
from emoalign.study.sessions import SessionPlan

DEALING = Dealing(2026, "words", "valence")
IDS = [f"w{place:03d}" for place in range(103)]


@given(st.integers(5, 103), st.one_of(st.none(), st.integers(5, 120)), st.integers(1, 5))
def test_each_sweep_deals_every_item_once_into_lists_of_nearly_one_size(
    n_items: int, items: int | None, sweeps: int
) -> None:
    lists = list(dealt(DEALING, IDS[:n_items], items, sweeps))
    per_sweep = lists_per_sweep(n_items, items)
    assert [each.number for each in lists] == list(range(sweeps * per_sweep))
    sizes = [len(each.item_ids) for each in lists]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= (items or n_items)
    for sweep in range(sweeps):
        of_sweep = [each for each in lists if each.sweep == sweep]
        assert len(of_sweep) == per_sweep
        assert Counter(i for each in of_sweep for i in each.item_ids) == Counter(IDS[:n_items])


def test_103_items_in_lists_of_25_are_five_lists_of_20_or_21() -> None:
    sizes = [len(each.item_ids) for each in dealt(DEALING, IDS, 25, 4)]
    assert len(sizes) == 20
    assert Counter(sizes) == {21: 12, 20: 8}


def test_lists_depend_neither_on_the_order_of_items_nor_on_later_sweeps() -> None:
    shuffled = random.Random(1).sample(IDS, len(IDS))
    few, many = list(dealt(DEALING, IDS, 25, 2)), list(dealt(DEALING, shuffled, 25, 6))
    assert many[: len(few)] == few


@pytest.mark.parametrize(
    "other",
    [
        Dealing(2027, "words", "valence"),
        Dealing(2026, "more", "valence"),
        Dealing(2026, "words", "arousal"),
    ],
)
def test_seed_dataset_and_scales_each_change_the_lists(other: Dealing) -> None:
    ours, theirs = (list(dealt(each, IDS, 25, 1)) for each in (DEALING, other))
    assert {frozenset(each.item_ids) for each in ours} != {frozenset(x.item_ids) for x in theirs}


def test_another_wave_has_the_same_lists_in_another_order() -> None:
    first = list(dealt(DEALING, IDS, 25, 2))
    second, third = (list(dealt(Dealing(2026, "words", "valence", n), IDS, 25, 2)) for n in (2, 3))
    for one, two, three in zip(first, second, third, strict=True):
        assert set(one.item_ids) == set(two.item_ids) == set(three.item_ids)
        assert len({one.item_ids, two.item_ids, three.item_ids}) == 3


def test_every_item_is_equally_often_at_every_place() -> None:
    ids = IDS[:6]
    seen = np.zeros((6, 6))
    for each in dealt(DEALING, ids, None, 3000):
        for place, item_id in enumerate(each.item_ids):
            seen[ids.index(item_id), place] += 1
    assert chisquare(seen, axis=None).pvalue > 0.001
    follows = Counter(
        (a, b)
        for each in dealt(DEALING, ids, None, 3000)
        for a, b in zip(each.item_ids, each.item_ids[1:], strict=False)
    )
    assert len(follows) == 30
    assert chisquare(list(follows.values())).pvalue > 0.001


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"items": 50}, 24.5),
        ({"items": 50, "history": 0}, 0),
        ({"items": 50, "history": 3}, (0 + 1 + 2 + 3 * 47) / 50),
        ({}, 99.5),
    ],
)
def test_earlier_answers_in_view_are_counted_by_hand(plan: dict[str, int], expected: float) -> None:
    assert mean_in_view(SessionPlan.model_validate(plan), 200) == pytest.approx(expected)
    assert mean_in_view(SessionPlan.model_validate(plan), 200, 10) == pytest.approx(10 + expected)


@pytest.mark.parametrize(
    ("plan", "n_items", "participants", "personas", "told"),
    [
        ({"items": 50}, 40, 2, None, "50 items in a session, but the study has only 40"),
        ({}, 4, 2, None, "has only 4 items of 'words', and a session has at least 5"),
        ({"history": 40}, 40, 2, None, "history: 40 is no limit in sessions of 40 items"),
        ({"items": 20}, 40, 5, 9, "in 10 sessions, but the table has only 9 personas"),
    ],
)
def test_items_that_cannot_be_dealt_are_told_with_what_to_do(
    plan: dict[str, int], n_items: int, participants: int, personas: int | None, told: str
) -> None:
    (problem,) = cannot_deal(
        SessionPlan.model_validate(plan), n_items, participants, personas, "words"
    )
    assert told in problem


def test_items_that_can_be_dealt_are_no_problem() -> None:
    assert not list(cannot_deal(SessionPlan(items=20), 40, 5, 10, "words"))
    assert not list(cannot_deal(SessionPlan(), 5, 5, None, "words"))
