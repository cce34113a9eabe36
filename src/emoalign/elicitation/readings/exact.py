"""Exact answers: probabilities of the points of a scale, from those of next tokens."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from emoalign.elicitation.journal import Pairs
from emoalign.elicitation.readings.text import parse_rating
from emoalign.study.scales import OrdinalScale

_MARKS = str.maketrans("▁ĠĊĉč", "  \n\t\r")
_BYTE = re.compile(r"<0x([0-7][0-9A-Fa-f])>")


@dataclass(frozen=True)
class ExactReading:
    """Probabilities of the points of a scale, ascending, and what else there is.

    on the scale + `off_scale_mass` = `returned_mass`; 1 - `returned_mass` was not reported.
    """

    probabilities: tuple[float, ...]
    off_scale_mass: float
    returned_mass: float


def read_distribution(
    logprobs: Pairs, scale: OrdinalScale, temperature: float = 1.0
) -> ExactReading:
    """P(rating) from log-probabilities of next tokens at temperature 1.

    Variants of a rating are summed: "7", " 7", and "▁7" or "Ġ7", as some servers write a space. At
    another temperature T the distribution is p^(1/T), renormalised over all the tokens that were
    returned; `returned_mass` remains their share of the distribution at temperature 1.
    """
    mass = dict.fromkeys(scale.points, 0.0)
    off_scale = 0.0
    for (token, _), probability in zip(logprobs, _tempered(logprobs, temperature), strict=True):
        rating = parse_rating(unmarked(token), scale)
        if rating is None:
            off_scale += probability
        else:
            mass[rating] += probability
    return ExactReading(tuple(mass.values()), off_scale, returned_mass(logprobs))


def returned_mass(logprobs: Pairs) -> float:
    """The probability of all tokens together; infinite where one by itself is impossible."""
    if any(logprob > 1 for _, logprob in logprobs):
        return math.inf
    return math.fsum(math.exp(logprob) for _, logprob in logprobs)


MOST_MASS = 1.01
"""Probabilities that add up to more are none: no rounding explains it."""


def unmarked(token: str) -> str:
    """A token with a space or line end where its vocabulary has a mark for it, or for a byte.

    ▁ and <0x37> are SentencePiece's; Ġ, Ċ, ĉ and č are those of byte-level vocabularies.
    """
    byte = _BYTE.fullmatch(token)
    return chr(int(byte[1], 16)) if byte else token.translate(_MARKS)


def _tempered(logprobs: Pairs, temperature: float) -> list[float]:
    if temperature == 1.0:
        return [math.exp(logprob) for _, logprob in logprobs]
    highest = max((logprob for _, logprob in logprobs), default=0.0)
    if temperature == 0.0:
        weights = [float(logprob == highest) for _, logprob in logprobs]
    else:
        weights = [math.exp((logprob - highest) / temperature) for _, logprob in logprobs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]
