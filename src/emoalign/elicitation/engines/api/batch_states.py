"""The states of batches as the provider reports them, whatever it leaves out or adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emoalign.wording import sentence

ENDED = ("completed", "failed", "expired", "cancelled")

_ABOUT_BATCHES = re.compile(r"\b(batch(es)?|jobs?|queued?|enqueued)\b", re.IGNORECASE)
_LIMIT = re.compile(
    r"limit|at a time|at once|concurren|too many|already|in.progress|active|running|maximum",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class BatchState:
    """A batch as it is now.

    `files` hold its answers and errors; `created` is by the provider's clock (seconds since 1970);
    `reasons` are why it failed: code, line and message of each.
    """

    id: str
    status: str
    token: str | None = None
    created: float | None = None
    files: tuple[str, ...] = ()
    progress: str = ""
    reasons: tuple[tuple[str, int | None, str], ...] = ()

    @property
    def held_back(self) -> bool:
        """Tell whether it failed because others are under way."""
        return self.status == "failed" and any(
            code == "token_limit_exceeded" or takes_no_more(message)
            for code, _, message in self.reasons
        )

    def why_failed(self) -> tuple[str, str]:
        """The reasons why it was not accepted, and what to do."""
        said = [
            (f"line {line}: " if line is not None else "") + sentence(message)
            for _, line, message in self.reasons
        ]
        more = f" (and {len(said) - 5} more)" if len(said) > 5 else ""
        if self.held_back:
            remedy = (
                "Lower batches.max_requests in the model's card. If other jobs have batches under "
                "way with this key, run again when they have ended, or one job after another: "
                "snakemake --resources api=1."
            )
        else:
            remedy = "Nothing of it was run or charged: check the prompt set and the model's card."
        return f"{' '.join(said[:5]) or 'no reason given.'}{more}", remedy


def takes_no_more(said: str) -> bool:
    """Tell whether a provider says that it takes no further batch while others are under way."""
    return bool(_ABOUT_BATCHES.search(said) and _LIMIT.search(said))


def read_state(said: object) -> BatchState:
    """A batch from the provider's words on it. Raises ValueError when it has no id or status."""
    fields = _mapping(said)
    batch_id, status = fields.get("id"), fields.get("status")
    if not isinstance(batch_id, str) or not isinstance(status, str):
        raise ValueError("no id or status")
    files = (fields.get("output_file_id"), fields.get("error_file_id"))
    token = _mapping(fields.get("metadata")).get("emoalign")
    errors = _mapping(fields.get("errors")).get("data")
    return BatchState(
        batch_id,
        status,
        token if isinstance(token, str) else None,
        seconds(fields.get("created_at")),
        tuple(file for file in files if isinstance(file, str) and file),
        _progress(_mapping(fields.get("request_counts"))),
        tuple(map(_reason, filter(None, errors))) if isinstance(errors, list) else (),
    )


def _progress(counts: Mapping[str, Any]) -> str:
    total, completed, failed = (counts.get(name) for name in ("total", "completed", "failed"))
    return f", {completed} of {total} done, {failed} failed" if total else ""


def _reason(error: Any) -> tuple[str, int | None, str]:
    fields = error if isinstance(error, Mapping) else {"message": error}
    line = fields.get("line")
    return (
        str(fields.get("code")),
        line if isinstance(line, int) else None,
        str(fields.get("message")),
    )


def seconds(value: Any) -> float | None:
    """A time in seconds since 1970; None for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < 1e11 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
