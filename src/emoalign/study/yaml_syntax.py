"""Syntax errors in YAML, in words that say what to change."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

_WORDS = (
    (
        r"found character '\\t'",
        "there is a tab here; YAML is indented with spaces: replace tabs with spaces",
    ),
    (
        r"found character '(.)' that cannot",
        'in YAML, text cannot begin with {0}: put it in quotation marks, such as "{0}..."',
    ),
    (
        r"mapping values are not allowed",
        "what precedes a colon and a space is read as a key, and a key is not possible here. Put "
        "text that contains a colon in quotation marks; begin a key on its own line, in the same "
        "column as the keys beside it",
    ),
    (
        r"sequence entries are not allowed",
        "a list begins on the same line as its key; begin it on the next line",
    ),
    (
        r"could not find expected ':'",
        "a key must be followed by a colon and a space; write `key: value`",
    ),
    (
        r"unexpected end of stream",
        "quotation marks are opened but never closed",
    ),
    (
        r"undefined alias '?(.*?)'?$",
        (
            "*{0} refers to an anchor &{0}, but there is none above it. Text that begins with * "
            'needs quotation marks: "*{0}"'
        ),
    ),
    (
        r"expected alphabetic or numeric character",
        "text that begins with *, & or % needs quotation marks",
    ),
    (
        r"expected escape sequence of",
        "within double quotation marks, \\ begins a character code; use single quotation marks, "
        "for example for a file path, or write \\\\",
    ),
    (
        r"unknown escape character '(.*)'",
        (
            "\\{0} has no meaning within double quotation marks; use single quotation marks, or "
            "write \\\\"
        ),
    ),
    (
        r"constructor for the tag",
        "text that begins with ! needs quotation marks",
    ),
    (
        r"found unhashable key",
        "a key is a list or has keys of its own; text that begins with {{ or [ needs quotation "
        "marks",
    ),
    (
        r"found another document",
        "a second document begins (---), but a file may contain only one",
    ),
    (
        r"but found '<scalar>'",
        "text continues after closing quotation marks. Perhaps quotation marks further up were "
        "not closed. Within single quotation marks write an apostrophe as '', or put the text in "
        "double quotation marks",
    ),
    (
        r"expected ',' or '[]}}]'",
        "a bracket is opened but not closed, or a comma between two values is missing",
    ),
    (
        r"expected the node content, but found '(.*)'",
        "text that begins with {0} needs quotation marks",
    ),
    (
        r"expected <block end>",
        "this line is not indented like the lines it belongs with: keys and hyphens of the same "
        "list begin in the same column, and text below | is indented further than its key",
    ),
    (
        r"chomping or indentation",
        "text after | or > begins on the next line",
    ),
    (
        r"for merging",
        "<<: needs an anchor that has keys, such as <<: *other",
    ),
)
"""Complaints of the YAML reader, and their meaning."""


def in_words(error: MarkedYAMLError) -> str:
    """The problem, and how to fix it."""
    problem = str(error.problem).splitlines()[0]
    for pattern, words in _WORDS:
        found = re.search(pattern, problem)
        if found:
            return words.format(*found.groups())
    return problem
