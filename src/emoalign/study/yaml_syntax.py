"""What keeps a text from being YAML, in words of what a person has to mend."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

_WORDS = (
    (
        r"found character '\\t'",
        "a tab stands here; YAML is indented with spaces: put spaces in place of tabs",
    ),
    (
        r"found character '(.)' that cannot",
        'no text begins with {0} in YAML: put it in quotation marks, such as "{0}..."',
    ),
    (
        r"mapping values are not allowed",
        "a colon with a space after it makes a key of what is before it, and there can be no key "
        "here. Put text that holds a colon in quotation marks; a key has a line of its own, and "
        "begins in the same column as the keys beside it",
    ),
    (
        r"sequence entries are not allowed",
        "a list that begins in the line of its key; begin it in the next line",
    ),
    (
        r"could not find expected ':'",
        "a key without a colon and a space after it; write `key: value`",
    ),
    (
        r"unexpected end of stream",
        "quotation marks are opened and never closed",
    ),
    (
        r"undefined alias '?(.*?)'?$",
        'no &{0} stands above *{0}. Text that begins with * needs quotation marks: "*{0}"',
    ),
    (
        r"expected alphabetic or numeric character",
        "text that begins with *, & or % needs quotation marks",
    ),
    (
        r"expected escape sequence of",
        "within double quotation marks, \\ begins the number of a character; use single ones, as "
        "for the path of a file, or write \\\\",
    ),
    (
        r"unknown escape character '(.*)'",
        "\\{0} stands for nothing within double quotation marks; use single ones, or write \\\\",
    ),
    (
        r"constructor for the tag",
        "text that begins with ! needs quotation marks",
    ),
    (
        r"found unhashable key",
        "a key that is a list or has keys itself; text that begins with {{ or [ needs quotation "
        "marks",
    ),
    (
        r"found another document",
        "a second document begins (---); a file holds one",
    ),
    (
        r"but found '<scalar>'",
        "text goes on after closing quotation marks. Perhaps some further up are not closed; "
        "within single ones, an apostrophe is written '', or use double ones around the text",
    ),
    (
        r"expected ',' or '[]}}]'",
        "a bracket is opened and not closed, or a comma is missing between two parts",
    ),
    (
        r"expected the node content, but found '(.*)'",
        "text that begins with {0} needs quotation marks",
    ),
    (
        r"expected <block end>",
        "what begins here stands further left or right than what it belongs to; keys and hyphens "
        "that belong together begin in the same column, and a text below | further right than its "
        "key",
    ),
    (
        r"chomping or indentation",
        "text after | or > begins in the next line",
    ),
    (
        r"for merging",
        "<<: takes an anchor that has keys, such as <<: *other",
    ),
)
"""What the reader of YAML complains about, and what that means."""


def in_words(error: MarkedYAMLError) -> str:
    """What is wrong, and how to mend it."""
    problem = str(error.problem).splitlines()[0]
    for pattern, words in _WORDS:
        found = re.search(pattern, problem)
        if found:
            return words.format(*found.groups())
    return problem
