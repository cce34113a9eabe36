"""Claude through Anthropic's Messages: what is sent, and what its answers and errors mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from emoalign.commands.app import application
from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.anthropic.anthropic_model import AnthropicModel
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import EngineError
from emoalign.installed import CATALOGUE
from emoalign.prompts import Message, Prompt
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card, validate
from tests.faults.claude_server import ClaudeServer, complaints, error
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.server import Heard

NEW = {"engine": "anthropic", "capabilities": {"sampling": "none"}}
ABLE = {"sampling": "temperature", "temperature": {"min": 0, "max": 1}}
OLD = {"engine": "anthropic", "api_version": "2023-06-01", "capabilities": ABLE}


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with ClaudeServer().running() as running:
        yield running


@pytest.fixture
def claude(desk: Desk) -> Desk:
    return replace(desk, more=NEW)


def said(**fields: object) -> Callable[[Heard, dict[str, Any]], dict[str, Any]]:
    """A reply with other fields."""
    return lambda heard, reply: {**reply, **fields}


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "c2lnbmVk"}


# What is sent


@pytest.mark.parametrize("version", [NEW, OLD], ids=["2026-10-21", "2023-06-01"])
def test_claude_gives_every_answer_once(
    version: Mapping[str, Any], desk: Desk, server: ClaudeServer
) -> None:
    ratings = replace(desk, more=version).rate()
    assert (ratings["rating"] == 7).all()
    assert len(ratings) == len(server.computed) == len(server.heard) == 12
    assert len({answer.reply_id for answer in desk.answers()}) == 12
    headers = server.heard[0].headers
    assert headers["x-api-key"] == KEY
    assert headers["anthropic-version"] == version.get("api_version", "2026-10-21")
    assert "authorization" not in headers


def body(more: Mapping[str, Any], request: RatingRequest | None = None) -> dict[str, Any]:
    """The body of a request."""
    card = model(more)
    messages = (Message("system", "Rate."), Message("user", "joy"))
    sampling = Sampling(0.5, 100, ("\n\nEND",))
    asked = request or RatingRequest(
        *("m", None, Prompt(messages, None), sampling, "sampled", 1), extra_body=card.extras()
    )
    return card.dialect.body(card.model, card.capabilities, Ask(asked, (0,)))


def model(more: Mapping[str, Any]) -> AnthropicModel:
    return AnthropicModel.model_validate({"title": "C", "model": "claude-x", **more})


def test_a_temperature_goes_with_the_older_version_alone_and_never_with_top_p() -> None:
    plain = {
        "model": "claude-x",
        "max_tokens": 100,
        "system": "Rate.",
        "messages": [{"role": "user", "content": "joy"}],
        "stop_sequences": ["\n\nEND"],
    }
    assert body(NEW) == plain
    assert body(OLD) == plain | {"temperature": 0.5}


def test_thinking_and_effort_are_sent_as_the_card_says() -> None:
    extra = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}
    assert body({**NEW, "extra_body": extra}).items() >= extra.items()


@pytest.mark.parametrize(
    ("version", "wrong"),
    [
        ("2026-10-21", {"temperature": 1.0}),
        ("2026-10-21", {"top_k": 0}),
        ("2023-06-01", {"temperature": 1.0, "top_p": 1.0}),
        ("2023-06-01", {"temperature": 1.5}),
        ("2023-06-01", {"seed": 7}),
        ("2026-10-21", {"n": 2}),
        ("2026-10-21", {"max_tokens": None}),
        ("2026-10-21", {"messages": [{"role": "system", "content": "Rate."}]}),
        (
            "2026-10-21",
            {
                "messages": [
                    {"role": "user", "content": "joy"},
                    {"role": "assistant", "content": "{"},
                ]
            },
        ),
        ("2026-10-21", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
    ],
    ids=repr,
)
def test_the_server_of_these_tests_refuses_what_the_real_one_refuses(
    version: str, wrong: Mapping[str, Any]
) -> None:
    good = body(NEW)
    assert not list(complaints(version, good))
    assert list(complaints(version, {**good, **wrong}))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"capabilities": {}}, "takes no parameter of sampling: write sampling: none"),
        ({**OLD, "capabilities": {"sampling": "temperature"}}, "takes temperatures up to 1"),
        ({**OLD, "capabilities": {**ABLE, "sampling": "all"}}, "write sampling: temperature"),
        (
            {**OLD, "capabilities": {**OLD["capabilities"], "sampling": "vllm"}},
            "write sampling: te",
        ),
        ({"capabilities": {"choices": 20, "seed_bits": 63}}, "choices: 20, seed_bits: 63, but"),
        ({**NEW, "extra_body": {"stop_sequences": ["a"]}}, "set answer.stop in the prompt set"),
        ({**NEW, "extra_body": {"system": "Be nice."}}, "write the question as a prompt set"),
        ({**NEW, "headers": {"Anthropic-Version": "1"}}, "emoalign sets this header itself"),
        ({**NEW, "headers": {"X-Api-Key": {"env": "A"}}}, "set api_key_env: null to send one"),
    ],
)
def test_a_card_that_claude_cannot_follow_says_what_to_write(
    more: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        model({"engine": "anthropic", **more})


@pytest.mark.parametrize("way", ["extra_body", "level"])
@pytest.mark.parametrize(
    ("ttl", "written", "taken"),
    [
        ("1h", None, False),
        ("1h", 1.25, False),
        ("1h", 2, True),
        ("5m", 1.25, True),
        (None, 1, True),
    ],
)
def test_a_cache_of_an_hour_is_not_booked_as_one_of_five_minutes(
    way: str, ttl: str | None, written: float | None, taken: bool
) -> None:
    cached = {"cache_control": {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}}
    prices = {"input_usd": 1, "output_usd": 5, "as_of": "2026-11-28", "source": "a page"}
    able = {"sampling": "none", "thinking": {"low": cached if way == "level" else {}}}
    more = {**NEW, "capabilities": able, "prices": prices | {"written_usd": written}}
    more["extra_body"] = cached if way == "extra_body" else {}
    if not taken:
        with pytest.raises(ValidationError, match=r"ttl: 1h.*write written_usd: 2"):
            model(more)
        return
    assert model(more).prices is not None
    assert model({**more, "prices": None}).prices is None


def test_a_header_of_ones_own_may_bring_the_key() -> None:
    own = {"api_key_env": None, "headers": {"Authorization": {"env": "A_VARIABLE"}}}
    assert model({**NEW, **own}).key_variables() == {"A_VARIABLE"}


def test_a_date_in_a_card_is_a_version() -> None:
    entry, problems = validate(
        AnthropicModel, {"title": "C", "model": "claude-x", "api_version": "2022-01-01", **NEW}, "c"
    )
    assert entry is None
    assert any("api_version" in problem for problem in problems)


def test_a_card_moved_from_the_interface_for_openai_clients_asks_nothing_again(
    claude: Desk,
) -> None:
    before = replace(claude, more={"engine": "openai", "capabilities": ABLE})
    items = [("joy", "joy"), ("woe", "woe")]
    ids = [
        {one.ask.request.request_id for one in build_questions(each.job, each.card, items)}
        for each in (before, claude, replace(claude, more=OLD))
    ]
    assert ids[0] == ids[1] == ids[2]


def test_a_budget_of_thoughts_that_leaves_no_room_for_the_answer_is_refused() -> None:
    card = model({**NEW, "extra_body": {"thinking": {"type": "enabled", "budget_tokens": 1024}}})
    protocol = Protocol.model_validate(
        {"name": "plain", "prompts": "plain", "participants": 1, "readouts": ("sampled",)}
    )

    prompts = read_card(CATALOGUE / "prompts/instruction.yaml", PromptSet)

    def problems(most: int) -> list[str]:
        answer = prompts.answer.model_copy(update={"max_tokens": most})
        return list(
            card.cannot_follow("c", protocol, [prompts.model_copy(update={"answer": answer})])
        )

    assert problems(1025) == []
    (problem,) = problems(1024)
    assert "at most 1024 tokens" in problem
    assert "budget_tokens: 1024" in problem


@pytest.mark.parametrize(("tokens", "refused"), [(1024, False), (1000, True)])
def test_a_level_of_thinking_with_a_budget_leaves_room_for_the_answer(
    tokens: int, refused: bool
) -> None:
    low = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    able = {"sampling": "none", "thinking": {"low": low}, "thinking_tokens": {"low": tokens}}
    card = model({**NEW, "capabilities": able, "extra_body": {"thinking": {"type": "disabled"}}})
    prompts = read_card(CATALOGUE / "prompts/instruction.yaml", PromptSet)
    protocol = Protocol.model_validate(
        {"name": "p", "prompts": "p", "participants": 1, "thinking": "low", "temperature": 1}
        | {"readouts": ("sampled",)}
    )
    assert bool(list(card.cannot_follow("c", protocol, [prompts]))) == refused
    assert prompts.answer.max_tokens > 0
    thoughts = card.thoughts("low")
    sampling = Sampling(1.0, prompts.answer.max_tokens + thoughts.tokens)
    messages = (Message("user", "joy"),)
    asked = RatingRequest(
        *("m", None, Prompt(messages, None), sampling, "sampled", 1),
        extra_body=card.extras(thoughts),
    )
    sent = card.dialect.body(card.model, card.capabilities, Ask(asked, (0,)))
    assert sent["thinking"]["budget_tokens"] == 1024
    assert bool(list(complaints("2026-10-21", sent))) == refused


def lacking(more: Mapping[str, Any], low: Mapping[str, Any], **protocol: object) -> str:
    """What the check of a study says of a card with a level of thinking, low."""
    able = {"thinking": {"low": low, "off": {"thinking": {"type": "disabled"}}}}
    able |= {"thinking_tokens": 2048, **more["capabilities"]}
    asked = {"name": "p", "prompts": "p", "participants": 1, "readouts": ("sampled",), **protocol}
    prompts = read_card(CATALOGUE / "prompts/instruction.yaml", PromptSet)
    card = model({**more, "capabilities": able})
    return "; ".join(card.cannot_follow("c", Protocol.model_validate(asked), [prompts]))


def test_a_budget_that_is_left_over_from_the_card_is_told() -> None:
    budget = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    card = {**NEW, "extra_body": budget}
    for level, low in (("off", budget), ("low", {"thinking": {"type": "adaptive"}})):
        said = lacking(card, low, thinking=level, temperature="provider")
        assert "leave thinking out of extra_body" in said
        assert "at most" not in said
    assert not lacking(card, budget, thinking="low", temperature="provider")


@pytest.mark.parametrize(("level", "shown"), [("off", False), ("low", True)])
def test_what_makes_claude_think_is_no_example_of_switching_it_off(level: str, shown: bool) -> None:
    card = {**NEW, "capabilities": {"sampling": "none", "thinking": {}}}
    said = lacking(card, {}, thinking=level, temperature="provider")
    assert f"thinking: {{{level}: {{…}}}}" in said
    assert ("type: adaptive" in said) == shown


@pytest.mark.parametrize(("temperature", "taken"), [(0.5, False), (1, True), ("provider", True)])
def test_claude_thinks_at_temperature_1_alone(temperature: float | str, taken: bool) -> None:
    low = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    said = lacking(OLD, low, thinking="low", temperature=temperature)
    assert ("no temperature but 1" in said) != taken
    assert bool(said) != taken
    assert not lacking(OLD, low, thinking="off", temperature=temperature)


# What comes back


def test_thoughts_are_told_from_the_answer_and_counted(claude: Desk, server: ClaudeServer) -> None:
    hidden = {"type": "redacted_thinking", "data": "ZW5jcnlwdGVk"}
    text = [{"type": "text", "text": "7", "citations": None}]
    usage = {
        "input_tokens": 10,
        "output_tokens": 40,
        "output_tokens_details": {"thinking_tokens": 38},
    }
    server.change = said(
        content=[thinking("Joy is "), hidden, thinking("good."), *text], usage=usage
    )
    assert (claude.rate()["rating"] == 7).all()
    answer = claude.answers()[0]
    assert answer.text == "7"
    assert answer.thinking == "Joy is good."
    assert (answer.thinking_tokens, answer.completion_tokens) == (38, 40)


def test_tokens_of_the_cache_are_tokens_of_the_prompt(claude: Desk, server: ClaudeServer) -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 20}
    server.change = said(usage=usage | {"output_tokens": 2})
    claude.rate()
    assert {answer.prompt_tokens for answer in claude.answers()} == {523}
    reply = claude.card.dialect.reply({"content": [], "usage": usage})
    details = {"cached_tokens": 500, "cache_write_tokens": 20}
    assert reply["usage"]["prompt_tokens_details"] == details


@pytest.mark.parametrize(
    ("stop_reason", "content", "status"),
    [
        ("max_tokens", [thinking("Let me see")], "truncated"),
        ("model_context_window_exceeded", [], "truncated"),
        ("pause_turn", [thinking("Let me")], "truncated"),
        ("end_turn", [], "unparsable"),
        ("stop_sequence", [{"type": "text", "text": "7"}], "ok"),
    ],
)
def test_the_reason_why_an_answer_ended_is_kept_in_claudes_own_word(
    stop_reason: str, content: object, status: str, claude: Desk, server: ClaudeServer
) -> None:
    server.change = said(stop_reason=stop_reason, content=content)
    ratings = replace(claude, more={**NEW, "first_answers": 0}).rate()
    assert set(ratings["status"]) == {status}
    assert set(ratings["finish_reason"]) == {stop_reason}
    assert len(server.computed) == 12


@pytest.mark.parametrize(
    ("content", "text", "status"),
    [
        (None, "", "unparsable"),
        ([], "", "unparsable"),
        ("7", "7", "ok"),
        ([None, "7"], "7", "ok"),
        (7, '{"choice":{"message":{"role":"assistant","content":7}', "unparsable"),
    ],
)
def test_what_claude_answered_is_not_asked_for_again_whatever_its_form(
    content: object, text: str, status: str, claude: Desk, server: ClaudeServer
) -> None:
    server.change = said(content=content)
    desk = replace(claude, more={**NEW, "first_answers": 0})
    ratings = desk.rate()
    assert set(ratings["status"]) == {status}
    assert all(answer.text.startswith(text) for answer in desk.answers())
    assert {len(answer.text) == len(text) for answer in desk.answers()} == {content != 7}
    desk.rate()
    assert len(server.heard) == len(server.computed) == 12


def test_a_message_without_content_or_reason_is_kept_where_it_is_paid_for(
    claude: Desk, server: ClaudeServer
) -> None:
    server.change = lambda heard, reply: {"text": "7", "usage": reply["usage"]}
    ratings = replace(claude, more={**NEW, "first_answers": 0}).rate()
    assert set(ratings["status"]) == {"unparsable"}
    assert all('"text":"7"' in text for text in ratings["text"])
    assert len(server.heard) == 12
    assert {answer.prompt_tokens for answer in claude.answers()} == {10}


@pytest.mark.parametrize("stop_reason", ["pause_turn", "model_context_window_exceeded"])
def test_an_answer_that_paused_or_met_the_end_of_the_context_costs_what_is_counted(
    stop_reason: str, claude: Desk, server: ClaudeServer
) -> None:
    server.change = said(stop_reason=stop_reason, content=[{"type": "text", "text": "I"}])
    prices = {"input_usd": 1, "output_usd": 10, "as_of": "2026-01-01", "source": "a page"}
    account = Account(claude.folder / "spent.json", 1)
    more = {**NEW, "prices": prices, "first_answers": 0}
    ratings = replace(claude, more=more).rate(account)
    assert set(ratings["status"]) == {"truncated"}
    assert account.spent() == pytest.approx(12 * (10 + 2 * 10) * 1e-6)


@pytest.mark.parametrize(
    ("details", "finish_reason", "text"),
    [
        (
            {"type": "refusal", "category": "bio", "explanation": "It could harm."},
            "refusal: bio",
            "It could harm.",
        ),
        ({"type": "refusal", "category": None, "explanation": None}, "refusal", ""),
        (None, "refusal", ""),
    ],
)
def test_a_refusal_is_an_answer_with_its_category(
    details: object, finish_reason: str, text: str, claude: Desk, server: ClaudeServer
) -> None:
    server.change = said(stop_reason="refusal", stop_details=details, content=[])
    ratings = replace(claude, more={**NEW, "first_answers": 0}).rate()
    assert set(ratings["status"]) == {"refusal"}
    assert set(ratings["finish_reason"]) == {finish_reason}
    assert set(ratings["text"]) == {text}
    assert all(answer.refused for answer in claude.answers())
    assert len(server.computed) == 12


# Errors


def test_faults_that_pass_cost_no_answer(claude: Desk, server: ClaudeServer) -> None:
    faults = ("429", "500", "529", "error in 200", "drop", "truncate", "garbage", "empty")
    server.plan = lambda heard: dict(enumerate(faults, 1)).get(len(server.heard))
    ratings = replace(claude, limits={**claude.limits, "retries": 9, "longest_wait_s": 0.05}).rate()
    assert (ratings["rating"] == 7).all()
    assert len(claude.answers()) == 12
    assert set(faults) <= set(server.met)


def test_a_word_that_the_provider_does_not_let_through_is_withheld(
    claude: Desk, server: ClaudeServer
) -> None:
    refusal = error(400, "Output blocked by content filtering policy")
    server.said = lambda heard: (400, refusal) if heard.prompt == "war" else None
    status = claude.rate().set_index("item_id")["status"]
    assert set(status.loc["war"]) == {"content_filter"}
    assert set(status.drop("war")) == {"ok"}


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, error(400, "Your credit balance is too low to access the API."), "top it up"),
        (402, error(402, "Payment required."), "top it up"),
        *(
            (429, error(429, "Limit.", details={"error_code": code}), "top it up")
            for code in ("enforced_spend_limit_reached", "contract_spend_limit_reached")
        ),
        (401, error(401, "invalid x-api-key"), "key is wrong or missing"),
        (404, error(404, "model: claude-x"), "check model and base_url"),
        (413, error(413, "Request exceeds the maximum size"), "lower image_longest_side"),
        (400, error(400, "temperature: Extra inputs are not permitted"), "set sampling: none"),
    ],
)
def test_an_error_that_stays_ends_the_job_and_says_what_to_do(
    status: int, body: object, says: str, claude: Desk, server: ClaudeServer
) -> None:
    server.said = lambda heard: (status, body)
    with pytest.raises(EngineError, match=says):
        claude.rate()
    assert not server.computed


def test_a_wait_that_claude_asks_for_is_kept(claude: Desk, server: ClaudeServer) -> None:
    ramp = error(429, "Slow down.", details={"error_code": "ramp_limit_exceeded"})
    server.refusal = ramp
    server.retry_after = {"Retry-After": "1"}
    server.plan = lambda heard: "429" if heard is server.heard[0] else None
    claude.rate()
    assert server.heard[-1].at - server.heard[0].at >= 1


def test_nothing_is_sent_while_a_limit_of_claude_is_used_up(
    claude: Desk, server: ClaudeServer
) -> None:
    # The header Date has whole seconds, so that a wait may be up to one second longer.
    reset = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat().replace("+00:00", "Z")
    server.headers = {
        "anthropic-ratelimit-requests-remaining": "7",
        "anthropic-ratelimit-requests-reset": reset,
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": reset,
    }
    replace(claude, words=["joy"], participants=2, limits={"concurrency": 1}).rate()
    assert server.heard[1].at - server.heard[0].at > 0.5


def test_a_server_without_a_key_of_ours_is_told_none(
    claude: Desk, server: ClaudeServer, tmp_path: Path
) -> None:
    assert KEY_VARIABLE in claude.card.key_variables()
    with pytest.raises(EngineError, match="x-api-key header is required"):
        replace(claude, more={**NEW, "api_key_env": None}).rate()


def test_a_check_asks_claude_and_tells_what_was_sent(
    server: ClaudeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    card = {"title": "Claude", "model": "faulty", "base_url": server.address, **NEW}
    protocol = {"name": "asked", "prompts": "instruction", "participants": 10}
    study = {"study": "mine", "title": "Mine", "seed": 1, "models": ["claude"]}
    study |= {"datasets": [{"dataset": "vader", "sample": 5}], "protocols": [protocol]}
    server.change = said(content=[thinking("Hm."), {"type": "text", "text": "7"}])
    for name, content in {
        "models/claude": card | {"api_key_env": KEY_VARIABLE},
        "config": study,
    }.items():
        path = tmp_path / "config" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(content))  # which YAML is as well
    done = CliRunner().invoke(application, ["check", "--ask"])
    assert done.exit_code == 0, done.output
    assert "claude: reachable" in done.output
    assert "'7', read as valence: 7" in done.output
    assert "sampling: no parameters sent and accepted" in done.output
    assert "thinking: the model thinks before it answers" in done.output
    assert KEY not in done.output
