"""Values from servers, made safe to write and to count."""

from __future__ import annotations

import math

LARGEST = 2**31 - 1
"""The largest number of tokens that a table holds."""

LONGEST_NAME = 200
"""Letters of a name or a reason that are kept."""


def count(value: object) -> int | None:
    """A number of tokens; None for anything else, or an impossible number.

    A fraction is rounded up, a text with a number in it is that number.
    """
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    number = finite(value)
    if number is None or not 0 <= number <= LARGEST:
        return None
    return math.ceil(number)


def finite(value: object) -> float | None:
    """A number that is neither infinite nor NaN; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def writable(text: str) -> str:
    """The text, with U+FFFD for halves of characters, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def name(value: object) -> str | None:
    """The beginning of a name or a reason, as text; None if there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.15g}" if isinstance(value, float) else str(value % 10**LONGEST_NAME)
    return writable(value[:LONGEST_NAME]) if isinstance(value, str) else None
