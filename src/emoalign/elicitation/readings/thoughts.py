"""Thoughts that stand in the text of an answer, before what is said: <think>…</think>7."""

from __future__ import annotations

import re

_NAMES = r"think|thinking|thought|thoughts|reasoning"
_OPENING = re.compile(rf"\s*(?:<({_NAMES})>|\[(THINK)\])", re.IGNORECASE)
_CLOSING = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]", re.IGNORECASE)


def without_thoughts(text: str) -> tuple[str, str]:
    """The thoughts that a text begins with, and what follows them.

    The opening tag may be missing, since some templates (of Qwen3 and DeepSeek models) end the
    prompt with it. Thoughts that are not closed are all there is. Nothing is stripped, because
    reading an answer is not this function's business.
    """
    thoughts = ""
    while True:
        opened = _OPENING.match(text)
        start = opened.end() if opened else 0
        closed = _closing(opened).search(text, start)
        if closed is None:
            # A tag alone is kept, so that it is known that there were thoughts.
            left = text[start:] if text[start:].strip() else text
            return (thoughts + left, "") if opened else (thoughts, text)
        thoughts += text[start : closed.start()]
        text = text[closed.end() :]
        if not _OPENING.match(text):
            return thoughts if thoughts.strip() else "", text


def closing_tag(token: str) -> bool:
    """Tell whether a token ends thoughts."""
    return _CLOSING.fullmatch(token.strip()) is not None


def _closing(opened: re.Match[str] | None) -> re.Pattern[str]:
    """The tag that ends thoughts, which is that of their own opening tag where they have one."""
    if opened is None:
        return _CLOSING
    name = re.escape(opened[1] or opened[2])
    return re.compile(rf"</{name}>" if opened[1] else rf"\[/{name}\]", re.IGNORECASE)
