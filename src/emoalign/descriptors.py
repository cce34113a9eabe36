"""Open files and connections: as many as the system grants, and a sentence where it grants too few.

Servers and containers often allow 1,024, some 64, and let a process raise that by itself.
"""

from __future__ import annotations

import errno
import resource
from contextlib import suppress

OUR_OWN = 40
"""Files that a job has open besides those it is asked to: libraries, logs, the journal."""


def allow_all() -> None:
    """Raise the limit of this process to what the system grants without being asked."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems grant less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def too_few(needed: int) -> str | None:
    """Advice if the system allows fewer than `needed` open files or connections; else None."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or needed + OUR_OWN <= allowed:
        return None
    return (
        f"it needs {needed} files or connections open at once, and {OUR_OWN} of its own, but the "
        f"system allows this process {allowed}. Allow more in the shell that starts snakemake: "
        f"ulimit -n {max(1024, 2 * needed)}"
    )


def used_up(error: BaseException) -> bool:
    """Tell whether an error says that too many files are open."""
    return getattr(error, "errno", None) == errno.EMFILE or "Too many open files" in str(error)
