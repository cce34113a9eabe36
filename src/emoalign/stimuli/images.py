"""Image files, opened so that a small file cannot fill the memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.rows import composed, tell_composed
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
            f"{path}: the image has {size}; at most {MOST_PIXELS // 10**6} million pixels are "
            "allowed. Save it smaller; models are shown images of a few thousand pixels a side."
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


def image_files(
    items: Sequence[SourceItem], folder: str | None, mistakes: Mistakes
) -> list[Path | None]:
    """The image of each item; None for text, and for an image that is noted as a mistake: one that
    is missing or cannot be opened, or whose name leads out of the folder."""
    if folder is None:
        return [None] * len(items)
    files = [None if item.image is None else _image(item, folder, mistakes) for item in items]
    otherwise = sum(
        path is not None and path.name != Path(item.image or "").name
        for item, path in zip(items, files, strict=True)
    )
    tell_composed(Path(folder), otherwise)
    return files


def _image(item: SourceItem, folder: str, mistakes: Mistakes) -> Path | None:
    name = item.image or ""
    if "\0" in name or len(os.fsencode(name)) > LONGEST_FILE_NAME:
        mistakes.add(
            "Impossible image names",
            f"{_place(item)}: {name[:60]!r} cannot be a file name: at most {LONGEST_FILE_NAME} "
            "bytes are allowed, and no NUL byte",
        )
        return None
    path = _as_named(Path(folder) / name)
    if not path.resolve().is_relative_to(Path(folder).resolve()):
        mistakes.add(
            "Images elsewhere",
            f"{_place(item)}: the image name {name!r} points outside the folder {folder}",
        )
        return None
    if not path.is_file():
        mistakes.add(
            "Missing images",
            f"{_place(item)}: there is no image {path}{similar(path)}",
            f"Put the images of the dataset into {folder}, or leave the items out with `keep` in "
            "the dataset's card.",
        )
        return None
    try:
        with opened(path):
            return path
    except DataError as error:
        mistakes.add("Images that cannot be opened", f"{_place(item)}: {error}")
        return None


def _as_named(path: Path) -> Path:
    """A file, or the one in its folder whose name looks the same but is coded in another way."""
    if path.is_file() or not path.parent.is_dir():
        return path
    names = _composed_names(path.parent, path.parent.stat().st_mtime_ns)
    return names.get(composed(path.name), path)


@lru_cache
def _composed_names(folder: Path, _changed: int) -> Mapping[str, Path]:
    """The files of a folder by their names, as `composed` writes them."""
    return {composed(file.name): file for file in folder.iterdir()}


def _place(item: SourceItem) -> str:
    return f"{item.where}: item {item.item_id}" if item.where else f"item {item.item_id}"
