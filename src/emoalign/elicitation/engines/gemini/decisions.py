"""Google's Decisions API, since 2026-11-11: POST /v1beta/decisions.

Requests and replies are as the types of the package google-genai 3.6.1 have them
(_gaos/types/decisions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.refusals import as_text
from emoalign.prompts import Level, Prompt, data_url, question_ids

PATH = "/decisions"

_FEEDBACK = ("prompt_feedback", "promptFeedback")
"""The names of what a content filter says, as its package has it and as the rest of Gemini does."""


def body(model: str, prompt: Prompt) -> dict[str, Any]:
    """The body of a request. No parameter of sampling, thinking or safety exists."""
    return {
        "model": model,
        "input": _input(prompt),
        "questions": {
            name: {
                "type": "score",
                "instructions": question.instruction,
                "criteria": list(map(_criterion, question.levels)),
            }
            for name, question in zip(question_ids(prompt.questions), prompt.questions, strict=True)
        },
    }


def is_reply(said: Mapping[str, Any]) -> bool:
    """Tell whether something is a reply about decisions."""
    usage = said.get("usage")
    counted = isinstance(usage, dict) and "total_input_tokens" in usage
    return "error" not in said and ("answers" in said or "prompt_feedback" in said or counted)


def reply(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reply in the form of Chat Completions: its text are the answers as they came, in JSON.

    Without answers but with tokens, which are paid for, it is all of the reply. Where a content
    filter stopped the prompt, its reason has the name that it has elsewhere in Gemini.
    """
    usage = _usage(said.get("usage"))
    answers = said.get("answers")
    feedback = next((said[name] for name in _FEEDBACK if name in said), None)
    reason = _reason(feedback)
    if reason is not None and not answers:
        return {"choices": [], "promptFeedback": {"blockReason": reason}, "usage": usage}
    text = as_text(said.get("answers", said))
    return {
        "choices": [{"message": {"role": "assistant", "content": text}}],
        "usage": usage,
    }


def _reason(feedback: Any) -> str | None:
    if not isinstance(feedback, dict):
        return None
    reason = feedback.get("block_reason") or feedback.get("blockReason")
    return reason.upper() if isinstance(reason, str) else None


def _input(prompt: Prompt) -> str | list[dict[str, Any]]:
    """What is decided about: texts and an image. A system message is the first of the texts."""
    texts = [message.content for message in prompt.messages or () if message.content]
    if len(texts) == 1 and prompt.image is None:
        return texts[0]
    parts: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    if prompt.image is not None:
        head, _, data = data_url(prompt.image).partition(",")
        kind = head.removeprefix("data:").removesuffix(";base64")
        picture = {"type": "image", "mime_type": kind, "data": data}
        last = len(parts) - bool((prompt.messages or ())[-1].content)
        parts.insert(last if prompt.image_place == "first" else len(parts), picture)
    return parts


def _criterion(level: Level) -> str:
    """A level as a text, which may not be empty: its number, and what it is called."""
    return level.label if level.description is None else f"{level.label} ({level.description})"


def _usage(counts: Any) -> dict[str, Any] | None:
    """The tokens of a reply, in which Google leaves out zeros."""
    if not isinstance(counts, dict):
        return None

    def count(name: str) -> int | None:
        return untrusted.count(counts.get(name))

    return {
        "prompt_tokens": count("total_input_tokens"),
        "completion_tokens": count("total_output_tokens") or 0,
        "total_tokens": count("total_tokens"),
        "prompt_tokens_details": {"cached_tokens": count("total_cached_tokens")},
        "completion_tokens_details": {"reasoning_tokens": count("total_thought_tokens")},
    }
