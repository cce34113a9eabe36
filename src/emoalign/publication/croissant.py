"""croissant.json: the tables of a bundle for machine learning (Croissant 1.1).

It points to the Parquet files: readers of Croissant take a word NA of a CSV file for a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.publication.contents import Contents, File, Kind, kind_of
from emoalign.publication.data_tables import DataTable
from emoalign.tables import Column

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The vocabulary of Croissant 1.1, all of it: without a word, readers warn."""

_TYPES: Mapping[Kind, str] = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
}


def croissant(contents: Contents, files: Mapping[str, File]) -> dict[str, Any]:
    """The description of the Parquet files."""
    job = contents.job
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": job.study,
        "alternateName": job.title,
        "description": job.description,
        "version": job.settings.version,
        "datePublished": contents.date,
        "license": job.licence.url,
        "keywords": job.keywords,
        **({"inLanguage": job.languages} if job.languages else {}),
        "citeAs": contents.citation,
        "isLiveDataset": False,
        "creator": [
            {
                "@type": "sc:Person",
                "name": each.name,
                "givenName": each.given,
                "familyName": each.family,
                **({"url": each.orcid_url} if each.orcid_url else {}),
            }
            for each in job.settings.creators
        ],
        "distribution": [_file(table, files[table.parquet]) for table in contents.tables],
        "recordSet": [_records(table) for table in contents.tables],
    }


def _file(table: DataTable, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table.parquet,
        "name": f"{table.name}.parquet",
        "description": f"Row: {table.row}.",
        "contentUrl": table.parquet,
        "contentSize": f"{file.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file.sha256,
    }


def _records(table: DataTable) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": f"Row: {table.row}.",
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: DataTable, column: Column) -> dict[str, Any]:
    kind = kind_of(column.type)
    listed = kind == "array"
    of = kind_of(column.type.value_type) if listed else kind
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": column.meaning,
        "dataType": _TYPES[of],
        **({"isArray": True, "arrayShape": "-1"} if listed else {}),
        "source": {
            "fileObject": {"@id": table.parquet},
            "extract": {"column": column.name},
        },
    }
