"""Thoughts beside joint answers and labels, in the replies of each kind of interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from emoalign.elicitation.engines.anthropic.messages import Messages
from emoalign.elicitation.engines.api.choices import has_choices, read_choices
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.readings import Reading, read_answer
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.scales import LabelScale, OrdinalScale, Scale
from tests.faults.claude_server import message
from tests.faults.gemini_server import reply_to

DIALECTS: Mapping[str, Dialect] = {
    "openai": CHAT_COMPLETIONS,
    "anthropic": Messages("2026-10-21"),
    "gemini": GENERATE_CONTENT,
}
NINE = OrdinalScale(min=1, max=9, direction="higher is more")
JOINT: Mapping[str, Scale] = {"V": NINE, "A": NINE}
LABELS: Mapping[str, Scale] = {"emotions": LabelScale(kind="labels", labels=("joy", "anger"))}
FORMS: Mapping[str, tuple[Mapping[str, Scale], str, Mapping[str, Reading]]] = {
    "joint": (
        JOINT,
        '{"V": 5, "A": 12}',
        {"V": Reading("ok", rating=5), "A": Reading("off_scale")},
    ),
    "labels": (LABELS, '["Anger"]', {"emotions": Reading("ok", labels=("anger",))}),
}
THOUGHT = 'Perhaps {"V": 1, "A": 1} or ["joy"].'
SPENT = 40
"""Tokens of thoughts."""


def reply(interface: str, said: str | None, where: str) -> dict[str, Any]:
    """A reply of an interface with thoughts at a place; without an answer, they were cut."""
    text = said or ""
    if where == "in the text":
        text = f"<think>{THOUGHT}</think>\n{text}" if said else f"<think>{THOUGHT}"
    apart = where == "apart"
    if interface == "anthropic":
        block: Sequence[Mapping[str, Any]] = [
            {"type": "thinking", "thinking": THOUGHT, "signature": "s"},
            {"type": "redacted_thinking", "data": "c2VjcmV0"},
        ]
        content = [*(block if apart else ()), *([{"type": "text", "text": text}] if text else [])]
        usage = {"input_tokens": 10, "output_tokens": 2 + SPENT}
        usage |= {"output_tokens_details": {"thinking_tokens": SPENT}}
        return message(
            "", content=content, usage=usage, stop_reason="end_turn" if said else "max_tokens"
        )
    if interface == "gemini":
        whole = reply_to({"generationConfig": {}}, text, thoughtsTokenCount=SPENT)
        (candidate,) = whole["candidates"]
        parts = [{"text": THOUGHT, "thought": True}] * apart + [{"text": text}] * bool(text)
        candidate["content"] = {"role": "model", **({"parts": parts} if parts else {})}
        candidate["finishReason"] = "STOP" if said else "MAX_TOKENS"
        return whole
    inside = {"reasoning_content": THOUGHT} if apart else {}
    return {
        "choices": [
            {
                "message": {"role": "assistant", "content": text or None, **inside},
                "finish_reason": "stop" if said else "length",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 2 + SPENT,
            "completion_tokens_details": {"reasoning_tokens": SPENT},
        },
    }


@pytest.mark.parametrize("interface", DIALECTS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", ["apart", "in the text", "nowhere"])
@pytest.mark.parametrize("cut", [False, True])
def test_thoughts_are_counted_and_never_read_as_an_answer(
    interface: str, form: str, where: str, cut: bool
) -> None:
    scales, said, meant = FORMS[form]
    read = DIALECTS[interface].reply(reply(interface, None if cut else said, where))
    assert has_choices(read)
    (answer,) = read_choices("r", (0,), False, read, 0.0)
    assert answer.text.strip() == ("" if cut else said)
    assert answer.thinking == (None if where == "nowhere" else THOUGHT)
    assert (answer.prompt_tokens, answer.thinking_tokens) == (10, SPENT)
    assert answer.completion_tokens == SPENT + (1 if interface == "gemini" else 2)
    kind: Any = form
    read_as = read_answer(answer, scales, AnswerFormat(kind=kind, max_tokens=20), 20 + SPENT)
    assert read_as == (dict.fromkeys(scales, Reading("truncated")) if cut else meant)
