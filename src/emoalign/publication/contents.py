"""What the files of a bundle tell of it: its tables, their sources, and the files themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from emoalign.publication.data_tables import DataTable
from emoalign.publication.publication_job import PublicationJob
from emoalign.publication.sources import Source, sources

Kind = Literal["string", "integer", "number", "boolean", "array"]
"""The types of columns, as Frictionless calls them; an array is JSON in CSV files."""


def kind_of(column: pa.DataType) -> Kind:
    """The type of a column, from that of Arrow."""
    if pa.types.is_nested(column):
        return "array"
    if pa.types.is_boolean(column):
        return "boolean"
    if pa.types.is_integer(column):
        return "integer"
    return "number" if pa.types.is_floating(column) else "string"


@dataclass(frozen=True)
class Contents:
    """A publication but for the files that describe it.

    Attributes:
        job: what is told of the study.
        tables: its tables, in order.
        manifest: how the results came about, as far as it is passed on.
        agreement, estimation: the tables `statistics/alignment` and `statistics/estimation`; None
            where there is none.
        notes: sentences about what is left out, and why.
    """

    job: PublicationJob
    tables: Sequence[DataTable]
    manifest: Mapping[str, Any]
    agreement: pd.DataFrame | None = None
    estimation: pd.DataFrame | None = None
    notes: Sequence[str] = ()

    @property
    def date(self) -> str:
        """The day on which the results came about, YYYY-MM-DD."""
        return str(self.manifest["date"])

    @property
    def emoalign(self) -> str:
        """The version of emoalign."""
        return str(self.manifest["emoalign"])

    @cached_property
    def sources(self) -> list[Source]:
        """The publications of the datasets."""
        return list(sources(self.job.datasets))

    @property
    def citation(self) -> str:
        """The bundle as a reference."""
        settings = self.job.settings
        names = [f"{each.family}, {_initials(each.given)}" for each in settings.creators]
        who = f"{', '.join(names[:-1])}, & {names[-1]}" if len(names) > 1 else names[0]
        title = f"{self.job.title} (Version {settings.version}) [Data set]"
        return f"{who} ({self.date[:4]}). {title}."


def _initials(given: str) -> str:
    return " ".join(f"{part[0]}." for part in given.split())


@dataclass(frozen=True)
class File:
    """A file of a bundle: its path within it, its size in bytes, and its checksum."""

    path: str
    size: int
    sha256: str


def files(folder: Path) -> list[File]:
    """All files of a bundle, in order of their paths."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [_file(path, folder) for path in found]


def _file(path: Path, folder: Path) -> File:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return File(path.relative_to(folder).as_posix(), path.stat().st_size, digest)
