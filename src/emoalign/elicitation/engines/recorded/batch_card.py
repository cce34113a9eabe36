"""The part of a card of recorded ratings that is about files of answers from a batch interface."""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar

from pydantic import Field, field_validator

from emoalign.elicitation.engines.served import TOKEN_DIGITS, Vocabulary
from emoalign.study.fields import Entry, FileSource

OWN = ("custom_id", "answer", "model", "prompt")
"""The columns that every file of answers has, whatever its custom_ids are made of."""

ROW, INDEX = "row", "index"
"""Parts of a custom_id that count the rows of a table, from 1 and from 0."""

_PART = re.compile(r"\{([^{}:]*)(:d)?\}")
_COLUMN = re.compile(r"[^\W\d]\w*")


class Pattern:
    """A text with parts in braces, valence_{item} or {item}_{run:d}, that other texts are made by.

    `parts` are the names in braces; :d says that one is a number. Raises ValueError where no text
    could be divided by it.
    """

    def __init__(self, pattern: str) -> None:
        found = list(_PART.finditer(pattern))
        self.parts = tuple(each[1] for each in found)
        self._numbers = {each[1] for each in found if each[2]}
        named = all(map(_COLUMN.fullmatch, self.parts))
        if not named or re.search(r"[{}]", _PART.sub("", pattern)):
            raise ValueError(
                f"{pattern!r}: write each part that differs as a name in braces, such as "
                "valence_{item}, or {item}_{run:d} where a number follows"
            )
        if len(set(self.parts)) < len(self.parts):
            raise ValueError(f"{pattern!r}: two parts have the same name")
        fixed = _PART.split(pattern)[::3]
        if not all(fixed[1:-1]):
            raise ValueError(f"{pattern!r}: nothing stands between two of its parts")
        self._shortest, self._longest = (
            re.compile("".join(self._pieces(fixed, mark)), re.DOTALL) for mark in ("+?", "+")
        )

    def _pieces(self, fixed: list[str], mark: str) -> list[str]:
        pieces = [re.escape(fixed[0])]
        for part, text in zip(self.parts, fixed[1:], strict=True):
            kind = "[0-9]" if part in self._numbers else "."
            pieces += [f"({kind}{mark})", re.escape(text)]
        return pieces

    def divided(self, text: str) -> dict[str, str] | None:
        """The parts of a text by their names; None if it is not made by the pattern.

        Raises ValueError where it could be divided in another way too.
        """
        found, other = self._shortest.fullmatch(text), self._longest.fullmatch(text)
        if found is None or other is None:
            return None
        if found.groups() != other.groups():
            raise ValueError(
                f"can be divided in more than one way: {self.parts[0]} may be {found[1]!r} or "
                f"{other[1]!r}. If a part is a number, write :d behind its name, such as "
                "{run:d}"
            )
        return dict(zip(self.parts, found.groups(), strict=True))

    def found_in(self, text: str) -> dict[str, str] | None:
        """The parts of the one line of a text that the pattern is found in; None if there is none.

        A part at its beginning or end reaches as far as the line. Raises ValueError where the
        pattern is found more than once, with other parts.
        """
        held = [found for line in text.splitlines() if (found := self._within(line))]
        if any(found != held[0] for found in held):
            raise ValueError("has several places that the pattern fits; make the pattern longer")
        return held[0] if held else None

    def _within(self, line: str) -> dict[str, str] | None:
        found = self._shortest.search(line)
        if found is None:
            return None
        begins, ends = found.span()
        pieces = list(found.groups())
        if self._shortest.pattern.startswith("("):
            pieces[0] = line[:begins] + pieces[0]
        if self._shortest.pattern.endswith(")"):
            pieces[-1] += line[ends:]
        return dict(zip(self.parts, (piece.strip() for piece in pieces), strict=True))


class RecordedBatch(Entry):
    """Answers from a batch interface: each line is a column custom_id, its parts, and an answer."""

    short: ClassVar[str] = 'custom_id: "{item}"'

    custom_id: str = Field(
        description=(
            "Form of custom_ids: valence_{item}, {item}_{run:d}. Parts in braces are columns, with "
            ":d numbers. Other custom_ids are left out."
        ),
    )
    requests: FileSource | None = Field(
        None,
        description=(
            "The requests that were sent (JSONL), or a table with further columns by custom_id or "
            "parts of it, or by {row} (from 1) or {index} (from 0)."
        ),
    )
    prompt: str | None = Field(
        None,
        description=(
            "What stands around the item in the last user message of the requests: "
            '"Word: {word}". Its parts are columns too.'
        ),
    )
    vocabulary: Vocabulary | None = Field(
        None,
        description=(
            "What numbers are one token, for the exact readout. Default: o200k_base or cl100k_base "
            "for OpenAI's models; else digits, which is never wrong but leaves more undecided."
        ),
    )

    @field_validator("custom_id", "prompt")
    @classmethod
    def _is_pattern(cls, written: str | None) -> str | None:
        if written is not None:
            parts = Pattern(written).parts
            if not parts:
                raise ValueError(f"{written!r}: name a part in braces, such as {{item}}")
            own = [part for part in parts if part in OWN]
            if own:
                raise ValueError(f"{written!r}: {own[0]} is a column already; choose another name")
        return written

    @cached_property
    def pattern(self) -> Pattern:
        """The way custom_ids are made."""
        return Pattern(self.custom_id)

    @cached_property
    def in_prompts(self) -> Pattern | None:
        """What stands around items in prompts."""
        return None if self.prompt is None else Pattern(self.prompt)

    def digits(self, model: str) -> int:
        """The most digits of a number that is one token of a model, by the name in its replies."""
        return TOKEN_DIGITS[self.vocabulary or _likely_vocabulary(model)]


_OPENAI = re.compile(r"(?:ft:)?(?:openai/)?(gpt-|chatgpt-|o[1-9](?:-|$))")


def _likely_vocabulary(model: str) -> Vocabulary:
    """The vocabulary of a model of OpenAI; single digits for others, of which nothing is known."""
    found = _OPENAI.match(model)
    if found is None:
        return "digits"
    older = re.match(r"gpt-(?:4(?:-|$)|3)", model[found.start(1) :])
    return "cl100k_base" if older else "o200k_base"
