"""Replies in the lines that batches bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emoalign.elicitation.engines.api.choices import has_choices, no_answers, withheld_reply
from emoalign.elicitation.engines.api.dialect import Dialect, Outcome
from emoalign.elicitation.engines.api.received import unparsed
from emoalign.elicitation.engines.api.replies import (
    Fault,
    beginning,
    failure_in,
    odd,
    refused,
)


def reply_in(
    outcome: Outcome, choices: int, dialect: Dialect, words: Sequence[str] = ()
) -> dict[str, Any]:
    """The reply in a line. Raises Fault when it holds no answer; `words` say that content is
    refused."""
    body = dict(dialect.reply(outcome.body))
    if outcome.status is None:
        error = body.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        raise odd(f"did not run the request: {said if isinstance(said, str) else beginning(said)}")
    if outcome.status >= 400:
        fault: Fault | None = refused(outcome.status, {}, unparsed(body), words)
    else:
        fault = failure_in(body, words)
    if fault is None and not has_choices(body):
        fault = odd(f"sent a reply of an unexpected form: {beginning(body)}")
    elif fault is None:
        fault = no_answers(body, words)
    if fault is None:
        return body
    if fault.kind == "withheld":
        return withheld_reply(choices, fault)
    raise fault
