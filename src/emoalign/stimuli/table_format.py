"""The format of a table's file, as given in cards of datasets and of recorded ratings."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, get_args

from pydantic import Field, field_validator

from emoalign.study.fields import Encoding, Entry, FileSource

FileFormat = Literal["csv", "tsv", "xlsx", "xls", "parquet", "jsonl"]


_TABULATOR = ("\\t", "tab", "tabs", "tabulator")

NO_NAME = re.compile(r"#?n/?a|nan", re.IGNORECASE)
"""How programs write that there is no name: NA in R, nan in Python, #N/A in spreadsheets."""


class TableFormat(Entry):
    """The format of a table's file; every key has a default."""

    empty_is_none: ClassVar[bool] = True
    """Whether an empty field is always a missing value, whatever `na_values` says."""

    format: FileFormat | None = Field(
        None, description="File format. Default: by the file's extension."
    )
    encoding: Encoding = Field(
        "utf-8-sig",
        description="Encoding of CSV, TSV and JSONL, such as cp1252. Default: UTF-8, with or "
        "without BOM.",
    )
    delimiter: str | None = Field(
        None,
        description="Field delimiter. Default: comma in CSV, tab in TSV.",
    )
    quotes: Literal["standard", "none"] | None = Field(
        None,
        description="standard: quoted fields may contain line breaks and delimiters. none: "
        "quotation marks are ordinary. Default: standard, but a field with both is an error.",
    )
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers.")
    sheet: str | None = Field(None, description="Sheet of a spreadsheet. Default: the first.")
    header_line: int = Field(
        1,
        ge=1,
        description="Line with the column names; lines above it are ignored. Repeated names become "
        "name.0, name.1.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="Values that mean a missing number; ids and texts are taken as they are.",
    )

    def format_of(self, file: FileSource) -> str:
        """Format of the file. Raises ValueError where neither the card nor its name says it."""
        if self.format is None and file.suffix not in get_args(FileFormat):
            raise ValueError(
                f"give the format ({', '.join(get_args(FileFormat))}), which the name "
                f"{file.file!r} does not show. Save a file of any other format as one of these"
            )
        return self.format or file.suffix

    def missing(self, field: str) -> bool:
        """Tell whether a field stands for no number: it is blank, or one of `na_values`."""
        return field.strip() in {"", *self.na_values}

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and delimiter.strip().casefold() in _TABULATOR:
            raise ValueError('write a tab as `delimiter: "\\t"`, in double quotation marks')
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(
                'expected a single character in quotation marks, such as `delimiter: ";"`'
            )
        if delimiter is not None and delimiter in '\r\n"':
            raise ValueError("a quotation mark or a line break cannot be the delimiter")
        return delimiter
