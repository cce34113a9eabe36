"""How the file of a table is written, as cards of datasets and of recorded ratings say it."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field, field_validator

from emoalign.study.fields import Encoding, Entry, FileSource

FileFormat = Literal["csv", "tsv", "xlsx", "xls", "parquet", "jsonl"]


_TABULATOR = ("\\t", "tab", "tabs", "tabulator")


class TableFormat(Entry):
    """How the file of a table is written; every key has a default."""

    empty_is_none: ClassVar[bool] = True
    """Whether an empty field is none whatever `na_values` says, in all columns they are for."""

    format: FileFormat | None = Field(
        None, description="Format of the table; without it, told by the end of the file's name."
    )
    encoding: Encoding = Field(
        "utf-8-sig",
        description="Encoding of CSV, TSV and JSONL, such as cp1252. The default reads UTF-8 with "
        "or without a mark at its beginning.",
    )
    delimiter: str | None = Field(
        None,
        description="What separates the fields of a line; without it a comma in CSV and a tabulator"
        " in TSV.",
    )
    quotes: Literal["standard", "none"] | None = Field(
        None,
        description="none: quotation marks are characters like any other. standard: a field in "
        "quotation marks may hold anything, lines and delimiters too. Without it, as standard, but "
        "a field that holds both is an error: mostly a mark was never closed, and the field has "
        "swallowed rows.",
    )
    decimal: Literal[".", ","] = Field(".", description="What separates decimals in numbers.")
    sheet: str | None = Field(
        None, description="Sheet of a spreadsheet; without it, the first one."
    )
    header_line: int = Field(
        1,
        ge=1,
        description="Line with the names of the columns; what is above it is not read. Of columns "
        "with the same name, the first is called name.0, the second name.1.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="What stands in place of a number where there is none. Ids and texts are taken "
        "as they are: a word may be null or NA.",
    )

    def format_of(self, file: FileSource) -> str:
        """Format of the file. Raises ValueError where neither the card nor its name says it."""
        if self.format is None and file.suffix not in get_args(FileFormat):
            raise ValueError(
                f"say the format ({', '.join(get_args(FileFormat))}): the name {file.file!r} does "
                "not. A file of another format is saved as one of these first"
            )
        return self.format or file.suffix

    def missing(self, field: str) -> bool:
        """Tell whether a field stands for no number: it is blank, or one of `na_values`."""
        return field.strip() in {"", *self.na_values}

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and delimiter.strip().casefold() in _TABULATOR:
            raise ValueError('a tabulator is written `delimiter: "\\t"`, in double quotation marks')
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(
                'expected a single character in quotation marks, such as `delimiter: ";"`'
            )
        if delimiter is not None and delimiter in '\r\n"':
            raise ValueError("neither a quotation mark nor the end of a line can separate fields")
        return delimiter
