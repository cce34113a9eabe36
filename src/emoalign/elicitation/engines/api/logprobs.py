"""Log-probabilities of next tokens in a reply of an OpenAI interface, whatever form they have."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.replies import Fault, beginning
from emoalign.elicitation.journal import Answer, Next, Pairs
from emoalign.elicitation.readings import MOST_MASS, returned_mass, withheld

_IMPOSSIBLE = (
    "The exact readout needs natural logarithms of the probabilities of whole next tokens. If the "
    "server does not report them, set top_logprobs: 0 in the model's card and use the sampled "
    "readout."
)
_ID = re.compile(r"token_id:[0-9]+")
_ROUNDING = 1e-6
"""Log-probabilities are kept to six decimals."""

_CANNOT = (
    "If it cannot give them, set top_logprobs: 0 in the model's card; the exact readout is then "
    "refused from the start."
)


def logprobs_in(choice: Mapping[str, Any]) -> tuple[tuple[str, float], ...] | None:
    """Tokens and log-probabilities of the first position, likeliest first.

    A token without a name, like one that is half a character, has an empty one. None where there
    are no log-probabilities, or in no known form. Raises Fault where they cannot be any.
    """
    return _pairs(_top(choice.get("logprobs")), choice)


def later_in(choice: Mapping[str, Any]) -> tuple[Next, ...]:
    """The drawn tokens of a reply, each with the likeliest after it; none for one position.

    They end before a token of which this is not known. Raises Fault as `logprobs_in` does.
    """
    found: list[Next] = []
    positions = (
        (each, _pairs(_top([each]), choice)) for each in _positions(choice.get("logprobs"))
    )
    for (drawn, top), (_, pairs) in pairwise(positions):
        token = _token(drawn) if isinstance(drawn, dict) else None
        if not isinstance(token, str) or pairs is None:
            break
        name = untrusted.writable(token)
        logprob = _drawn(name, drawn.get("logprob"), top or ())
        if logprob is None:
            break
        found.append(Next(name, logprob, pairs))
    return tuple(found)


def _drawn(name: str, value: object, top: Pairs) -> float | None:
    """The log-probability of a token that was drawn; None where it is not known.

    Where it is among the likeliest, that is its own: some servers note another one beside it, 0 or
    that of another temperature.
    """
    noted = _number(value)
    logprob = None if noted is None else round(noted, 6)
    among = [each for token, each in top if token == name]
    if among:
        return logprob if logprob in among else among[0]
    if logprob is None or returned_mass((*top, (name, logprob))) > MOST_MASS:
        return None
    return logprob


def with_rest(answer: Answer) -> Answer:
    """An answer to which some tokens were asked for by id, with all others together.

    A server that is asked so normalises over its whole vocabulary: what is left to 1 is the rest,
    under an empty name.
    """
    if answer.logprobs is None:
        return answer
    rest = 1.0 - returned_mass(answer.logprobs)
    if rest < _ROUNDING:
        return answer
    return replace(answer, logprobs=(*answer.logprobs, ("", round(math.log(rest), 6))))


def _positions(logprobs: object) -> list[Any]:
    """The positions of a reply: a list of chats' form, or the columns of completions, which some
    servers have for chats too."""
    if not isinstance(logprobs, dict):
        return []
    content = logprobs.get("content")
    if isinstance(content, list):
        return content
    columns = [logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs")]
    if not all(isinstance(column, list) for column in columns):
        return []
    names = ("token", "logprob", "top_logprobs")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]


def _pairs(
    top: Iterable[tuple[object, object]], choice: Mapping[str, Any]
) -> tuple[tuple[str, float], ...] | None:
    found = []
    named = False
    for token, value in top:
        named |= isinstance(token, str)
        number = _number(value)
        if number is not None:
            name = untrusted.writable(token) if isinstance(token, str) else ""
            found.append((name, round(number, 6)))
    if found and all(_ID.fullmatch(name) for name, _ in found):
        raise Fault(
            "permanent",
            f"gave the ids of tokens instead of their texts: {beginning(choice.get('logprobs'))}",
            "Start vllm serve without --return-tokens-as-token-ids.",
        )
    found = _once(found)
    mass = returned_mass(found)
    if mass > MOST_MASS:
        raise Fault(
            "permanent",
            f"gave log-probabilities whose probabilities add up to {mass:.4g}, not to 1 at most: "
            f"{beginning(choice.get('logprobs'))}",
            _IMPOSSIBLE,
        )
    return tuple(found) if named and found else None


def _once(pairs: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Pairs without those that stand there twice, as where a server adds the token it drew.

    Tokens that are no whole characters may share a name. Two others that do so, with the same
    probability, are taken for one, which leaves the other undecided.
    """
    seen: set[tuple[str, float]] = set()
    kept = []
    for pair in pairs:
        if pair not in seen:
            kept.append(pair)
        if pair[0].isascii() and pair[0]:
            seen.add(pair)
    return kept


def check_logprobs(answers: list[Answer], reply: Mapping[str, Any]) -> None:
    """Raise Fault where probabilities are missing although the answer was not withheld."""
    if any(answer.logprobs is None and withheld(answer) is None for answer in answers):
        said = (
            f"was asked for log-probabilities and returned none: {beginning(reply.get('choices'))}"
        )
        fault = Fault("empty", said, _CANNOT, status=200)
        fault.usage = reply.get("usage")
        raise fault


def _number(value: object) -> float | None:
    """A log-probability; None for a token that does not come at all: null or -Infinity."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return math.inf if value == math.inf else untrusted.finite(value)


def _top(logprobs: object) -> list[tuple[object, object]]:
    """(token, log-probability) of the first position: chats' form, completions', or in between."""
    positions = logprobs
    if isinstance(logprobs, dict):
        positions = logprobs.get("content") or logprobs.get("top_logprobs")
    if isinstance(positions, list):
        positions = positions[0] if positions else None
    top = positions
    if isinstance(positions, dict) and (
        "top_logprobs" in positions or isinstance(positions.get("token"), str)
    ):
        top = positions.get("top_logprobs")
    if isinstance(top, dict):
        return list(top.items())
    if not isinstance(top, list):
        return []
    return [(_token(entry), entry.get("logprob")) for entry in top if isinstance(entry, dict)]


def _token(entry: Mapping[str, Any]) -> object:
    """The token of an entry, from its bytes where it has no name."""
    token, raw = entry.get("token"), entry.get("bytes")
    if token is None and isinstance(raw, list):
        try:
            return bytes(raw).decode(errors="replace")
        except (TypeError, ValueError):
            return None
    return token
