"""Text files of datasets."""

from __future__ import annotations

from pathlib import Path

from emoalign.errors import DataError


def utf8(path: Path) -> str:
    """The text of a file, without the mark that some programs put before it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
