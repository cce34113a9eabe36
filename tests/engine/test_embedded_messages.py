"""Anthropic's Messages, answered for real by the bundled model's server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from emoalign.elicitation.engines.anthropic.anthropic_model import AnthropicModel
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.client import ApiEngine
from emoalign.elicitation.engines.llamacpp import LlamaCppModel, Served, served
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import is_cut
from emoalign.errors import EngineError
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Message, Prompt

SYSTEM = "You are a poet of the sea, who answers in short sentences."
QUESTION = "Name one word about the sea, and say why."


@pytest.fixture(scope="module")
def server(default_study: LoadedStudy) -> Iterator[Served]:
    model = default_study.models["smollm2-135m"]
    assert isinstance(model, LlamaCppModel)
    with served(model) as running:
        yield running


def claude(server: Served) -> AnthropicModel:
    return AnthropicModel.model_validate(
        {
            "title": "Small",
            "engine": "anthropic",
            "model": "small",
            "base_url": f"{server.address}/v1",
            "api_key_env": None,
            "api_version": "2023-06-01",
            "capabilities": {"sampling": "temperature", "temperature": {"min": 0, "max": 1}},
        }
    )


def as_openai(server: Served) -> OpenAIModel:
    capabilities = {"sampling_extras": True}
    shared = claude(server).model_dump(include={"title", "model", "base_url", "api_key_env"})
    return OpenAIModel.model_validate(shared | {"engine": "openai", "capabilities": capabilities})


def answer(
    card: ApiModel,
    key: str | None,
    max_tokens: int = 8,
    stop: tuple[str, ...] = (),
    system: str | None = SYSTEM,
) -> Answer:
    """The likeliest answer."""
    messages = (*((Message("system", system),) if system else ()), Message("user", QUESTION))
    sampling = Sampling(0.0, max_tokens, stop)
    request = RatingRequest(
        *(card.model, None, Prompt(messages, None), sampling, "sampled", 1),
        extra_body=card.extras(),
    )

    async def once() -> list[Answer]:
        engine = ApiEngine(card.dialect, card.base_url, card.model, None, card, key)
        try:
            return await engine.ask(Ask(request, (0,)))
        finally:
            await engine.close()

    (only,) = asyncio.run(once())
    return only


def test_messages_and_chat_completions_bring_the_same_answer(server: Served) -> None:
    said = answer(claude(server), server.key)
    same = answer(as_openai(server), server.key)
    assert said.text == same.text != ""
    assert said.prompt_tokens == same.prompt_tokens
    assert said.completion_tokens == same.completion_tokens == 8
    assert is_cut(said)
    assert (said.finish_reason, same.finish_reason) == ("max_tokens", "length")
    assert said.reply_id


def test_the_system_message_is_heard(server: Served) -> None:
    without = answer(claude(server), server.key, system=None)
    said = answer(claude(server), server.key)
    assert said.text != without.text
    assert said.prompt_tokens != without.prompt_tokens


def test_an_answer_ends_at_a_stop_sequence(server: Served) -> None:
    whole = answer(claude(server), server.key).text
    stop = whole[len(whole) // 2 :][:3]
    said = answer(claude(server), server.key, stop=(stop,))
    assert said.text == whole.partition(stop)[0]
    assert not is_cut(said)


def test_a_wrong_key_is_told(server: Served) -> None:
    with pytest.raises(EngineError, match="key is wrong or missing"):
        answer(claude(server), "another key")
