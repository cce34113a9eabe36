"""Reading answers: one number on the scale is a rating, anything else is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.readings import Reading, parse_rating, read_answer
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.scales import OrdinalScale

NINE = OrdinalScale(min=1, max=9, direction="higher is better")
HALVES = OrdinalScale(min=1, max=9, step=0.5, direction="higher is better")
BIPOLAR = OrdinalScale(min=-4, max=4, direction="higher is better")
HUNDRED = OrdinalScale(min=0, max=100, direction="higher is better")
UNIT = OrdinalScale(min=0, max=1, step=0.1, direction="higher is better")

TEXT = AnswerFormat(kind="text")
NEXT_TOKEN = AnswerFormat(kind="next_token", max_tokens=1)

ANSWERS: list[tuple[str, OrdinalScale, float | None]] = [
    # A number, and what may stand around it
    ("7", NINE, 7),
    ("1", NINE, 1),
    ("9", NINE, 9),
    (" 7", NINE, 7),
    (" 7\n", NINE, 7),
    ("\n\n7\n\n", NINE, 7),
    ("\n" * 500 + "7", NINE, 7),
    ("\t7\r\n", NINE, 7),
    ("\u00a07\u3000", NINE, 7),
    ("7.", NINE, 7),
    ("7 .", NINE, None),
    ("7..", NINE, None),
    ("7…", NINE, None),
    ("7!", NINE, None),
    ("7?", NINE, None),
    ("7,", NINE, None),
    ("7;", NINE, None),
    ("**7**", NINE, 7),
    ("**7.**", NINE, 7),
    ("**7**.", NINE, 7),
    ("** 7 **", NINE, 7),
    ("*7*", NINE, 7),
    ("***7***", NINE, 7),
    ("_7_", NINE, 7),
    ("__7__", NINE, 7),
    ("`7`", NINE, 7),
    ("```7```", NINE, 7),
    ("```\n7\n```", NINE, 7),
    ('"7"', NINE, 7),
    ("'7'", NINE, 7),
    ("“7”", NINE, 7),
    ("‘7’", NINE, 7),
    ("«7»", NINE, 7),
    ("„7“", NINE, 7),
    ('"7."', NINE, 7),
    ("“7.”", NINE, 7),
    ("(7)", NINE, 7),
    ("[7]", NINE, 7),
    ("([7])", NINE, 7),
    ('("7").', NINE, 7),
    ("7)", NINE, None),
    ("(7", NINE, None),
    ("**7", NINE, None),
    ('7"', NINE, None),
    ("”7“", NINE, None),
    (")7(", NINE, None),
    ("{7}", NINE, None),
    ("<7>", NINE, None),
    ("<b>7</b>", NINE, None),
    ("~7", NINE, None),
    ("#7", NINE, None),
    ("- 7", NINE, None),
    ("* 7", NINE, None),
    ("\\boxed{7}", NINE, None),
    # Ways of writing a number
    ("7.0", NINE, 7),
    ("7.00", NINE, 7),
    ("7,0", NINE, None),
    ("+7", NINE, 7),
    ("07", NINE, 7),
    ("7.5", NINE, None),
    ("7.01", NINE, None),
    ("6.9999", NINE, None),
    ("7.5", HALVES, 7.5),
    ("7.50", HALVES, 7.5),
    ("7,5", HALVES, None),
    ("7½", HALVES, None),
    ("½", UNIT, None),
    ("7.25", HALVES, None),
    ("0.3", UNIT, 0.3),
    (".3", UNIT, None),
    ("0.30000000000000004", UNIT, 0.3),
    ("1", UNIT, 1),
    ("1e1", HUNDRED, None),
    ("7e0", NINE, None),
    ("0x7", NINE, None),
    ("0b111", NINE, None),
    ("1_0", HUNDRED, None),
    ("1,000", HUNDRED, None),
    ("VII", NINE, None),
    ("７", NINE, 7),
    ("７．０", NINE, 7),
    ("７.５", HALVES, 7.5),
    ("7²", NINE, None),
    ("⁷", NINE, None),
    ("₇", NINE, None),
    ("⑦", NINE, None),
    ("7️⃣", NINE, None),
    ("𝟕", NINE, None),
    ("٧", NINE, None),
    ("७", NINE, None),
    ("七", NINE, None),
    ("seven", NINE, None),
    ("Seven.", NINE, None),
    ("7\u200b", NINE, None),
    ("\ufeff7", NINE, None),
    ("7\x00", NINE, None),
    # Off the scale: never clamped
    ("0", NINE, None),
    ("10", NINE, None),
    ("-7", NINE, None),
    ("70", NINE, None),
    ("0", HUNDRED, 0),
    ("-0", HUNDRED, 0),
    ("100", HUNDRED, 100),
    ("101", HUNDRED, None),
    ("-1", HUNDRED, None),
    ("9" * 400, HUNDRED, None),
    ("-3", BIPOLAR, -3),
    ("−3", BIPOLAR, -3),
    ("－３", BIPOLAR, -3),
    ("**-3**", BIPOLAR, -3),
    ("-3.0", BIPOLAR, -3),
    ("- 3", BIPOLAR, None),
    ("–3", BIPOLAR, None),
    ("—3", BIPOLAR, None),
    ("--3", BIPOLAR, None),
    ("+-3", BIPOLAR, None),
    ("minus 3", BIPOLAR, None),
    ("+3", BIPOLAR, 3),
    ("＋３", BIPOLAR, 3),
    ("0", BIPOLAR, 0),
    ("-5", BIPOLAR, None),
    # More than a number
    ("7/9", NINE, None),
    ("8/10", NINE, None),
    ("7 / 9", NINE, None),
    ("7 out of 9", NINE, None),
    ("7 of 9", NINE, None),
    ("7-8", NINE, None),
    ("7–8", NINE, None),
    ("7 or 8", NINE, None),
    ("7 8", NINE, None),
    ("7\n8", NINE, None),
    ("7, 8", NINE, None),
    ("7 (pleasant)", NINE, None),
    ("7 points", NINE, None),
    ("7%", NINE, None),
    ("7°", NINE, None),
    ("7th", NINE, None),
    ("7x", NINE, None),
    ("≈7", NINE, None),
    (">7", NINE, None),
    ("=7", NINE, None),
    ("3+4", NINE, None),
    ("7\n\nBecause it is a happy word.", NINE, None),
    ("7. The word stands for joy.", NINE, None),
    ("1. joy", NINE, None),
    ("1 (extremely negative)", NINE, None),
    ("Rating: 7", NINE, None),
    ("Answer: **7**", NINE, None),
    ("Word: joy\nRating: 7", NINE, None),
    ("I'd say 7", NINE, None),
    ("I'd say 7.", NINE, None),
    ("I would rate it a 7 out of 9.", NINE, None),
    ("The rating is 7", NINE, None),
    ("It depends.", NINE, None),
    ("neutral", NINE, None),
    ("extremely positive", NINE, None),
    ("N/A", NINE, None),
    ("None", NINE, None),
    ("null", NINE, None),
    ("NaN", NINE, None),
    ("nan", NINE, None),
    ("inf", HUNDRED, None),
    ("-Infinity", BIPOLAR, None),
    ("", NINE, None),
    (" ", NINE, None),
    (".", NINE, None),
    ("-", BIPOLAR, None),
    ("**", NINE, None),
    ("()", NINE, None),
    ("“”", NINE, None),
    ("****", NINE, None),
    ('{"rating": 7}', NINE, None),
    ("[7, 8]", NINE, None),
    ("[[7]]", NINE, 7),
    ("7</s>", NINE, None),
    ("<|im_end|>", NINE, None),
    ("😀", NINE, None),
    ("😀 7", NINE, None),
]


@pytest.mark.parametrize(("text", "scale", "rating"), ANSWERS)
def test_an_answer_is_a_rating_only_if_it_is_one_number_on_the_scale(
    text: str, scale: OrdinalScale, rating: float | None
) -> None:
    assert parse_rating(text, scale) == rating


def test_the_table_of_answers_is_long_and_no_answer_is_in_it_twice() -> None:
    assert len(ANSWERS) >= 60
    assert len({(text, scale.points) for text, scale, _ in ANSWERS}) == len(ANSWERS)


SCALES = st.sampled_from([NINE, HALVES, BIPOLAR, HUNDRED, UNIT])
NUMBERLIKE = st.text(alphabet="0123456789.,+-−–eE_ \n*`'\"“”()[]７٧½²xnafi/%", max_size=12)


@given(st.one_of(st.text(), NUMBERLIKE), SCALES)
def test_whatever_a_model_writes_a_rating_is_a_point_of_the_scale(
    text: str, scale: OrdinalScale
) -> None:
    rating = parse_rating(text, scale)
    assert rating is None or rating in scale.points


@given(SCALES, st.data())
def test_every_point_is_read_back_as_itself(scale: OrdinalScale, data: st.DataObject) -> None:
    point = data.draw(st.sampled_from(scale.points))
    opening, closing = data.draw(
        st.sampled_from([("", ""), ("**", "**"), ("“", "”"), (" (", ").\n")])
    )
    assert parse_rating(f"{opening}{point:g}{closing}", scale) == point


@pytest.mark.parametrize("one", ["*", "_", "`", "(", "[", '"', ".", "-", "7", " "])
def test_a_model_that_repeats_itself_without_end_does_no_harm(one: str) -> None:
    closing = {"(": ")", "[": "]"}.get(one, one)
    assert parse_rating(one * 20_000, NINE) is None
    assert parse_rating(one * 20_000 + "7x" + closing * 20_000, NINE) is None


def test_stars_without_end_around_a_number_are_no_rating() -> None:
    assert parse_rating("*" * 20_000 + "7" + "*" * 20_000, NINE) is None


# Statuses


def answer(text: str, finish_reason: str | None = "stop", refused: bool = False) -> Answer:
    return Answer("id", 0, text, finish_reason, "model", 1, 1, 0.1, "2026-01-01T00:00:00", refused)


def reading_of(given: Answer, scale: OrdinalScale, expected: AnswerFormat) -> Reading:
    return read_answer(given, {"valence": scale}, expected)["valence"]


REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I can’t assist with that request.",
    "Unfortunately, I cannot rate this.",
    "I'm really sorry, but no.",
    "I'm not comfortable rating this word.",
    "I'd rather not.",
    "Unable to comply with this request.",
    "I am an AI and have no feelings.",
    "I'm a large language model.",
    "As a responsible AI, I will not.",
    "Sorry, I can't.",
    "I am sorry, but I cannot rate this word.",
    "I'm very sorry, but this is not something I can do.",
    "Sorry, I can't do that.",
    "My apologies, but I must not rate this.",
    "I apologize, but I cannot provide a rating.",
    "I apologise, but no.",
    "I cannot rate this word.",
    "I can't rate the emotions of this word",
    "I can not answer this.",
    "I won't rate this.",
    "I will not provide a rating for slurs.",
    "I'm unable to rate this word.",
    "I am not able to assign a number.",
    "I'm afraid I can't do that.",
    "I must decline.",
    "I decline to answer.",
    "We cannot process this request.",
    "I do not have personal feelings.",
    "I don't have emotions, so I can't rate this.",
    "I don’t experience emotions.",
    "Unfortunately, I do not possess feelings.",
    "As an AI language model, I do not have feelings: 5",
    "As a language model, 5",
    "As an artificial intelligence I cannot feel.",
    "I'm just an AI, but 5",
    "I'm an AI and I don't feel.",
    "  \n I'm sorry.",
    "I CANNOT RATE THIS",
    "i'm sorry 7",
]


@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_a_refusal_in_plain_words_is_a_refusal_whole_or_cut(text: str, finish_reason: str) -> None:
    assert reading_of(answer(text, finish_reason), NINE, TEXT) == Reading("refusal")


@pytest.mark.parametrize(
    "text",
    [
        "I would say 7",
        "I think it is a 7",
        "I rate it 7",
        "I'm happy with 7",
        "Sorrow",
        "sorry",
        "Sorry: 2",
        "As a word, 7",
        "As an answer: 7",
        'The word "can\'t" is negative',
        "7. I can't say more.",
        "I",
    ],
)
def test_chatter_that_is_no_refusal_is_unparsable(text: str) -> None:
    assert reading_of(answer(text), NINE, TEXT) == Reading("unparsable")


@pytest.mark.parametrize("expected", [TEXT, NEXT_TOKEN])
def test_a_filtered_answer_has_no_rating_whatever_it_says(expected: AnswerFormat) -> None:
    for text in ("7", "", "I'm sorry"):
        found = reading_of(answer(text, "content_filter"), NINE, expected)
        assert found == Reading("content_filter")


@pytest.mark.parametrize("expected", [TEXT, NEXT_TOKEN])
def test_a_refusal_in_the_servers_own_field_has_no_rating_whatever_it_says(
    expected: AnswerFormat,
) -> None:
    assert reading_of(answer("7", "stop", refused=True), NINE, expected) == Reading("refusal")


@pytest.mark.parametrize("text", ["7", "1", "7.", "**7**", "The word", ""])
@pytest.mark.parametrize(
    "finish_reason", ["length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens"]
)
def test_a_text_that_was_cut_is_truncated_even_if_it_looks_like_a_number(
    text: str, finish_reason: str
) -> None:
    assert reading_of(answer(text, finish_reason), NINE, TEXT) == Reading("truncated")


ENDS = ["stop", "eos", "end", "end_turn", "STOP", "stop_sequence", "COMPLETE", "eos_token", "7x"]


@pytest.mark.parametrize("finish_reason", ["OTHER", "other"])
@pytest.mark.parametrize(
    ("text", "status"), [("1", "truncated"), ("10", "ok"), ("", "truncated"), ("a", "unparsable")]
)
def test_an_answer_that_the_server_stopped_may_be_cut_however_short_it_is(
    text: str, status: str, finish_reason: str
) -> None:
    short = replace(answer(text, finish_reason), completion_tokens=1)
    ten = OrdinalScale(min=1, max=10, direction="higher is better")
    assert reading_of(short, ten, AnswerFormat(kind="text", max_tokens=50)).status == status


@pytest.mark.parametrize("finish_reason", ENDS)
def test_every_other_word_is_an_end(finish_reason: str) -> None:
    for text, reading in (("7", Reading("ok", 7)), ("The", Reading("unparsable"))):
        # However many tokens: they may be thoughts.
        given = replace(answer(text, finish_reason), completion_tokens=500)
        assert reading_of(given, NINE, TEXT) == reading


TEN = OrdinalScale(min=1, max=10, direction="higher is better")
HALVES = OrdinalScale(min=-1, max=2, step=0.5, direction="higher is better")


@pytest.mark.parametrize("finish_reason", [None, "", "null", "unknown", "1"])
@pytest.mark.parametrize("tokens", [None, 0, 4, 9])
@pytest.mark.parametrize(
    ("text", "scale", "status"),
    [
        ("1", TEN, "truncated"),
        ("1", NINE, "ok"),
        ("10", TEN, "ok"),
        ("2", TEN, "ok"),
        ("1.", TEN, "ok"),
        ("**1", TEN, "truncated"),
        ("**1**", TEN, "ok"),
        (" １", TEN, "truncated"),
        ("1\n", TEN, "ok"),
        ("1", HALVES, "truncated"),
        ("1.", HALVES, "truncated"),
        ("1.5", HALVES, "ok"),
        ("2", HALVES, "ok"),
        ("-", HALVES, "truncated"),
        ("", TEN, "truncated"),
        ("(", TEN, "truncated"),
        ("The word", TEN, "unparsable"),
    ],
)
def test_without_a_reason_an_answer_is_truncated_if_it_could_become_another(
    text: str, scale: OrdinalScale, status: str, tokens: int | None, finish_reason: str | None
) -> None:
    four = AnswerFormat(kind="text", max_tokens=4)
    given = replace(answer(text, finish_reason), completion_tokens=tokens)
    assert reading_of(given, scale, four).status == status
    # It is known to be shorter than it might have been.
    shorter = reading_of(replace(given, completion_tokens=3), scale, four)
    assert shorter.status == (status if status != "truncated" else shorter.status) != "truncated"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"valence": 7}', "ok"),
        ('{"valence": ', "truncated"),
        ("```json\n{", "truncated"),
        ("", "truncated"),
        ("seven", "unparsable"),
    ],
)
def test_without_a_reason_half_an_object_is_truncated(text: str, status: str) -> None:
    joint = AnswerFormat(kind="joint", max_tokens=20)
    given = replace(answer(text, None), completion_tokens=None)
    assert reading_of(given, NINE, joint).status == status


@pytest.mark.parametrize(
    ("finish_reason", "status"),
    [
        *((word, "content_filter") for word in ("SAFETY", "sensitive", "FinishReason.SAFETY")),
        *((word, "content_filter") for word in ("LANGUAGE", "IMAGE_PROHIBITED_CONTENT")),
        ("refusal", "refusal"),
    ],
)
def test_words_for_a_filter_and_a_refusal_are_known(finish_reason: str, status: str) -> None:
    assert reading_of(answer("7", finish_reason), NINE, TEXT) == Reading(status)


def test_a_text_that_ended_by_itself_is_read() -> None:
    assert reading_of(answer("7"), NINE, TEXT) == Reading("ok", 7)
    assert reading_of(answer("7 or so"), NINE, TEXT) == Reading("unparsable")
    assert reading_of(answer(""), NINE, TEXT) == Reading("unparsable")


@pytest.mark.parametrize(
    "text", ["10", "0", "-3", "7.5", " 10\n", "**10**", "10.", "９９", "007.5"]
)
def test_a_number_by_itself_that_is_no_point_of_the_scale_is_off_the_scale(text: str) -> None:
    assert reading_of(answer(text), NINE, TEXT) == Reading("off_scale")
    assert reading_of(answer(text, "length"), NINE, NEXT_TOKEN) == Reading("off_scale")
    assert reading_of(answer(text, "length"), NINE, TEXT) == Reading("truncated")


@pytest.mark.parametrize(
    "text", ["10/9", "10 out of 9", "ten", "1e400", "Infinity", "nan", "10-12"]
)
def test_what_is_no_number_by_itself_is_not_off_the_scale_but_unreadable(text: str) -> None:
    assert reading_of(answer(text), NINE, TEXT) == Reading("unparsable")


@pytest.mark.parametrize("finish_reason", ["length", "stop"])
@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("7", Reading("ok", 7)),
        (" 7", Reading("ok", 7)),
        ("x", Reading("unparsable")),
        ("\n", Reading("unparsable")),
        ("0", Reading("off_scale")),
        ("", Reading("unparsable")),
    ],
)
def test_one_token_is_read_as_it_is_because_it_was_meant_to_be_cut(
    text: str, reading: Reading, finish_reason: str
) -> None:
    assert reading_of(answer(text, finish_reason), NINE, NEXT_TOKEN) == reading


@pytest.mark.parametrize("thoughts", [{"thinking_tokens": 1}, {"thinking": "Well"}])
def test_one_token_that_went_into_thinking_is_truncated(thoughts: dict[str, Any]) -> None:
    thought = replace(answer("", "length"), **thoughts)
    assert reading_of(thought, NINE, NEXT_TOKEN) == Reading("truncated")
    assert reading_of(replace(thought, text="7"), NINE, NEXT_TOKEN) == Reading("ok", 7)


def test_an_answer_that_failed_is_an_error_and_no_rating() -> None:
    assert reading_of(answer("7", "error"), NINE, TEXT) == Reading("error")


@given(
    st.one_of(st.text(), NUMBERLIKE, st.sampled_from(REFUSALS)),
    st.sampled_from(["stop", "length", "content_filter", "error", None]),
    st.booleans(),
    st.sampled_from([TEXT, NEXT_TOKEN]),
    SCALES,
)
def test_there_is_a_rating_if_and_only_if_the_status_is_ok(
    text: str, finish_reason: str | None, refused: bool, expected: AnswerFormat, scale: OrdinalScale
) -> None:
    found = reading_of(answer(text, finish_reason, refused), scale, expected)
    assert (found.rating is not None) == (found.status == "ok")
    assert found.rating is None or found.rating in scale.points


@given(st.integers(-50, 50), st.sampled_from([0.1, 0.25, 0.5, 1, 3]), st.integers(1, 60))
def test_every_point_of_a_scale_is_a_rating_and_nothing_between_or_beyond(
    low: int, step: float, steps: int
) -> None:
    scale = OrdinalScale(min=low, max=round(low + step * steps, 10), step=step, direction="up")
    assert [parse_rating(f"{point:.10f}", scale) for point in scale.points] == list(scale.points)
    for wrong in (scale.min - step, scale.max + step, scale.min + step / 2, 10.0**40):
        assert parse_rating(f"{wrong:.10f}", scale) is None
