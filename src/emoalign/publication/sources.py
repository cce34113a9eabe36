"""Where the items and norms of a bundle come from: the publications that cards cite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from emoalign.publication.publication_job import PublishedDataset
from emoalign.report.references import authors, fields, in_markdown, reference

_KIND = re.compile(r"@(\w+)\s*\{")


@dataclass(frozen=True)
class Source:
    """A publication: its kind in BibTeX, and its fields in Unicode, by their names in BibTeX."""

    dataset: str
    kind: str
    fields: Mapping[str, str]

    @property
    def doi(self) -> str | None:
        """The DOI, without the address of its resolver."""
        doi = self.fields.get("doi")
        return None if doi is None else doi.removeprefix("https://doi.org/")

    @property
    def url(self) -> str | None:
        """The address of its DOI, or another that the entry has."""
        return self.fields.get("url") if self.doi is None else f"https://doi.org/{self.doi}"

    @property
    def authors(self) -> list[tuple[str, str]]:
        """Family and given names of its authors; none where the entry has none."""
        named = self.fields.get("author")
        return [] if named is None else authors(named)

    @property
    def in_markdown(self) -> str | None:
        """The reference, as a list of references has it; None where too little of it is known."""
        if {"author", "year", "title"} <= self.fields.keys():
            return in_markdown(reference(self.fields))
        return None


def sources(datasets: Mapping[str, PublishedDataset]) -> Iterator[Source]:
    """The publication of each dataset, each once."""
    told = set()
    for name, card in datasets.items():
        found = fields(card.citation)
        key = (found.get("doi"), found.get("title"))
        if found and key not in told:
            told.add(key)
            kind = _KIND.search(card.citation)
            yield Source(name, kind[1].lower() if kind else "misc", found)
