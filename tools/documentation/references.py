"""The list of references that ends docs/methods.md, from the sources of the report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from emoalign.report.page import sources

HEADING = "## References"

_FIELD = re.compile(r"\b(?P<name>\w+) = \{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}")


def with_references(page: str) -> str:
    """`page` with the list of all sources under its last heading, "References".

    Raises ValueError for a page without this heading.
    """
    text, found, _ = page.partition(f"{HEADING}\n")
    if not found:
        raise ValueError(f'docs/methods.md has no heading "{HEADING}" to put the references under')
    entries = sorted(map(in_words, map(fields, sources().values())), key=str.casefold)
    return f"{text}{HEADING}\n\n" + "\n".join(f"* {entry}" for entry in entries) + "\n"


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
