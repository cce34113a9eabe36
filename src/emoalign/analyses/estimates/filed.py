"""Names of the files of estimated norms, and what they tell of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from emoalign.analyses.base import AnalysedDataset
from emoalign.study.fields import Entry, Modality, Range

FOLDER = "estimates"
CODEBOOK_FILE, TO_RATE_FILE, SCRIPT_FILE = "codebook.csv", "to_rate.csv", "read.R"

FILES = (
    *(f"{FOLDER}/<dataset>.{suffix}" for suffix in ("csv", "xlsx")),
    *(f"{FOLDER}/{name}" for name in (CODEBOOK_FILE, TO_RATE_FILE, SCRIPT_FILE)),
)
"""The files for people, within the results of a study."""


class FiledDataset(Entry):
    """A dataset as its file tells of it: what its card says, and its scales of numbers."""

    title: str
    modality: Modality
    licence: str
    citation: str
    redistribute: bool
    scales: dict[str, Range]

    @classmethod
    def of(cls, dataset: AnalysedDataset) -> Self:
        """A dataset of a study."""
        return cls(
            title=dataset.title,
            modality=dataset.modality,
            licence=dataset.licence,
            citation=dataset.citation,
            redistribute=dataset.redistribute,
            scales=dict(dataset.compared.scales),
        )

    def in_order(self) -> Iterator[tuple[str, Range]]:
        """Its scales, ascending."""
        yield from sorted(self.scales.items())
