"""Images as they are sent: upright, without metadata, no larger than the card allows."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

from PIL import Image as Picture
from PIL import ImageOps, UnidentifiedImageError

from emoalign.errors import DataError
from emoalign.prompts.rendering import Image
from emoalign.study.files import sha256

JPEG_QUALITY = 90


@lru_cache(maxsize=64)
def data_url(image: Image) -> str:
    """The image as a data URL (JPEG).

    It is turned as its EXIF orientation says, made smaller where a side is too long, and all
    metadata are left behind. The same file always gives the same bytes. Raises DataError when the
    file is no image, or not the one that the stimuli were prepared from.
    """
    if sha256(image.path) != image.sha256:
        raise DataError(
            f"{image.path}: the image has changed since the stimuli were prepared. Put it back, or "
            "prepare them anew: snakemake --forcerun prepare_stimuli"
        )
    try:
        with Picture.open(image.path) as file:
            upright = ImageOps.exif_transpose(file).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{image.path}: not an image that can be read: {error}") from error
    upright.thumbnail((image.longest_side, image.longest_side), Picture.Resampling.LANCZOS)
    clean = Picture.new("RGB", upright.size)
    clean.paste(upright)
    buffer = io.BytesIO()
    clean.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
