"""Files of answers from a batch interface, line by line: OpenAI's, Anthropic's and Gemini's."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from emoalign.elicitation.engines.anthropic.messages import Messages
from emoalign.elicitation.engines.api import received
from emoalign.elicitation.engines.api.batch_replies import reply_in
from emoalign.elicitation.engines.api.choices import choices_in
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.api.replies import Fault
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.errors import DataError

_MESSAGES = Messages("")
_GZIP = b"\x1f\x8b"

FIRST_LINES = 100
"""Lines that are looked at where a file need not be read as a whole."""


def written_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a file that are not blank, bare, and where each stands; gzip is unpacked.

    Raises DataError where the file cannot be unpacked.
    """
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    try:
        with gzip.open(path) if packed else path.open("rb") as content:
            first = content.readline()
            wide = first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            pieces: Iterable[bytes] = [first + content.read()] if wide else chain([first], content)
            bare = chain.from_iterable(map(received.lines, pieces))
            for number, line in enumerate(bare, 1):
                if line:
                    yield f"{path}, line {number}", line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: cannot be unpacked ({error}); download or copy the file again"
        ) from error


def dialect_of(fields: object) -> Dialect | None:
    """The dialect of a line of answers; None if it is of none that is known."""
    if not isinstance(fields, Mapping):
        return None
    if "custom_id" in fields:
        if "result" in fields:
            return _MESSAGES
        return CHAT_COMPLETIONS if {"response", "error"} & fields.keys() else None
    gemini = "key" in fields and {"response", "error"} & fields.keys()
    return GENERATE_CONTENT if gemini else None


def is_batch(path: Path) -> bool:
    """Tell whether a file begins with a line of answers."""
    with path.open("rb") as file:
        begins = file.read(64)
    bare = begins.removeprefix(codecs.BOM_UTF8).lstrip()
    if not bare.startswith((b"{", _GZIP, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        _, line = next(written_lines(path), ("", b""))
        return dialect_of(received.parsed(line)) is not None
    except (ValueError, DataError):
        return False


def first_replies(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """custom_ids and replies among the first lines of a file that have one.

    Raises DataError where the file cannot be unpacked.
    """
    for (_, line), _ in zip(written_lines(path), range(FIRST_LINES), strict=False):
        try:
            fields = received.parsed(line)
            dialect = dialect_of(fields)
            if dialect is not None:
                outcome = dialect.outcome(fields)
                yield outcome.custom_id, reply_in(outcome, 1, dialect)
        except (ValueError, Fault):
            continue


def has_logprobs(paths: Sequence[Path]) -> bool:
    """Tell whether the first lines of any file have log-probabilities."""
    return any(
        choice.get("logprobs") is not None
        for path in paths
        for _, reply in first_replies(path)
        for choice in choices_in(reply)
    )
