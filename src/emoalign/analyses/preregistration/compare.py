"""The tables of a preregistration: what was stated beside the study as it is now."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.preregistration.analysis import PreregistrationJob
from emoalign.analyses.preregistration.frozen import (
    ABSENT,
    Frozen,
    at,
    canonical,
    differences,
    digest,
    dotted,
    plain,
    read,
    sides,
)
from emoalign.errors import DataError
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate_all, sha256
from emoalign.tables import PREREGISTRATION, PREREGISTRATION_ANSWERS, STIMULI, metadata
from emoalign.tables.families import FAMILIES

LONGEST = 120
"""Characters of a value in the table; of longer ones, it has the start of their sha256."""


def compare_with_frozen(job: PreregistrationJob, files: AnalysisFiles) -> None:
    """Write both tables. Raises DataError where the preregistration is damaged."""
    frozen = read(Path(job.file))
    content = present(job, files.by_dataset("stimuli"))
    files.write(PREREGISTRATION, key_rows(frozen, content, job))
    files.write(PREREGISTRATION_ANSWERS, answer_rows(frozen))


def present(job: PreregistrationJob, stimuli: Mapping[str, Path]) -> dict[str, Any]:
    """The study as it is now, with its tests, and what only files tell: items drawn, and checksums.

    `stimuli` are the tables of items by dataset. A file of recorded ratings that is missing has no
    checksum yet.
    """
    content: dict[str, Any] = plain(job.content)
    content["tests"] = plain(_tests(job.tables))
    for name, path in stimuli.items():
        items = STIMULI.read(path).sort_values("item_id")
        drawn = {"n": len(items), "item_ids_sha256": _of_lines(items["item_id"])}
        if items["image_sha256"].notna().any():
            drawn["images_sha256"] = _of_lines(items["image_sha256"])
        content["datasets"][name] |= {
            "drawn": drawn,
            "files_sha256": metadata(path).get("source_sha256"),
        }
    for name, sources in job.recordings.items():
        if (checksum := _checksum(sources)) is not None:
            content["models"][name]["ratings_sha256"] = checksum
    return content


def _of_lines(texts: Iterable[object]) -> str:
    """The sha256 of texts, each in a line."""
    return hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


def _tests(tables: Collection[str]) -> dict[str, dict[str, Any]]:
    """The families of tests in tables by how they are read and what they test, as the report tells
    of them."""
    found: dict[str, dict[str, Any]] = {"confirmatory": {}, "descriptive": {}}
    for family in FAMILIES:
        if family.table.path in tables:
            found["confirmatory" if family.confirmatory else "descriptive"][family.tests] = {
                "table": Path(family.table.path).stem,
                "p": family.p,
                "adjusted": family.adjusted,
                "within": family.within,
            }
    return found


def _checksum(sources: Sequence[FileSource]) -> str | None:
    """The checksums of files; None while they are not all there."""
    with suppress(DataError):
        return ", ".join(sha256(path) for source in sources for path in locate_all(source))
    return None


def departures(
    frozen: Frozen, content: Mapping[str, Any], job: PreregistrationJob
) -> list[tuple[tuple[str, ...], Any, Any]]:
    """The keys in which a study differs from what was stated last, with both values.

    Recorded ratings that were not there then and have come since are no departure.
    """
    arrived = [("models", name, "ratings_sha256") for name in job.recordings]
    return differences(frozen.plan, content, {*job.unsaid, *arrived})


def key_rows(frozen: Frozen, content: Mapping[str, Any], job: PreregistrationJob) -> pd.DataFrame:
    """A row for each key; see `tables.PREREGISTRATION`."""
    changed = {key for key, _, _ in departures(frozen, content, job)}
    keys = [key for key, _, _ in sides(frozen.plan, content)]
    removed = [
        key
        for key, _, new in sides(frozen.first.content, frozen.plan)
        if new is ABSENT and at(content, key) is ABSENT and key not in keys
    ]
    rows = [
        {
            "key": dotted(key),
            "frozen": in_short(at(frozen.first.content, key)),
            "present": in_short(at(content, key)),
            "changed": key in changed,
            "amended": frozen.amended(key),
        }
        for key in sorted([*keys, *removed])
    ]
    return pd.DataFrame(rows, columns=PREREGISTRATION.schema.names)


def answer_rows(frozen: Frozen) -> pd.DataFrame:
    """A row for each model and protocol at each date; see `tables.PREREGISTRATION_ANSWERS`."""
    rows = [
        {"date": statement.date, "amendment": number, **answers}
        for number, statement in enumerate(frozen.statements)
        for answers in statement.answers
    ]
    whole = {"amendment": "Int32", "planned": "Int64", "held": "Int64"}
    return pd.DataFrame(rows, columns=PREREGISTRATION_ANSWERS.schema.names).astype(whole)


def in_short(value: Any) -> str | None:
    """A value in a cell: texts as they are, others as JSON, long ones by their checksum."""
    if value is ABSENT:
        return None
    text = value if isinstance(value, str) else canonical(value).decode()
    if len(text) > LONGEST or "\n" in text:
        return f"sha256 {digest(value)[:16]} ({len(text):,} characters)"
    return text
