"""Locks: one job at a time at a file, where the file system can keep jobs apart."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from emoalign.errors import LockError

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


@contextmanager
def alone(
    path: Path, poll_s: float = 0.05, when_taken: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """The only job at `path`; any other waits until the block ends or its process dies.

    `when_taken` is called before this one waits, which then looks every `poll_s` seconds.
    Raises LockError where the file system has no locks.
    """
    # Without a fallback: a lock that is only a file outlives a job that is killed.
    lock = FileLock(f"{path}.lock", poll_interval=poll_s, fallback_to_soft=False)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            when_taken()
            lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise LockError(
            f"{lock.lock_file}: the file system cannot lock files ({error.strerror}), so nothing "
            "would keep two jobs from doing, and paying for, the same work. Move "
            f"{path.parent.resolve()} to a disk that can (a local one, or your home folder; all "
            "machines that run jobs must see it) and put a symbolic link in its place: mv, then "
            "ln -s. Or have the disk mounted with locks: flock for Lustre; for NFS a running "
            "rpc.statd, or local_lock=flock where only one machine runs jobs."
        ) from error
    try:
        yield
    finally:
        lock.release()
