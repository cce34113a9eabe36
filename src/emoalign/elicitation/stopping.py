"""Ending in order when somebody else ends the job: scancel, a time limit, a shutdown."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that what the block holds is let go of before the end.

    Without it, SIGTERM ends this process at once and leaves behind those that it has started.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
