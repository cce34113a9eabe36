"""Numbers in the fields of tables."""

from __future__ import annotations

import json
import re
from collections import Counter

from emoalign.stimuli.mistakes import Mistakes, Remedy
from emoalign.stimuli.table_format import TableFormat

LARGEST = 1e15
"""Larger numbers cannot be told apart exactly, and their squares become infinite."""

OFTEN = 3
"""Times the same word must stand in place of a number to be taken for a sign of none."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_DASHES = ("\u2212", "\u2013", "\u2014", "\u2012")
_NO_NUMBER = re.compile(
    r"#[A-Z0-9/!?]+|#?(n\.?[/.]?\s?a\.?|nan|null|none|nil|missing|-+|\.+|\?+|x|–|—)!?", re.I
)


def looks_like_number(field: object) -> bool:
    """Tell whether a field would be a number, whichever mark separates its decimals."""
    return bool(_NUMBER.fullmatch(str(field).strip().replace(",", ".")))


def read_number(
    field: str,
    where: str,
    mistakes: Mistakes,
    decimal: str = ".",
    written: TableFormat | None = None,
    card: str = "the dataset's card",
) -> float | None:
    """The number in a field. None for anything else, which is noted with what mends it.

    `written` is how the table is written, as `card` says it.
    """
    plain = field.strip()
    if decimal == ",":
        plain = plain.replace(".", " ").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        kind, remedy = _mended(field.strip(), decimal, written or TableFormat(), card)
        problem = f"{where}: expected a number, found {field[:60]!r}"
        mistakes.add(kind, problem, remedy, field.strip()[:60])
        return None
    value = float(plain)
    if abs(value) > LARGEST:
        problem = f"{where}: expected a rating, found {field[:60]!r}, which is too large"
        mistakes.add("Numbers too large to be ratings", problem, "Correct the fields.")
        return None
    return value


def number(
    field: str,
    where: str,
    decimal: str = ".",
    written: TableFormat | None = None,
    card: str = "the dataset's card",
) -> float:
    """The number in a field. Raises DataError for anything else, with what mends it."""
    mistakes = Mistakes()
    value = read_number(field, where, mistakes, decimal, written, card)
    mistakes.tell()
    assert value is not None  # noqa: S101 - else the mistake was told
    return value


def missing_instead(value: str, written: TableFormat) -> str:
    """The key that makes a value stand for no number: na_values with those that do so already."""
    known = [word for word in written.na_values if word or not written.empty_is_none]
    words = ", ".join(json.dumps(word, ensure_ascii=False) for word in [*known, value])
    return f"na_values: [{words}]"


def _mended(field: str, decimal: str, written: TableFormat, card: str) -> tuple[str, Remedy]:
    """The kind of a field that is not a number, and the correction."""
    if decimal == "." and _THOUSANDS.fullmatch(field):
        return "Numbers with a comma before three digits", (
            "If the comma separates thousands, write 1234 instead of 1,234. If it separates "
            f'decimals, set decimal: "," in {card}.'
        )
    if _NUMBER.fullmatch(field.replace(",", ".", 1)):
        mark, other = ("point", ",") if decimal == "." else ("comma", ".")
        return f"Decimal {'commas' if decimal == '.' else 'points'}", (
            f"The card expects a decimal {mark}. If the whole table is written the other way, "
            f'set decimal: "{other}" in {card}; otherwise correct the fields.'
        )
    if _NUMBER.fullmatch(field.removesuffix("%").rstrip().replace(",", ".", 1)):
        return "Percentages", (
            "Write numbers without the percent sign. If they go from 0 to 100, set native: "
            f"{{min: 0, max: 100}} for the scale in {card}."
        )
    if _NUMBER.fullmatch(field.removeprefix("(").removesuffix(")")):
        return "Numbers in brackets", (
            "Some spreadsheets write negative numbers in brackets: export the table again, or "
            "write them with a minus sign."
        )

    if field.startswith(_DASHES) and looks_like_number(field[1:]):
        return "Dashes instead of minus signs", (
            "Write negative numbers with a hyphen (-), not with a dash or a typographic minus sign."
        )

    def remedy(values: Counter[str]) -> str:
        words = [
            word
            for word, count in values.most_common()
            if word and (count >= OFTEN or _NO_NUMBER.fullmatch(word))
        ]
        if not words:
            return (
                "Correct the fields; if a line is not an item, for example because it explains "
                f"the columns, remove it; or check that {card} names the right columns."
            )
        shown = ", ".join(f"{word!r} ({values[word]:,})" for word in words[:5])
        known = written.model_copy(update={"na_values": (*written.na_values, *words[:-1])})
        return (
            f"If {shown} means that there is no number, set "
            f"{missing_instead(words[-1], known)} in {card}."
        )

    return "Not a number", remedy
