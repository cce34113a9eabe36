"""Disks without room: which file could not be written, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = {
    errno.ENOSPC: "Free some space on this disk",
    errno.EDQUOT: "Delete some of your files on this disk, or ask for a larger quota",
    errno.EFBIG: "Allow larger files (ulimit -f unlimited), or use a disk that supports them",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Have an error that there is no room name `path`, which the system itself seldom does."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def without_room(error: BaseException) -> str | None:
    """A message about a full disk, with what to do; None for any other error.

    Some libraries make an error of their own of it, which only its words tell, or fail once more
    when they close the file.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number not in _FULL:
        told = (each for each in _FULL if os.strerror(each).lower() in str(error).lower())
        number = next(told, None)
    if number is None:
        return without_room(error.__context__) if error.__context__ else None
    named = getattr(error, "filename", None)
    reason = os.strerror(number) if named else f"{error}".rstrip(".")
    return (
        f"{named or 'A file'} could not be written: {reason}. {_FULL[number]}, then run the same "
        "command again. Finished jobs are kept."
    )
