"""The image files of a dataset."""

from __future__ import annotations

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
            f"item {item.item_id}: the image name {item.image!r} leads out of the folder {folder}"
        )
    if not path.is_file():
        raise DataError(
            f"item {item.item_id}: there is no image {path}. Put the images of the dataset into "
            f"{folder}, or leave the item out with `keep` in the dataset's card."
        )
    return path
