"""Claude's requests and replies against the types of Anthropic's own package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import jsonschema
import orjson
import pytest
from PIL import Image as Picture

from emoalign.elicitation.budget import paid
from emoalign.elicitation.engines.anthropic.anthropic_model import AnthropicModel
from emoalign.elicitation.engines.anthropic.message_batches import (
    MessageBatches,
    read_state,
)
from emoalign.elicitation.engines.anthropic.messages import STATUSES
from emoalign.elicitation.engines.api.batch_replies import reply_in
from emoalign.elicitation.engines.api.choices import has_choices, read_choices
from emoalign.elicitation.engines.api.replies import Fault, failure_in
from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import is_cut, withheld
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import Image, Message, Prompt
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Thinking
from emoalign.study.reading import read_card
from tests.kit.schemas import closed
from tests.kit.structured import schemas

types = pytest.importorskip("anthropic.types")
batch_types = pytest.importorskip("anthropic.types.messages")
PROMPT_SETS = [read_card(path, PromptSet) for path in CATALOGUE.glob("prompts/*.yaml")]
CARDS = {path.stem: read_card(path, MODELS) for path in CATALOGUE.glob("models/*.yaml")}
SHIPPED = {name: card for name, card in CARDS.items() if isinstance(card, AnthropicModel)}
NAMED = get_args(get_args(types.ModelParam)[0])
"""Models that the package names."""

CHATS = [prompts for prompts in PROMPT_SETS if prompts.kind == "chat"]
NEW = {"capabilities": {"sampling": "none"}}
OLD = {
    "api_version": "2023-06-01",
    "capabilities": {"sampling": "temperature", "temperature": {"min": 0, "max": 1}},
}


@pytest.fixture(scope="module")
def body_schema() -> dict[str, Any]:
    return closed(types.MessageCreateParams)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Image:
    path = tmp_path_factory.mktemp("picture") / "grey.png"
    Picture.new("RGB", (8, 8), "grey").save(path)
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), 16, path)


def model(**more: Any) -> AnthropicModel:
    card = {"title": "C", "engine": "anthropic", "model": "claude-x", "api_key_env": None}
    return AnthropicModel.model_validate({**card, **NEW, **more})


def ask(card: AnthropicModel, prompts: PromptSet, image: Image | None = None) -> Ask:
    spoken = (Message("system", "Rate what you see."), Message("user", "joy"))
    sampling = Sampling(1.0, prompts.answer.max_tokens, prompts.answer.stop)
    prompt = Prompt(spoken, None, image, prompts.image)
    request = RatingRequest(
        *(card.model, None, prompt, sampling, "sampled", 1), extra_body=card.extras()
    )
    return Ask(request, (0,))


def body(card: AnthropicModel, asked: Ask) -> Any:
    return orjson.loads(orjson.dumps(card.dialect.body(card.model, card.capabilities, asked)))


# Requests


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "between_tools"}, "service_tier": "standard_only"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("version", [NEW, OLD], ids=["2026-10-21", "2023-06-01"])
def test_every_body_is_one_that_the_package_would_send(
    version: Mapping[str, Any],
    extra: dict[str, Any],
    body_schema: dict[str, Any],
    picture: Image,
) -> None:
    card = model(**version, extra_body=extra)
    assert len(CHATS) > 2
    for prompts in CHATS:
        for image in (None, picture):
            sent = body(card, ask(card, prompts, image))
            if version is OLD:  # which the package has no types for any more
                assert sent.pop("temperature") == 1
            jsonschema.Draft202012Validator(body_schema).validate(sent)
            assert sent.items() >= extra.items()
            assert sent["system"] == "Rate what you see."
            kinds = [part["type"] for part in sent["messages"][0]["content"] if image]
            assert sorted(kinds) == (["image", "text"] if image else [])


@pytest.mark.parametrize("level", ["provider", "off", "low", "medium", "high"])
@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_body_of_a_shipped_card_is_one_too(
    name: str, level: Thinking, body_schema: dict[str, Any], picture: Image
) -> None:
    card = SHIPPED[name]
    thoughts = card.thoughts(level)
    expected = dict(card.extra_body) | thoughts.parameters
    if level in ("low", "medium", "high"):
        assert expected["output_config"] == {"effort": level}
        assert thoughts.tokens > 1024
    for prompts in CHATS:
        for image in (None, picture):
            asked = ask(card, prompts, image)
            request = replace(asked.request, extra_body=card.extras(thoughts))
            sent = body(card, replace(asked, request=request))
            jsonschema.Draft202012Validator(body_schema).validate(sent)
            assert sent["model"] in NAMED
            assert sent.items() >= expected.items()


@pytest.mark.parametrize("effort", [{}, {"output_config": {"effort": "low"}}], ids=repr)
def test_a_schema_is_sent_as_the_package_would_send_it(
    effort: dict[str, Any], body_schema: dict[str, Any]
) -> None:
    transform = pytest.importorskip("anthropic.lib._parse._transform").transform_schema
    card = model(extra_body=effort)
    told = []
    for schema in schemas():
        asked = ask(card, CHATS[0])
        sent = body(card, replace(asked, request=replace(asked.request, schema=schema)))
        jsonschema.Draft202012Validator(body_schema).validate(sent)
        form = {"type": "json_schema", "schema": transform(schema)}
        assert sent["output_config"] == {**effort.get("output_config", {}), "format": form}
        told.append(orjson.dumps(form).decode())
    assert any("{minimum: 0, maximum: 1000}" in each for each in told)
    assert any('"minItems":1' in each for each in told)
    line = MessageBatches(card).line(Ask(replace(asked.request, schema=schema), (0,)))
    assert orjson.loads(line)["params"]["output_config"] == sent["output_config"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 1.0},
        {"n": 2},
        {"seed": 1},
        {"max_tokens": None},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "off"}},
        {"output_config": {"effort": "minimal"}},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": "joy", "name": "me"}]},
    ],
    ids=repr,
)
def test_the_types_tell_what_is_wrong(
    wrong: dict[str, object], body_schema: dict[str, Any]
) -> None:
    card = model()
    sent = body(card, ask(card, CHATS[0])) | wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(body_schema).validate(sent)


def test_a_batch_is_one_that_the_package_would_send() -> None:
    card = model(extra_body={"thinking": {"type": "disabled"}})
    schema = closed(batch_types.BatchCreateParams)
    lines = [orjson.loads(MessageBatches(card).line(ask(card, prompts))) for prompts in CHATS]
    jsonschema.Draft202012Validator(schema).validate({"requests": lines})
    assert all(len(line["custom_id"]) <= 64 for line in lines)


# Replies


def message(*content: Any, **more: Any) -> Any:
    """A message of the package's own type."""
    usage = types.Usage(
        input_tokens=12,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=8,
        output_tokens=30,
        output_tokens_details=types.OutputTokensDetails(thinking_tokens=25),
        service_tier="standard",
    )
    said = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-20260101"}
    return types.Message(
        **{**said, "content": list(content), "stop_reason": "end_turn", "usage": usage, **more}
    )


TEXT = types.TextBlock(type="text", text="7")
THOUGHTS = types.ThinkingBlock(type="thinking", thinking="Joy is good.", signature="c2ln")
HIDDEN = types.RedactedThinkingBlock(type="redacted_thinking", data="ZW5j")


def read(said: Any) -> Answer:
    """The answer in a message, as it comes over the wire."""
    reply = model().dialect.reply(orjson.loads(said.to_json()))
    assert failure_in(reply) is None
    assert has_choices(reply)
    (answer,) = read_choices("a", [0], False, reply, 0.1)
    return answer


def test_a_message_with_thoughts_is_read_whole() -> None:
    answer = read(message(THOUGHTS, HIDDEN, TEXT))
    assert (answer.text, answer.thinking) == ("7", "Joy is good.")
    assert (answer.prompt_tokens, answer.completion_tokens) == (120, 30)
    assert answer.thinking_tokens == 25
    assert answer.model_reported == "claude-x-20260101"
    assert (answer.reply_id, answer.finish_reason) == ("msg_1", "end_turn")


def test_a_message_of_hidden_thoughts_alone_is_an_answer_without_words() -> None:
    answer = read(message(HIDDEN, stop_reason="max_tokens"))
    assert (answer.text, answer.thinking, answer.thinking_tokens) == ("", None, 25)


def test_a_block_of_another_kind_is_passed_over() -> None:
    tool = types.ToolUseBlock(
        type="tool_use", id="toolu_1", name="rate", input={}, caller={"type": "direct"}
    )
    assert read(message(tool, TEXT)).text == "7"


@pytest.mark.parametrize("reason", get_args(types.StopReason))
def test_an_answer_costs_what_is_counted_whyever_it_ended(reason: Any) -> None:
    answer = read(message(THOUGHTS, TEXT, stop_reason=reason))
    assert answer.finish_reason == reason
    assert is_cut(answer) == (
        reason in ("max_tokens", "pause_turn", "model_context_window_exceeded")
    )
    assert (withheld(answer) == "refusal") == (reason == "refusal")
    prices = Prices(input_usd=1, output_usd=10, as_of="2026-11-28", source="a page")
    assert paid(prices, [answer], 1.0, longest=4096) == prices.cost(120, 30)


@pytest.mark.parametrize("category", ["cyber", "bio", "general_harms", None])
def test_a_refusal_keeps_its_category(category: Any) -> None:
    details = types.RefusalStopDetails(type="refusal", category=category, explanation="No.")
    answer = read(message(stop_reason="refusal", stop_details=details))
    assert answer.refused
    assert answer.text == "No."
    assert answer.finish_reason == (f"refusal: {category}" if category else "refusal")
    assert Answer.from_line(answer.to_line()) == answer


def test_every_type_of_error_has_a_status() -> None:
    from anthropic.types.shared import error_object

    named = {
        field.annotation.__args__[0]
        for kind in error_object.ErrorObject.__args__[0].__args__
        if (field := kind.model_fields["type"])
    }
    assert len(named) > 6
    assert named <= STATUSES.keys()


# Batches


def batch(**more: Any) -> Any:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    counts = dict.fromkeys(("canceled", "errored", "expired", "processing", "succeeded"), 0)
    said: dict[str, Any] = {"id": "msgbatch_1", "type": "message_batch", "created_at": now}
    said |= {"expires_at": now, "processing_status": "in_progress"}
    said["request_counts"] = counts | {"processing": 3}
    return orjson.loads(batch_types.MessageBatch(**{**said, **more}).to_json())


def test_a_batch_is_read() -> None:
    state = read_state(batch())
    assert (state.id, state.status, state.progress) == (
        *("msgbatch_1", "in_progress"),
        ", 0 of 3 done, 0 failed",
    )
    assert state.created == datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
    assert not state.files
    ended = read_state(batch(processing_status="ended", results_url="https://a.example.org"))
    assert (ended.status, ended.files) == ("completed", ("msgbatch_1",))
    archived = read_state(batch(processing_status="ended", archived_at=datetime.now(UTC)))
    assert not archived.files


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ({"type": "succeeded", "message": message(TEXT)}, None),
        ({"type": "expired"}, "passing"),
        ({"type": "canceled"}, "passing"),
        *(
            ({"type": "errored", "error": {"type": "error", "error": {"type": of, **said}}}, kind)
            for said in [{"message": "No."}]
            for of, kind in [
                ("invalid_request_error", "rejected"),
                ("billing_error", "permanent"),
                ("rate_limit_error", "busy"),
                ("overloaded_error", "busy"),
                ("api_error", "passing"),
                ("not_found_error", "permanent"),
            ]
        ),
    ],
    ids=str,
)
def test_a_result_of_each_type_is_an_answer_or_a_fault(result: Any, kind: str | None) -> None:
    line = batch_types.MessageBatchIndividualResponse(custom_id="a", result=result)
    outcome = model().dialect.outcome(orjson.loads(line.to_json()))
    if kind is None:
        reply = reply_in(outcome, 1, model().dialect)
        assert read_choices("a", [0], False, reply, 0.0)[0].text == "7"
        return
    with pytest.raises(Fault) as raised:
        reply_in(outcome, 1, model().dialect)
    assert raised.value.kind == kind
