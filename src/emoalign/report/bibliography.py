"""What is cited: the sources of methods, in `references.bib`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "references.bib"
_ENTRY = re.compile(r"^@\w+\{(?P<key>\w+),.*?^\}$", re.MULTILINE | re.DOTALL)
_CITED = re.compile(r"\[(?P<keys>@\w+(?:; @\w+)*)\]")
_FEW = 2


@cache
def entries() -> dict[str, str]:
    """The BibTeX entry of every source, by key."""
    return {entry["key"]: entry[0] for entry in _ENTRY.finditer(_FILE.read_text("utf-8"))}


def cited(text: str) -> tuple[str, list[str]]:
    """A text with its citations in words, and their keys: [@lin1989; @zou2007] becomes
    (Lin, 1989; Zou, 2007). Raises KeyError for a source that is not in references.bib."""
    keys: list[str] = []

    def in_text(citation: re.Match[str]) -> str:
        named = [key.removeprefix("@") for key in citation["keys"].split("; ")]
        keys.extend(named)
        return f"({'; '.join(_short(key) for key in named)})"

    return _CITED.sub(in_text, text), keys


def bibliography(keys: Iterable[str], more: Sequence[str] = ()) -> str:
    """BibTeX of the sources with these keys, each once, and of those that come as BibTeX."""
    unique = [entries()[key] for key in sorted(set(keys))]
    return "\n".join([*(text.strip() for text in dict.fromkeys(more)), *unique])


def _short(key: str) -> str:
    """A source as it is named in a text: its authors' last names and its year."""
    entry = entries()[key]
    names = [name.split(",")[0].strip() for name in _field(entry, "author").split(" and ")]
    who = f"{names[0]} et al." if len(names) > _FEW else " & ".join(names)
    return f"{who}, {_field(entry, 'year')}"


def _field(entry: str, name: str) -> str:
    value = re.search(rf"\b{name} = \{{(.*?)\}}(?:,|$)", entry, re.MULTILINE)
    assert value is not None, f"{name} is missing: {entry}"  # noqa: S101 - our own file
    return value[1]
