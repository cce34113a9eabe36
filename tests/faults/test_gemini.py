"""Gemini's generateContent, against a server that refuses what Google's refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.elicitation.engines.gemini.gemini_model import HARMS, GeminiModel, ignores_sampling
from emoalign.elicitation.engines.gemini.generate_content import model_path
from emoalign.errors import EngineError
from emoalign.installed import CATALOGUE
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card
from tests.faults.conftest import KEY, KEY_VARIABLE, serials
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GeminiServer
from tests.faults.server import NOT_DELIVERED, PASSING, Heard, storm
from tests.faults.test_check_ask import STUDY
from tests.kit.waiting import HANGS_S

CARD: Mapping[str, Any] = {
    "title": "Gemini",
    "engine": "gemini",
    "model": "gemini-3.8-flash",
    "capabilities": {"sampling": "none"},
}
THINKING = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer(key=KEY).running() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> GeminiDesk:
    """Four words, three participants; a server that has no faults yet."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return GeminiDesk(tmp_path, server, ["joy", "woe", "tea", "war"], 3, {"concurrency": 2})


def changed(server: GeminiServer, change: Any) -> None:
    """Have the server change the first of its candidates."""

    def apply(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        reply["candidates"][0] |= change
        return reply

    server.change = apply


def test_words_are_rated_by_requests_that_the_server_takes(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    server.reply = lambda heard, choice: str(5 + choice)
    ratings = desk.rate()
    assert ratings.groupby("item_id")["rating"].apply(list).tolist() == [[5, 6, 7]] * 4
    assert (ratings["status"] == "ok").all()
    assert len(server.bodies) == 4
    for body in server.bodies:
        assert body.keys() == {"contents", "generationConfig"}
        config = dict(body["generationConfig"])
        assert 0 <= config.pop("seed") < 2**31
        assert config == {
            "maxOutputTokens": 3,
            "temperature": 1.0,
            "topP": 1.0,
            "candidateCount": 3,
        }
    (first, *_) = desk.answers()
    assert (first.prompt_tokens, first.completion_tokens) == (10, 3)
    assert first.finish_reason == "STOP"
    assert first.reply_id == "reply-1"
    assert KEY.encode() not in b"".join(file.read_bytes() for file in desk.folder.rglob("*.*"))


def test_what_the_card_adds_is_merged_and_safety_is_part_of_every_request(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    desk.rate()
    plain = {answer.request_id for answer in desk.answers()}
    more = replace(desk, more={"extra_body": THINKING, "safety": "OFF"})
    more.rate()
    body = server.bodies[-1]
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW"}
    assert body["generationConfig"]["maxOutputTokens"] == 3
    assert [each["threshold"] for each in body["safetySettings"]] == ["OFF"] * len(HARMS)
    safe = replace(desk, more={"extra_body": THINKING})
    safe.rate()
    assert len({answer.request_id for answer in desk.answers()} - plain) == 2 * 4
    assert more.card.answering() != safe.card.answering() != desk.card.answering()
    asked = len(server.bodies)
    replace(more, more={**more.more, "title": "Another", "safety": "OFF"}).rate()
    assert len(server.bodies) == asked


def test_thoughts_are_kept_apart_and_counted_with_the_answers(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    def thinks(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        thought = {"text": "A pleasant word. ", "thought": True}
        again = {"text": "So 7?", "thought": True, "thoughtSignature": "c2ln"}
        for candidate in reply["candidates"]:
            candidate["content"]["parts"][:0] = [thought, again]
        reply["usageMetadata"] |= {"thoughtsTokenCount": 90, "totalTokenCount": 103}
        reply["usageMetadata"]["cachedContentTokenCount"] = 4
        return reply

    server.change = thinks
    assert (desk.rate()["rating"] == 7).all()
    first, second, *_ = desk.answers()
    assert first.thinking == second.thinking == "A pleasant word. So 7?"
    assert (first.prompt_tokens, first.completion_tokens, first.thinking_tokens) == (10, 93, 90)
    assert (second.prompt_tokens, second.completion_tokens, second.thinking_tokens) == (0, 0, 0)


def test_an_answer_that_thoughts_left_no_room_for_is_truncated(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    def exhausted(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        for candidate in reply["candidates"]:
            candidate |= {"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}
        counts = {"promptTokenCount": 10, "thoughtsTokenCount": 3, "totalTokenCount": 13}
        return {**reply, "usageMetadata": counts}

    server.change = exhausted
    assert (desk.rate()["status"] == "truncated").all()
    assert len(server.bodies) == 4
    (first, *_) = desk.answers()
    assert (first.completion_tokens, first.thinking_tokens) == (3, 3)


@pytest.mark.parametrize("reason", ["PROHIBITED_CONTENT", "SAFETY", "OTHER", "JAILBREAK"])
def test_a_prompt_that_is_blocked_is_an_answer_with_its_reason(
    desk: GeminiDesk, server: GeminiServer, reason: str
) -> None:
    counts = {"promptTokenCount": 9, "totalTokenCount": 9}
    server.change = lambda heard, reply: (
        {"promptFeedback": {"blockReason": reason}, "usageMetadata": counts}
        if heard.prompt == "woe"
        else reply
    )
    ratings = desk.rate().set_index("item_id")
    assert ratings.loc["woe", "status"].tolist() == ["content_filter"] * 3
    assert (ratings.drop("woe")["status"] == "ok").all()
    assert ratings.loc["woe", "finish_reason"].tolist() == [f"content_filter: {reason}"] * 3
    assert len(server.bodies) == 4
    (blocked, *_) = [answer for answer in desk.answers() if answer.finish_reason.endswith(reason)]
    assert (blocked.prompt_tokens, blocked.completion_tokens) == (9, 0)


@pytest.mark.parametrize(
    "reason",
    [
        *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "LANGUAGE"),
        *("IMAGE_SAFETY", "MODEL_ARMOR", "ESCALATION"),
    ],
)
def test_an_answer_that_is_blocked_keeps_the_reason_in_googles_words(
    desk: GeminiDesk, server: GeminiServer, reason: str
) -> None:
    changed(server, {"content": {}, "finishReason": reason})
    ratings = desk.rate()
    assert Counter(ratings["status"]) == {"content_filter": 4, "ok": 8}
    assert Counter(ratings["finish_reason"]) == {reason: 4, "STOP": 8}
    assert len(server.bodies) == 4


def test_an_account_that_is_disabled_ends_the_job_and_gives_no_answers(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    told = {"finishMessage": "Your account is limited.", "finishReason": "PUP_LIMITED_DISABLED"}
    server.change = lambda heard, reply: {
        **reply,
        "candidates": [{"index": each["index"], **told} for each in reply["candidates"]],
    }
    with pytest.raises(EngineError, match=r"Your account is limited.*account's permissions"):
        desk.rate()
    assert not desk.answers()


@pytest.mark.parametrize("many", [False, True])
def test_a_minute_that_is_full_is_waited_out_and_a_day_that_is_full_ends_the_job(
    desk: GeminiDesk, server: GeminiServer, many: bool
) -> None:
    def exhausted(period: str, delay: str) -> Any:
        details = [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"quotaId": f"GenerateRequestsPer{period}PerProject-FreeTier"}],
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
        ]
        message = "You exceeded your current quota, please check your plan and billing details."
        error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}
        said = {"error": {**error, "details": details}}
        return [said] if many else said

    server.plan = lambda heard: "429" if heard.attempt == 1 else None
    server.refusal, server.retry_after = exhausted("Minute", "0.02s"), {}
    assert (desk.rate()["status"] == "ok").all()
    assert len(server.bodies) == 8

    server.plan, server.refusal = lambda heard: "429", exhausted("Day", "37s")
    with pytest.raises(EngineError, match=r"exceeded your current quota.*run again tomorrow"):
        replace(desk, words=["sun"]).rate()
    assert len(server.bodies) <= 8 + 2


def test_a_wrong_key_ends_the_job_at_once_and_is_named(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    server.key = "another"
    with pytest.raises(EngineError, match=r"API key not valid.*The key is wrong or missing"):
        desk.rate()
    assert len(server.bodies) <= desk.limits["concurrency"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {
                "extra_body": {
                    "generationConfig": {
                        "thinkingConfig": {"thinkingBudget": 0, **{"thinkingLevel": "LOW"}}
                    }
                }
            },
            "only one of thinking budget and thinking level",
        ),
        ({"extra_body": {"reasoning": "off"}}, 'Unknown name "reasoning"'),
        ({"capabilities": {"choices": 9}}, "candidateCount.*choices: 1"),
        (
            {
                "model": "gemini-3.8-flash",
                "capabilities": {"sampling": "none"},
                "extra_body": {
                    "generationConfig": {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}
                },
            },
            "MINIMAL is not supported",
        ),
    ],
)
def test_what_google_refuses_ends_the_job_in_its_own_words(
    desk: GeminiDesk, more: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(EngineError, match=said):
        replace(desk, more=more, participants=9, words=["joy"]).rate()
    assert not desk.answers()


def test_a_model_without_sampling_is_sent_none(desk: GeminiDesk, server: GeminiServer) -> None:
    replace(desk, more={"capabilities": {"sampling": "none"}, "model": "gemini-3.8-flash"}).rate()
    assert all(body["generationConfig"] == {"maxOutputTokens": 3} for body in server.bodies)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"candidates": None},
        {"candidates": "7", "usageMetadata": {}},
        {"candidates": ["7"]},
        {"candidates": [{"content": "7", "finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": "7"}}]},
        {"candidates": [{"content": {"parts": ["7"]}}]},
        {"candidates": [{"content": {"parts": [{"text": 7}]}}]},
        {"candidates": [], "usageMetadata": {"promptTokenCount": 0}},
        {"usageMetadata": {"promptTokenCount": "much", "totalTokenCount": -1}},
        {"promptFeedback": {"safetyRatings": []}},
        [{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}],
        {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}},
    ],
    ids=str,
)
def test_a_reply_of_another_form_is_asked_for_again_and_never_an_answer(
    desk: GeminiDesk, server: GeminiServer, reply: Any
) -> None:
    server.change = lambda heard, usual: reply if heard.attempt == 1 else usual
    assert (desk.rate()["rating"] == 7).all()
    assert len(server.bodies) == 8
    assert len(desk.answers()) == 12


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({}, ""),
        ({"candidates": None}, ""),
        ({"candidates": []}, ""),
        ({"candidates": [{"finishReason": "STOP"}] * 3}, ""),
        ({"candidates": [{"content": None, "finishReason": "OTHER"}] * 3}, ""),
        ({"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}] * 3}, ""),
        ({"candidates": [{"content": {"parts": None}, "finishReason": "STOP"}] * 3}, ""),
        ({"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}] * 3}, ""),
        ({"candidates": [{"content": {"parts": "7"}}] * 3}, '{"choice":{"content":{"parts":"7"}}}'),
        ({"candidates": ["7"] * 3}, '{"choice":"7"}'),
    ],
    ids=str,
)
def test_a_reply_that_is_paid_for_is_an_answer_whatever_it_lacks(
    desk: GeminiDesk, server: GeminiServer, reply: Mapping[str, Any], text: str
) -> None:
    counts = {"promptTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 7}
    server.change = lambda heard, usual: {**reply, "usageMetadata": counts}
    desk = replace(desk, words=["joy"], participants=3, more={"first_answers": 0})
    ratings = desk.rate()
    assert set(ratings["text"]) == {text}
    assert not set(ratings["status"]) & {"ok", "rejected"}
    desk.rate()
    assert len(server.bodies) == 1
    assert desk.answers()[0].completion_tokens == 2


def test_parts_that_are_no_text_are_passed_over(desk: GeminiDesk, server: GeminiServer) -> None:
    parts = [
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"text": " "},
        {"text": "6"},
    ]
    changed(server, {"content": {"parts": parts}})
    assert Counter(desk.rate()["rating"]) == {6: 4, 7: 8}


def test_a_storm_of_faults_ends_with_every_answer_there_once(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    words = [f"word {index}" for index in range(150)]
    hurry = {"concurrency": 16, "retries": 12, "longest_wait_s": 0.05, "timeout_s": HANGS_S}
    stormy = replace(desk, words=words, limits=hurry)
    quick = [fault for fault in (*PASSING, "fewer", "slow") if fault != "hang"]
    server.plan = storm(1, 0.3, quick)
    assert (stormy.rate()["rating"] == 7).all()
    answers = stormy.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 450
    assert serials(answers) == server.delivered
    in_vain = len(server.computed) - len(server.delivered)
    assert in_vain == sum(server.met[fault] for fault in NOT_DELIVERED)


# What a card may say


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"capabilities": {"seed_bits": 63}}, "at most 31"),
        ({"capabilities": {}}, "gemini-3.8-flash ignores temperature and top_p, and does not say"),
        ({"capabilities": {"completion": True}}, "capabilities.completion: Gemini has none"),
        ({"capabilities": {"seed_name": "random_seed"}}, "a name of its own"),
        ({"capabilities": {"token_limit": "max_completion_tokens"}}, "a name of its own"),
        ({"capabilities": {"tokenizer": True}}, "capabilities.tokenizer: Gemini has none"),
        ({"extra_body": {"contents": []}}, "emoalign sets contents itself"),
        ({"extra_body": {"tools": []}}, "models rate without tools"),
        ({"extra_body": {"generationConfig": {"temperature": 0}}}, "set it in the protocol"),
        ({"extra_body": {"generationConfig": {"presencePenalty": 1}}}, "keeps it neutral"),
        ({"extra_body": {"generationConfig": {"seed": 1}}}, "seeds differ"),
        ({"extra_body": {"generation_config": {}}}, "description does: generationConfig"),
        ({"extra_body": {"generationConfig": {"top_p": 1}}}, "description does: topP"),
        ({"extra_body": {"safetySettings": []}, "safety": "OFF"}, "these or safety, not both"),
        ({"capabilities": {"thinking": {"low": {"safetySettings": []}}}}, "set safety"),
        ({"model": "gemini-2.5-flash", "capabilities": {"sampling": "vllm"}}, "set all"),
        ({"safety": "off"}, "BLOCK_ONLY_HIGH"),
        ({"headers": {"X-Goog-Api-Key": {"env": "K"}}}, "is sent in this header already"),
    ],
)
def test_a_card_that_says_what_gemini_has_not_is_refused(
    keys: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        GeminiModel.model_validate({**CARD, **keys})


@pytest.mark.parametrize("level", ["thinkingLevel", "thinkingBudget"])
def test_a_budget_beside_a_level_is_refused_before_anything_is_asked(level: str) -> None:
    def config(name: str) -> dict[str, Any]:
        return {"generationConfig": {"thinkingConfig": {name: 1}}}

    able = {"sampling": "none", "thinking": {"low": config(level)}, "thinking_tokens": 64}
    keys = {"extra_body": config("thinkingBudget"), "capabilities": able}
    card = GeminiModel.model_validate({**CARD, **keys})
    asked = {"name": "p", "prompts": "p", "participants": 1, "readouts": ("sampled",)}
    protocol = Protocol.model_validate({**asked, "temperature": "provider", "thinking": "low"})
    prompts = read_card(CATALOGUE / "prompts/instruction.yaml", PromptSet)
    said = "; ".join(card.cannot_follow("g", protocol, [prompts]))
    assert ("Gemini takes one of them" in said) == (level == "thinkingLevel")
    assert bool(said) == (level == "thinkingLevel")


def test_another_header_may_hold_the_key() -> None:
    headers = {"X-Goog-Api-Key": {"env": "K"}}
    card = GeminiModel.model_validate({**CARD, "api_key_env": None, "headers": headers})
    assert card.key_variables() == {"K"}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3.8-flash", "/models/gemini-3.8-flash"),
        ("models/gemini-3.8-flash", "/models/gemini-3.8-flash"),
        ("tunedModels/my own", "/tunedModels/my%20own"),
    ],
)
def test_a_model_is_asked_in_the_collection_that_it_is_in(model: str, path: str) -> None:
    assert model_path(model) == path


def asked(desk: GeminiDesk, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `emoalign check --ask` says of the desk's card."""
    monkeypatch.chdir(desk.folder)
    card = desk.card.model_dump(mode="json", exclude_none=True)
    for name, content in {"models/faulty.yaml": card, "config.yaml": STUDY}.items():
        path = desk.folder / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump(content, stream)
    done = CliRunner().invoke(application, ["check", "--ask"])
    assert done.exit_code == 0, done.output
    return done.output


def test_check_ask_tells_what_the_server_can_do(
    desk: GeminiDesk, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = asked(replace(desk, more={"safety": "OFF"}), monkeypatch)
    assert "n: 2 of 2 answers in one request" in told
    assert "sampling: temperature, top_p sent and accepted" in told
    assert all(body["safetySettings"] for body in server.bodies)


@pytest.mark.parametrize(
    ("model", "ignores"),
    [
        *(("gemini-2.5-flash", False), ("gemini-3-pro-preview", False), ("gemma-3-27b-it", False)),
        *(("gemini-3.1-pro-preview", False), ("gemini-3.5-pro", False), ("gemini-3.5-flash", True)),
        *(("gemini-3.5-flash-lite", True), ("gemini-3.6-flash", True), ("gemini-4-hydrogen", True)),
        *(("models/gemini-3.8-flash-001", True), ("tunedModels/mine", False)),
    ],
)
def test_models_that_ignore_sampling_in_silence_are_known(model: str, ignores: bool) -> None:
    assert ignores_sampling(model) == ignores


def test_check_ask_tries_whether_a_request_gives_several_answers(
    desk: GeminiDesk, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "choices in the card can be raised" in asked(replace(desk, choices=1), monkeypatch)
