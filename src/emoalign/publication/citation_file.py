"""CITATION.cff: how a bundle and what it is made of are cited (Citation File Format 1.2.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from emoalign.publication.contents import Contents
from emoalign.publication.licences import NAMED
from emoalign.publication.sources import Source

_KINDS = {
    "article": "article",
    "inproceedings": "conference-paper",
    "book": "book",
    "incollection": "book",
    "techreport": "report",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "manual": "manual",
    "dataset": "data",
}
"""Kinds of BibTeX, and what the format calls them."""

_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
"""The DOIs that the format knows; older ones have other characters, and only an address."""

_KEPT = ("journal", "volume", "doi", "url")


def citation_file(contents: Contents) -> dict[str, Any]:
    """The content of the file."""
    job = contents.job
    licence = job.licence
    return {
        "cff-version": "1.2.0",
        "message": "If you use these data, please cite them and the norms they were compared with.",
        "type": "dataset",
        "title": job.title,
        "abstract": job.description,
        "authors": [
            {
                "family-names": each.family,
                "given-names": each.given,
                **({"orcid": each.orcid_url} if each.orcid_url else {}),
                **({"affiliation": each.affiliation} if each.affiliation else {}),
            }
            for each in job.settings.creators
        ],
        "version": job.settings.version,
        "date-released": contents.date,
        "keywords": job.keywords,
        **({"license": licence.spdx} if licence.spdx in NAMED else {"license-url": licence.url}),
        "references": [
            {
                "type": "software",
                "title": "emoalign",
                "version": contents.emoalign,
                "authors": [{"name": "The emoalign developers"}],
            },
            *_references(contents),
        ],
    }


def _references(contents: Contents) -> Iterator[dict[str, Any]]:
    for source in contents.sources:
        if source.authors and source.fields.get("title"):
            yield _reference(source)


def _reference(source: Source) -> dict[str, Any]:
    doi = source.doi if source.doi and _DOI.fullmatch(source.doi) else None
    found = {**source.fields, "doi": doi, "url": source.url}
    made: dict[str, Any] = {
        "type": _KINDS.get(source.kind, "generic"),
        "title": source.fields["title"],
        "authors": [
            {"family-names": family, "given-names": given} if given else {"name": family}
            for family, given in source.authors
        ],
    }
    year = source.fields.get("year", "")
    if year.isdecimal():
        made["year"] = int(year)
    if "booktitle" in source.fields:
        made["collection-title"] = source.fields["booktitle"]
    return made | {key: found[key] for key in _KEPT if found.get(key)}
