"""Log-probabilities of next tokens in a reply of an OpenAI interface, whatever form they have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.replies import Fault, beginning
from emoalign.elicitation.journal import Answer, Next
from emoalign.elicitation.readings import MOST_MASS, returned_mass, withheld

_IMPOSSIBLE = (
    "The exact readout needs natural logarithms of the probabilities of whole next tokens. If the "
    "server does not report them, set top_logprobs: 0 in the model's card and use the sampled "
    "readout."
)
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
    """The drawn tokens of a chat's reply, each with the likeliest after it; none for one position.

    They end before a token of which this is not known. Raises Fault as `logprobs_in` does.
    """
    logprobs = choice.get("logprobs")
    positions = logprobs.get("content") if isinstance(logprobs, dict) else None
    found: list[Next] = []
    if not isinstance(positions, list):
        return ()
    for drawn, after in pairwise(positions):
        token = _token(drawn) if isinstance(drawn, dict) else None
        logprob = _number(drawn.get("logprob")) if isinstance(drawn, dict) else None
        pairs = _pairs(_top([after]), choice)
        if not isinstance(token, str) or logprob is None or pairs is None:
            break
        found.append(Next(untrusted.writable(token), round(logprob, 6), pairs))
    return tuple(found)


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
    mass = returned_mass(found)
    if mass > MOST_MASS:
        raise Fault(
            "permanent",
            f"gave log-probabilities whose probabilities add up to {mass:.4g}, not to 1 at most: "
            f"{beginning(choice.get('logprobs'))}",
            _IMPOSSIBLE,
        )
    return tuple(found) if named and found else None


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
