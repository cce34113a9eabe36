"""The exact readout: probabilities of the points of a scale, from those of the next token."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.questions import check_single_tokens
from emoalign.elicitation.readings import read_distribution
from emoalign.errors import CapabilityError
from emoalign.study.scales import OrdinalScale

FIVE = OrdinalScale(min=1, max=5, direction="higher is better")

TOKENS = ["3", " 3", "4", "The", "5", "\n", "0", "6", "３", "3.", "three"]
P = np.array([0.25, 0.15, 0.20, 0.10, 0.05, 0.04, 0.03, 0.02, 0.01, 0.005, 0.005])
LOGPROBS = [(token, math.log(p)) for token, p in zip(TOKENS, P, strict=True)]


def test_variants_of_a_rating_are_summed_and_the_rest_is_kept_apart() -> None:
    reading = read_distribution(LOGPROBS, FIVE)
    assert reading.probabilities == pytest.approx((0, 0, 0.25 + 0.15 + 0.01 + 0.005, 0.20, 0.05))
    assert reading.off_scale_mass == pytest.approx(0.10 + 0.04 + 0.03 + 0.02 + 0.005)
    assert reading.returned_mass == pytest.approx(0.86)


def test_a_point_that_was_not_returned_has_probability_0() -> None:
    assert read_distribution([("2", -0.1)], FIVE).probabilities == (0, math.exp(-0.1), 0, 0, 0)


def test_at_temperature_1_nothing_is_renormalised() -> None:
    reading = read_distribution(LOGPROBS, FIVE, temperature=1.0)
    total = sum(reading.probabilities) + reading.off_scale_mass
    assert total == pytest.approx(reading.returned_mass)
    assert reading.returned_mass < 0.99


@pytest.mark.parametrize("temperature", [0.01, 0.3, 0.5, 0.999, 1.5, 2.0, 10.0])
def test_another_temperature_follows_over_all_that_was_returned(temperature: float) -> None:
    tempered = P ** (1 / temperature) / np.sum(P ** (1 / temperature))
    reading = read_distribution(LOGPROBS, FIVE, temperature)
    variants = {3: [0, 1, 8, 9], 4: [2], 5: [4]}
    expected = [tempered[variants.get(point, [])].sum() for point in range(1, 6)]
    assert reading.probabilities == pytest.approx(expected, abs=1e-12)
    assert reading.off_scale_mass == pytest.approx(tempered[[3, 5, 6, 7, 10]].sum(), abs=1e-12)
    assert reading.returned_mass == pytest.approx(0.86)


def test_temperature_0_is_the_likeliest_token() -> None:
    # "3" is the likeliest token, whatever its variants add up to.
    assert read_distribution(LOGPROBS, FIVE, 0.0).probabilities == (0, 0, 1, 0, 0)
    split = [("2", math.log(0.3)), (" 2", math.log(0.3)), ("4", math.log(0.4))]
    assert read_distribution(split, FIVE, 0.0).probabilities == (0, 0, 0, 1, 0)
    chatty = [("The", math.log(0.6)), ("4", math.log(0.4))]
    assert read_distribution(chatty, FIVE, 0.0).off_scale_mass == 1


def test_equally_likely_tokens_share_temperature_0() -> None:
    tied = [("2", -1.0), ("4", -1.0), ("5", -3.0)]
    assert read_distribution(tied, FIVE, 0.0).probabilities == (0, 0.5, 0, 0.5, 0)


def test_a_low_temperature_neither_overflows_nor_loses_an_unlikely_answer() -> None:
    reading = read_distribution([("2", -800.0), ("4", -801.0)], FIVE, 0.5)
    assert reading.probabilities == pytest.approx(
        (0, 1 / (1 + math.exp(-2)), 0, 1 / (1 + math.exp(2)), 0)
    )


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
def test_without_any_token_there_is_no_mass_at_all(temperature: float) -> None:
    reading = read_distribution([], FIVE, temperature)
    assert reading.probabilities == (0, 0, 0, 0, 0)
    assert (reading.off_scale_mass, reading.returned_mass) == (0, 0)


TOKEN = st.sampled_from([*TOKENS, "1", "2", "x", "", "”"])
REPORTED = st.lists(st.tuples(TOKEN, st.floats(-30, 0)), min_size=1, max_size=30)


@given(REPORTED, st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_mass_is_never_lost_and_never_made(
    reported: list[tuple[str, float]], temperature: float
) -> None:
    reading = read_distribution(reported, FIVE, temperature)
    assert len(reading.probabilities) == 5
    assert min(reading.probabilities) >= 0
    total = math.fsum(reading.probabilities) + reading.off_scale_mass
    assert total == pytest.approx(reading.returned_mass if temperature == 1 else 1)


@given(REPORTED, st.randoms(use_true_random=False), st.sampled_from([0.5, 1.0]))
def test_the_order_of_the_tokens_does_not_matter(
    reported: list[tuple[str, float]], random: Random, temperature: float
) -> None:
    shuffled = random.sample(reported, len(reported))
    one, other = (read_distribution(tokens, FIVE, temperature) for tokens in (reported, shuffled))
    assert one.probabilities == pytest.approx(other.probabilities)
    assert one.off_scale_mass == pytest.approx(other.off_scale_mass)


# Single tokens


def test_a_scale_of_single_tokens_is_accepted() -> None:
    check_single_tokens({1.0: [33], 2.0: [34], 3.0: [35]}, "valence")


def test_a_scale_with_points_of_several_tokens_is_refused_and_they_are_named() -> None:
    tokens = {9.0: [41], 10.0: [33, 32], 11.0: [33, 33], 2.5: [34, 30, 37]}
    with pytest.raises(CapabilityError) as error:
        check_single_tokens(tokens, "pleasure")
    message = str(error.value)
    assert message.startswith("scale 'pleasure': not every point is a single token of this model: ")
    assert "10 (2 tokens), 11 (2 tokens), 2.5 (3 tokens)" in message
    assert "9 (" not in message
    assert "use the sampled readout with a prompt set with answer.kind: text" in message


def test_points_that_share_a_token_are_refused() -> None:
    with pytest.raises(CapabilityError, match="two points share a token"):
        check_single_tokens({1.0: [0], 2.0: [0]}, "valence")


def test_a_point_without_a_token_is_refused() -> None:
    with pytest.raises(CapabilityError, match=r"2 \(0 tokens\)"):
        check_single_tokens({1.0: [5], 2.0: []}, "valence")
