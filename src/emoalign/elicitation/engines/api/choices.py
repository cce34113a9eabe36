"""Answers in a reply of an OpenAI interface: read once, at the door, whatever form they have.

Everything is checked or made such that it can be written: what is an answer here becomes a rating
row, and all else is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.logprobs import check_logprobs, later_in, logprobs_in
from emoalign.elicitation.engines.api.refusals import as_text
from emoalign.elicitation.engines.api.replies import Fault, choice_failed, no_choices
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.readings import without_thoughts, wordless
from emoalign.study.fields import WRITTEN

_TEXT = ("text", "value", "content", "output_text")
_THOUGHTS = ("thinking", "reasoning", "reasoning_content", "reasoning_text", "summary_text")
_THINKS = ("think", "thought", "reason", "summary")
"""Words that occur in the names of all kinds of parts that are thoughts."""

_DEEPEST = 4
"""Parts inside parts that are read."""

_PLAIN = {"role", "content"}


@dataclass(frozen=True, slots=True)
class Said:
    """The texts of a choice: the answer, the thoughts before it, and the refusal, if any."""

    text: str = ""
    thinking: str = ""
    refusal: str = ""
    refused: bool = False

    def __add__(self, other: Said) -> Said:
        return Said(
            self.text + other.text,
            self.thinking + other.thinking,
            self.refusal + other.refusal,
            self.refused or other.refused,
        )


@dataclass(frozen=True)
class Usage:
    """Tokens of a request and all its answers; None where the server does not say.

    `thinking` are among those of the `answers`, `cached` and `written` among those of the prompt.
    `usd` is the price that the server reports.
    """

    prompt: int | None = None
    answers: int | None = None
    thinking: int | None = None
    cached: int | None = None
    written: int | None = None
    usd: float | None = None


def has_choices(reply: Mapping[str, Any]) -> bool:
    """Tell whether a reply is a list of answers, in the format of chats or of completions.

    So is any reply that counts tokens: it is paid for, and what cannot be read of it is kept.
    """
    return _readable(reply) or used_tokens(reply) > 0


def _readable(reply: Mapping[str, Any]) -> bool:
    choices = reply.get("choices")
    return isinstance(choices, list) and all(
        said(choice) is not None or choice_failed(choice) for choice in choices
    )


def choices_in(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The choices of a reply to a request of which nothing is known: one that is empty where there
    are none, as in a reply that was paid for all the same."""
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        return [{}]
    return [choice if isinstance(choice, dict) else {} for choice in choices]


def no_answers(reply: Mapping[str, Any], words: Sequence[str], exact: bool = False) -> Fault | None:
    """The fault in a list of no answers; None where the model was paid to say nothing.

    `words` say that content is refused. Where probabilities were asked for, nothing is no answer.
    """
    if reply.get("choices") != []:
        return None
    fault = no_choices(reply, words)
    said_nothing = fault.kind == "empty" and not exact and used_tokens(reply) > 0
    return None if said_nothing else fault


def has_probabilities(reply: Mapping[str, Any]) -> bool:
    """Tell whether a reply to an exact request is such a list.

    Raises Fault where there are no probabilities in it, or some that cannot be.
    """
    if not _readable(reply):
        return False
    nobody = [None] * len(reply["choices"])
    check_logprobs(read_choices("", nobody, True, reply, 0.0), reply)
    return True


def said(choice: object) -> Said | None:
    """The texts of a choice; None if it is of no known form."""
    if not isinstance(choice, dict):
        return None
    message = choice.get("message")
    if message and not isinstance(message, dict):
        return None
    if not message:
        if "text" in choice:
            return _content(choice["text"])
        reason = choice.get("finish_reason")
        return Said() if isinstance(reason, str) and wordless(reason) else None
    text = message.get("content")
    content = Said(text) if isinstance(text, str) else _content(text)
    if content is None or message.keys() <= _PLAIN:
        return content
    # The same thoughts in several places are one thought.
    places = (content.thinking, *(_plain(message.get(name)) for name in _THOUGHTS))
    refusal = message.get("refusal")
    return Said(
        content.text,
        next(filter(None, places), ""),
        content.refusal + _plain(refusal),
        content.refused or bool(refusal),
    )


def _content(content: object, depth: int = _DEEPEST) -> Said | None:
    """The texts in a message's content, which is a text, or parts that may contain others."""
    if content is None:
        return Said()
    if isinstance(content, str):
        return Said(content)
    if isinstance(content, dict):
        return _part(content, depth)
    if not depth or not isinstance(content, list):
        return None
    every = Said()
    for part in content:
        read = _content(part, depth - 1)
        if read is None:
            return None
        every += read
    return every


def _part(part: Mapping[str, Any], depth: int) -> Said | None:
    """The texts of a part, by its kind or else by the name of its content."""
    kind = part.get("type")
    if kind is None:
        kind = next((name for name in (*_TEXT, "refusal", *_THOUGHTS) if name in part), None)
    if not depth or not isinstance(kind, str):
        return None
    kind = kind.lower()
    if kind == "refusal":
        return Said(refusal=_plain(part), refused=bool(part.get(kind, True)))
    if part.get("thought") is True or any(word in kind for word in _THINKS):
        return Said(thinking=_plain(part))
    if kind in _TEXT or kind == "message" or kind.endswith("_text"):
        words = (part.get(name) for name in _TEXT)
        return _content(next((word for word in words if word is not None), None), depth - 1)
    return Said()


def _plain(thoughts: object, depth: int = _DEEPEST) -> str:
    """Thoughts, or a refusal, as a text, however they are wrapped."""
    if isinstance(thoughts, str):
        return thoughts
    if depth and isinstance(thoughts, list):
        return "".join(_plain(thought, depth - 1) for thought in thoughts)
    if depth and isinstance(thoughts, dict):
        names = (*_TEXT, "summary", "refusal", *_THOUGHTS)
        return next(filter(None, (_plain(thoughts.get(name), depth - 1) for name in names)), "")
    return ""


def usage_in(reply: Mapping[str, Any]) -> Usage:
    """The tokens of a reply. Where its numbers differ, the larger count.

    Some servers leave thoughts out of completion_tokens and count them in the total, or by
    themselves.
    """
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    prompt = _with_part(usage, "prompt_tokens", "cached_tokens")
    answers = _with_part(usage, "completion_tokens", "reasoning_tokens")
    total = untrusted.count(usage.get("total_tokens"))
    if total is not None:
        if prompt is not None:
            answers = max(answers or 0, total - prompt)
        elif answers is not None:
            prompt = max(total - answers, 0)
    return Usage(
        prompt,
        answers,
        _part_count(usage, "completion_tokens", "reasoning_tokens"),
        _part_count(usage, "prompt_tokens", "cached_tokens"),
        _part_count(usage, "prompt_tokens", "cache_write_tokens"),
        _price(usage),
    )


def _price(usage: Mapping[str, Any]) -> float | None:
    """The price that a server reports; with a key of one's own at the host, its share too."""
    usd, details = untrusted.finite(usage.get("cost")), usage.get("cost_details")
    if usd is not None and usage.get("is_byok") is True and isinstance(details, dict):
        usd += untrusted.finite(details.get("upstream_inference_cost")) or 0.0
    return usd


def _with_part(usage: Mapping[str, Any], name: str, part: str) -> int | None:
    """A count, with a part of it that is larger than itself and so cannot be in it."""
    whole, of_part = untrusted.count(usage.get(name)), _part_count(usage, name, part) or 0
    if whole is None:
        return None
    return whole if of_part <= whole else whole + of_part


def _part_count(usage: Mapping[str, Any], name: str, part: str) -> int | None:
    details = usage.get(f"{name}_details")
    return untrusted.count(details.get(part)) if isinstance(details, dict) else None


def used_tokens(reply: Mapping[str, Any]) -> int:
    """Tokens of the prompt and all answers, as the server counted them; 0 if it did not."""
    usage = usage_in(reply)
    return (usage.prompt or 0) + (usage.answers or 0)


def read_answers(ask: Ask, reply: Mapping[str, Any], seconds: float) -> list[Answer]:
    """One answer per choice, in order of the participants; what is missing or failed is left out.

    Raises Fault for probabilities that cannot be.
    """
    request = ask.request
    return read_choices(
        request.request_id, ask.participants, request.readout not in WRITTEN, reply, seconds
    )


def read_choices(
    request_id: str,
    participants: Sequence[int | None],
    exact: bool,
    reply: Mapping[str, Any],
    seconds: float,
) -> list[Answer]:
    """The answers in a reply to a request of which only this is known; see read_answers."""
    usage = usage_in(reply)
    choices = _choices(reply, len(participants))
    contents = [content if exact else _told_apart(content) for _, content in choices]
    if not usage.thinking and any(content.thinking for content in contents):
        usage = replace(usage, thinking=None)  # not counted
    names = (untrusted.name(reply.get(key)) for key in ("model", "system_fingerprint"))
    model = "/".join(filter(None, names))
    reply_id = untrusted.name(reply.get("id")) or None
    received = datetime.now(UTC).isoformat(timespec="seconds")
    latency_s = round(seconds, 4)
    answers: list[Answer] = []
    rest = _rest(usage)
    for participant, (choice, _), content in zip(participants, choices, contents, strict=False):
        if choice_failed(choice):
            continue
        counted = rest if answers else usage
        answers.append(
            Answer(
                request_id=request_id,
                participant=participant,
                text=untrusted.writable(content.text or content.refusal),
                finish_reason=untrusted.name(choice.get("finish_reason")),
                model_reported=model,
                prompt_tokens=counted.prompt,
                completion_tokens=counted.answers,
                latency_s=latency_s,
                received=received,
                refused=content.refused,
                logprobs=logprobs_in(choice) if exact else None,
                later=later_in(choice) if exact else (),
                thinking=untrusted.writable(content.thinking) if content.thinking else None,
                thinking_tokens=counted.thinking,
                reply_id=reply_id,
                cached_tokens=counted.cached,
                written_tokens=counted.written,
                usd=counted.usd,
            )
        )
    return answers


def _choices(reply: Mapping[str, Any], number: int) -> Sequence[tuple[dict[str, Any], Said]]:
    """The choices of a reply with their texts: as many that say nothing where there are none.

    One that cannot be read has all of itself as its text, in a form that is no rating.
    """
    choices = reply.get("choices")
    if not isinstance(choices, list):
        return [({}, Said(as_text(reply)))] * number
    found: list[tuple[dict[str, Any], Said]] = []
    for choice in choices:
        content = said(choice)
        if content is not None:
            found.append((choice, content))
        elif choice_failed(choice):
            found.append((choice, Said()))
        else:
            found.append(({}, Said(as_text({"choice": choice}))))
    return found or [({}, Said())] * number


def _told_apart(content: Said) -> Said:
    """The texts of a choice, with thoughts told apart that stand in that of the answer.

    The text of an exact one is a token, that of a decision JSON; both stay as they are.
    """
    thoughts, text = without_thoughts(content.text)
    if text is content.text:
        return content
    return replace(content, text=text, thinking=content.thinking + thoughts)


def _rest(usage: Usage) -> Usage:
    """The tokens noted with all answers but the first: 0 where they are known."""
    return Usage(*(None if noted is None else 0 for noted in vars(usage).values()))


def withheld_reply(choices: int, fault: Fault) -> dict[str, Any]:
    """The reply to a question that a content policy does not let through, with what it took."""
    return {
        "choices": [{"text": "", "finish_reason": fault.ending}] * choices,
        "usage": dict(fault.usage) if isinstance(fault.usage, Mapping) else None,
    }
