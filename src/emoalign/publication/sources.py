"""Where the items and norms of a bundle come from: the publications that cards cite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from emoalign.publication.publication_job import PublishedDataset
from emoalign.report.references import (
    authors,
    doi_of,
    entry_texts,
    fields,
    in_markdown,
    reference,
)

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
        return doi_of(self.fields)

    @property
    def url(self) -> str | None:
        """The address of its DOI, or another that the entry has."""
        if self.doi is not None:
            return f"https://doi.org/{quote(self.doi)}"
        url = self.fields.get("url", "")
        return url if url.startswith(("https://", "http://")) else None

    @property
    def authors(self) -> list[tuple[str, str]]:
        """Family and given names of its authors, each once; none where the entry has none."""
        named = authors(self.fields.get("author", ""))
        return [each for each in dict.fromkeys(named) if each not in (("others", ""), ("", ""))]

    @property
    def in_markdown(self) -> str | None:
        """The reference, as a list of references has it; None where too little of it is known."""
        if {"author", "year", "title"} <= self.fields.keys():
            return in_markdown(reference(self.fields))
        return None


def sources(datasets: Mapping[str, PublishedDataset]) -> Iterator[Source]:
    """The publications of each dataset, each once."""
    told = set()
    for name, card in datasets.items():
        for entry in entry_texts(card.citation):
            found = fields(entry)
            key = (doi_of(found), found.get("title"))
            if found and key not in told:
                told.add(key)
                kind = _KIND.search(entry)
                yield Source(name, kind[1].lower() if kind else "misc", found)
