"""An answer as it came: raw, before anything is read into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one participant, or the next-token probabilities of an exact request.

    `refused` is the server's own word for a refusal; `logprobs` are natural logarithms of the
    probabilities of the likeliest next tokens; `received` is UTC, ISO 8601.
    """

    request_id: str
    participant: int | None
    text: str
    finish_reason: str | None
    model_reported: str
    prompt_tokens: int
    completion_tokens: int
    latency_s: float
    received: str
    refused: bool = False
    logprobs: tuple[tuple[str, float], ...] | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        """What the answer answers."""
        return self.request_id, self.participant

    def to_line(self) -> bytes:
        """The answer as a line of JSON."""
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes) -> Answer:
        """The answer on a line of JSON. Raises ValueError or TypeError when it is none."""
        fields: dict[str, Any] = orjson.loads(line)
        if not isinstance(fields, dict):
            raise TypeError(f"expected an object, found {fields!r}")
        logprobs = fields.pop("logprobs", None)
        pairs = None if logprobs is None else tuple((token, value) for token, value in logprobs)
        return cls(**fields, logprobs=pairs)
