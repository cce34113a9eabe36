"""The tokens of a vocabulary that are ratings: "7", " 7" and "７" are one, written three ways."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from emoalign.elicitation.readings.text import parse_number
from emoalign.errors import CapabilityError

MOST_TOKENS = 128
"""Tokens whose probabilities vLLM reports in one pass, at most."""


def number_tokens(texts: Iterable[str]) -> dict[int, float]:
    """Tokens that are numbers by the rule for answers; `texts` are all tokens by their ids."""
    numbers = ((token, parse_number(text)) for token, text in enumerate(texts))
    return {token: number for token, number in numbers if number is not None}


def rating_tokens(numbers: Mapping[int, float], points: Collection[float]) -> tuple[int, ...]:
    """The tokens that are one of the `points`, ascending.

    Raises CapabilityError when a point has none, or all have more than can be asked for.
    """
    found = tuple(token for token, number in sorted(numbers.items()) if number in points)
    without = sorted(set(points) - {numbers[token] for token in found})
    if without:
        raise CapabilityError(
            "the exact readout needs a token for every point of the scale; this model has none "
            f"for {', '.join(f'{point:g}' for point in without)}. Use the sampled readout."
        )
    if len(found) > MOST_TOKENS:
        raise CapabilityError(
            f"{len(found)} tokens of this model are points of the scale; vLLM reports "
            f"probabilities of at most {MOST_TOKENS}. Use the sampled readout."
        )
    return found
