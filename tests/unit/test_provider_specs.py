"""Bodies of requests of every shipped card, held against the provider's own description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image as Picture

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import Image, Message, Prompt, without_system
from emoalign.study.protocols import PromptSet
from emoalign.study.reading import read_card

CARDS = {path.stem: read_card(path, MODELS) for path in CATALOGUE.glob("models/*.yaml")}
OPENAI = {name: card for name, card in CARDS.items() if isinstance(card, OpenAIModel)}
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
        if prompts.kind != "chat":
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


def test_there_are_cards_and_prompt_sets_to_hold_against_it() -> None:
    assert {"gpt-4o", "gpt-5.4-mini", "claude-haiku-4-5"} <= set(OPENAI)
    assert any(prompts.kind == "chat" for prompts in PROMPT_SETS)


@pytest.mark.parametrize("name", sorted(OPENAI))
def test_every_body_is_one_that_openai_describes(
    name: str, described: dict[str, Any], picture: Image
) -> None:
    known = keys({"$ref": described["$ref"]}, described)
    for body in bodies(OPENAI[name], picture):
        jsonschema.Draft202012Validator(described).validate(body)
        assert set(body) <= known


@pytest.mark.parametrize(
    "wrong", [{"temperature": 3}, {"n": 200}, {"messages": []}, {"reasoning_effort": "off"}]
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
