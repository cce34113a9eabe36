"""What docs/methods.md has from the report: families of tests, and the list of references."""

from __future__ import annotations

from emoalign.report.families import sentence
from emoalign.report.page import cited, sources
from emoalign.report.references import fields, in_markdown, references

REFERENCES = "References"
FAMILIES = "Families of tests"


def with_sources(page: str) -> str:
    """`page` with what the package knows under its headings: families of tests, and references.

    Raises ValueError for a page without these headings.
    """
    families, _ = cited(sentence())
    entries = map(in_markdown, references(map(fields, sources().values())))
    listed = "\n".join(f"* {entry}" for entry in entries)
    return _filled(_filled(page, FAMILIES, families), REFERENCES, listed)


def _filled(page: str, heading: str, text: str) -> str:
    """`page` with `text` as all that stands under a heading."""
    before, found, after = page.partition(f"## {heading}\n")
    if not found:
        raise ValueError(f'docs/methods.md has no heading "{heading}"')
    _, following, rest = after.partition("\n## ")
    return f"{before}## {heading}\n\n{text}\n{following}{rest}"
