"""Scales as wordings show them: what is shown, and the way of an answer back to the card."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from emoalign.study.prompt_sets import ScaleInstruction
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.study.shown_scales import (
    from_card,
    has_own_points,
    on_card,
    rotated,
    shown_scale,
)

NINE = HumanScale(min=1, max=9, direction="higher is better", anchors={1: "bad", 5: "so-so"})
SEVEN = HumanScale(min=0, max=1, step=0.25, direction="higher is better")
SIGNED = HumanScale(min=-3, max=3, step=0.5, direction="higher is better")


def wording(shown: dict[str, float] | None = None, **keys: Any) -> ScaleInstruction:
    return ScaleInstruction.model_validate(
        {"instruction": "Rate.", "written_for": shown or {"min": 1, "max": 9}, **keys}
    )


def shown_of(card: HumanScale, words: ScaleInstruction) -> HumanScale:
    shown = shown_scale(card, words)
    assert isinstance(shown, HumanScale)
    return shown


HUNDRED = wording({"min": 0, "max": 100, "step": 1}, mapped="linear")


def test_a_plain_wording_shows_the_scale_of_the_card_itself() -> None:
    assert shown_scale(NINE, wording()) is NINE


def test_37_of_100_is_exactly_3_96_of_9() -> None:
    shown = shown_of(NINE, HUNDRED)
    assert shown.points == tuple(range(101))
    assert on_card(37, shown, NINE, HUNDRED) == 3.96


@pytest.mark.parametrize("turned", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("card", [NINE, SEVEN, SIGNED], ids=["nine", "quarters", "signed"])
@pytest.mark.parametrize(
    "ends",
    [{"min": 0, "max": 100}, {"min": -4, "max": 4, "step": 0.5}, {"min": 1, "max": 7}],
    ids=["0-100", "-4-4", "1-7"],
)
def test_numbers_are_reversed_first_and_then_mapped_linearly(
    ends: dict[str, float], card: HumanScale, turned: bool
) -> None:
    words = wording(ends, mapped="linear", reversed=turned)
    shown = shown_of(card, words)
    low, high = Fraction(ends["min"]), Fraction(ends["max"])
    for point in shown.points:
        x = low + high - Fraction(point) if turned else Fraction(point)
        y = Fraction(card.min) + (x - low) * (Fraction(card.max) - Fraction(card.min)) / (
            high - low
        )
        assert on_card(point, shown, card, words) == pytest.approx(float(y), abs=1e-10)
        back = from_card(on_card(point, shown, card, words), shown, card, words)
        assert back == pytest.approx(point, abs=1e-8)


@pytest.mark.parametrize("card", [NINE, SEVEN, SIGNED], ids=["nine", "quarters", "signed"])
def test_a_reversed_scale_has_the_points_of_the_card_exactly(card: HumanScale) -> None:
    words = wording({"min": card.min, "max": card.max}, reversed=True)
    shown = shown_of(card, words)
    assert has_own_points(shown, card)
    assert [on_card(point, shown, card, words) for point in shown.points] == list(
        reversed(card.points)
    )


@pytest.mark.parametrize(
    ("ends", "own"),
    [
        ({"min": 0, "max": 100}, False),
        ({"min": -4, "max": 4}, True),
        ({"min": 0, "max": 80, "step": 10}, True),
        ({"min": 1, "max": 5}, False),
    ],
)
def test_points_that_map_onto_those_of_the_card_are_its_own(
    ends: dict[str, float], own: bool
) -> None:
    words = wording(ends, mapped="linear")
    shown = shown_of(NINE, words)
    assert has_own_points(shown, NINE) is own
    same = {on_card(point, shown, NINE, words) for point in shown.points} == set(NINE.points)
    assert same is own


def test_anchors_stand_where_they_belong_on_what_is_shown() -> None:
    down = shown_of(NINE, wording(reversed=True))
    assert dict(down.anchors) == {9: "bad", 5: "so-so"}
    wide = shown_of(NINE, HUNDRED)
    assert dict(wide.anchors) == {0: "bad", 50: "so-so"}


def test_rotations_have_each_label_once_at_each_place() -> None:
    scale = LabelScale(kind="labels", labels=("anger", "joy", "fear", "love"))
    turned = [rotated(scale, by).labels for by in range(4)]
    assert turned[0] == scale.labels
    for place in range(4):
        assert {labels[place] for labels in turned} == set(scale.labels)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"written_for": {"min": 0, "max": 100, "step": 1}}, "mapped: linear"),
        ({"written_for": {"min": 0, "max": 100, "step": 30}, "mapped": "linear"}, "another step"),
        ({"written_for": {"min": 0, "max": 0.5}, "mapped": "linear"}, "another step"),
        ({"written_for": None, "mapped": "linear"}, "written_for"),
    ],
)
def test_a_range_that_cannot_be_mapped_is_refused(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ScaleInstruction.model_validate({"instruction": "Rate.", **keys})
