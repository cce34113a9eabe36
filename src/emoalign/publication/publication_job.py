"""The job of writing a publication: all that its files say of a study."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from emoalign.publication.licences import Licence, licence
from emoalign.publication.settings import Part, PublicationSettings
from emoalign.study.fields import Entry, Job, Modality
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale, OrdinalScale
from emoalign.wording import listed

DESCRIBING = (
    *("README.md", "codebook.csv", "manifest.json", "read.R", "LICENSE.txt", "CITATION.cff"),
    *("datapackage.json", "croissant.json", "ro-crate-metadata.json", "SHA256SUMS"),
)
"""The files that describe a bundle, whatever is in it."""


class PublishedDataset(Entry):
    """What a publication tells of a dataset.

    Where `redistribute` is false, it holds its ids and the numbers of models, and nothing else.
    """

    title: str
    modality: Modality
    language: str
    scales: dict[str, DatasetScale]
    licence: str
    citation: str
    redistribute: bool


class PublicationJob(Job):
    """Write the bundle of a study.

    `models` are titles by name. `configuration` are the files of that folder, by path: the study
    and what it names, without what may not be passed on.
    """

    version: int = 1
    study: str
    title: str
    settings: PublicationSettings
    include: tuple[Part, ...]
    datasets: dict[str, PublishedDataset]
    models: dict[str, str]
    protocols: dict[str, Protocol] = Field(default_factory=dict)
    configuration: dict[str, Any] = Field(default_factory=dict)
    names_items: bool = False
    """Whether parts of the study may name items that may not be passed on, and are left out:
    examples in prompts, choices of items and rows, and with them the preregistration."""
    preregistered: bool = False
    """Whether a preregistration is part of it."""
    coverage: float = 0.9
    """The coverage that intervals of estimates were made for, where there are some."""

    @property
    def licence(self) -> Licence:
        """The licence of the bundle."""
        return licence(self.settings.licence)

    def files(self) -> list[str]:
        """The paths of all files of the bundle within it."""
        named = [
            *(f"{name}-{kind}" for name in self.estimated for kind in ("estimates", "norms")),
            *(f"{n}-{part}" for n in self.datasets for part in self.include if part != "estimates"),
        ]
        tables = [f"data/{name}.{form}" for name in named for form in ("csv", "parquet")]
        configuration = [f"configuration/{name}" for name in self.configuration]
        frozen = ["preregistration.md"] if self.preregistered else []
        workbooks = map(self.workbook, self.estimated)
        return [*DESCRIBING, *tables, *workbooks, *configuration, *frozen]

    @property
    def estimated(self) -> list[str]:
        """The datasets whose estimates are included: those that may be passed on, on scales of
        numbers."""
        return [
            name
            for name, card in self.datasets.items()
            if "estimates" in self.include
            and card.redistribute
            and any(isinstance(scale, OrdinalScale) for scale in card.scales.values())
        ]

    @property
    def statistics(self) -> list[str]:
        """The tables of statistics that it tells of, where the study has them."""
        return ["alignment", *(("estimation", "estimation_weights") if self.estimated else ())]

    def workbook(self, dataset: str) -> str:
        """The name of the workbook with the estimated norms of a dataset."""
        return "norms.xlsx" if len(self.estimated) == 1 else f"norms-{dataset}.xlsx"

    @property
    def restricted(self) -> list[str]:
        """The datasets that may not be passed on, in the order of the study."""
        return [name for name, card in self.datasets.items() if not card.redistribute]

    @property
    def description(self) -> str:
        """What the bundle is."""
        if self.settings.description is not None:
            return " ".join(self.settings.description.split())
        datasets = listed(card.title for card in self.datasets.values())
        scales = dict.fromkeys(name for card in self.datasets.values() for name in card.scales)
        return (
            f"Ratings by {listed(self.models.values())} of the items of {datasets} on "
            f"{listed(scales)}."
        )

    @property
    def keywords(self) -> list[str]:
        """The keywords of the study; without any, the scales and what was done."""
        scales = dict.fromkeys(name for card in self.datasets.values() for name in card.scales)
        return list(self.settings.keywords or (*scales, "norms", "language models"))

    @property
    def languages(self) -> list[str]:
        """The languages of the items that are texts, each once."""
        texts = [card for card in self.datasets.values() if card.modality != "image"]
        return list(dict.fromkeys(card.language for card in texts))
