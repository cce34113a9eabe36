"""Exact answers of hosted models: probabilities along the tokens of one reply.

A server returns, for each position of the reply that it drew, the likeliest tokens. Together they
are a tree: what was drawn so far and one of these tokens begin a text, whose probability is the
product along the way. Nothing is known of what would have followed a token that was not drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emoalign.elicitation.journal import Next, Pairs
from emoalign.elicitation.readings.exact import ExactReading, unmarked
from emoalign.elicitation.readings.text import FULL_WIDTH, parse_rating
from emoalign.study.scales import OrdinalScale

_OPENINGS = " \t\r\n*_`\"'“‘«„(["
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")


@dataclass(frozen=True)
class _Form:
    """The form of the numbers in a reply: what `digits` a token has, and how `number` was drawn."""

    points: tuple[str, ...]
    digits: int
    number: str

    @property
    def decimals(self) -> int:
        return len(self.number.partition(".")[2])

    def goes_on(self, core: str) -> bool:
        """Tell whether a text could become another point, or the number that was drawn.

        A number of so few digits that it would be one token does not come of two.
        """
        if not core.strip("+-"):
            return True
        if not _NUMBER.fullmatch(core):
            return False
        if core.endswith(".") or len(core.partition(".")[2]) < self.decimals:
            return True
        others = (each for each in (*self.points, self.number) if each != core)
        return any(each.startswith(core) and not self._is_token(each) for each in others)

    def _is_token(self, number: str) -> bool:
        return number.isdigit() and len(number) <= self.digits


def read_positions(
    first: Pairs,
    later: Sequence[Next],
    text: str,
    scale: OrdinalScale,
    digits: int = 1,
    key: str | None = None,
) -> ExactReading:
    """P(rating) from the log-probabilities of the positions of a reply, at temperature 1.

    `text` is the reply and `later` are its tokens with what could have followed each; the model
    writes numbers of up to `digits` digits as one token. A rating is read from the first token that
    is more than white space or an opening mark; of an answer that is held to be a JSON object, from
    where the value of `key` begins. "1" is not read as 1 where 10 is a point and takes another
    token: it is multiplied by what followed it if it was drawn, and otherwise left undecided. What
    is undecided is in no mass, as if it had not been returned.
    """
    positions = [first, *(each.logprobs for each in later)]
    drawn = [unmarked(each.drawn) for each in later]
    start, value = (0, text) if key is None else _value(drawn, text, key)
    mass = dict.fromkeys(scale.points, 0.0)
    off_scale = 0.0
    if value is not None:
        begun = _NUMBER.match(value.lstrip(_OPENINGS))
        number = begun[0].rstrip(".") if begun else ""
        form = _Form(tuple(f"{point:g}" for point in scale.points), digits, number)
        for before, token, probability in _branches(positions[start:], later[start:], form):
            rating = _rating(before, token, scale, form)
            if rating is not None and math.isnan(rating):
                continue
            if rating is None:
                off_scale += probability
            else:
                mass[rating] += probability
    decided = math.fsum((*mass.values(), off_scale))
    return ExactReading(tuple(mass.values()), off_scale, decided)


def _value(drawn: Sequence[str], text: str, key: str) -> tuple[int, str | None]:
    """The position at which the value of a key begins, and the reply from there; None if nowhere.

    The key must be the first of the object, and no token may have its colon and the value's start.
    """
    opening = re.compile(rf'\s*\{{\s*"{re.escape(key)}"\s*:\s*')
    begun = opening.match(text)
    so_far = ""
    for place, token in enumerate(drawn, start=1):
        so_far += token
        if begun and opening.fullmatch(so_far):
            return place, text[len(so_far) :]
    return 0, None


def _branches(
    positions: Sequence[Pairs], later: Sequence[Next], form: _Form
) -> Iterator[tuple[str, str, float]]:
    """(what was drawn before, a token after it, the probability of both), for the leaves of the
    tree: tokens behind which nothing more is known, or need be."""
    before, share = "", 1.0
    for place, pairs in enumerate(positions):
        drawn = later[place] if place < len(later) else None
        further = drawn is not None and _goes_on(before + unmarked(drawn.drawn), form)
        found = False
        for token, logprob in pairs:
            if further and not found and drawn is not None and token == drawn.drawn:
                found = True
                continue
            yield before, unmarked(token), share * math.exp(logprob)
        if drawn is None or not further:
            if drawn is not None and all(token != drawn.drawn for token, _ in pairs):
                yield before, unmarked(drawn.drawn), share * math.exp(drawn.logprob)
            return
        before += unmarked(drawn.drawn)
        share *= math.exp(drawn.logprob)


def _goes_on(text: str, form: _Form) -> bool:
    """Tell whether a beginning of a reply says nothing yet."""
    core = _core(text)
    return not (core and text[-1:].isspace()) and form.goes_on(core)


def _core(text: str) -> str:
    return text.translate(FULL_WIDTH).strip().lstrip(_OPENINGS)


def _rating(before: str, token: str, scale: OrdinalScale, form: _Form) -> float | None:
    """The point that a beginning of a reply is; None if it is none, NaN if it is undecided."""
    earlier, core = _core(before), _core(before + token)
    if _NUMBER.fullmatch(earlier) and (core == earlier or not _NUMBER.fullmatch(core)):
        return parse_rating(earlier, scale)  # the number ended before this token
    if token and _goes_on(before + token, form):
        return math.nan
    return parse_rating(core, scale)
