"""Thinking: asked for as the card says, kept apart from answers, counted, and never a rating."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.budget import Account
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob
from emoalign.errors import StudyError
from emoalign.study.protocols import Thinking
from tests.faults.conftest import Desk
from tests.faults.server import Heard
from tests.faults.test_cards import ParticularServer, problems

LEVELS = {
    "off": {"reasoning": {"effort": "none"}},
    "high": {"reasoning": {"effort": "high"}},
}
THINKER = {
    "extra_body": {"reasoning": {"effort": "none", "exclude": False}},
    "capabilities": {
        "choices": 20,
        "seed_bits": 63,
        "thinking": LEVELS,
        "thinking_tokens": {"high": 50},
    },
}


@pytest.fixture
def server() -> Iterator[ParticularServer]:
    with ParticularServer().running() as running:
        yield running


@pytest.fixture
def thinker(desk: Desk) -> Desk:
    return replace(desk, more=THINKER, words=["joy"])


def ids(desk: Desk) -> list[str]:
    questions = build_questions(desk.job, desk.card, [("joy", "joy")])
    return [question.ask.request.request_id for question in questions]


# Asking for it


@pytest.mark.parametrize(
    ("thinking", "effort", "tokens"),
    [("provider", "none", 3), ("off", "none", 3), ("high",) * 2 + (53,)],
)
def test_a_level_is_merged_into_what_the_card_sends_and_makes_room_for_thoughts(
    thinking: Thinking, effort: str, tokens: int, thinker: Desk, server: ParticularServer
) -> None:
    asked = replace(thinker, thinking=thinking)
    assert (asked.rate()["rating"] == 7).all()
    for body in server.bodies:
        assert body["reasoning"] == {"effort": effort, "exclude": False}
        assert body["max_tokens"] == tokens


def test_another_level_is_another_question_and_the_same_parameters_are_the_same_one(
    thinker: Desk,
) -> None:
    of = {level: ids(replace(thinker, thinking=level)) for level in ("provider", "off", "high")}
    assert of["off"] == of["provider"]
    assert of["high"] != of["off"]


def test_a_job_knows_the_parameters_of_its_level_and_of_no_other(thinker: Desk) -> None:
    def params(thinking: Thinking, levels: Mapping[str, Any]) -> object:
        capabilities = {**THINKER["capabilities"], "thinking": levels}
        desk = replace(thinker, thinking=thinking, more={**THINKER, "capabilities": capabilities})
        return desk.job.params()

    changed = {**LEVELS, "high": {"reasoning": {"effort": "max"}}}
    assert params("high", changed) != params("high", LEVELS)
    assert params("off", changed) == params("off", LEVELS)
    assert params("provider", changed) == params("provider", {})
    assert "thoughts" not in dict(params("provider", LEVELS))  # type: ignore[call-overload]


def test_a_level_that_changed_after_the_workflow_had_started_is_noticed(thinker: Desk) -> None:
    desk = replace(thinker, thinking="high")
    job = desk.job
    changed = {**THINKER["capabilities"], "thinking_tokens": {"high": 60}}

    class Started(Desk):
        @property
        def job(self) -> RatingJob:
            return job

    with pytest.raises(StudyError, match="its card changed"):
        Started(**vars(desk) | {"more": {**THINKER, "capabilities": changed}}).rate()


@pytest.mark.parametrize(
    ("capabilities", "told"),
    [
        (
            {"thinking": {"off": {"temperature": 0}}},
            "capabilities.thinking.off.temperature: emoalign",
        ),
        (
            {"thinking": {"low": {"max_tokens": 9}}},
            "capabilities.thinking.low.max_tokens: emoalign",
        ),
        (
            {"thinking": {"low": {"reasoning": {"models": ["b"]}}}},
            "capabilities.thinking.low.reasoning.models: it allows another model",
        ),
        ({"thinking": {"hard": {}}}, "capabilities.thinking.hard: unknown key"),
        ({"thinking": {"low": True}}, "capabilities.thinking.low: expected"),
        ({"thinking_tokens": {"low": -1}}, "capabilities.thinking_tokens: found -1 of low"),
        (
            {"thinking_tokens": {"off": 5}},
            "found 5 of off; expected 0 or more, and nothing for off",
        ),
        ({"thinking_tokens": "many"}, "capabilities.thinking_tokens"),
    ],
)
def test_levels_that_cannot_be_asked_for_are_refused_in_the_card(
    capabilities: Mapping[str, Any], told: str
) -> None:
    assert told in problems(capabilities=capabilities)


# Keeping it apart


@pytest.mark.parametrize(
    ("said", "thoughts", "text"),
    [
        ("<think>Nice.</think>7", "Nice.", "7"),
        ("\n<think>\nNice.\n</think>\n\n7", "\nNice.\n", "\n\n7"),
        ("Nice.\n</think>\n\n7", "Nice.\n", "\n\n7"),
        ("<think>A.</think> <thinking>B.</thinking>7", "A.B.", "7"),
        ("[THINK]Nice.[/THINK]7", "Nice.", "7"),
        ("<Think>Not </reasoning> yet.</Think>7", "Not </reasoning> yet.", "7"),
        ("<think>\n\n</think>\n\n7", None, "\n\n7"),
    ],
)
def test_thoughts_in_the_text_are_kept_apart_from_the_answer(
    said: str, thoughts: str | None, text: str, desk: Desk
) -> None:
    desk.server.reply = lambda heard, choice: said
    ratings = desk.rate()
    assert (ratings["rating"] == 7).all()
    assert set(ratings["text"]) == {text}
    assert {answer.thinking for answer in desk.answers()} == {thoughts}
    # The server does not say how many tokens they took, which is not 0.
    assert ratings["reasoning_tokens"].isna().all()


@pytest.mark.parametrize("reason", ["length", "stop", None])
@pytest.mark.parametrize("said", ["<think>\nThis is 7", "<think>", "<thinking>7"])
def test_thoughts_that_do_not_end_are_all_there_is(
    said: str, reason: str | None, desk: Desk
) -> None:
    def change(heard: Heard, reply: dict[str, Any]) -> Any:
        choices = [{**one, "finish_reason": reason} for one in reply["choices"]]
        return {**reply, "choices": choices}

    desk.server.reply, desk.server.change = lambda heard, choice: said, change
    ratings = desk.rate()
    assert set(ratings["status"]) == {"truncated"}
    assert set(ratings["text"]) == {""}
    assert all(answer.thinking for answer in desk.answers())


def counting(reasoning: int | None, message: Mapping[str, Any], reason: str) -> Any:
    """A reply with such a message, whose thoughts are counted or not."""

    def change(heard: Heard, reply: dict[str, Any]) -> Any:
        details = {} if reasoning is None else {"reasoning_tokens": reasoning}
        usage = {"prompt_tokens": 5, "completion_tokens": 159, "completion_tokens_details": details}
        choices = [{**one, "message": message, "finish_reason": reason} for one in reply["choices"]]
        return {**reply, "choices": choices, "usage": usage}

    return change


def test_an_answer_whose_tokens_all_went_into_thoughts_is_truncated(thinker: Desk) -> None:
    message = {"role": "assistant", "content": None, "reasoning_content": "Hm, 7 or 8"}
    thinker.server.change = counting(159, message, "length")
    ratings = replace(thinker, thinking="high").rate()
    assert set(ratings["status"]) == {"truncated"}
    # The first of the answers to a request has the count of all.
    assert ratings["reasoning_tokens"].tolist() == [159, 0, 0]
    assert ratings["completion_tokens"].tolist() == [159, 0, 0]


@pytest.mark.parametrize(("counted", "kept"), [(150, [150, 0, 0]), (0, None), (None, None)])
def test_thoughts_that_are_seen_and_not_counted_have_no_number(
    counted: int | None, kept: list[int] | None, thinker: Desk
) -> None:
    message = {"role": "assistant", "content": "7", "reasoning_content": "Nice."}
    thinker.server.change = counting(counted, message, "stop")
    ratings = replace(thinker, thinking="high").rate()
    assert (ratings["rating"] == 7).all()
    found = ratings["reasoning_tokens"]
    assert found.isna().all() if kept is None else found.tolist() == kept


def test_thoughts_are_paid_for_and_set_aside_before(thinker: Desk) -> None:
    prices = {"input_usd": 0, "output_usd": 10, "as_of": "2026-01-01", "source": "a page"}
    message = {"role": "assistant", "content": "7", "reasoning_content": "Nice."}
    thinker.server.change = counting(150, message, "stop")
    desk = replace(thinker, thinking="high", more={**THINKER, "prices": prices})
    account = Account(desk.folder / "spent.json", 1)
    desk.rate(account)
    assert account.spent() == pytest.approx(159 * 10 / 1e6)
    (question,) = build_questions(desk.job, desk.card, [("joy", "joy")])
    assert desk.card.most_tokens(question.ask)[1] == 3 * 53


def test_an_answer_without_a_word_on_its_end_may_be_as_long_as_thoughts_and_answer(
    thinker: Desk,
) -> None:
    # 20 tokens are fewer than 53, so a number was not cut, whoever counts them.
    def change(heard: Heard, reply: dict[str, Any]) -> Any:
        choices = [{**one, "finish_reason": None} for one in reply["choices"]]
        usage = {"prompt_tokens": 5, "completion_tokens": 20}
        return {**reply, "choices": choices, "usage": usage}

    thinker.server.reply = lambda heard, choice: "<think>Nice.</think>1"
    thinker.server.change = change
    one = replace(thinker, thinking="high", participants=1)
    assert one.rate()["status"].tolist() == ["ok"]


def test_the_probabilities_of_a_thought_are_no_ratings(
    desk: Desk, server: ParticularServer
) -> None:
    server.logprobs = [("7", -0.1), ("8", -3.0)]
    server.tokenizers = {"/tokenize": lambda body: {"tokens": [ord(str(body["content"])[0])]}}
    able = {"top_logprobs": 20, "tokenizer": True}

    class Exact(Desk):
        @property
        def job(self) -> RatingJob:
            job = super().job
            exact = job.protocol.model_copy(update={"readouts": ("exact",)})
            return job.model_copy(update={"protocol": exact})

    def rated(message: Mapping[str, Any], wave: int) -> pd.DataFrame:
        server.change = counting(None, {"role": "assistant", **message}, "length")
        return Exact(
            **vars(desk) | {"more": {"capabilities": able}, "choices": 1, "wave": wave}
        ).rate()

    assert set(rated({"content": "7"}, 1)["status"]) == {"ok"}
    thought = rated({"content": None, "reasoning": "7"}, 2)
    assert set(thought["status"]) == {"truncated"}
    assert thought["probabilities"].isna().all()


# The provider's own sampling

SAMPLING = {"temperature", "top_p", "top_k", "min_p", "repeat_penalty"}


@pytest.mark.parametrize(
    "capabilities", [{}, {"sampling": "none"}, {"sampling_extras": True}], ids=str
)
def test_with_the_providers_own_sampling_no_parameter_of_sampling_is_sent(
    capabilities: Mapping[str, Any], desk: Desk, server: ParticularServer
) -> None:
    more = {"capabilities": {"choices": 20, "seed_bits": 63, **capabilities}}
    asked = replace(desk, more=more)
    own = replace(asked, temperature="provider")
    assert (own.rate()["rating"] == 7).all()
    assert server.bodies
    assert not any(set(body) & SAMPLING for body in server.bodies)
    assert all({"max_tokens", "seed"} <= set(body) for body in server.bodies)
    assert ids(own) != ids(asked)
    (question, *_) = build_questions(own.job, own.card, [("joy", "joy")])
    sampling = question.ask.request.sampling
    assert {name: getattr(sampling, name) for name in SAMPLING} == dict.fromkeys(SAMPLING)


def test_the_defaults_of_a_llama_cpp_server_are_what_its_own_sampling_is(
    desk: Desk, server: ParticularServer
) -> None:
    server.adds = {"timings": {"predicted_n": 1}}
    assert (replace(desk, temperature="provider").rate()["rating"] == 7).all()
