"""The terminal: what will run, a line for each job that has, and how it ended.

Snakemake's own log file keeps all that it says. With --verbose or --printshellcmds, or through a
logger plugin, the terminal has it too.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoalign.stage import job_file

_NOISE = (
    "Assuming unrestricted shared filesystem",
    "Auto-selected partition",
    "Building DAG of jobs",
    "Cleaning up SLURM log files",
    "Conda environments: ignored",
    "DAG of jobs will be updated",
    "Elapsed time",
    "Exiting because a job execution failed",
    "Group jobs: inactive",
    "Reasons:",
    "Removing output files of failed job",
    "Rules with provenance triggered jobs",
    "Select jobs to execute",
    "Shutting down, this might",
    "Singularity containers: ignored",
    "Some jobs were triggered by provenance",
    "The run involves checkpoint jobs",
    "Updating checkpoint dependencies",
    "Using shell",
)
"""Beginnings of messages that a user need not act on."""

_UNTOLD = {"workflow_started", "resources_info", "job_started", "job_finished"}
"""Events of Snakemake that are not told, or with another event."""

_TOLD_OTHERWISE = ("At least one job did not complete", "/.snakemake/scripts/")
"""Parts of errors that say no more than that a job has failed."""

_SHOWN = 2
"""Files that a reason names before it counts the others."""

_KILLED = "it ended without a message; it was probably killed, perhaps because memory ran out"
_CHANGED = "Params have changed"

_MESSAGE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ([A-Z]+) ", re.MULTILINE)

_WIPE = "\r\033[K"
"""Wipes the line of a terminal, which a progress bar may stand on."""


@dataclass
class _Known:
    """A job that Snakemake has mentioned: name, logs, and an executor's words on its failure."""

    name: str
    logs: list[str]
    failure: str | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def lasted(self) -> str:
        return duration(time.monotonic() - self.began)


class Terminal(logging.Formatter):
    """Shows the messages of Snakemake's logger in few lines.

    `opening` says what will run, `results` where the results are, `why` says of a job's number what
    has changed in its configuration.
    """

    def __init__(
        self,
        opening: Callable[[], str],
        results: Callable[[], str],
        why: Callable[[int], str | None] = lambda job: None,
    ) -> None:
        super().__init__()
        self._opening, self._results, self._why = opening, results, why
        self._began = time.monotonic()
        self._jobs: dict[int, _Known] = {}
        self._finished: list[int] = []
        self._failed: list[int] = []
        self._opened = self._stopping = self._dry = self._shows_logs = False
        self._closed = self._erred = False
        self._theirs: logging.Formatter | None = None
        self._wipe = ""

    def speak_for(self, logger: logging.Logger, settings: Any) -> None:
        """Take over the terminal of Snakemake's `logger`, unless its `settings` want all of it."""
        logger.addFilter(self._notice)
        self._dry, self._shows_logs = settings.dryrun, settings.show_failed_logs
        if settings.verbose or settings.printshellcmds or settings.debug_dag:
            return
        for handler in logger.handlers:
            if handler.name == "DefaultStreamHandler":
                self._theirs = handler.formatter
                stream = getattr(handler, "stream", None)
                self._wipe = _WIPE if stream is not None and stream.isatty() else ""
                handler.addFilter(self._is_told)
                handler.setFormatter(self)

    # What is known

    def _notice(self, record: logging.LogRecord) -> bool:
        """Remember the news about jobs in a message, and let it pass."""
        event, said = _event(record), record.__dict__
        self._erred |= record.levelno >= logging.ERROR
        if record.getMessage().startswith("Terminating processes on user request"):
            self._stopping = True
        if event == "job_info":
            values = " ".join(map(str, said["wildcards"].values()))
            name = f"{said['rule_name']} {values}".strip()
            self._jobs[said["jobid"]] = _Known(name, list(said["log"]))
        elif event == "job_finished":
            self._finished.append(said["job_id"])
            self._failed = [job for job in self._failed if job != said["job_id"]]
        elif event == "job_error":
            known = self._jobs.setdefault(said["jobid"], _Known(said["rule_name"], []))
            known.logs, known.failure = list(said["log"]), said["rule_msg"]
            self._failed = [*(job for job in self._failed if job != said["jobid"]), said["jobid"]]
        return True

    def _is_told(self, record: logging.LogRecord) -> bool:
        event, message = _event(record), record.getMessage()
        if event is None:
            return not message.startswith(_NOISE)
        if event == "run_info":
            return not self._opened
        if event == "job_info":
            return self._dry
        if event == "error":
            return not any(told in message for told in _TOLD_OTHERWISE)
        return event not in _UNTOLD

    # What is said

    def format(self, record: logging.LogRecord) -> str:
        """A message of Snakemake as the terminal has it; empty where it has none."""
        try:
            return self._wipe + "\n".join(self._lines(record))
        except Exception:  # what cannot be said well is said as Snakemake says it
            return self._theirs.format(record) if self._theirs else record.getMessage()

    def _lines(self, record: logging.LogRecord) -> Iterator[str]:
        event, said = _event(record), record.__dict__
        if event == "run_info":
            self._opened = True
            yield self._opening()
        elif event == "progress":
            while self._finished:
                job = self._jobs[self._finished.pop(0)]
                yield f"[{said['done']}/{said['total']}] {job.name}: {job.lasted}"
        elif event == "job_info":
            job = self._jobs[said["jobid"]]
            changed = self._why(said["jobid"]) if _CHANGED in said["reason"] else None
            yield f"{job.name}: {short_reason(said['reason'], changed)}"
        elif event == "job_error" and not self._shows_logs:
            job = self._jobs[said["jobid"]]
            yield f"[failed] {job.name}: {job.lasted}; its log: {' '.join(job.logs)}"
        elif again := re.match(r"Trying to restart job (\d+)", record.getMessage()):
            job = self._jobs[int(again[1])]
            why = f": {job.failure}" if job.failure else "."
            yield f"{job.name} is being started again{why}"
        elif record.getMessage().startswith("Nothing to be done"):
            yield record.getMessage()
            yield self._results()
        elif self._theirs is not None:
            # Snakemake runs no hooks of a module, which would have said how the run ended.
            if record.getMessage().startswith("Complete log") and not self._closed:
                yield self.failure() if self._erred else self.success()
            yield self._theirs.format(record)

    def success(self) -> str:
        """The last words of a run that ended well."""
        self._closed = True
        lasted = duration(time.monotonic() - self._began)
        return f"Done in {lasted}. {self._results()}".rstrip()

    def failure(self) -> str:
        """The last words of a run that did not: what went wrong in each job, and what to do.

        After Ctrl-C only errors from before it: each job that was under way has said by itself what
        it keeps.
        """
        self._closed = True
        jobs = [self._jobs[job] for job in self._failed]
        if self._stopping:
            jobs = [job for job in jobs if _errors(job.logs)]
            if not jobs:
                return ""
        title = "1 job failed:" if len(jobs) == 1 else f"{len(jobs)} jobs failed:"
        early = "The run stopped early; see Snakemake's message above."
        lines = [f"\n{title if jobs else early}"]
        for job in jobs:
            said = _errors(job.logs) or job.failure
            lines.append(f"{job.name}: {said or _KILLED}")
            lines.append(f"    its log: {' '.join(job.logs)}")
        lines.append(
            "Once that is fixed, run the same command again. Finished jobs are kept, and no "
            "answer that has arrived is asked for again."
        )
        return "\n".join(lines)


def _event(record: logging.LogRecord) -> str | None:
    event = getattr(record, "event", None)
    return None if event is None else str(event)


def _errors(logs: list[str]) -> str:
    """The errors in the log of a job, as `stage` writes them, without tracebacks."""
    errors = []
    for log in logs:
        try:
            text = Path(log).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        parts = list(_MESSAGE.finditer(text))
        ends = [*(part.start() for part in parts), len(text)][1:]
        errors += [
            text[part.end() : end].partition("\nTraceback (most recent")[0].strip()
            for part, end in zip(parts, ends, strict=True)
            if part[1] == "ERROR"
        ]
    return "\n".join(errors)


def short_reason(reason: str, changed: str | None = None) -> str:
    """Snakemake's reason for a job, with few files; `changed` says what its configuration was.

    That another job makes its input anew is left out where there is a reason beside that.
    """
    given = reason.split("; ")
    own = [part for part in given if not part.startswith("Input files updated by another job")]
    parts = []
    for part in own or given:
        what, colon, files = part.partition(": ")
        named = files.split(", ")
        if what.startswith(_CHANGED):
            parts.append(f"Configuration has changed: {changed}" if changed else what)
        elif colon and len(named) > _SHOWN:
            shown = ", ".join(named[:_SHOWN])
            parts.append(f"{what}: {shown} and {len(named) - _SHOWN} more")
        else:
            parts.append(part)
    return "; ".join(parts)


_CHANGES_SHOWN = 5
_LONGEST_VALUE = 40


def what_changed(log: str, params: Mapping[str, object]) -> str | None:
    """The keys in the `params` of a job that are others than those of its last run, as a sentence.

    None where the file beside its `log` is missing. A list names a key once.
    """
    try:
        before = json.loads(job_file(log).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    now = json.loads(json.dumps(dict(params.items()), default=str))
    keys = list(dict.fromkeys(_differing(before, now, ())))
    more = len(keys) - _CHANGES_SHOWN
    return ", ".join(keys[:_CHANGES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _differing(before: Any, now: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            yield from _differing(before.get(key), now.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for one, other in zip(before, now, strict=True):
            yield from _differing(one, other, path)
    elif before != now:
        # Neither the name of the param nor that of a function stands in anybody's configuration.
        key = ".".join(part for part in path[1:] if ":" not in part) or path[0]
        values = [json.dumps(value, ensure_ascii=False) for value in (before, now)]
        short = max(map(len, values)) <= _LONGEST_VALUE
        yield f"{key} ({values[0]}, now {values[1]})" if short else key


def duration(seconds: float) -> str:
    """So many seconds in words: 4 s, 1 min 42 s, 2 h 5 min."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
