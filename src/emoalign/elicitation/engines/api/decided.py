"""Decisions in a reply: whether they can be what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emoalign.elicitation.engines.api.choices import has_choices, said
from emoalign.elicitation.engines.api.replies import Fault, beginning
from emoalign.elicitation.readings import read_decision
from emoalign.prompts import ScoreQuestion

_IMPOSSIBLE = (
    "That is a fault of the server, whose Decisions API is new: nothing was repaired. If it does "
    "not pass, report it to the provider, or take decision out of readouts in the protocol."
)


def has_decisions(questions: Sequence[ScoreQuestion]) -> Callable[[Mapping[str, Any]], bool]:
    """A function that tells whether a reply, in the form of Chat Completions, is about `questions`.

    It raises Fault for probabilities that are no distribution over their levels.
    """

    def expected(reply: Mapping[str, Any]) -> bool:
        if not has_choices(reply):
            return False
        for choice in reply["choices"]:
            words = said(choice)
            try:
                read_decision("" if words is None else words.text, questions)
            except ValueError as error:
                raise _impossible(str(error), reply) from None
        return True

    return expected


def _impossible(why: str, reply: Mapping[str, Any]) -> Fault:
    told = f"was asked for decisions, and its answers {why}: {beginning(reply['choices'])}"
    fault = Fault("empty", told, _IMPOSSIBLE, status=200)
    fault.usage = reply.get("usage")
    return fault
