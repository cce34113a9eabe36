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
_OFTEN = 0.1
"""Probability that the number drawn goes on, from which on all others are undecided; below, each is
taken to go on as rarely."""

_BYTES = "bytes:"
"""The beginning of OpenAI's names for tokens that are half a character."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?")
"""A number, also with a comma: 7,5 is no 7, though it is no rating either."""


@dataclass(frozen=True)
class _Form:
    """The form of the numbers in a reply: what `digits` a token has, and how `number` was drawn.

    `longest` are the digits that whole numbers have beyond those of the scale, 0 if they do not;
    `decimals` are those of the number drawn, or one where it might well have had some; `rarely` is
    the probability that a whole number goes on all the same. `split` says that the number was drawn
    as several tokens.
    """

    points: tuple[str, ...]
    digits: int
    number: str
    longest: int
    rarely: float
    decimals: int
    split: bool

    def goes_on(self, core: str) -> bool:
        """Tell whether a text could become another point, or the number that was drawn.

        A number of so few digits that it would be one token does not come of two.
        """
        if not core.strip("+-"):
            return True
        if not _NUMBER.fullmatch(core):
            return False
        if core.endswith((".", ",")) or len(_decimals(core)) < self.decimals:
            return True
        if core.isdigit() and len(core) < self.longest:
            return len(core) % self.digits == 0  # a token of fewer digits ends a number
        others = [each for each in (*self.points, self.number) if not self._is_token(each)]
        others += [self.number] * self.split
        return any(each.startswith(core) and each != core for each in others)

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
    token: it is multiplied by what followed it if it was drawn, and otherwise left undecided. So
    are all numbers, or a part of each, where the one that was drawn went on beyond those of the
    scale or might have. What is undecided is in no mass, as if it had not been returned.
    """
    positions = [first, *(each.logprobs for each in later)]
    drawn = [unmarked(each.drawn) for each in later]
    start, value = (0, text) if key is None else _value(drawn, text, key)
    mass = dict.fromkeys(scale.points, 0.0)
    off_scale = 0.0
    if value is not None:
        number = _number(value)
        points = tuple(f"{point:g}" for point in scale.points)
        longest = 0
        further = _further(later[start:], number)
        if further > _OFTEN:
            longest = len(number) + 1
        elif number.isdigit() and len(number) > max(digits, *map(len, points)):
            longest = len(number)
        decimals = _with_decimals(later[start:], number)
        form = _Form(
            points,
            digits,
            number,
            longest,
            sum(each for each in (further, decimals) if each <= _OFTEN),
            len(_decimals(number)) or int(decimals > _OFTEN),
            _part_of(drawn[start:], number) is not None,
        )
        for before, token, probability in _branches(positions[start:], later[start:], form):
            rating = _rating(before, token, scale, form)
            if rating is not None and math.isnan(rating):
                continue
            if _ends_in_a_number(before, token):
                probability *= 1 - form.rarely
            if rating is None:
                off_scale += probability
            else:
                mass[rating] += probability
    decided = math.fsum((*mass.values(), off_scale))
    return ExactReading(tuple(mass.values()), off_scale, decided)


def of_another_text(later: Sequence[Next], text: str) -> bool:
    """Tell whether the tokens drawn are not those of the reply, white space aside.

    Some hosts report those of thoughts as well, or leave out tokens that are half a character. A
    token that is not whole text ends the comparison, and so does the end of the reply.
    """
    whole = "".join(text.split())
    so_far = 0
    for each in later:
        token = "".join(unmarked(each.drawn).split())
        if whole.startswith(token, so_far):
            so_far += len(token)
        else:
            part = not token.isascii() or token.startswith(_BYTES)
            return not part and not so_far == len(whole) > 0
    return False


def split_number(
    first: Pairs, later: Sequence[Next], text: str, digits: int, key: str | None = None
) -> str | None:
    """The number in a reply that was drawn as several tokens although so few digits are one.

    None where there is none, and where other numbers of several digits are among the tokens that
    could have been: then such a number is only rarely drawn in parts.
    """
    drawn = [unmarked(each.drawn) for each in later]
    start, value = (0, text) if key is None else _value(drawn, text, key)
    number = _number(value or "")
    if not number.isdigit() or not 1 < len(number) <= digits:
        return None
    part = _part_of(drawn[start:], number)
    if part is None:
        return None
    positions = [first, *(each.logprobs for each in later)]
    numbers = (_core(unmarked(each)) for each, _ in positions[start + part])
    whole = any(each.isdigit() and len(each) > 1 for each in numbers)
    return None if whole else number


def _ends_in_a_number(before: str, token: str) -> bool:
    """Tell whether a text ends in a whole number, which might go on."""
    core = _core(before + token)
    number = core.lstrip("+-").isdigit()
    return number and core != _core(before) and not token[-1:].isspace()


def _further(later: Sequence[Next], number: str) -> float:
    """P(another digit | the number that was drawn), as far as it was returned."""
    so_far = ""
    for each in later:
        so_far += unmarked(each.drawn)
        if number and _core(so_far) == number:
            digits = (lp for token, lp in each.logprobs if unmarked(token)[:1].isdigit())
            return math.fsum(map(math.exp, digits))
    return 0.0


def _with_decimals(later: Sequence[Next], number: str) -> float:
    """P(decimals | the whole number that was drawn), as far as it was returned."""
    if not number or _decimals(number):
        return 0.0
    so_far, share, found = "", 1.0, 0.0
    for each in later:
        behind = _core(so_far) == number
        so_far += unmarked(each.drawn)
        core = _core(so_far)
        if core in (f"{number}.", f"{number},"):
            share = math.exp(each.logprob) if behind else 1.0
        elif core != number:
            continue
        for token, logprob in each.logprobs:
            begun = _NUMBER.match(core + unmarked(token))
            if begun and _decimals(begun[0]):
                found += share * math.exp(logprob)
    return found


def _part_of(drawn: Sequence[str], number: str) -> int | None:
    """The place of the token that is the first of several of the number that a reply begins with;
    None where it is one token."""
    so_far = ""
    for place, token in enumerate(drawn):
        so_far += token
        core = _core(so_far)
        if core.isdigit():
            return place if core != number and number.startswith(core) else None
    return None


def _decimals(number: str) -> str:
    return number.replace(",", ".").partition(".")[2]


def _number(value: str) -> str:
    """The number that a reply begins with; empty where it begins with none."""
    begun = _NUMBER.match(value.translate(FULL_WIDTH).lstrip(_OPENINGS))
    return begun[0].rstrip(".,") if begun else ""


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
        return parse_rating(earlier.rstrip(","), scale)  # it ended before this token
    if token and _goes_on(before + token, form):
        return math.nan
    begun = _NUMBER.match(core)
    if begun and not _NUMBER.fullmatch(core):  # the number ends within this token: 7} or 7/
        return parse_rating(begun[0].rstrip(","), scale)
    return parse_rating(core, scale)
