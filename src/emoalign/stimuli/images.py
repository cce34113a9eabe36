"""Image files, opened so that a small file cannot fill the memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.source_files import similar

if TYPE_CHECKING:  # a study is read without Pillow
    from PIL.Image import Image

MOST_PIXELS = 100_000_000
"""Pixels an image may have: more than cameras have, and 300 MB once it is unpacked."""

LONGEST_FILE_NAME = 255
"""Bytes."""

_ENDS = ("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp")


@contextmanager
def opened(path: Path) -> Iterator[Image]:
    """An image; its pixels are unpacked when the block asks for them.

    Raises DataError when the file is no image, is not whole, or has more than MOST_PIXELS.
    """
    from PIL import Image as Pillow

    def too_large(size: str) -> DataError:
        return DataError(
            f"{path}: an image of {size} is not opened: it may have {MOST_PIXELS // 10**6} million "
            "pixels. Save it smaller; models are shown images of a few thousand pixels a side."
        )

    try:
        with warnings.catch_warnings():
            # The limit is our own, and an error.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            image = Pillow.open(path)
        with image:
            if image.width * image.height > MOST_PIXELS:
                raise too_large(f"{image.width:,} by {image.height:,} pixels")
            yield image
    except DataError:
        raise
    except Pillow.DecompressionBombError as error:
        raise too_large(f"more than {2 * (Pillow.MAX_IMAGE_PIXELS or 0):,} pixels") from error
    # Formats fail as they like: SyntaxError, struct.error, ValueError, EOFError ...
    except Exception as error:
        raise DataError(f"{path}: not an image that can be read: {error}") from error


def image_name(file: str) -> str:
    """The name of an image without its folder and its end: dogs/Dog 6.jpg is Dog 6."""
    name = file.replace("\\", "/").rpartition("/")[2].strip()
    base, dot, end = name.rpartition(".")
    return base if dot and end.lower() in _ENDS else name


def image_path(item: SourceItem, folder: str | None) -> Path | None:
    """The path that the image of an item would have; None for text. It need not be there."""
    return None if item.image is None else Path(folder or "", item.image)


def image_file(item: SourceItem, folder: str | None) -> Path | None:
    """The image of an item; None for text.

    Raises DataError when the file is missing or cannot be opened, or when its name leads out of the
    folder.
    """
    if item.image is None or folder is None:
        return None
    path = Path(folder) / item.image
    if "\0" in item.image or len(os.fsencode(item.image)) > LONGEST_FILE_NAME:
        raise DataError(
            f"{_place(item)}: {item.image[:60]!r} cannot be the name of a file, which has at most "
            f"{LONGEST_FILE_NAME} bytes and none that is NUL"
        )
    if not path.resolve().is_relative_to(Path(folder).resolve()):
        raise DataError(
            f"{_place(item)}: the image name {item.image!r} leads out of the folder {folder}"
        )
    if not path.is_file():
        raise DataError(
            f"{_place(item)}: there is no image {path}{similar(path)}. Put the images of the "
            f"dataset into {folder}, or leave the item out with `keep` in the dataset's card."
        )
    try:
        with opened(path):
            return path
    except DataError as error:
        raise DataError(f"{_place(item)}: {error}") from error


def _place(item: SourceItem) -> str:
    return f"{item.where}: item {item.item_id}" if item.where else f"item {item.item_id}"
