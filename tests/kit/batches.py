"""Lines of batch output files, in the form that each provider gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import orjson

_NUMBER = count(1)
Positions = Sequence[tuple[str, Mapping[str, float]]]
"""The token drawn at each position, and the probabilities of the likeliest tokens there."""


def lines(*each: Mapping[str, Any]) -> bytes:
    return b"".join(orjson.dumps(line) + b"\n" for line in each)


def choice(
    text: str | None, reason: str = "stop", positions: Positions = (), index: int = 0, **more: Any
) -> dict[str, Any]:
    content = [
        {
            "token": drawn,
            "logprob": math.log(top[drawn]),
            "bytes": list(drawn.encode()),
            "top_logprobs": [
                {"token": token, "logprob": math.log(p), "bytes": None} for token, p in top.items()
            ],
        }
        for drawn, top in positions
    ]
    return {
        "index": index,
        "message": {"role": "assistant", "content": text, "refusal": None, **more},
        "logprobs": {"content": content, "refusal": None} if content else None,
        "finish_reason": reason,
    }


def openai(
    custom_id: str,
    *choices: str | Mapping[str, Any],
    model: str = "gpt-4o-mini-2024-07-18",
    reply_id: str | None = None,
    **usage: Any,
) -> dict[str, Any]:
    body = {
        "id": reply_id or f"chatcmpl-{next(_NUMBER)}",
        "object": "chat.completion",
        "created": 1754082698,
        "model": model,
        "choices": [choice(each) if isinstance(each, str) else each for each in choices],
        "usage": {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21, **usage},
        "system_fingerprint": "fp_1",
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def openai_refused(custom_id: str, status: int, **error: Any) -> dict[str, Any]:
    response = {"status_code": status, "request_id": "r", "body": {"error": error}}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def openai_not_run(custom_id: str, code: str = "batch_expired") -> dict[str, Any]:
    error = {"code": code, "message": "This request could not be executed before the batch ended."}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": None, "error": error}


def anthropic(
    custom_id: str, *content: str | Mapping[str, Any], reason: str = "end_turn", **more: Any
) -> dict[str, Any]:
    blocks = [{"type": "text", "text": each} if isinstance(each, str) else each for each in content]
    message = {
        "id": f"msg_{next(_NUMBER)}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 30, "output_tokens": 4},
        **more,
    }
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}


def anthropic_ended(custom_id: str, kind: str, **error: Any) -> dict[str, Any]:
    result: dict[str, Any] = {"type": kind}
    if error:
        result["error"] = {"type": "error", "error": error}
    return {"custom_id": custom_id, "result": result}


def gemini(key: str, *texts: str, **more: Any) -> dict[str, Any]:
    candidates = [
        {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", **more}
        for text in texts
    ]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 10}
    response = {
        "candidates": candidates,
        "modelVersion": "gemini-3.8-flash",
        "responseId": f"g{next(_NUMBER)}",
        "usageMetadata": usage,
    }
    return {"key": key, "response": response}
