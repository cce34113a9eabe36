"""datapackage.json: the tables of a bundle for Frictionless (Data Package, version 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.publication.contents import Contents, File, kind_of
from emoalign.publication.data_tables import DataTable


def datapackage(contents: Contents, files: Mapping[str, File]) -> dict[str, Any]:
    """The description of the CSV files, with the type and meaning of every column."""
    job, licence = contents.job, contents.job.licence
    return {
        "profile": "tabular-data-package",
        "name": job.study.lower(),
        "title": job.title,
        "description": job.description,
        "version": job.settings.version,
        "created": f"{contents.date}T00:00:00Z",
        "keywords": job.keywords,
        "licenses": [{"name": licence.spdx, "title": licence.name, "path": licence.url}],
        "contributors": [
            {
                "title": each.name,
                "role": "author",
                **({"path": each.orcid_url} if each.orcid_url else {}),
                **({"organization": each.affiliation} if each.affiliation else {}),
            }
            for each in job.settings.creators
        ],
        "sources": [
            {
                "title": source.fields.get("title", source.dataset),
                **({"path": source.url} if source.url else {}),
            }
            for source in contents.sources
        ],
        "resources": [_resource(table, files[table.csv]) for table in contents.tables],
    }


def _resource(table: DataTable, file: File) -> dict[str, Any]:
    fields = [
        {"name": column.name, "type": kind_of(column.type), "description": column.meaning}
        for column in table.columns
    ]
    return {
        "name": table.name.lower(),
        "path": table.csv,
        "profile": "tabular-data-resource",
        "description": f"Row: {table.row}.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "doubleQuote": True},
        "schema": {"fields": fields, "missingValues": [""]},
    }
