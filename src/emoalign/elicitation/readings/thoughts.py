"""Thoughts that stand in the text of an answer, before what is said: <think>…</think>7.

Models that write a message in each of several channels, as gpt-oss does, say theirs in the channel
`final`: https://cookbook.openai.com/articles/openai-harmony.
"""

from __future__ import annotations

import re

_NAMES = r"think|thinking|thought|thoughts|reasoning"
_OPENING = re.compile(rf"\s*(?:<({_NAMES})>|\[(THINK)\])", re.IGNORECASE)
_CLOSING = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]", re.IGNORECASE)

_CHANNEL = re.compile(r"\s*(?:<\|start\|>assistant)?<\|channel\|>")
_FINAL = re.compile(rf"{_CHANNEL.pattern}final(?:[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>)?")
_ENDS = re.compile(r"(?:<\|(?:end|return|call)\|>)+\s*\Z")
_WITHOUT_MARKS = re.compile(r"\s*analysis(.*)assistantfinal(.*)", re.DOTALL)
"""The same from servers that leave marks out of texts, as vLLM does."""


def without_thoughts(text: str) -> tuple[str, str]:
    """The thoughts that a text begins with, and what follows them.

    The opening tag may be missing, since some templates (of Qwen3 and DeepSeek models) end the
    prompt with it. All that stands before the last closing tag is thought, whether thoughts follow
    each other or are inside another. Thoughts that are not closed are all there is. Nothing is
    stripped, because reading an answer is not this function's business.
    """
    if not any(mark in text for mark in ("<", "[", "assistantfinal")):  # most answers have none
        return "", text
    if _CHANNEL.match(text):
        return _of_channels(text)
    bare = _WITHOUT_MARKS.fullmatch(text)
    if bare:
        return bare[1], bare[2]
    thoughts = ""
    while True:
        opened = _OPENING.match(text)
        start = opened.end() if opened else 0
        *_, closed = (None, *_closing(opened).finditer(text, start))
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


def _of_channels(text: str) -> tuple[str, str]:
    """All before the last message in the channel `final`, marks included, and that message."""
    *_, final = (None, *_FINAL.finditer(text))
    if final is None:
        return text, ""
    return text[: final.start()], _ENDS.sub("", text[final.end() :])


def _closing(opened: re.Match[str] | None) -> re.Pattern[str]:
    """The tag that ends thoughts, which is that of their own opening tag where they have one."""
    if opened is None:
        return _CLOSING
    name = re.escape(opened[1] or opened[2])
    return re.compile(rf"</{name}>" if opened[1] else rf"\[/{name}\]", re.IGNORECASE)
