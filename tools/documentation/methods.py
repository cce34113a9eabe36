"""What docs/methods.md has from the report: families of tests, and the list of references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from emoalign.report.families import sentence
from emoalign.report.page import cited, sources

REFERENCES = "References"
FAMILIES = "Families of tests"

_FIELD = re.compile(r"\b(?P<name>\w+) = \{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}")


def with_sources(page: str) -> str:
    """`page` with what the package knows under its headings: families of tests, and references.

    Raises ValueError for a page without these headings.
    """
    families, _ = cited(sentence())
    entries = sorted(map(in_words, map(fields, sources().values())), key=str.casefold)
    references = "\n".join(f"* {entry}" for entry in entries)
    return _filled(_filled(page, FAMILIES, families), REFERENCES, references)


def _filled(page: str, heading: str, text: str) -> str:
    """`page` with `text` as all that stands under a heading."""
    before, found, after = page.partition(f"## {heading}\n")
    if not found:
        raise ValueError(f'docs/methods.md has no heading "{heading}"')
    _, following, rest = after.partition("\n## ")
    return f"{before}## {heading}\n\n{text}\n{following}{rest}"


def fields(entry: str) -> dict[str, str]:
    """The fields of a BibTeX entry, without the braces and dashes of TeX."""
    values = {match["name"]: match["value"] for match in _FIELD.finditer(entry)}
    return {
        name: re.sub(r"[{}]", "", value).replace("--", "–").replace("``", "“").replace("''", "”")
        for name, value in values.items()
    }


def authors(names: str) -> list[tuple[str, str]]:
    """Family and given names of the authors of an entry."""
    split = (name.partition(", ") for name in names.split(" and "))
    return [(family, given) for family, _, given in split]


def in_words(source: Mapping[str, str]) -> str:
    """A source as a list of references has it, in Markdown."""
    named = [f"{family}, {_initials(given)}" for family, given in authors(source["author"])]
    who = ", & ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0]
    return f"{who} ({source['year']}). {_published(source)}{_address(source)}"


def _published(source: Mapping[str, str]) -> str:
    """Title and place of publication; what can be looked up by itself is in italics."""
    title, pages = source["title"], source.get("pages", "")
    end = "" if title.endswith("?") else "."
    number = source.get("number")
    publisher = f" {source['publisher']}." if "publisher" in source else ""
    if source.get("journal") == "arXiv":
        return f"*{title}*{end} arXiv [{number}](https://arxiv.org/abs/{number})."
    if "journal" in source:
        issue = f"({number})" if number else ""
        return f"{title}{end} *{source['journal']}*, *{source['volume']}*{issue}, {pages}."
    if "booktitle" in source:
        of = f" (pp. {pages})" if pages else ""
        return f"{title}{end} In *{source['booktitle']}*{of}.{publisher}"
    edition = f" ({source['edition']} ed.)" if "edition" in source else ""
    report = f" ({source['type']})" if "type" in source else ""
    return f"*{title}*{edition}{report}{end}{publisher}"


def _address(source: Mapping[str, str]) -> str:
    if "doi" in source:
        return f" [doi:{source['doi']}](https://doi.org/{quote(source['doi'])})"
    return (
        f" [{source['url'].removeprefix('https://')}]({source['url']})" if "url" in source else ""
    )


def _initials(given: str) -> str:
    """N. C. of N. Clayton, and J.-M. of Jean-Marie."""
    parts = ("-".join(f"{name[0]}." for name in part.split("-")) for part in given.split())
    return " ".join(parts)
