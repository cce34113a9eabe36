"""Words for amounts, times and other people's messages."""

from __future__ import annotations

import pytest

from emoalign.wording import at_most, dollars, minutes, percent, sentence


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0, "at most 0.00 US dollars"),
        (0.0001, "< 0.01 US dollars"),
        (0.0049, "< 0.01 US dollars"),
        (0.006, "at most 0.01 US dollars"),
        (1234.5, "at most 1,234.50 US dollars"),
    ],
)
def test_an_amount_that_is_not_nothing_is_never_said_to_be(usd: float, words: str) -> None:
    assert at_most(usd) == words
    assert dollars(usd) == words.removeprefix("at most ")


@pytest.mark.parametrize(
    ("number", "words"),
    [(0.02, "less than a minute"), (0.99, "less than a minute"), (1, "1 min"), (1250, "1,250 min")],
)
def test_a_time_below_a_minute_is_not_zero(number: float, words: str) -> None:
    assert minutes(number) == words


@pytest.mark.parametrize(
    ("theirs", "ended"),
    [
        ("Not found", "Not found."),
        ("Not found.", "Not found."),
        ("Why?", "Why?"),
        ('It said "no."', 'It said "no."'),
        ('It said "no"', 'It said "no".'),
        ("line one\nline two \n", "line one\nline two."),
        ("{'code': 5}", "{'code': 5}."),
    ],
)
def test_words_of_others_end_in_a_full_stop_before_ours_follow(theirs: str, ended: str) -> None:
    assert sentence(theirs) == ended


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.004, "0.40%"), (0.5, "50%"), (1, "100%"), (1.5, "150%"), (40, "4,000%")],
)
def test_shares_above_all_have_no_decimals(share: float, expected: str) -> None:
    assert percent(share) == expected
