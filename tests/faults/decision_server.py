"""A server with OpenAI's and Google's Decisions beside chats, which refuses what theirs refuse.

Requests are checked by the types of their own packages, and replies made by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema
import orjson
from aiohttp import web
from google.genai import decisions as google
from google.genai.interactions import ImageContent, TextContent
from openai.types import Decision
from openai.types.decision_create_params import DecisionCreateParams
from pydantic import ValidationError

from tests.faults.server import Fault, FaultServer, Heard
from tests.kit.schemas import closed

Weigh = Callable[[str, str, int], Sequence[float] | None]
"""The probabilities of so many levels, by what is decided about and the instruction; None for a
refusal."""


def uniform(about: str, instruction: str, levels: int) -> Sequence[float]:
    return [1 / levels] * levels


_OPENAI = jsonschema.Draft202012Validator(closed(DecisionCreateParams))


def refusal(body: Mapping[str, Any]) -> str | None:
    """What a provider says of a request that it does not take; None for one that it takes."""
    return _of_google(body) if isinstance(body["questions"], dict) else _of_openai(body)


def _of_openai(body: Mapping[str, Any]) -> str | None:
    wrong = next(_OPENAI.iter_errors(body), None)
    if wrong is not None:
        return f"Invalid request: {wrong.message}"
    if not 1 <= len(body["questions"]) <= 200:
        return "Between 1 and 200 questions are allowed."
    for question in body["questions"]:
        if not 2 <= len(question["levels"]) <= 10:
            return f"Invalid levels: expected 2 to 10, got {len(question['levels'])}."
        labels = [level["label"] for level in question["levels"]]
        if len(set(labels)) < len(labels) or not all(labels):
            return "Level labels must be unique."
    return None


def _of_google(body: Mapping[str, Any]) -> str | None:
    try:
        google.CreateDecisionRequest.model_validate(body)
    except ValidationError as error:
        return f"Invalid JSON payload received: {error}"
    # The package's models let through what they do not know.
    parts = [] if isinstance(body["input"], str) else body["input"]
    for said, known in (
        (body, google.CreateDecisionRequest),
        *((question, google.ScoreQuestion) for question in body["questions"].values()),
        *((part, {"text": TextContent, "image": ImageContent}[part["type"]]) for part in parts),
    ):
        unknown = said.keys() - known.model_fields.keys()
        if unknown:
            return f"Invalid JSON payload received. Unknown name: {', '.join(unknown)}"
    if not 1 <= len(body["questions"]) <= 1000:
        return "Between 1 and 1000 questions are allowed."
    for name, question in body["questions"].items():
        if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
            return f"Invalid question id {name}"
        if not 2 <= len(question["criteria"]) <= 255 or not all(question["criteria"]):
            return f"criteria: expected 2 to 255 levels, got {len(question['criteria'])}"
        if not question["instructions"]:
            return "instructions: at least one content block is required"
    return None


def text_of(body: Mapping[str, Any]) -> str:
    """The texts of what is decided about."""
    if isinstance(body["input"], str):
        return body["input"]
    parts = [part for message in body["input"] for part in message.get("content", [message])]
    return "\n".join(part["text"] for part in parts if "text" in part)


@dataclass
class DecisionServer(FaultServer):
    """Weighs the levels of every question as told."""

    weigh: Weigh = uniform

    @property
    def google_address(self) -> str:
        return f"{self.address.removesuffix('/v1')}/v1beta"

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)
        app.router.add_post("/v1/decisions", self.answer)
        app.router.add_post("/v1beta/decisions", self.answer)

    def _hear(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Heard:
        if "questions" in body:
            body = {**body, "prompt": text_of(body)}
        heard = super()._hear(body, headers)
        if "questions" in body:
            del body["prompt"]  # type: ignore[attr-defined]
        return heard

    async def _answer(
        self, request: web.Request, heard: Heard, fault: Fault | None
    ) -> web.StreamResponse:
        why = refusal(heard.body) if "questions" in heard.body else None
        if why is not None:
            said = {"message": why, "type": "invalid_request_error", "status": "INVALID_ARGUMENT"}
            return web.json_response({"error": said}, status=400)
        return await super()._answer(request, heard, fault)

    def _compute(self, path: str, heard: Heard, fault: Fault | None) -> tuple[int, bytes]:
        if "questions" not in heard.body:
            return super()._compute(path, heard, fault)
        number = len(self.computed) + 1
        self.computed[number] = (heard.prompt, heard.seed, 1)
        form = _google if isinstance(heard.body["questions"], dict) else _openai
        changed = self.change(heard, form(heard, self.weigh))
        return number, changed if isinstance(changed, bytes) else orjson.dumps(changed)


def _openai(heard: Heard, weigh: Weigh) -> dict[str, Any]:
    answers = []
    for question in heard.body["questions"]:
        levels = question["levels"]
        weights = weigh(heard.prompt, question["instructions"], len(levels))
        if weights is None:
            answers.append({"type": "refusal", "name": question.get("name")})
            continue
        answers.append(
            {
                "type": "score",
                "name": question.get("name"),
                "score": sum(place * weight for place, weight in enumerate(weights)),
                "confidence": max(weights),
                "probabilities": [
                    {"label": level["label"], "value": place, "probability": weight}
                    for place, (level, weight) in enumerate(zip(levels, weights, strict=True))
                ],
            }
        )
    usage = {
        "input_tokens": len(orjson.dumps(heard.body)) // 4,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": len(orjson.dumps(heard.body)) // 4,
    }
    said = {"answers": answers, "model": heard.body["model"], "usage": usage}
    return Decision.model_validate(said, strict=True).model_dump(mode="json")


def _google(heard: Heard, weigh: Weigh) -> dict[str, Any]:
    answers = {}
    for name, question in heard.body["questions"].items():
        levels = question["criteria"]
        weights = weigh(heard.prompt, question["instructions"], len(levels))
        if weights is None:
            blocked = {"prompt_feedback": {"block_reason": "safety"}}
            return _by_google(blocked)
        answers[name] = {
            "type": "score",
            "score": sum(place * weight for place, weight in enumerate(weights)),
            "confidence": max(weights),
            "legend": {str(place): level for place, level in enumerate(levels)},
            "probabilities": {str(place): weight for place, weight in enumerate(weights)},
        }
    tokens = len(orjson.dumps(heard.body)) // 4
    usage = {"total_input_tokens": tokens, "total_tokens": tokens}
    return _by_google({"answers": answers, "usage": usage})


def _by_google(said: Mapping[str, Any]) -> dict[str, Any]:
    made = google.CreateDecisionResponse.model_validate(said)
    return made.model_dump(mode="json", exclude_none=True)
