"""Answers in plain text: a number, and nothing else; or the beginning of a refusal."""

from __future__ import annotations

import re

from emoalign.elicitation.readings.reading import UNPARSABLE, Reading, number_read
from emoalign.study.scales import HumanScale, LabelScale, OrdinalScale, Scale

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_WRAPPERS = ("**", "__", "*", "_", "`", '"', "'", "“”", "‘’", "«»", "„“", "()", "[]")
_OPENINGS = " \t\r\n+*_`\"'“‘«„(["
_LONGEST = 60  # Nobody writes a rating at such length; endless stars would be unwrapped one by one.
FULL_WIDTH = str.maketrans("０１２３４５６７８９．－＋−", "0123456789.-+-")

_REFUSAL = re.compile(
    r"""\s*(?:unfortunately,?\s+)?(?:
        (?:i['’]?m|i\s+am|we['’]?re|we\s+are)\s+(?:(?:very|truly|so|really|deeply)\s+)?
            (?:sorry|afraid|unable|not\s+(?:able|comfortable|going\s+to))\b
      | (?:sorry|apologies|my\s+apologies)[,.!]?\s+(?:but\s+)?(?:i|we|as|this|that)\b
      | i\s+apologi[sz]e\b
      | (?:i|we)\s+(?:can['’]?t|cannot|can\s+not|won['’]?t|will\s+not|decline|refuse)\b
      | (?:i|we)\s+must\s+(?:decline|refuse)\b
      | (?:i['’]d|i\s+would)\s+rather\s+not\b
      | (?:i|we)\s+(?:do\s+not|don['’]?t)\s+(?:have|feel|experience|possess)\b
      | (?:i['’]?m|i\s+am|as)\s+(?:just\s+)?an?\s+(?:\w+\s+)?(?:ai|artificial|language\s+model)\b
      | unable\s+to\s+(?:comply|rate|answer|assist|help|provide)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def refuses(text: str) -> bool:
    """Tell whether a text begins like a refusal."""
    return _REFUSAL.match(text) is not None


def parse_rating(text: str, scale: OrdinalScale) -> float | None:
    """The rating that `text` is, in points of the scale, or None when it is not exactly one.

    Around the number there may be white space, quotation marks, emphasis or brackets, and one full
    stop; the number must be a point of the scale ("7", "7.0", "**7**", "(7)", "7.").
    """
    number = parse_number(text)
    return None if number is None else scale.point(number)


def parse_number(text: str) -> float | None:
    """The number that `text` is, whatever the scale; see parse_rating."""
    stripped = text.translate(FULL_WIDTH).strip()
    if len(stripped) > _LONGEST:
        return None
    core = stripped if _NUMBER.fullmatch(stripped) else _unwrapped(stripped)
    return float(core) if _NUMBER.fullmatch(core) else None


def plain_number(text: str) -> float | None:
    """The number that `text` is without anything around it, as in "7" and "7.0"; None if none."""
    return float(text) if _NUMBER.fullmatch(text) else None


def read_text(text: str, scale: Scale) -> Reading:
    """Read a text on a scale of numbers; labels are read only from JSON."""
    if isinstance(scale, LabelScale):
        return UNPARSABLE
    return number_read(parse_number(text), scale)


def read_decimal(text: str, scale: Scale) -> Reading:
    """Read a text as a number that need be no point of the scale, in the numbers of its file.

    It is off the scale if it lies beyond the ends that the file has.
    """
    number = parse_number(text)
    if number is None or isinstance(scale, LabelScale):
        return UNPARSABLE
    ends = scale.written if isinstance(scale, HumanScale) else scale
    within = min(ends.min, ends.max) <= number <= max(ends.min, ends.max)
    return Reading("ok", number) if within else Reading("off_scale")


def begins_number(text: str, scale: Scale) -> bool:
    """Tell whether a text could go on to a point of the scale other than the one it may be."""
    if isinstance(scale, LabelScale):
        return False
    begun = text.translate(FULL_WIDTH).lstrip(_OPENINGS)
    points = (f"{point:.10g}" for point in scale.points)
    return any(point.startswith(begun) and point != begun for point in points)


def _unwrapped(text: str) -> str:
    """`text` without a final full stop and without what is wrapped around it, layer by layer."""
    text = text.removesuffix(".")
    for wrapper in _WRAPPERS:
        half = len(wrapper) // 2
        opening, closing = (
            (wrapper, wrapper) if len(set(wrapper)) == 1 else (wrapper[:half], wrapper[half:])
        )
        inside = len(text) - len(opening) - len(closing)
        if inside > 0 and text.startswith(opening) and text.endswith(closing):
            return _unwrapped(text[len(opening) : -len(closing)].strip())
    return text
