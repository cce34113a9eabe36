"""Where the sections of a page are: named by path, so that planning loads no pandas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSection:
    """A module with a `SECTION` (see `section.py`) and its template of the same name beside it.

    `reads` are the paths of the tables that it shows, within the results of a study: inputs of the
    rule that writes the report, and downloads of the page.
    """

    module: str
    reads: tuple[str, ...] = ()


def _own(name: str, *tables: str) -> PageSection:
    return PageSection(f"emoalign.report.sections.{name}", tables)


ITEMS = _own("items")
DISAGREEMENTS = _own("disagreements")
ANSWERS = _own("answers")
PEOPLE = _own("people", "statistics/reliability.parquet")
METHODS = _own("methods")
MEANING = _own("meaning")
MANIFEST = _own("manifest")
