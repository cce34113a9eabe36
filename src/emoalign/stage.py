"""Running a stage: where its messages go, and how it ends when it fails or is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from emoalign.descriptors import allow_all, used_up
from emoalign.errors import EmoalignError

_log = logging.getLogger("emoalign")


def importable_in_jobs() -> None:
    """Let the processes that this one starts import the same emoalign, without an installation."""
    package = str(Path(__file__).parents[1])
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, [package, *folders])))


def keep_out_of_log(logger: logging.Logger, variables: Iterable[str]) -> None:
    """Have `logger` say the names of environment variables where it would say their values.

    With --verbose, jobs on a cluster log their whole environment, and with it the API keys.
    """
    values = {os.environ[name]: f"<{name}>" for name in variables if os.environ.get(name)}

    def without_values(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        for value, name in values.items():
            message = message.replace(value, name)
        record.msg, record.args = message, ()
        return True

    if values:
        logger.addFilter(without_values)


@contextmanager
def stage(log_file: str | Path) -> Iterator[None]:
    """Messages of the block go to `log_file` and to the terminal.

    An error that emoalign recognises, or that the system reports (a full disk), ends the process
    with its message alone; anything else is a fault of the program, and its traceback goes to the
    log as well.
    """
    in_file = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    on_terminal = logging.StreamHandler(sys.stderr)
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    on_terminal.setFormatter(logging.Formatter("%(message)s"))
    for handler in (in_file, on_terminal):
        _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    allow_all()
    try:
        yield
    except EmoalignError as error:
        _log.error("%s", error)
        sys.exit(1)
    except OSError as error:
        remedy = ". Allow more: ulimit -n 4096" if used_up(error) else ""
        _log.error("A file could not be read or written: %s%s", error, remedy)
        sys.exit(1)
    except Exception:
        _log.exception("This is a fault in emoalign itself; please report it with this log.")
        sys.exit(1)
    finally:
        for handler in (in_file, on_terminal):
            _log.removeHandler(handler)
            handler.flush()
        in_file.close()


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that what the block holds is let go of before the end.

    It comes from scancel, a time limit or a shutdown. Without this, SIGTERM ends this process at
    once and leaves behind those that it has started.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
