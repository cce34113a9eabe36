"""Typography of the page: symbols of statistics in italics, as APA style has them, and one kind of
apostrophe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_KEPT = re.compile(
    r"(<(script|style|title|pre|code|svg|td|select)\b.*?</\2>|<[^>]*>)", re.DOTALL | re.IGNORECASE
)
"""What is no running text: tags, code, pictures, and what strangers wrote into cells of tables."""

_TOLD = re.compile(r'(?<= )(?:title|alt|aria-label)="[^"]*"')
"""Texts within tags that readers see or hear."""

_APOSTROPHE = re.compile(r"(?<=\w)(?:'|&#39;)(?=\w)|(?<=s)(?:'|&#39;)(?=\s)")

_SYMBOL = re.compile(r"(?<![\w’'./-])(?:[rpnt]|SD)(?![\w’'/])|(?<![\w’'./-])SD(?=s\b)")
_PEOPLE = re.compile(r"(?<![\w’'./-])k(?= = | is the number )")
_Z = re.compile(r"(?<=-sum )[Wz]\b|(?<=-rank )z\b|(?<=[Nn]egative )z\b")
_P_VALUE = re.compile(r"(?<=<i>p</i>)-(?=values?\b)")
"""What APA style writes without a hyphen."""

_RELATION = re.compile(r"(?:(?<=</i>)|(?<=[ελρω])) (=|&lt;|&gt;) (?=[\d.\N{MINUS SIGN}∞&])")
"""What keeps a symbol and its number on one line."""

_D_Z = re.compile(r"\bd_z\b")


def typeset(html: str, scales: Mapping[str, str] = MappingProxyType({})) -> str:
    """The page with the symbols of its texts in italics and with typographic apostrophes. What
    was escaped stays escaped.

    `scales` has the name of each scale in words, which stands wherever the name is no adjective.
    """
    named = [
        (re.compile(rf"(?<![\w-]){re.escape(scale)}(?![\w-]| (?:ratings?|means?)\b)"), words)
        for scale, words in scales.items()
        if scale != words
    ]
    parts = _KEPT.split(html)
    # A text, then what is kept and the name of its element, again and again.
    for place in range(0, len(parts), 3):
        for scale, words in named:
            parts[place] = scale.sub(words, parts[place])
        parts[place] = _in_italics(_with_apostrophes(parts[place]))
    for place in range(1, len(parts), 3):
        if not parts[place + 1]:
            parts[place] = _TOLD.sub(lambda told: _with_apostrophes(told[0]), parts[place])
        parts[place + 1] = ""
    return "".join(parts)


def _with_apostrophes(text: str) -> str:
    return _APOSTROPHE.sub("\N{RIGHT SINGLE QUOTATION MARK}", text)


def _in_italics(text: str) -> str:
    text = _PEOPLE.sub(r"<i>\g<0></i>", _SYMBOL.sub(r"<i>\g<0></i>", text))
    text = _P_VALUE.sub("&nbsp;", text)
    text = _RELATION.sub(r"&nbsp;\1&nbsp;", text)
    return _D_Z.sub("<i>d</i><sub>z</sub>", _Z.sub(r"<i>\g<0></i>", text))
