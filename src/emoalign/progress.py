"""The progress of a job: a bar on a terminal, a line now and then in its log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

from emoalign.stage import FILE_ONLY

LOG_EVERY_S = 10.0
TOLD_AFTER_S = 60.0
"""Seconds until a line goes to where no bar can be drawn; the next comes after twice as long."""

_log = logging.getLogger(__name__)


class Progress:
    """Counts answers, or what else a job makes, as they arrive.

    `note` gives a remark about them so far, such as the share of ratings.
    """

    def __init__(self, label: str, total: int, done: int, unit: str = "answers") -> None:
        self.label = label
        self.unit = unit
        self.total = total
        self.done = done
        self.note: Callable[[], str] = str
        self._started = self._logged = time.monotonic()
        self._told_after = TOLD_AFTER_S
        self._already = done
        self._bar = tqdm(
            desc=label,
            total=total,
            initial=done,
            unit=f" {unit}",
            disable=not sys.stderr.isatty(),
            leave=False,
            dynamic_ncols=True,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if kind is None or issubclass(kind, Exception):  # who was told to stop says so in one line
            self._report()

    def add(self, number: int) -> None:
        """Count what has arrived and is kept."""
        self.done += number
        if self._bar.update(number):  # it was drawn anew
            self._bar.set_postfix_str(self.note())
        if time.monotonic() - self._logged >= LOG_EVERY_S:
            self._report()

    def _report(self) -> None:
        self._logged = time.monotonic()
        seconds = self._logged - self._started
        rate = (self.done - self._already) / seconds if seconds else 0.0
        left = f", {(self.total - self.done) / rate:.0f} s left" if rate else ""
        note = self.note()
        told = seconds >= self._told_after and self._bar.disable
        if told:
            self._told_after *= 2
        _log.info(
            "%s: %d of %d %s%s, %.1f/s%s",
            self.label,
            self.done,
            self.total,
            self.unit,
            f", {note}" if note else "",
            rate,
            left,
            extra=None if told else FILE_ONLY,
        )
