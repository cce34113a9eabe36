"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plain(text: str) -> str:
    """`text` to be read as it stands, in a cell or a paragraph; `code` in it stays code."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        piece.replace("|", r"\|") if piece.startswith("`") else _escaped(piece) for piece in pieces
    )


def anchor(heading: str) -> str:
    """The address GitHub gives a heading within its page."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def link(heading: str, label: str | None = None) -> str:
    """A link to a heading of the same page, labelled with the heading in lower case."""
    return f"[{label or heading.lower()}](#{anchor(heading)})"


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*|\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", text)
