"""The image files of a dataset."""

from __future__ import annotations

from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.readers.source_items import SourceItem
from emoalign.study.files import similar


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
            f"{_place(item)}: there is no image {path}{similar(path)}. Put the images of the "
            f"dataset into {folder}, or leave the item out with `keep` in the dataset's card."
        )
    return path


def _place(item: SourceItem) -> str:
    return f"{item.where}: item {item.item_id}" if item.where else f"item {item.item_id}"
