"""Image files, opened so that a small file cannot fill the memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emoalign.errors import DataError

if TYPE_CHECKING:  # a study is read without Pillow
    from PIL.Image import Image

MOST_PIXELS = 100_000_000
"""Pixels an image may have: more than cameras have, and 300 MB once it is unpacked."""


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
