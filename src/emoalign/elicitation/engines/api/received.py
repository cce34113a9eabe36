"""Replies of a server as bytes and as JSON, unpacked, and no larger than an answer can be."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from emoalign.elicitation.engines.api.replies import odd

LARGEST_REPLY = 32 * 2**20
"""Bytes of a reply, unpacked: a hundred answers of a model that thinks at length are a tenth."""

ENCODINGS = "gzip, deflate"
"""Compressions that are asked for: those that can be unpacked to a limit."""


async def whole(
    headers: Mapping[str, str], arriving: AsyncIterator[bytes], largest: int = LARGEST_REPLY
) -> bytes:
    """All that a response brings, unpacked. Raises Fault when it does not end or is packed oddly.

    An HTTP client would unpack by itself, but without a limit: a few bytes can be gigabytes.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise odd(f"packed its answer in a way that was not asked for ({encoding[:40]}).")
    unpacking = None if encoding in ("identity", "") else zlib.decompressobj(47)  # zlib or gzip
    pieces: list[bytes] = []
    left = largest
    async for packed in arriving:
        try:
            piece = unpacking.decompress(packed, left + 1) if unpacking else packed
        except zlib.error:
            raise odd("sent an answer that cannot be unpacked.") from None
        left -= len(piece)
        if left < 0:
            raise odd(f"sent more than {largest >> 20} MB, too much for an answer.")
        pieces.append(piece)
    return b"".join(pieces)


_BYTE_ORDER_MARK = codecs.BOM_UTF8
_AROUND = b" \t\r\n\v\f\0\x1a\x1e"
"""Bytes around a line that are none of its words: white space, ends of files and records."""


def lines(content: bytes) -> list[bytes]:
    """The lines of a file, bare, as one that came another way may have them; "" where one is empty.

    Some programs put a mark before a text that says how it is written (a byte-order mark), write it
    in UTF-16, end lines as Windows does, or fill the end with zeros.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in content[2:4]:
        content = content.decode("utf-16", errors="replace").encode()
    return [_bare(line) for line in content.splitlines()]


def _bare(line: bytes) -> bytes:
    """A line without what stands around its words; files that were joined have marks inside."""
    while (bare := line.strip(_AROUND).removeprefix(_BYTE_ORDER_MARK)) != line:
        line = bare
    return line


def parsed(content: bytes) -> Any:
    """The JSON value that was sent. Raises ValueError for anything else.

    NaN and infinities, halves of characters and bytes that are no text, which are no JSON but are
    sent all the same, are read: they are one field of an answer that is there.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content.decode(errors="replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def unparsed(value: object) -> bytes:
    """A JSON value that was parsed, as it may have been sent."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"{}"
