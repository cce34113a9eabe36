"""Servers that refuse, ignore and answer as those of providers do, as far as that is documented."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.faults.server import FaultServer, Heard

Said = tuple[int, object] | None
Body = Mapping[str, Any]

_COMMON = {"model", "messages", "temperature", "top_p", "max_tokens"}
KNOWN: Mapping[str, set[str]] = {
    "openai": {
        *("model", "messages", "temperature", "top_p", "max_completion_tokens", "n"),
        *("logprobs", "top_logprobs", "reasoning_effort", "seed", "response_format"),
    },
    "azure": {
        *("model", "messages", "temperature", "top_p", "max_completion_tokens", "n", "stop"),
        *("logprobs", "top_logprobs", "reasoning_effort", "seed", "response_format"),
    },
    "openrouter": _COMMON
    | {"provider", "seed", "stop", "logprobs", "top_logprobs", "response_format"},
    "mistral": _COMMON | {"random_seed", "stop", "n", "response_format"},
    "deepseek": _COMMON | {"thinking", "stop", "logprobs", "top_logprobs"},
    "xai": _COMMON | {"seed", "stop", "reasoning_effort", "n", "response_format"},
    "groq": _COMMON | {"seed", "stop", "n", "logprobs", "top_logprobs", "reasoning_effort"},
    "together": _COMMON | {"seed", "stop", "n", "logprobs", "chat_template_kwargs"},
    "bedrock": _COMMON | {"stop"},
}
"""The parameters each takes; others are an error."""

IGNORING = ("ollama", "lmstudio", "vllm-serve", "llamacpp-server")
"""Servers that ignore parameters they do not know."""

ALONE = ("openrouter", "deepseek", "bedrock", "ollama", "lmstudio")
"""Servers that give one answer, whatever n is."""


def serve_as(name: str, server: FaultServer) -> None:
    """Let a server behave as that of a provider."""
    server.said = lambda heard: refusal(name, heard.body)
    server.reply = lambda heard, choice: answer(name, heard, choice)
    server.change = lambda heard, reply: _reply(name, heard.body, reply)
    if name == "vllm-serve":
        server.tokenizers = {"/tokenize": lambda body: _tokens(body.get("prompt"))}
    if name == "llamacpp-server":
        server.tokenizers = {"/tokenize": lambda body: _tokens(body.get("content"))}


def _tokens(text: str | None) -> object:
    return 400 if text is None else {"tokens": [ord(letter) for letter in text]}


def refusal(name: str, body: Body) -> Said:
    """The status and body with which a provider refuses a request; None if it accepts it."""
    unknown = body.keys() - KNOWN.get(name, body.keys())
    if unknown:
        return _error(name, 422 if name == "mistral" else 400, f"unsupported: {min(unknown)}")
    if name == "openrouter":
        host = body.get("provider", {})
        pinned = len(host.get("only", ())) == 1 and host.get("allow_fallbacks") is False
        if not pinned or host.get("require_parameters") is not True:
            return _error(name, 404, "No endpoints found that can handle these parameters")
    if name == "groq" and (body.get("n", 1) != 1 or "logprobs" in body):
        return _error(name, 400, "'n' and 'logprobs' are not supported with this model")
    if name == "together" and isinstance(body.get("logprobs"), bool):
        return _error(name, 422, "logprobs: Input should be a valid integer")
    if name == "bedrock" and body["temperature"] > 1:
        return _error(name, 400, "temperature must be at most 1")
    if name == "mistral" and body["temperature"] > 1.5:
        return _error(name, 422, "temperature must be at most 1.5")
    if name == "openai" and body.get("reasoning_effort") != "none" and "temperature" in body:
        return _error(name, 400, "Unsupported parameter: 'temperature'")
    said = " ".join(str(message["content"]) for message in body["messages"])
    if "forbidden" in said:
        return _withheld(name)
    return None


def _error(name: str, status: int, message: str) -> tuple[int, object]:
    if name == "mistral":
        return status, {"object": "error", "message": message, "type": "invalid_request_error"}
    if name == "xai":
        return status, {"code": "Client specified an invalid argument", "error": message}
    return status, {"error": {"message": message, "code": status}}


def _withheld(name: str) -> Said:
    if name == "xai":
        words = "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"
        return 403, {"code": "The caller does not have permission", "error": words}
    if name == "deepseek":
        return 400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}
    if name == "openrouter":
        words = "requires moderation and your input was flagged for 'violence'"
        return 403, {"error": {"code": 403, "message": words}}
    if name == "azure":
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}
        return 400, {"error": {"code": "content_filter", "innererror": inner}}
    return None


def answer(name: str, heard: Heard, choice: int) -> str:
    """The answer of a model that follows simple instructions; it draws by temperature and seed."""
    body = heard.body
    text = str(body["messages"][-1]["content"])
    seed = body.get("seed", body.get("random_seed"))
    draw = random.Random() if seed is None else random.Random(f"{seed}:{choice}")
    thinks = name == "deepseek" and body.get("thinking", {}).get("type") != "disabled"
    warm = body.get("temperature", 1.0) > 0 or thinks
    if "response_format" in body:
        return _object(body["response_format"]["json_schema"]["schema"], draw)
    if "seven digits" in text:
        return f"{draw.randrange(10**7) if warm else 1234567:07d}"
    if "alpha" in text:
        whole = "alpha beta gamma"
        ends = [whole.find(stop) for stop in body.get("stop", ())]
        return whole[: min(ends)] if ends else whole
    if "colour" in text:
        return "grey"
    return str(draw.randrange(1, 10))


def _object(schema: Mapping[str, Any], draw: random.Random) -> str:
    """An object by a schema of points, each drawn among them."""
    points = {key: draw.choice(part["enum"]) for key, part in schema["properties"].items()}
    return json.dumps(points)


def _reply(name: str, body: Body, reply: dict[str, Any]) -> dict[str, Any]:
    choices: Sequence[dict[str, Any]] = reply["choices"]
    if name in ALONE:
        reply["choices"] = choices = choices[:1]
    if name == "openrouter":
        reply["usage"]["cost"] = 0.25
    wanted = body.get("logprobs")
    if wanted and name != "lmstudio":
        for each in choices:
            each["logprobs"] = _LOGPROBS[name](body) if name in _LOGPROBS else _openai(body)
    if wanted and name == "lmstudio":
        for each in choices:
            each["logprobs"] = None
    return reply


def _openai(body: Body) -> object:
    top = [{"token": str(point), "logprob": -2.2} for point in range(1, 10)]
    return {"content": [{"token": "1", "logprob": -2.2, "top_logprobs": top}]}


def _together(body: Body) -> object:
    top = {str(point): -2.2 for point in range(1, 10)}
    return {"tokens": ["1"], "token_logprobs": [-2.2], "top_logprobs": [top]}


_LOGPROBS: Mapping[str, Callable[[Body], object]] = {"together": _together}
