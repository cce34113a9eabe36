"""The exact readout of hosted models: probabilities along the tokens of one reply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from random import Random

import pytest

from emoalign.elicitation.journal import Answer, Next
from emoalign.elicitation.readings import read_positions
from emoalign.elicitation.readings.exact import ExactReading
from emoalign.study.scales import OrdinalScale

SEVEN = OrdinalScale(min=1, max=7, direction="higher is better")
TEN = OrdinalScale(min=0, max=10, direction="higher is better")
HUNDRED = OrdinalScale(min=0, max=100, direction="higher is better")
HALVES = OrdinalScale(min=1, max=3, step=0.5, direction="higher is better")
SIGNED = OrdinalScale(min=-3, max=3, direction="higher is better")


def pairs(shares: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((token, math.log(share)) for token, share in shares.items())


def reply(*positions: tuple[str, Mapping[str, float]]) -> tuple[object, list[Next], str]:
    """Positions as (token drawn, what could have been) as a server returns them."""
    later = [
        Next(token, math.log(shares[token]), pairs(following))
        for (token, shares), (_, following) in pairwise(positions)
    ]
    return pairs(positions[0][1]), later, "".join(token for token, _ in positions)


def read(
    scale: OrdinalScale,
    *positions: tuple[str, Mapping[str, float]],
    digits: int = 1,
    key: str | None = None,
) -> ExactReading:
    first, later, text = reply(*positions)
    return read_positions(first, later, text, scale, digits, key)  # type: ignore[arg-type]


def by_point(reading: ExactReading, scale: OrdinalScale) -> dict[float, float]:
    told = zip(scale.points, reading.probabilities, strict=True)
    return {point: round(share, 9) for point, share in told if share}


def test_one_token_is_one_point() -> None:
    found = read(SEVEN, ("4", {"4": 0.6, "5": 0.3, " 4": 0.05, "The": 0.02}))
    assert by_point(found, SEVEN) == {4: 0.65, 5: 0.3}
    assert found.off_scale_mass == pytest.approx(0.02)
    assert found.returned_mass == pytest.approx(0.97)


def test_white_space_is_skipped_where_it_was_drawn_and_undecided_where_not() -> None:
    drawn = read(SEVEN, (" ", {" ": 0.5, "4": 0.4}), ("5", {"5": 0.6, "4": 0.4}))
    assert by_point(drawn, SEVEN) == {4: 0.6, 5: 0.3}
    not_drawn = read(SEVEN, ("4", {" ": 0.5, "4": 0.4}))
    assert by_point(not_drawn, SEVEN) == {4: 0.4}
    assert not_drawn.off_scale_mass == 0
    assert not_drawn.returned_mass == pytest.approx(0.4)


def test_10_after_1_is_multiplied_and_never_read_as_1() -> None:
    first = {"1": 0.5, "7": 0.4}
    drawn = read(TEN, ("1", first), ("0", {"0": 0.7, "<|im_end|>": 0.2, "\n": 0.1}))
    assert by_point(drawn, TEN) == {10: 0.35, 1: 0.15, 7: 0.4}
    not_drawn = read(TEN, ("7", first))
    assert by_point(not_drawn, TEN) == {7: 0.4}
    assert not_drawn.returned_mass == pytest.approx(0.4)


def test_10_is_one_token_where_the_vocabulary_says_so() -> None:
    found = read(TEN, ("10", {"1": 0.5, "10": 0.4}), digits=3)
    assert by_point(found, TEN) == {1: 0.5, 10: 0.4}


def test_numbers_of_three_digits() -> None:
    found = read(
        HUNDRED,
        ("1", {"1": 0.9, "7": 0.1}),
        ("0", {"0": 0.8, "5": 0.1, "": 0.1}),
        ("0", {"0": 0.75, "": 0.25}),
    )
    assert by_point(found, HUNDRED) == {1: 0.09, 15: 0.09, 10: 0.18, 100: 0.54}
    assert found.returned_mass == pytest.approx(0.9)  # 7 may be 70 to 79


def test_a_longer_number_that_was_drawn_is_not_its_beginning() -> None:
    found = read(
        OrdinalScale(min=0, max=99, direction="d"),
        ("1", {"1": 1}),
        ("0", {"0": 1}),
        ("0", {"0": 1}),
    )
    assert not any(found.probabilities)
    assert found.off_scale_mass == pytest.approx(1)


def test_numbers_that_rarely_go_on_are_undecided_as_rarely() -> None:
    first = {"7": 0.5, "4": 0.4}
    rarely = read(SEVEN, ("4", first), ("\n", {"\n": 0.96, "0": 0.03, "5": 0.01}))
    assert by_point(rarely, SEVEN) == {4: 0.384, 7: 0.48}
    assert rarely.returned_mass == pytest.approx(0.9 * 0.96)
    often = read(SEVEN, ("4", first), ("\n", {"\n": 0.7, "0": 0.2, "5": 0.1}))
    assert by_point(often, SEVEN) == {4: 0.28}
    assert often.off_scale_mass == pytest.approx(0.4 * 0.3)


def test_a_reply_with_decimals_shows_that_7_may_be_more() -> None:
    first = {"4": 0.56, "5": 0.43}
    found = read(
        SEVEN, ("4", first), (".", {".": 0.99, "<|end|>": 0.01}), ("00", {"00": 0.75, "50": 0.25})
    )
    assert by_point(found, SEVEN) == {4: round(0.56 * (0.99 * 0.75 + 0.01), 9)}
    assert found.off_scale_mass == pytest.approx(0.56 * 0.99 * 0.25)
    assert found.returned_mass == pytest.approx(0.56)


def test_points_between_whole_numbers() -> None:
    found = read(
        HALVES, ("1", {"1": 0.5, "2": 0.3, "3": 0.2}), (".", {".": 0.6, "": 0.4}), ("5", {"5": 1})
    )
    assert by_point(found, HALVES) == {1: 0.2, 1.5: 0.3}  # 3 may be 3.5


def test_a_sign_is_the_beginning_of_a_point() -> None:
    found = read(SIGNED, ("-", {"-": 0.7, "2": 0.3}), ("1", {"1": 0.5, "2": 0.5}))
    assert by_point(found, SIGNED) == {-1: 0.35, -2: 0.35, 2: 0.3}


def test_words_are_off_the_scale_whatever_number_follows() -> None:
    found = read(SEVEN, ("I", {"I": 0.7, "5": 0.2}), (" rate", {" rate": 1}), (" 4", {" 4": 1}))
    assert by_point(found, SEVEN) == {5: 0.2}
    assert found.off_scale_mass == pytest.approx(0.7)


def test_the_value_of_a_forced_object() -> None:
    positions = (
        ('{"', {'{"': 0.4, "I": 0.6}),
        ("valence", {"valence": 1}),
        ('":', {'":': 1}),
        (" ", {" ": 1}),
        ("4", {"4": 0.8, "5": 0.15}),
        ("}", {"}": 1}),
    )
    found = read(SEVEN, *positions, key="valence")
    assert by_point(found, SEVEN) == {4: 0.8, 5: 0.15}
    assert read(SEVEN, *positions).off_scale_mass == 1  # which nobody forced
    other = read(SEVEN, *positions, key="arousal")
    assert (sum(other.probabilities), other.returned_mass) == (0, 0)


def test_a_forced_10_ends_at_the_brace() -> None:
    opening = (('{"r":', {'{"r":': 1}), ("1", {"1": 0.6, "7": 0.4}))
    ten = read(TEN, *opening, ("0", {"0": 0.9, "}": 0.1}), ("}", {"}": 1}), key="r")
    assert by_point(ten, TEN) == {10: 0.54, 1: 0.06, 7: 0.4}


class Tree:
    """A model that writes a reply token by token: everything about it is known."""

    def __init__(self, seed: int, scale: OrdinalScale, digits: int) -> None:
        self.random = Random(seed)
        self.scale, self.digits = scale, digits
        points = [f"{point:g}" for point in scale.points]
        self.beginnings = {point[:end] for point in points for end in range(1, len(point) + 1)}
        self.known: dict[str, dict[str, float]] = {}

    def after(self, text: str) -> dict[str, float]:
        """The next tokens and their probabilities."""
        if text not in self.known:
            core = text.strip()
            digits = list("0123456789")
            if self.digits > 1 and not core:
                digits += [str(number) for number in range(10, 130, 5)]
            tokens = ["", "\n"] if core else ["The"]
            if len(text) < 2 and not core:
                tokens += [" ", "\n", "\u2581"]
            if not core:
                tokens += digits + [f" {digit}" for digit in digits[:10]] + [f"\u2581{digits[3]}"]
            elif self.digits == 1:
                tokens += [digit for digit in digits if core + digit in self.beginnings]
            if (core and not core.isdigit()) or (text.endswith("\n") and core):
                tokens = [""]
            weights = [self.random.gammavariate(0.3, 1) + 1e-9 for _ in tokens]
            total = sum(weights)
            self.known[text] = {t: w / total for t, w in zip(tokens, weights, strict=True)}
        return self.known[text]

    def truth(self, text: str = "", share: float = 1.0) -> dict[float, float]:
        """P(point) over all whole replies."""
        found: dict[float, float] = {}
        for token, p in self.after(text).items():
            whole = text + token.replace("\u2581", " ")
            end = token == "" or share * p < 1e-9 or (whole.strip() and whole[-1].isspace())
            if end:
                value = whole.strip()
                if value.isdigit() and int(value) in self.scale.points:
                    found[int(value)] = found.get(int(value), 0) + share * p
            else:
                for point, mass in self.truth(whole, share * p).items():
                    found[point] = found.get(point, 0) + mass
        return found

    def drawn(self, returned: int) -> tuple[object, list[Next], str]:
        """A reply as a server returns it, with so many tokens per position."""
        text, positions = "", []
        for _ in range(8):
            shares = self.after(text)
            token = self.random.choices(list(shares), list(shares.values()))[0]
            if token == "":
                break
            best = sorted(shares, key=shares.get, reverse=True)[:returned]  # type: ignore[arg-type]
            positions.append((token, shares[token], pairs({each: shares[each] for each in best})))
            text += token.replace("\u2581", " ")
            if text.strip() and text[-1].isspace():
                break
        later = [
            Next(token, math.log(share), following)
            for (token, share, _), (_, _, following) in pairwise(positions)
        ]
        return positions[0][2] if positions else (), later, text


@pytest.mark.parametrize("returned", [2, 5, 20, 100])
@pytest.mark.parametrize(
    ("scale", "digits"), [(SEVEN, 1), (TEN, 1), (TEN, 3), (HUNDRED, 1), (HUNDRED, 3)]
)
def test_the_truth_lies_within_what_was_not_decided(
    returned: int, scale: OrdinalScale, digits: int
) -> None:
    for seed in range(20):
        model = Tree(seed, scale, digits)
        first, later, text = model.drawn(returned)
        found = read_positions(first, later, text, scale, digits)  # type: ignore[arg-type]
        truth = model.truth()
        undecided = 1 - found.returned_mass
        assert -1e-9 <= undecided <= 1
        for point, share in zip(scale.points, found.probabilities, strict=True):
            assert share - 1e-6 <= truth.get(point, 0.0) <= share + undecided + 1e-6, (seed, point)


def test_the_journal_keeps_every_position() -> None:
    _, later, text = reply(("1", {"1": 0.5, "7": 0.5}), ("0", {"0": 1}))
    answer = Answer(
        "id", None, text, "stop", "m", 1, 2, 0.1, "", logprobs=(("1", -0.7),), later=tuple(later)
    )
    assert Answer.from_line(answer.to_line()) == answer
