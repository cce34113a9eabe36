"""Running a stage of the workflow: its messages, and its end after a failure or Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from emoalign.descriptors import allow_all, used_up
from emoalign.disks import without_room
from emoalign.errors import EmoalignError
from emoalign.installed import IN_A_CLONE

_log = logging.getLogger("emoalign")


def importable_in_jobs() -> None:
    """Let the processes that this one starts import the same emoalign, without an installation.

    Where pip has installed it they find it by themselves, each in its own environment.
    """
    if not IN_A_CLONE:
        return
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


def end_quietly(logger: logging.Logger) -> None:
    """Have Snakemake and its `logger` report no failures once the user has pressed Ctrl-C.

    Each job that was under way has said by itself what it keeps; Snakemake would take its end for
    an error and tell command, files and status, job by job. Before there are jobs, while Snakemake
    plans, it would show a traceback.
    """
    sys.excepthook = _without_traceback
    stopping = False

    def is_news(record: logging.LogRecord) -> bool:
        nonlocal stopping
        stopping |= record.getMessage().startswith("Terminating processes on user request")
        return not (stopping and record.levelno >= logging.ERROR)

    logger.addFilter(is_news)


def _without_traceback(
    kind: type[BaseException], value: BaseException, trace: TracebackType | None
) -> None:
    """Show an unhandled Ctrl-C as Stopped does, and anything else as Python does."""
    if issubclass(kind, KeyboardInterrupt):
        print(Stopped(signal.SIGINT).last_words(), file=sys.stderr)
    else:
        sys.__excepthook__(kind, value, trace)


def remember_before_failures(job: type[Any]) -> None:
    """Have Snakemake's class of a `job` keep what is recorded of its outputs where it fails.

    Snakemake would record the configuration and the input of a job that has failed as those of its
    outputs, which it deletes. Run again, it would find what was made of them before up to date, say
    that nothing is to be done, and leave an old report.
    """
    postprocess = job.postprocess
    failing, keep = 0, True

    @wraps(postprocess)
    async def recording_no_failure(
        self: Any, *given: Any, error: bool = False, **named: Any
    ) -> None:
        nonlocal failing, keep
        if not error:
            await postprocess(self, *given, **named)
            return
        settings = self.dag.workflow.execution_settings
        if not failing:  # the jobs of a group fail at the same time
            keep = settings.keep_metadata
        failing += 1
        settings.keep_metadata = False
        try:
            await postprocess(self, *given, error=True, **named)
        finally:
            failing -= 1
            if not failing:
                settings.keep_metadata = keep

    job.postprocess = recording_no_failure


FILE_ONLY = {"file_only": True}
"""Passed as `extra`, keeps a message out of the terminal; the log of the job has it."""


def job_file(log_file: str | Path) -> Path:
    """The file beside the log of a job that holds its params in full."""
    return Path(log_file).with_suffix(".job.json")


@contextmanager
def stage(log_file: str | Path, params: Mapping[str, object] | None = None) -> Iterator[None]:
    """Send messages of the block to `log_file` and to the terminal.

    The `params` of the job, which Snakemake shows as a digest, go to the file beside the log.
    An error that emoalign recognises, or that the system reports (a full disk), ends the process
    with its message alone, and so does being told to stop (Ctrl-C, SIGTERM); anything else is a
    fault of the program, and its traceback goes to the log as well. Errors go to the terminal only
    where the log has no room for them: the last words of the run repeat them from there.
    """
    in_file = _LogFile(log_file, mode="w", encoding="utf-8")
    on_terminal = logging.StreamHandler(sys.stderr)
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    on_terminal.setFormatter(logging.Formatter("%(message)s"))
    on_terminal.addFilter(
        lambda record: (
            not hasattr(record, *FILE_ONLY) and (record.levelno < logging.ERROR or in_file.lost)
        )
    )
    for handler in (in_file, on_terminal):
        _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    allow_all()
    try:
        if params is not None:
            told = json.dumps(dict(params.items()), indent=2, ensure_ascii=False, default=str)
            with suppress(OSError):  # a full disk: the job does without it
                job_file(log_file).write_text(told + "\n", encoding="utf-8")
        with _heeding_signals():
            yield
    except Stopped as stop:
        _log.warning("%s", stop.last_words())
        sys.exit(stop.code)
    except EmoalignError as error:
        _log.error("%s", " ".join([str(error), *getattr(error, "__notes__", ())]))
        sys.exit(1)
    except OSError as error:
        remedy = ". Allow more: ulimit -n 4096" if used_up(error) else ""
        otherwise = f"A file could not be read or written: {error}{remedy}"
        _log.error("%s", without_room(error) or otherwise)
        sys.exit(1)
    except Exception as error:
        full = without_room(error)
        if full:
            _log.error("%s", full)
            sys.exit(1)
        _log.exception("This is a fault in emoalign itself; please report it with this log.")
        sys.exit(1)
    finally:
        for handler in (in_file, on_terminal):
            _log.removeHandler(handler)
            handler.flush()
        in_file.close()


class _LogFile(logging.FileHandler):
    """A log that may find no room; `lost` says that messages are missing from it."""

    lost = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self.lost = True
        error = sys.exc_info()[1]
        if error is None or without_room(error) is None:
            super().handleError(record)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lost = True
            if without_room(error) is None:
                raise

    def close(self) -> None:
        with suppress(OSError):
            super().close()


class Stopped(SystemExit):
    """This process was told to stop, by Ctrl-C or SIGTERM.

    Whoever keeps something adds a note that says so (PEP 678).
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    def last_words(self) -> str:
        """One line about what is kept and how to go on."""
        how = "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name
        kept = " ".join(getattr(self, "__notes__", ["What is finished stays."]))
        return f"Stopped by {how}. {kept} Run the same command again to go on from there."


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into Stopped, so that what the block holds is let go of at the end.

    SIGTERM comes from scancel, a time limit or a shutdown. Without this, it ends this process at
    once and leaves behind those that it has started. Only the first signal counts.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _heeding_signals():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Heed Ctrl-C and SIGTERM only after the block, which cannot be left halfway."""
    told: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        before = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in before:
        signal.signal(number, lambda number, frame: told.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if told:
            signal.raise_signal(told[0])


@contextmanager
def _heeding_signals() -> Iterator[None]:
    """See orderly_end; after the first signal to stop, further ones are ignored."""
    told: list[int] = []
    # Where Ctrl-C is ignored, as in the background of a shell, it stays so.
    heeded = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        heeded.append(signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        told.append(number)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise Stopped(number) from None
        # As asyncio itself does on Ctrl-C: raised inside a task, it would be told as its failure.
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon_threadsafe(lambda: None)

    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if not told:
            raise
        # What was cancelled comes here, and DuckDB, for one, makes an error of its own of a signal.
        stopped = Stopped(told[0])
        for note in getattr(error, "__notes__", []):
            stopped.add_note(note)
        raise stopped from error
    finally:
        if not told:
            for number, handler in before.items():
                signal.signal(number, handler)
