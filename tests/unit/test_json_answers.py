"""Labels and joint answers: what was asked for as a whole, or no rating, and never a fallback."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.readings import NotJson, Reading, parse_json, read_answer
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

EMOTIONS = LabelScale(kind="labels", labels=("joy", "Anger", "mild surprise", "neutral"))
FIVE = OrdinalScale(min=1, max=5, direction="higher is better")
TENTHS = OrdinalScale(min=1, max=5, step=0.1, direction="higher is better")
VAD: dict[str, Scale] = {"V": FIVE, "A": FIVE, "D": FIVE}
LABELS = AnswerFormat(kind="labels", max_tokens=64)
JOINT = AnswerFormat(kind="joint", max_tokens=64)
NO = Reading("unparsable")


def answer(text: str, finish_reason: str | None = "stop", refused: bool = False) -> Answer:
    return Answer("id", 0, text, finish_reason, "model", 1, 1, 0.1, "2026-01-01T00:00:00", refused)


def labels(text: str, scale: LabelScale = EMOTIONS) -> tuple[str, ...] | None:
    found = read_answer(answer(text), {"emotions": scale}, LABELS)["emotions"]
    assert found.rating is None
    assert (found.status == "ok") == (found.labels is not None)
    assert found.status in ("ok", "unparsable")
    return found.labels


def joint(text: str, scales: dict[str, Scale] | None = None) -> dict[str, float | None]:
    found = read_answer(answer(text), scales or VAD, JOINT)
    for reading in found.values():
        assert (reading.status == "ok") == (
            reading.rating is not None or reading.labels is not None
        )
    return {key: reading.rating for key, reading in found.items()}


@pytest.mark.parametrize(
    ("value", "status"),
    [
        *((number, "off_scale") for number in ("6", "0", "-1", "2.5", "1e3", "1e999", "-1e999")),
        *((no, "unparsable") for no in ('"6"', "true", "null", "[6]", '{"is": 6}')),
        ("3.0", "ok"),
    ],
)
def test_a_number_that_is_no_point_of_its_scale_is_off_that_scale_alone(
    value: str, status: str
) -> None:
    found = read_answer(answer(f'{{"V": {value}, "A": 2}}'), VAD, JOINT)
    assert {key: reading.status for key, reading in found.items()} == {
        "V": status,
        "A": "ok",
        "D": "unparsable",
    }


def test_a_number_is_no_label_whatever_the_scale() -> None:
    found = read_answer(answer("[3]"), {"emotions": EMOTIONS}, LABELS)
    assert found["emotions"] == NO
    found = read_answer(answer('{"V": 9, "E": 3}'), {"V": FIVE, "E": EMOTIONS}, JOINT)
    assert (found["V"].status, found["E"].status) == ("off_scale", "unparsable")


# Labels


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ('["joy"]', ("joy",)),
        (' ["neutral", "joy"]\n', ("joy", "neutral")),
        ('["JOY", "anger"]', ("joy", "Anger")),
        ('["mild surprise"]', ("mild surprise",)),
        ('```json\n["joy"]\n```', ("joy",)),
        ('```\n[\n "joy"\n]\n```', ("joy",)),
        ('["j\\u006fy"]', ("joy",)),
    ],
)
def test_an_array_of_labels_chooses_them_in_the_order_of_the_scale(
    text: str, chosen: tuple[str, ...]
) -> None:
    assert labels(text) == chosen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "joy",
        '"joy"',
        "joy, anger",
        "[joy]",
        "['joy']",
        '["joy",]',
        '["joy"',
        '["joy"] because it smiles',
        'Labels: ["joy"]',
        '{"labels": ["joy"]}',
        '{"joy": true}',
        "[]",
        '[""]',
        '["happiness"]',
        '["joy", "happiness"]',
        '["joy", "joy"]',
        '["joy", "JOY"]',
        "[0]",
        '["joy", 1]',
        '["joy", null]',
        '[["joy"]]',
        '["joy"]["anger"]',
        '["joy"]\n["anger"]',
        '```json\n["joy"]\n``` as you see',
        'text\n```json\n["joy"]\n```',
        "null",
        "neutral",
        "none",
        "NaN",
        "[" * 100_000,
        '["joy", ' * 10_000,
    ],
)
def test_whatever_else_is_written_is_no_choice_and_never_becomes_a_label(text: str) -> None:
    assert labels(text) is None


def test_an_empty_array_is_a_choice_only_where_the_scale_allows_none() -> None:
    assert labels("[]", EMOTIONS.model_copy(update={"at_least": 0})) == ()
    assert labels("[]") is None


def test_more_labels_than_allowed_are_no_choice() -> None:
    one = EMOTIONS.model_copy(update={"at_most": 1})
    assert labels('["joy"]', one) == ("joy",)
    assert labels('["joy", "Anger"]', one) is None


@given(st.lists(st.sampled_from(EMOTIONS.labels), unique=True, min_size=1))
def test_every_choice_is_read_back_as_itself_whatever_its_order(names: list[str]) -> None:
    assert set(labels(json.dumps(names)) or ()) == set(names)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(EMOTIONS.labels),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_makes_a_label_that_it_does_not_name(value: object) -> None:
    text = json.dumps(value)
    for label in labels(text) or ():
        assert isinstance(value, list)
        assert label.casefold() in [name.strip().casefold() for name in value]


# Several scales in one object


def test_an_object_gives_a_rating_on_each_scale() -> None:
    assert joint('{"V": 3, "A": 2.0, "D": 5}') == {"V": 3, "A": 2, "D": 5}


def test_the_order_of_keys_does_not_matter_and_a_fence_is_no_part_of_the_answer() -> None:
    assert joint('```json\n{"D": 5, "V": 3, "A": 2}\n```') == {"V": 3, "A": 2, "D": 5}


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        ("3", 3),
        ("3.0", 3),
        ("3e0", 3),
        ("3.5", None),
        ("0", None),
        ("6", None),
        ("-3", None),
        ('"3"', None),
        ("true", None),
        ("null", None),
        ("[3]", None),
        ('{"value": 3}', None),
        ("1e999", None),
        ("9" * 5_000, None),
    ],
)
def test_a_value_that_is_no_point_spoils_its_own_scale_alone(
    value: str, rating: float | None
) -> None:
    assert joint(f'{{"V": {value}, "A": 2, "D": 1}}') == {"V": rating, "A": 2, "D": 1}


def test_a_missing_key_spoils_its_own_scale_alone() -> None:
    assert joint('{"V": 3, "D": 1}') == {"V": 3, "A": None, "D": 1}


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "[3, 2, 1]",
        '{"V": 3, "A": 2, "D": 1, "why": "it is sad"}',
        '{"v": 3, "a": 2, "d": 1}',
        '{"V": 3, "V": 4, "A": 2, "D": 1}',
        '{"V": NaN, "A": 2, "D": 1}',
        '{"V": Infinity, "A": 2, "D": 1}',
        '{"V": 3, "A": 2, "D": 1',
        "{'V': 3, 'A': 2, 'D': 1}",
        "V: 3, A: 2, D: 1",
        'Sure! {"V": 3, "A": 2, "D": 1}',
        '{"V": 03, "A": 2, "D": 1}',
        '{"ratings": {"V": 3, "A": 2, "D": 1}}',
        "",
    ],
)
def test_an_answer_to_another_question_is_no_rating_on_any_scale(text: str) -> None:
    assert tuple(joint(text).values()) == (None, None, None)


def test_points_between_whole_numbers_are_ratings_where_the_scale_has_them() -> None:
    assert joint('{"V": 3.7, "A": 2.05}', {"V": TENTHS, "A": TENTHS}) == {"V": 3.7, "A": None}


def test_labels_may_be_one_of_the_values() -> None:
    scales: dict[str, Scale] = {"V": FIVE, "emotions": EMOTIONS}
    found = read_answer(answer('{"V": 3, "emotions": ["joy"]}'), scales, JOINT)
    assert found == {"V": Reading("ok", 3), "emotions": Reading("ok", labels=("joy",))}
    found = read_answer(answer('{"V": ["joy"], "emotions": 3}'), scales, JOINT)
    assert found == {"V": NO, "emotions": NO}


@given(st.dictionaries(st.sampled_from("VAD"), st.sampled_from(FIVE.points)))
def test_every_rating_is_read_back_as_itself(ratings: dict[str, float]) -> None:
    assert joint(json.dumps(ratings)) == {key: ratings.get(key) for key in "VAD"}


@given(st.text())
def test_any_text_is_json_or_is_told_not_to_be(text: str) -> None:
    try:
        parse_json(text)
    except NotJson:
        with pytest.raises(NotJson):
            parse_json(text + "\n")


# Statuses


@pytest.mark.parametrize(("expected", "text"), [(LABELS, '["joy"]'), (JOINT, '{"V": 3}')])
@pytest.mark.parametrize(
    ("finish_reason", "refused", "status"),
    [
        ("length", False, "truncated"),
        ("MAX_TOKENS", False, "truncated"),
        ("content_filter", False, "content_filter"),
        ("stop", True, "refusal"),
        ("error", False, "error"),
    ],
)
def test_a_whole_answer_that_was_not_given_counts_on_no_scale(
    expected: AnswerFormat, text: str, finish_reason: str | None, refused: bool, status: str
) -> None:
    scales: dict[str, Scale] = (
        {"V": FIVE, "A": FIVE} if expected == JOINT else {"emotions": EMOTIONS}
    )
    found = read_answer(answer(text, finish_reason, refused), scales, expected)
    assert [reading.status for reading in found.values()] == [status] * len(scales)
    assert all(reading.rating is None and reading.labels is None for reading in found.values())


def test_a_refusal_in_words_is_a_refusal_on_every_scale() -> None:
    found = read_answer(answer("I'm sorry, but I cannot rate this."), VAD, JOINT)
    assert set(found.values()) == {Reading("refusal")}
