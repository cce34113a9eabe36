"""Code in the page, and the checksums by which the page's policy knows it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup
from plotly.offline import get_plotlyjs

ASSETS = Path(__file__).parent / "assets"

FILES = ("packing.js", "texts.js", "tables.js", "items.js", "page.js")
"""The page's own code, in the order in which the files need each other."""


@dataclass(frozen=True)
class Script:
    """Code in the page. Other code, however it came into the page, has no such checksum in the
    page's Content-Security-Policy and does not run."""

    code: Markup
    sha256: str

    @classmethod
    def of(cls, code: str) -> Script:
        """Code as it stands in the page. Raises ValueError where it would end its own element."""
        text = code.replace("\r\n", "\n")
        if "</script" in text.lower() or "<!--" in text:
            raise ValueError("a script of the page would end its own element")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return cls(Markup(text), digest)  # noqa: S704 - the project's own code, or plotly's


@cache
def plotly() -> Script:
    """The library that draws what is interactive, whole: nothing is fetched."""
    return Script.of(get_plotlyjs())


@cache
def own_script() -> Script:
    """The page's own code, file after file."""
    return Script.of("\n".join((ASSETS / name).read_text(encoding="utf-8") for name in FILES))
