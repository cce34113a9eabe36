"""Bodies of requests of every shipped card, held against the provider's own description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image as Picture

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.providers import Provider
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import Image, Message, Prompt, without_system
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import read_card
from tests.faults.providers import KNOWN
from tests.kit.structured import schemas

CARDS = {path.stem: read_card(path, MODELS) for path in CATALOGUE.glob("models/*.yaml")}
OPENAI = {name: card for name, card in CARDS.items() if isinstance(card, OpenAIModel)}
PRESETS = {path.stem: read_card(path, Provider) for path in CATALOGUE.glob("providers/*.yaml")}
OWN_NAMES = {"random_seed", "thinking", "provider", "top_k", "min_p", "chat_template_kwargs"} | {
    *("repetition_penalty", "repeat_penalty", "ignore_eos")
}
"""Parameters of other providers that OpenAI does not have."""
PROMPT_SETS = [read_card(path, PromptSet) for path in CATALOGUE.glob("prompts/*.yaml")]

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def described(shared: Path) -> dict[str, Any]:
    """OpenAI's description of its interface, as a schema of requests for chat completions."""
    text = (shared.parent / "specs" / "openai-openapi.json").read_text(encoding="utf-8")
    return {**json.loads(text), "$ref": "#/components/schemas/CreateChatCompletionRequest"}


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Image:
    path = tmp_path_factory.mktemp("picture") / "grey.png"
    Picture.new("RGB", (8, 8), "grey").save(path)
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), 16, path)


def keys(schema: Any, described: dict[str, Any]) -> set[str]:
    """The keys an object may have: the schema itself forbids none."""
    if "$ref" in schema:
        return keys(
            described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described
        )
    found = set(schema.get("properties", {}))
    return found.union(*(keys(part, described) for part in schema.get("allOf", ())))


def bodies(card: OpenAIModel, picture: Image) -> Iterator[dict[str, Any]]:
    """A request under every prompt set for chats, of a word or an image, for one and for many."""
    spoken = (Message("system", "Rate what you see."), Message("user", "joy"))
    able = card.able
    for prompts in PROMPT_SETS:
        if prompts.kind != "chat" or (prompts.answer.stop and not able.stop):
            continue
        sampling = Sampling(1.0, prompts.answer.max_tokens, prompts.answer.stop)
        for image in (None, picture):
            prompt = Prompt(spoken, None, image, prompts.image)
            shown = prompt if able.system_role else without_system(prompt)
            asked = RatingRequest(
                *(card.model, card.revision, shown, sampling, "sampled", 1),
                extra_body=card.extras(),
            )
            for participants in {1, able.choices}:
                ask = Ask(asked, tuple(range(participants)))
                yield json.loads(json.dumps(card.dialect.body(card.model, card.capabilities, ask)))
            if able.structured and image is None:
                for schema in schemas():
                    ask = Ask(replace(asked, schema=schema), (0,))
                    said = card.dialect.body(card.model, card.capabilities, ask)
                    yield json.loads(json.dumps(said))
            if able.top_logprobs:
                exact = replace(asked, readout="exact", top_logprobs=able.top_logprobs)
                ask = Ask(exact, (None,))
                yield json.loads(json.dumps(card.dialect.body(card.model, card.capabilities, ask)))


def test_there_are_cards_and_prompt_sets_to_hold_against_it() -> None:
    assert {"gpt-4o", "gpt-5.4-mini", "claude-haiku-4-5"} <= set(OPENAI)
    assert any(prompts.kind == "chat" for prompts in PROMPT_SETS)


def of_a_preset(name: str) -> OpenAIModel:
    """A card of which a preset brings everything but the model."""
    card = PRESETS[name].of("a-model").model_copy(update={"provider": name})
    assert isinstance(card, OpenAIModel)
    return card


EVERY = OPENAI | {
    f"any model of {name}": of_a_preset(name)
    for name, preset in PRESETS.items()
    if preset.card["engine"] == "openai"
}


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_body_is_one_that_openai_describes_but_for_what_its_provider_has_of_its_own(
    name: str, described: dict[str, Any], picture: Image
) -> None:
    card = EVERY[name]
    known = keys({"$ref": described["$ref"]}, described)
    sent = list(bodies(card, picture))
    assert sent
    for body in sent:
        if card.provider in KNOWN:
            assert set(body) <= KNOWN[card.provider]
        if card.capabilities.logprobs_number and "logprobs" in body:
            assert type(body.pop("logprobs")) is int
        if card.provider == "llamacpp-server":
            body.pop("top_logprobs", None)  # as many as one likes
        own = OWN_NAMES if card.provider not in (None, "openai", "azure") else set()
        assert set(body) - own <= known
        shared = {key: value for key, value in body.items() if key not in own}
        jsonschema.Draft202012Validator(described).validate(shared)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"temperature": 3}, {"n": 200}, {"messages": []}, {"reasoning_effort": "off"}),
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        {"response_format": {"type": "json_schema", "schema": {}}},
    ],
)
def test_the_description_tells_what_is_wrong(
    wrong: dict[str, object], described: dict[str, Any], picture: Image
) -> None:
    body = next(bodies(OPENAI["gpt-4o"], picture))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(described).validate(body | wrong)


def test_claude_is_sent_temperature_or_top_p_and_not_both(picture: Image) -> None:
    for body in bodies(OPENAI["claude-haiku-4-5"], picture):
        assert "temperature" in body
        assert "top_p" not in body
