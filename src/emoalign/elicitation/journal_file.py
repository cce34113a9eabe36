"""A file of lines that survive a full disk, a deleted file and, but for a second, a power cut."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

SYNC_EVERY_S = 1.0
"""Seconds between writes to the disk itself: the most that a power cut can lose."""

_CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
fdatasync = getattr(os, "fdatasync", os.fsync)  # which macOS lacks
_log = logging.getLogger(__name__)


class JournalFile:
    """Appends lines to a file. What cannot be written now waits in memory and is tried again.

    A line is with the operating system when `append` returns, and safe from the death of this
    process. Every second a thread has the disk write what is new, sees whether the file is still
    there as it was, and writes it anew where it is not: from the file itself, which stays readable
    as long as it is open, or from `held`, the lines that are in memory.
    """

    def __init__(self, path: Path, held: Callable[[], Iterable[bytes]]) -> None:
        self.path = path
        self.stuck_since: float | None = None
        self.failure: OSError | None = None
        self._held = held
        self._waiting: list[bytes] = []
        self._unsynced: list[bytes] = []
        self._lost = False
        self._file = -1
        self._size = self._synced = 0
        self._told_apart = True
        self._lock = threading.Lock()
        self._tending = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._tend_on, name="journal", daemon=True)
        self._take(self._opened())

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines, each with its end; those for which there is no room wait."""
        with self._lock:
            self._waiting += lines
            self._write()
        if self._thread.ident is None:
            self._thread.start()

    @property
    def unwritten(self) -> list[bytes]:
        """The lines that are not in the file."""
        return [*(self._content() if self._lost else ()), *self._waiting]

    def close(self) -> list[bytes]:
        """Let go of the file; the lines that are not in it."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.sync()
        left = self.unwritten
        with suppress(OSError):
            os.close(self._file)
        return left

    def _tend_on(self) -> None:
        while not self._ending.wait(SYNC_EVERY_S):
            self.sync()

    def sync(self) -> None:
        """Mend the file, write what waits and have the disk keep it."""
        with self._tending:
            self._tend()

    def _tend(self) -> None:
        with self._lock:
            self._mend()
            self._write()
            many, size = len(self._unsynced), self._size
        try:
            if many:
                fdatasync(self._file)
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                with self._lock:
                    self._unwrite(error)
                return
        with self._lock:
            del self._unsynced[:many]
            self._synced = size
            if self.failure and not self._waiting and not self._lost:
                _log.warning("%s can be written again: all answers are in it.", self.path)
                self.failure = self.stuck_since = None

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        if new:
            _sync_folder(self.path.parent)
        return file

    def _take(self, file: int) -> None:
        """Write to an open file from now on."""
        _cut_torn_line(file)
        opened = os.fstat(file)
        # On some network file systems an open file and its path never look the same.
        self._told_apart = os.path.samestat(opened, self.path.stat())
        self._file = file
        self._size = self._synced = opened.st_size

    def _write(self) -> None:
        if not self._waiting or self._lost:
            return
        content = memoryview(b"".join(self._waiting))
        written = 0
        try:
            if self.failure:
                _cut_torn_line(self._file)
            while written < len(content):
                written += os.write(self._file, content[written:])
        except OSError as error:
            whole = bytes(content[:written]).count(b"\n")
            with suppress(OSError):
                _cut_torn_line(self._file)
            self._done(whole)
            self._fail(error)
        else:
            self._done(len(self._waiting))

    def _done(self, lines: int) -> None:
        """Count so many lines that waited as written."""
        written = self._waiting[:lines]
        self._size += sum(map(len, written))
        self._unsynced += written
        del self._waiting[:lines]

    def _unwrite(self, error: OSError) -> None:
        """Have all lines wait again that the system took and the disk did not."""
        with suppress(OSError):
            if os.fstat(self._file).st_size > self._synced:
                os.ftruncate(self._file, self._synced)
        self._size = self._synced
        self._waiting = [*self._unsynced, *self._waiting]
        self._unsynced = []
        self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.failure is None:
            self.stuck_since = time.monotonic()
            _log.warning(
                "%s cannot be written: %s. Answers waiting in memory: %d. They are written as "
                "soon as there is room, and nothing new is asked until then. Make room on this "
                "disk: the job goes on by itself.",
                self.path,
                error.strerror or error,
                len(self.unwritten),
            )
        self.failure = error

    def _mend(self) -> None:
        """Write the file anew where it was deleted, replaced or cut short."""
        try:
            happened = self._happened()
            self._lost = happened is not None
            if happened is None:
                return
            content, before, file = self._content(), self._file, self._opened()
            there = set(_whole_lines(file))
            self._take(file)
        except OSError as error:
            self._fail(error)
            return
        os.close(before)
        missing = [line for line in content if line not in there]
        self._waiting = [*missing, *self._waiting]
        self._unsynced = []
        self._lost = False
        if missing:
            _log.warning(
                "%s was %s while this job was writing it. Answers missing from it: %d. They are "
                "being written again. Do not touch the journal while jobs run: it contains the "
                "answers that were paid for.",
                self.path,
                happened,
                len(missing),
            )

    def _happened(self) -> str | None:
        """The fate of the file, where something has happened to it."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return "deleted"
        try:
            mine = os.fstat(self._file)
        except OSError as error:
            if error.errno == errno.ESTALE:  # deleted by another machine
                return "replaced"
            raise
        if self._told_apart and not os.path.samestat(there, mine):
            return "replaced"
        return "cut short" if mine.st_size < self._size else None

    def _content(self) -> list[bytes]:
        """All lines that the file should have: those it had, or those in memory."""
        try:
            lines = _whole_lines(self._file)
            whole = os.fstat(self._file).st_size >= self._size
        except OSError:
            lines, whole = [], False
        if not whole:
            lines += [*self._held(), *self._unsynced]
        return list(dict.fromkeys(lines))


def _whole_lines(file: int) -> list[bytes]:
    content = b""
    while piece := os.pread(file, 2**24, len(content)):
        content += piece
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def _sync_folder(folder: Path) -> None:
    """Have the disk keep the name of a new file; some file systems cannot, and need not."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _cut_torn_line(file: int) -> None:
    """Remove a last line without an end, so that the next answer starts on a line of its own."""
    size = os.fstat(file).st_size
    keep = size
    while keep:
        start = max(keep - 65536, 0)
        end_of_line = os.pread(file, keep - start, start).rfind(b"\n")
        if end_of_line >= 0:
            keep = start + end_of_line + 1
            break
        keep = start
    if keep < size:
        os.ftruncate(file, keep)


def rescued(path: Path, lines: Sequence[bytes]) -> str:
    """The fate of lines that found no room at `path`, with what to do: they go to another disk.

    A home folder comes first, since temporary ones may end with the job.
    """
    name = f"emoalign-{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.jsonl"
    tried: list[str] = []
    for folder in _other_folders():
        place = folder / name
        tried.append(str(folder))
        try:
            with place.open("xb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                place.unlink()
            continue
        return (
            f"Answers that did not fit there: {len(lines)}. They were saved in {place}. Make room, "
            f"then move them back before you run again: mv {shlex.quote(str(place))} "
            f"{shlex.quote(str(path.parent.resolve()))}/"
        )
    return (
        f"Answers lost: {len(lines)}. There was no room for them elsewhere either (tried: "
        f"{', '.join(tried)}). Make room and run again: they are asked for again."
    )


def _other_folders() -> Iterator[Path]:
    with suppress(RuntimeError):  # a user without a home
        yield Path.home()
    with suppress(FileNotFoundError):
        yield Path(tempfile.gettempdir())
