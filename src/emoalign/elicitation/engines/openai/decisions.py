"""OpenAI's Decisions API, a beta since 2026-10-06: POST /v1/decisions.

Requests and replies are as the types of the package openai 3.52.0 have them (types/decision*.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.elicitation.engines.api.refusals import as_text
from emoalign.prompts import Level, Prompt, data_url, question_ids

PATH = "/decisions"


def body(model: str, prompt: Prompt) -> dict[str, Any]:
    """The body of a request. No parameter of sampling or thinking exists."""
    return {
        "model": model,
        "input": _input(prompt),
        "questions": [
            {
                "type": "score",
                "name": name,
                "instructions": question.instruction,
                "levels": list(map(_level, question.levels)),
            }
            for name, question in zip(question_ids(prompt.questions), prompt.questions, strict=True)
        ],
    }


def reply(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reply in the form of Chat Completions: its text are the answers as they came, in JSON.

    Without answers but with tokens, which are paid for, it is all of the reply. Anything else is
    returned as it is.
    """
    usage = said.get("usage")
    counted = isinstance(usage, dict) and "input_tokens" in usage
    if "choices" in said or said.get("error") or not ("answers" in said or counted):
        return said
    text = as_text(said.get("answers", said))
    return {
        "model": said.get("model"),
        "choices": [{"message": {"role": "assistant", "content": text}}],
        "usage": _usage(said.get("usage")),
    }


def _input(prompt: Prompt) -> str | list[dict[str, Any]]:
    """What is decided about: a text, or messages where there is more than one text."""
    messages = prompt.messages or ()
    if len(messages) == 1 and prompt.image is None:
        return messages[0].content
    listed: list[dict[str, Any]] = [
        {
            "type": "message",
            "role": message.role,
            "content": [{"type": "input_text", "text": message.content}] if message.content else [],
        }
        for message in messages
    ]
    if prompt.image is not None:
        picture = {"type": "input_image", "image_url": data_url(prompt.image)}
        content = listed[-1]["content"]
        content.insert(0 if prompt.image_place == "first" else len(content), picture)
    return listed


def _level(level: Level) -> dict[str, str]:
    said = {"label": level.label}
    return said if level.description is None else {**said, "description": level.description}


def _usage(counts: Any) -> dict[str, Any] | None:
    if not isinstance(counts, dict):
        return None
    return {
        "prompt_tokens": counts.get("input_tokens"),
        "completion_tokens": counts.get("output_tokens", 0),
        "total_tokens": counts.get("total_tokens"),
        "prompt_tokens_details": counts.get("input_tokens_details"),
        "completion_tokens_details": counts.get("output_tokens_details"),
    }
