"""The list of references: what BibTeX says, as APA style has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

_ENTRY = re.compile(
    r"@(?!comment|string|preamble)\w+\s*\{.*?(?=^\s*@\w+\s*\{|\Z)", re.M | re.S | re.I
)

_BRACED = r"\{(?:[^{}]|\{[^{}]*\})*\}"

_FIELD = re.compile(
    r"\b(?P<name>\w+)\s*=\s*"
    rf"(?:\{{(?P<value>(?:[^{{}}]|{_BRACED})*)\}}|\"(?P<quoted>(?:[^\"{{}}]|{_BRACED})*)\"|(?P<number>\d+))"
)

_BODY = re.compile(r"\{([^{}\\]*\s[^{}\\]*)\}")
"""Words in braces within the names of authors: a body, such as {World Health Organization}."""

_KEPT = "\u00a0"
"""A blank that parts no names."""

_DOI = re.compile(r"10\.\d{4,9}/\S+")

_ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    ".": "\u0307",
    "=": "\u0304",
    "u": "\u0306",
    "v": "\u030c",
    "H": "\u030b",
    "c": "\u0327",
    "k": "\u0328",
    "r": "\u030a",
}
"""What TeX calls the accents."""

_LETTERS = {
    "l": "ł",
    "L": "Ł",
    "o": "ø",
    "O": "Ø",
    "ss": "ß",
    "ae": "æ",
    "AE": "Æ",
    "aa": "å",
    "i": "i",
}
"""What TeX calls letters of their own."""

_ACCENTED = re.compile(
    r"""\\(?:(?P<mark>['`^"~.=])|(?P<name>[uvHckr])(?![A-Za-z]))\s*\{?\\?(?P<of>\w)\}?"""
)

_LETTER = re.compile(r"\\(ss|ae|AE|aa|l|L|o|O|i)(?![A-Za-z])\s*")

_FEW = 2
"""Authors who are all named in a text."""


class Piece(NamedTuple):
    """A part of a reference: in italics or not, and the address that it leads to, if any."""

    text: str
    italic: bool = False
    url: str = ""


def entries(bibtex: str) -> list[dict[str, str]]:
    """The fields of every entry of a BibTeX text."""
    return [fields(entry) for entry in entry_texts(bibtex)]


def entry_texts(bibtex: str) -> list[str]:
    """Every entry of a BibTeX text, as it is."""
    return _ENTRY.findall(bibtex)


def fields(entry: str) -> dict[str, str]:
    """The fields of a BibTeX entry, in Unicode, without the braces and dashes of TeX."""
    found = {}
    for match in _FIELD.finditer(entry):
        value = match["value"] or match["quoted"] or match["number"] or ""
        name = match["name"].lower()
        found[name] = _plain(_BODY.sub(_as_one, value) if name == "author" else value)
    return found


def _as_one(body: re.Match[str]) -> str:
    return _KEPT.join(body[1].split())


def doi_of(source: Mapping[str, str]) -> str | None:
    """The DOI of a source, without the address of its resolver."""
    found = _DOI.search(source.get("doi", ""))
    return None if found is None else found[0]


def _plain(value: str) -> str:
    def accented(match: re.Match[str]) -> str:
        return match["of"] + _ACCENTS[match["mark"] or match["name"]]

    value = _LETTER.sub(lambda letter: _LETTERS[letter[1]], _ACCENTED.sub(accented, value))
    value = re.sub(r"[{}]", "", re.sub(r"\\([&%_#$])", r"\1", value))
    value = value.replace("--", "–").replace("``", "“").replace("''", "”")
    return unicodedata.normalize("NFC", " ".join(re.split(r"[ \t\r\n]+", value.strip())))


def authors(names: str) -> list[tuple[str, str]]:
    """Family and given names of the authors of an entry; a body has no given name."""
    parted = [_author(name) for name in names.split(" and ")]
    return [(family.replace(_KEPT, " "), given) for family, given in parted]


def _author(name: str) -> tuple[str, str]:
    family, comma, given = name.partition(", ")
    if comma:
        return family, given
    given, _, family = name.rpartition(" ")
    return family, given


def in_text(source: Mapping[str, str]) -> str | None:
    """A source as a text names it, such as Hutto & Gilbert, 2014; None where its author or its
    year is not known."""
    if not source.get("author") or not source.get("year"):
        return None
    families = [family for family, _ in authors(source["author"])]
    who = f"{families[0]} et al." if len(families) > _FEW else " & ".join(families)
    return f"{who}, {source['year']}"


def reference(source: Mapping[str, str]) -> list[Piece]:
    """A source as a list of references has it; its entry has author, year and title."""
    named = [
        f"{family}, {_initials(given)}".rstrip(", ") for family, given in authors(source["author"])
    ]
    who = ", & ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0]
    return [Piece(f"{who} ({source['year']}). "), *_published(source), *_address(source)]


def references(sources: Iterable[Mapping[str, str]]) -> list[list[Piece]]:
    """The list of references, in order, each once; sources whose author, year or title is not
    known are not in it."""
    known = [one for one in sources if in_text(one) and one.get("title")]
    listed = {"".join(piece.text for piece in made): made for made in map(reference, known)}
    return [listed[text] for text in sorted(listed, key=str.casefold)]


def in_markdown(pieces: Iterable[Piece]) -> str:
    """A reference in Markdown."""
    return "".join(
        f"[{text}]({url})" if url else f"*{text}*" if italic else text
        for text, italic, url in pieces
    )


def _published(source: Mapping[str, str]) -> list[Piece]:
    """Title and place of publication; what can be looked up by itself is in italics."""
    title, pages = source["title"], source.get("pages", "")
    end = "" if title.endswith("?") else "."
    number = source.get("number", "")
    publisher = source.get("publisher") or source.get("institution")
    by = f" {publisher}." if publisher else ""
    if source.get("journal") == "arXiv":
        return [
            Piece(title, italic=True),
            Piece(f"{end} arXiv "),
            Piece(number, url=f"https://arxiv.org/abs/{number}"),
            Piece("."),
        ]
    if "journal" in source:
        volume = source.get("volume", "")
        return [
            Piece(f"{title}{end} "),
            Piece(source["journal"], italic=True),
            *([Piece(", "), Piece(volume, italic=True)] if volume else []),
            Piece(f"{f'({number})' if number else ''}{f', {pages}' if pages else ''}."),
        ]
    if "booktitle" in source:
        of = f" (pp. {pages})" if pages else ""
        return [
            Piece(f"{title}{end} In "),
            Piece(source["booktitle"], italic=True),
            Piece(f"{of}.{by}"),
        ]
    edition = f" ({source['edition']} ed.)" if "edition" in source else ""
    report = f" ({source['type']})" if "type" in source else ""
    return [Piece(title, italic=True), Piece(f"{edition}{report}{end}{by}")]


def _address(source: Mapping[str, str]) -> list[Piece]:
    if doi := doi_of(source):
        return [Piece(" "), Piece(f"doi:{doi}", url=f"https://doi.org/{quote(doi)}")]
    url = source.get("url", "")
    if url.startswith(("https://", "http://")):
        return [Piece(" "), Piece(url.removeprefix("https://"), url=url)]
    return []


def _initials(given: str) -> str:
    """N. C. of N. Clayton, and J.-M. of Jean-Marie."""
    parts = ("-".join(f"{name[0]}." for name in part.split("-") if name) for part in given.split())
    return " ".join(parts)
