"""Waiting for what must come, however slow the machine: the only limit is for what hangs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

Process = subprocess.Popen[str] | subprocess.Popen[bytes]

HANGS_S = 30 * 60
"""Seconds after which something hangs, in every test that waits for a process or an answer."""


def until(holds: Callable[[], bool], process: Process | None = None) -> None:
    """Wait until something holds; fail if it hangs, or if the process ends before."""
    deadline = time.monotonic() + HANGS_S
    while not holds():
        assert process is None or process.poll() is None, "the process ended before it came true"
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.01)
