"""The dialect of Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.dialect import Dialect, Outcome, Reply, sampling_parameters
from emoalign.elicitation.engines.api.replies import beginning
from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.rating import Ask
from emoalign.prompts import chat_messages

STATUSES: Mapping[object, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""HTTP statuses of errors by their type, for errors that come without one, as those of batches do.

https://docs.anthropic.com/en/api/errors
"""


class Messages(Dialect):
    """Messages, in one version of the interface."""

    answer_forms = ("output_config.format", "output_format")

    def __init__(self, version: str) -> None:
        self._version = version

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers of every request: the version, and the key."""
        return {"anthropic-version": self._version, **({"x-api-key": key} if key else {})}

    def path(self, model: str, ask: Ask) -> str:
        """The path that a request is sent to."""
        return "/messages"

    def body(self, model: str, capabilities: Capabilities, ask: Ask) -> dict[str, Any]:
        """The body of a request."""
        request = ask.request
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": request.sampling.max_tokens,
            **dict(request.extra_body),
            **sampling_parameters(capabilities, ask),
        }
        messages = chat_messages(request.prompt)
        if messages and messages[0]["role"] == "system":
            body["system"] = messages.pop(0)["content"]
        body["messages"] = [
            {"role": message["role"], "content": _content(message["content"])}
            for message in messages
        ]
        if request.sampling.stop:
            body["stop_sequences"] = list(request.sampling.stop)
        if request.schema:
            form = {"type": "json_schema", "schema": _schema(request.schema)}
            body["output_config"] = {**body.get("output_config", {}), "format": form}
        return body

    def reply(self, said: Reply) -> Reply:
        """A message in the form of Chat Completions; an error with its status as `code`.

        The category of a refusal is in its finish_reason, as in "refusal: bio".
        """
        error = said.get("error")
        if isinstance(error, Mapping):
            return {**said, "error": {"code": STATUSES.get(error.get("type"), 500), **error}}
        content, reason = said.get("content"), said.get("stop_reason")
        usage = _usage(said.get("usage"))
        if not (isinstance(content, list | str) or "stop_reason" in said):
            return said if usage is None else {**said, "usage": usage}
        if reason == "refusal":
            details = said.get("stop_details")
            about: Mapping[str, Any] = details if isinstance(details, Mapping) else {}
            content = [content, {"type": "refusal", "text": about.get("explanation")}]
            if isinstance(about.get("category"), str):
                reason = f"refusal: {about['category']}"
        return {
            "id": said.get("id"),
            "model": said.get("model"),
            "choices": [
                {"message": {"role": "assistant", "content": content}, "finish_reason": reason}
            ],
            "usage": usage,
        }

    def outcome(self, fields: Any) -> Outcome:
        """A line that a batch brought. Raises ValueError when it is something else."""
        if not isinstance(fields, dict) or not isinstance(fields.get("custom_id"), str):
            raise ValueError(f"no custom_id in {beginning(fields)}")
        name, result = fields["custom_id"], fields.get("result")
        if not isinstance(result, dict):
            result = {}
        kind, message, error = (result.get(key) for key in ("type", "message", "error"))
        if kind == "succeeded" and isinstance(message, dict):
            return Outcome(name, 200, message)
        if kind == "errored":
            if isinstance(error, dict) and isinstance(error.get("error"), dict):
                error = error["error"]
            status = STATUSES.get(error.get("type"), 500) if isinstance(error, dict) else 500
            return Outcome(name, status, {"error": error or "no reason given"})
        if kind in ("expired", "canceled"):
            said = f"the batch was {kind} before its turn came"
            return Outcome(name, None, {"error": {"message": said}})
        raise ValueError(f"no result in {beginning(fields)}")


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with what Claude takes of it, as Anthropic's own package would send it."""
    return {
        **schema,
        "properties": {key: _part(part) for key, part in schema["properties"].items()},
    }


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema; ranges and lengths, which force nothing, are told in a description."""
    if "enum" in part:
        return {"enum": part["enum"]}
    kept: dict[str, Any] = {}
    told = []
    for name, value in part.items():
        if name == "items":
            kept[name] = _part(value)
        elif name == "type" or (name == "minItems" and value in (0, 1)):
            kept[name] = value
        else:
            told.append(f"{name}: {value}")
    return kept | ({"description": f"{{{', '.join(told)}}}"} if told else {})


def _content(content: Any) -> Any:
    """The content of a message: a text, or parts, of which images are sources in base64."""
    if isinstance(content, str):
        return content
    return [
        _image(part["image_url"]["url"]) if part["type"] == "image_url" else part
        for part in content
    ]


def _image(url: str) -> dict[str, Any]:
    """The image in a data URL."""
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _usage(usage: object) -> dict[str, Any] | None:
    """Tokens by the names of Chat Completions, among which those of the prompt are counted whole.

    Anthropic counts tokens that were read from the cache, or written into it, beside the others.
    """
    if not isinstance(usage, Mapping):
        return None
    fresh, cached, written = (
        untrusted.count(usage.get(f"{name}input_tokens"))
        for name in ("", "cache_read_", "cache_creation_")
    )
    details = usage.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if isinstance(details, Mapping) else None
    return {
        "prompt_tokens": None if fresh is None else fresh + (cached or 0) + (written or 0),
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "completion_tokens": usage.get("output_tokens"),
        "completion_tokens_details": {"reasoning_tokens": thinking},
    }
