"""Taking images and tables out of a zip file that somebody else made."""

from __future__ import annotations

import logging
import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from emoalign.errors import DataError
from emoalign.tables import atomic

IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MOST_BYTES = 20_000_000_000
"""What all files taken out may hold together."""

_log = logging.getLogger(__name__)


def unpack(archive: Path, files: Mapping[str, Path], images: Path | None) -> int:
    """Take out the named files that are missing, and the images into their folder; how many.

    The archive decides about no path: only the last part of a name counts, `files` says where a
    file goes, and an image goes into `images`, where one that is there already stays. Links and
    everything else are passed over. Raises DataError when it is no zip file, when two files have
    the same name, or when it would grow beyond any data set.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            chosen = _chosen(archive, content, files, images)
            total = sum(info.file_size for info in chosen.values())
            if total > MOST_BYTES:
                raise DataError(
                    f"{archive}: its files would take {total} bytes, more than the {MOST_BYTES} "
                    "that are taken out. Take them out yourself if you trust it."
                )
            for target, info in chosen.items():
                with (
                    content.open(info) as file,
                    atomic(target) as partial,
                    partial.open("wb") as out,
                ):
                    shutil.copyfileobj(file, out, length=1 << 20)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise DataError(
            f"{archive}: cannot be taken apart ({error}). If the download was interrupted, delete "
            "the file and get it again."
        ) from error
    _log.info("%s: files taken out: %d", archive, len(chosen))
    return len(chosen)


def _chosen(
    archive: Path, content: zipfile.ZipFile, files: Mapping[str, Path], images: Path | None
) -> dict[Path, zipfile.ZipInfo]:
    """Where each file goes that is taken out."""
    chosen: dict[Path, zipfile.ZipInfo] = {}
    for info in content.infolist():
        name = PurePosixPath(info.filename.replace("\\", "/")).name
        if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16) or name.startswith("."):
            continue
        target = files.get(name)
        if target is None and images is not None and name.lower().endswith(IMAGES):
            target = images / name
        if target is None or target.exists() or "__MACOSX" in info.filename:
            continue
        if target in chosen:
            raise DataError(
                f"{archive}: holds {name!r} more than once ({chosen[target].filename}, "
                f"{info.filename}). Put the right one to {target} yourself."
            )
        chosen[target] = info
    return chosen
