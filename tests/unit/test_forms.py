"""Forms of a protocol: which answer has which, and what becomes of it on the card's scale."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from emoalign.elicitation.forms import Form, dealt, form_number, forms
from emoalign.prompts import QuestionTemplate
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale

NINE = HumanScale(min=1, max=9, direction="higher is better")
LABELS = LabelScale(kind="labels", labels=("anger", "joy", "fear", "love", "awe", "none"))
ITEMS = [f"item-{number}" for number in range(60)]


def template(scale: str = "valence", **keys: Any) -> QuestionTemplate:
    numbers = {} if scale == "emotions" else {"written_for": {"min": 1, "max": 9}}
    return QuestionTemplate.model_validate(
        {
            "kind": "chat",
            "system": None,
            "template": "{{ instruction }} {{ item.text }}",
            "answer": {"kind": "labels" if scale == "emotions" else "text", "max_tokens": 8},
            "wording": {scale: {"instruction": "Rate.", **numbers, **keys}},
        }
    )


def of(scale: str, bounds: DatasetScale, **sets: QuestionTemplate) -> tuple[Form, ...]:
    return forms(sets.items(), {scale: bounds})


@pytest.mark.parametrize("n_forms", [2, 3, 7, 28])
def test_an_item_has_every_form_equally_often_in_any_run_of_as_many_participants(
    n_forms: int,
) -> None:
    for item in ITEMS:
        for first in (0, 5):
            numbers = [form_number(item, first + p, n_forms) for p in range(2 * n_forms)]
            assert set(Counter(numbers).values()) == {2}


def test_the_form_is_that_of_participant_and_hash_of_the_item() -> None:
    for item in ITEMS:
        offset = int(hashlib.sha256(item.encode()).hexdigest(), 16)
        assert [form_number(item, p, 3) for p in range(6)] == [(p + offset) % 3 for p in range(6)]


def test_those_dealt_a_form_are_the_participants_who_have_it() -> None:
    for item in ITEMS[:10]:
        for n_forms in (1, 3, 7):
            for form in range(n_forms):
                has = [p for p in range(20) if form_number(item, p, n_forms) == form]
                assert list(dealt(item, form, n_forms, 20)) == has


def test_the_first_participant_sees_each_form_of_about_as_many_items() -> None:
    counts = Counter(form_number(f"word-{number}", 0, 3) for number in range(3000))
    assert all(900 < counts[form] < 1100 for form in range(3))


def test_prompt_sets_and_their_rotations_are_the_forms_in_order() -> None:
    turned = template("emotions", order="rotated")
    found = of("emotions", LABELS, plain=template("emotions"), turned=turned)
    assert [form.name for form in found] == ["plain", *(f"turned/{by}" for by in range(6))]
    orders = [form.shown["emotions"].labels for form in found[1:]]  # type: ignore[union-attr]
    assert orders == [LABELS.labels[by:] + LABELS.labels[:by] for by in range(6)]
    assert {form.prompt_set for form in found[1:]} == {"turned"}


def test_drawn_orders_differ_by_participant_and_item_and_each_label_is_first_as_often() -> None:
    (form,) = of("emotions", LABELS, drawn=template("emotions", order="random"))
    assert form.drawn == ("emotions",)

    def order(item: str, participant: int) -> Sequence[str]:
        shown = form.of_answer(item, participant).shown["emotions"]
        assert isinstance(shown, LabelScale)
        return shown.labels

    assert order("a", 0) == order("a", 0)
    assert len({tuple(order("a", p)) for p in range(20)}) > 10
    assert len({tuple(order(item, 0)) for item in ITEMS}) > 30
    assert all(sorted(order(item, 0)) == sorted(LABELS.labels) for item in ITEMS)
    first = Counter(order(item, p)[0] for item in ITEMS for p in range(50))
    assert all(400 < first[label] < 600 for label in LABELS.labels)


def read(**given: Any) -> dict[str, Any]:
    return {"status": "ok", "rating": None, "labels": None, "probabilities": None, **given}


def test_a_reversed_answer_is_turned_back_with_its_probabilities() -> None:
    (form,) = of("valence", NINE, down=template(reversed=True))
    assert not form.other_points("valence")
    row = form.on_card("valence", read(rating=2.0))
    assert (row["rating"], row["rating_shown"], row["label_order"]) == (8.0, 2.0, None)
    p = [0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.05]
    assert form.on_card("valence", read(probabilities=p))["probabilities"] == p[::-1]


def test_an_answer_that_is_no_rating_stays_none() -> None:
    (form,) = of("valence", NINE, down=template(reversed=True))
    row = form.on_card("valence", read(status="refusal"))
    assert (row["rating"], row["rating_shown"], row["status"]) == (None, None, "refusal")


def test_a_mapped_answer_is_not_rounded_to_a_point() -> None:
    wide = template(written_for={"min": 0, "max": 100, "step": 1}, mapped="linear")
    (form,) = of("valence", NINE, wide=wide)
    assert form.other_points("valence")
    row = form.on_card("valence", read(rating=37.0))
    assert (row["rating"], row["rating_shown"]) == (3.96, 37.0)


def test_labels_are_kept_in_the_order_of_the_card_whatever_was_shown() -> None:
    turned = of("emotions", LABELS, turned=template("emotions", order="rotated"))[3]
    row = turned.on_card("emotions", read(labels=("love", "none", "anger")))
    assert row["labels"] == ("anger", "love", "none")
    assert row["label_order"] == ["love", "awe", "none", "anger", "joy", "fear"]


def test_labels_in_the_order_of_the_card_have_no_order_of_their_own() -> None:
    (form,) = of("emotions", LABELS, plain=template("emotions"))
    assert form.on_card("emotions", read(labels=("joy",)))["label_order"] is None


def test_one_plain_prompt_set_shows_the_scales_of_the_card_themselves() -> None:
    (form,) = of("valence", NINE, plain=template())
    assert form.shown["valence"] is NINE
    assert form.name == "plain"
