"""The reasons why answers ended, in the words of servers: given whole, cut, withheld or failed."""

from __future__ import annotations

import re
from functools import lru_cache

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rejections import REJECTED
from emoalign.study.fields import Status

_CUT = {
    "length",
    "max_tokens",
    "max_length",
    "max_output_tokens",
    "max_completion_tokens",
    "max_new_tokens",
    "max_tokens_reached",
    "model_length",
    "token_limit",
    "token_limit_reached",
    "context_length",
    "context_length_exceeded",
    "model_context_window_exceeded",
    "context_window_exceeded",
    "incomplete",
    "pause_turn",  # Anthropic: it would have gone on
    "truncated",
    "continuation",
}
"""Words of servers for an answer that was cut. Any other word is an end: eos, end_turn, STOP …"""

_UNSAID = {"", "null", "none", "unknown", "other", "unspecified"}
"""Words that say nothing of why an answer ended."""

_STOPPED = {"other"}
"""Among them, words with which a server stopped an answer itself (Gemini)."""

_FILTERED = {
    "content_filter",
    "content_filtered",
    "safety",
    "prohibited_content",
    "blocklist",
    "spii",
    "recitation",
    "language",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "model_armor",
    "escalation",
    "sensitive",
    "guardrail_intervened",
}
"""Words for an answer that a filter stopped (OpenAI; Bedrock; Gemini; Zhipu; Bedrock)."""

_FAILED = {
    "error",
    "abort",
    "aborted",
    "cancelled",
    "timeout",
    "time_limit",
    "network_error",
    "insufficient_system_resource",
}
"""Words where the server broke off (OpenRouter, Mistral; vLLM; watsonx; Zhipu; DeepSeek)."""

_BEFORE_WORDS = re.compile(r"^(?:finish|stop)_?reason[._]")
_BETWEEN_WORDS = re.compile(r"[\s-]+|(?<=[a-z])(?=[A-Z])")


def withheld(answer: Answer) -> Status | None:
    """The status of an answer that the server itself says was not given; None for any other."""
    reason = reason_of(answer)
    if reason in _FILTERED:
        return "content_filter"
    if reason == REJECTED:
        return "rejected"
    return "refusal" if answer.refused or reason == "refusal" else None


def is_cut(answer: Answer) -> bool:
    """Tell whether the server says that an answer was cut."""
    return reason_of(answer) in _CUT


def may_be_stopped(answer: Answer) -> bool:
    """Tell whether an answer that is shorter than allowed may have been cut all the same."""
    return _word(answer.finish_reason or "") in _STOPPED


def only_thoughts(answer: Answer) -> bool:
    """Tell whether a model thought, and nothing came of it."""
    return not answer.text.strip() and bool(answer.thinking or answer.thinking_tokens)


def failed(reason: str) -> bool:
    """Tell whether a finish_reason says that the server broke off, and there is no answer."""
    return _word(reason) in _FAILED


def wordless(reason: str) -> bool:
    """Tell whether a finish_reason says why there may be no words: a filter, or thoughts alone."""
    return _word(reason) in _FILTERED | _CUT


@lru_cache(maxsize=256)
def _word(reason: str) -> str:
    """A finish_reason as one word in lower case: content-filter and maxTokens with underscores.

    What may follow is left out, "content_filter: SAFETY" (Gemini), and what may stand before it:
    FinishReason.SAFETY, FINISH_REASON_UNSPECIFIED.
    """
    word = _BETWEEN_WORDS.sub("_", reason.partition(":")[0].strip()).lower()
    return _BEFORE_WORDS.sub("", word, count=1)


def reason_of(answer: Answer) -> str:
    """The server's word on why an answer ended, in lower case; empty where it does not say.

    A number is none: which number means what, no two servers agree on.
    """
    return _reason(answer.finish_reason or "")


@lru_cache(maxsize=256)
def _reason(finish_reason: str) -> str:
    reason = _word(finish_reason)
    return "" if reason in _UNSAID or reason.isdigit() else reason
