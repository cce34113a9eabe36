"""The image files of a dataset."""

from __future__ import annotations

import difflib
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.source_items import SourceItem


def image_file(item: SourceItem, folder: str | None) -> Path | None:
    """The image of an item; None for text.

    Raises DataError when the file is missing, or when its name leads out of the folder.
    """
    if item.image is None or folder is None:
        return None
    path = Path(folder) / item.image
    if not path.resolve().is_relative_to(Path(folder).resolve()):
        raise DataError(
            f"{_place(item)}: the image name {item.image!r} leads out of the folder {folder}"
        )
    if not path.is_file():
        raise DataError(
            f"{_place(item)}: there is no image {path}{_near(path)}. Put the images of the dataset "
            f"into {folder}, or leave the item out with `keep` in the dataset's card."
        )
    return path


def _place(item: SourceItem) -> str:
    return f"{item.where}: item {item.item_id}" if item.where else f"item {item.item_id}"


def _near(path: Path) -> str:
    """A hint where the folder holds an image of nearly the same name."""
    known = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, known, n=1, cutoff=0.8)
    return f" (there is {close[0]!r})" if close else ""
