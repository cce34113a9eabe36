"""What a computation finds on disk, and where it leaves its tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.items.cells import Tables
from emoalign.tables import Table


@dataclass(frozen=True)
class AnalysisFiles:
    """The results of a study as a computation sees them.

    Attributes:
        folder: results/<study>.
        inputs: the files that its rule declares. It sees no others, so that what it reads and what
            Snakemake knows of cannot differ.
    """

    folder: Path
    inputs: Collection[Path]

    @classmethod
    def within(cls, folder: Path) -> AnalysisFiles:
        """All files of a folder."""
        return cls(folder, [path for path in folder.rglob("*") if path.is_file()])

    def has(self, table: Table) -> bool:
        """Whether the study has a table of statistics."""
        return self.folder / table.path in self.inputs

    def table(self, table: Table) -> pd.DataFrame:
        """The rows of a table of statistics. Raises KeyError where it is no input."""
        if not self.has(table):
            raise KeyError(table.path)
        return table.read(self.folder / table.path)

    def by_dataset(self, stage: str) -> dict[str, Path]:
        """The files of a stage, such as items, by dataset, ascending."""
        folder = self.folder / stage
        return {path.stem: path for path in sorted(self.inputs) if path.parent == folder}

    def below(self, stage: str, suffix: str) -> list[Path]:
        """All files of a stage with a suffix, at any depth, ascending."""
        folder = self.folder / stage
        return sorted(
            path for path in self.inputs if folder in path.parents and path.name.endswith(suffix)
        )

    def tables_of(self, dataset: str) -> Tables:
        """The tables of a dataset that cells are read from."""
        return {
            "items": self.by_dataset("items")[dataset],
            "norms": self.by_dataset("norms")[dataset],
            "stimuli": self.by_dataset("stimuli")[dataset],
        }

    @property
    def journal(self) -> Path:
        """The folder of what is kept for all studies."""
        return self.folder.parent / "journal"

    def write(self, table: Table, rows: pd.DataFrame) -> None:
        """Leave a table of statistics, as Parquet and CSV."""
        table.write_both(rows, (self.folder / table.path).parent)
