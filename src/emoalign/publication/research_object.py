"""ro-crate-metadata.json: all files of a bundle and how they came about (RO-Crate 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from emoalign.publication.contents import Contents, File
from emoalign.publication.settings import Creator

NAME = "ro-crate-metadata.json"
"""The name that the file must have."""

_FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".R": "text/x-r-source",
    ".txt": "text/plain",
    ".cff": "application/yaml",
    ".yaml": "application/yaml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_RUN = "#ratings"
_SOFTWARE = "#emoalign"

Entity = dict[str, Any]


def research_object(contents: Contents, files: Iterable[File], unhashed: Iterable[str]) -> Entity:
    """The description of all `files`, and of those that are written after it, `unhashed`."""
    described = [_file(file) for file in files]
    described += [_named(path) for path in unhashed]
    return {
        "@context": "https://w3id.org/ro/crate/1.2/context",
        "@graph": [
            {
                "@id": NAME,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
            },
            _root(contents, described),
            {
                "@id": contents.job.licence.url,
                "@type": "CreativeWork",
                "name": contents.job.licence.name,
                "identifier": contents.job.licence.spdx,
            },
            *_people(contents.job.settings.creators),
            *_action(contents),
            *described,
        ],
    }


def _root(contents: Contents, files: Iterable[Entity]) -> Entity:
    job = contents.job
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": job.title,
        "description": job.description,
        "datePublished": contents.date,
        "version": job.settings.version,
        "license": {"@id": job.licence.url},
        "keywords": job.keywords,
        "author": [{"@id": _person(each)} for each in job.settings.creators],
        "hasPart": [{"@id": file["@id"]} for file in files],
        "mentions": {"@id": _RUN},
    }


def _person(creator: Creator) -> str:
    return creator.orcid_url or f"#{'-'.join(creator.name.split())}"


def _people(creators: Iterable[Creator]) -> Iterator[Entity]:
    for each in creators:
        yield {
            "@id": _person(each),
            "@type": "Person",
            "name": each.name,
            "givenName": each.given,
            "familyName": each.family,
            **({"affiliation": each.affiliation} if each.affiliation else {}),
        }


def _action(contents: Contents) -> Iterator[Entity]:
    """What was done, with what, and to what."""
    models = {f"#model-{name}": title for name, title in contents.job.models.items()}
    datasets = {
        source.url or f"#source-{number}": source
        for number, source in enumerate(contents.sources, 1)
    }
    yield {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": "Asking models to rate the items",
        "endTime": contents.date,
        "instrument": [{"@id": _SOFTWARE}, *({"@id": each} for each in models)],
        "object": [{"@id": each} for each in datasets],
        "result": {"@id": "./"},
    }
    yield {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "emoalign",
        "version": contents.emoalign,
    }
    for place, title in models.items():
        yield {"@id": place, "@type": "SoftwareApplication", "name": title}
    for place, source in datasets.items():
        yield {
            "@id": place,
            "@type": "ScholarlyArticle",
            "name": source.fields.get("title", source.dataset),
        }


def _named(path: str) -> Entity:
    suffix = f".{path.rpartition('.')[2]}" if "." in path else ".txt"
    return {
        "@id": path,
        "@type": "File",
        "name": path.rpartition("/")[2],
        "encodingFormat": _FORMATS[suffix],
    }


def _file(file: File) -> Entity:
    return {**_named(file.path), "contentSize": str(file.size), "sha256": file.sha256}
