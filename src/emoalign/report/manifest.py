"""The manifest: everything that is needed to know how the results came about."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import orjson

from emoalign import __version__
from emoalign.installed import git_commit
from emoalign.report.report_job import ReportJob
from emoalign.tables import atomic, metadata, read_parquet

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def write_manifest(
    job: ReportJob, ratings: Sequence[Path], stimuli: Sequence[Path], output: Path
) -> None:
    """Write the manifest of a study from its configuration and its rating and stimulus files.

    Completions of norms are told like ratings.
    """
    configuration = job.model_dump(mode="json")
    manifest = {
        "emoalign": __version__,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "study": configuration,
        "prompt_sha256": {
            name: hashlib.sha256(orjson.dumps(prompts, option=_CANONICAL)).hexdigest()
            for name, prompts in configuration["prompts"].items()
        },
        "datasets": {path.stem: metadata(path) for path in sorted(stimuli)},
        "engines": _engines(sorted(ratings)),
        "packages": dict(
            sorted(
                (package.name.lower(), package.version)
                for package in distributions()
                if package.name
            )
        ),
    }
    with atomic(output) as partial:
        partial.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | _CANONICAL))


def _engines(ratings: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """For each model: how its engine was set up, how each protocol sampled, and what the server
    called itself."""
    engines: dict[str, dict[str, Any]] = {}
    for path in ratings:
        notes = metadata(path)
        job = orjson.loads(notes["job"])
        engine = engines.setdefault(job["model"], {"sampling": {}, "reported": set()})
        engine["settings"] = orjson.loads(notes["engine"])
        engine["sampling"][job["protocol"]["name"]] = orjson.loads(notes["sampling"])
        reported = read_parquet(path, columns=["model_reported"])["model_reported"]
        engine["reported"] |= set(reported.drop_null().to_pylist())
    return {
        model: {**engine, "reported": sorted(engine["reported"])}
        for model, engine in engines.items()
    }
