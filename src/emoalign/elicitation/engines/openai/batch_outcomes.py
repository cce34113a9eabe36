"""Reading what comes back from a batch: a line per request, in the format of OpenAI and vLLM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from openai.types import Batch

from emoalign.elicitation.engines.openai.faults import odd, refused, told
from emoalign.elicitation.engines.openai.replies import has_choices, withheld_reply


@dataclass(frozen=True)
class Outcome:
    """A line that came back; without a status, the provider did not run the request."""

    custom_id: str
    status: int | None
    body: Mapping[str, Any]


def read_outcomes(content: bytes) -> Iterator[Outcome]:
    """The lines of a file of answers or of errors. Raises ValueError for any other content."""
    for line in content.splitlines():
        if not line.strip():
            continue
        fields = orjson.loads(line)
        if not isinstance(fields, dict) or not isinstance(fields.get("custom_id"), str):
            raise ValueError(f"a line without custom_id: {line[:200]!r}")
        response: dict[str, Any] = fields.get("response") or {}
        error: Any = fields.get("error")
        body = response.get("body")
        if not isinstance(body, dict):
            wrapped = isinstance(error, dict) and "error" in error
            body = dict(error) if wrapped else {"error": error or body or "no reason given"}
        yield Outcome(fields["custom_id"], response.get("status_code"), body)


def reply_in(outcome: Outcome, choices: int) -> dict[str, Any]:
    """The reply in a line. Raises Fault when it holds no answer."""
    body = dict(outcome.body)
    if outcome.status is None:
        error = body.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        raise odd(f"did not run the request: {said}")
    if outcome.status >= 400:
        fault = refused(outcome.status, {}, orjson.dumps(body))
        if fault.kind == "withheld":
            return withheld_reply(choices)
        raise fault
    if body.get("error"):
        raise told(body)
    if not has_choices(body):
        raise odd(f"gave an answer of another shape: {body}")
    return body


def why_failed(batch: Batch) -> tuple[str, str]:
    """Why a batch was not accepted, line by line, and what to do."""
    errors = (batch.errors.data if batch.errors else None) or []
    said = [
        (f"line {error.line}: " if error.line is not None else "") + str(error.message)
        for error in errors
    ]
    more = f" (and {len(said) - 5} more)" if len(said) > 5 else ""
    if any(error.code == "token_limit_exceeded" for error in errors):
        remedy = "Lower batches.max_requests in the model's card and say at_once: 1 there."
    else:
        remedy = "Nothing of it was run or charged: check the prompt set and the model's card."
    return f"{' '.join(said[:5]) or 'no reason given.'}{more}", remedy
