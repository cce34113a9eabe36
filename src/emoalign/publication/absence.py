"""A last look at the files of a bundle for texts that may not be passed on."""

from __future__ import annotations

import html
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from emoalign.errors import DataError
from emoalign.publication.data_tables import DATA
from emoalign.tables import read_parquet

_TELLING = 20
"""Characters from which on nobody writes the text of an item by chance. Single words are in every
text: of those it is known which columns and keys hold them."""


def require_absent(stimuli: Path, title: str, folder: Path) -> None:
    """Raise DataError where a file that people have written holds a text of a dataset.

    Tables are made of columns that hold none; prompts, titles and descriptions say what somebody
    wrote into them.
    """
    texts = read_parquet(stimuli, columns=["text"])["text"].drop_null().to_pylist()
    telling = {_plain(text) for text in texts if len(text) >= _TELLING} - {""}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and place.parts[0] != DATA and path.suffix != ".xlsx":
            written = _plain(path.read_text(encoding="utf-8"))
            if any(text in written for text in telling):
                raise DataError(
                    f"The bundle may not be published: {place} would hold an item of {title}, "
                    "which may not be passed on. Take the item out of the study, its prompt sets "
                    "or its description, and run again."
                )


def _plain(text: str) -> str:
    """The letters and digits of a text: marks, blanks and line breaks may be written in many ways,
    such as \\" in JSON, '' in YAML, %20 in an address and &amp; in a page."""
    text = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), html.unescape(unquote(text)))
    text = unicodedata.normalize("NFKD", re.sub(r"\\[nrt]", " ", text)).casefold()
    return "".join(letter for letter in text if letter.isalnum())


_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
