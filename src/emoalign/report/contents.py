"""Where the sections of a page are: named by path, so that planning loads no pandas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSection:
    """A section (see `section.py`) by its path, "module:NAME", and its template beside the module.

    `reads` are the paths of the tables that it shows, within the results of a study: inputs of the
    rule that writes the report, and downloads of the page.
    """

    path: str
    reads: tuple[str, ...] = ()

    @property
    def template(self) -> str:
        """Where the template stands in the package: it is named after the section."""
        module, name = self.path.removeprefix("emoalign.").split(":")
        folder = module.rpartition(".")[0].replace(".", "/")
        return f"{folder}/{name.lower()}.html"


def _own(path: str, *tables: str) -> PageSection:
    return PageSection(f"emoalign.report.sections.{path}", tables)


ITEMS = _own("items:ITEMS")
DISAGREEMENTS = _own("items:DISAGREEMENTS")
ANSWERS = _own("answered:ANSWERS")
PEOPLE = _own("answered:PEOPLE", "statistics/reliability.parquet")
METHODS = _own("about:METHODS")
MEANING = _own("about:MEANING")
MANIFEST = _own("about:MANIFEST")
