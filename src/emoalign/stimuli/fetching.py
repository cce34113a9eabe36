"""Fetching published files: from an address, and images and tables from a zip file."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import httpx2

from emoalign.addresses import loopback_hosts, proxy_for, shown
from emoalign.errors import DataError
from emoalign.study.fields import FileSource
from emoalign.study.source_files import sha256
from emoalign.tables import atomic

_TIMEOUT_S = 60
_ATTEMPTS = 3
_BLOCK = 1 << 20


class UnreachableError(DataError):
    """A server that did not answer, or stopped in the middle."""


def download(source: FileSource, target: Path) -> str:
    """Download the file at the source's address to `target`; return its sha256.

    An interrupted download is kept beside it (`.part`) and continued if a checksum can show that
    the parts belong together. Raises UnreachableError when the server cannot
    be reached, and DataError when it does not have the file, or has another one than expected.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    resumed = part.exists()
    _fetch(source, part, target)
    checksum = sha256(part)
    if resumed and source.sha256 not in (None, checksum):
        # What was there may have been of another edition of the file.
        part.unlink()
        _fetch(source, part, target)
        checksum = sha256(part)
    if source.sha256 not in (None, checksum):
        part.unlink()
        raise DataError(
            f"{target}: {source.url} is another file than expected: sha256 {checksum}, expected "
            f"{source.sha256}. It was not kept. Its authors may have changed it: look at what is "
            "new, and if it is right, write the new checksum into the card."
        )
    part.replace(target)
    return checksum


def copy(original: Path, source: FileSource, target: Path) -> str:
    """Copy a file of a mirror to `target`; return its sha256.

    Raises DataError if it is not the expected file.
    """
    checksum = sha256(original)
    if source.sha256 not in (None, checksum):
        raise DataError(
            f"{original}: this is another file than expected: sha256 {checksum}, expected "
            f"{source.sha256}. Correct the mirror (data_mirror of the study)."
        )
    with atomic(target) as partial, original.open("rb") as file, partial.open("wb") as out:
        while block := file.read(_BLOCK):
            out.write(block)
    return checksum


def _fetch(source: FileSource, part: Path, target: Path) -> None:
    """Fill `part`, going on from what is there; a connection that breaks is made again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(source, part)
            return
        except httpx2.HTTPStatusError as error:
            raise DataError(
                f"{target}: the server answered {error.response.status_code} for {source.url}. If "
                f"the file has moved, find it on its authors' pages and save it as {target}."
            ) from error
        except httpx2.TransportError as error:
            if attempt == _ATTEMPTS:
                proxy = proxy_for(str(source.url))
                through = f" through the proxy {shown(proxy)}" if proxy else ""
                raise UnreachableError(
                    f"{target}: could not be downloaded from {source.url}{through} "
                    f"({error or type(error).__name__}){_trust(error)}"
                ) from error


def _trust(error: httpx2.TransportError) -> str:
    """The remedy where a certificate is not trusted; nothing for any other error."""
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return ""
    named = os.environ.get("SSL_CERT_FILE")
    now = f" (now SSL_CERT_FILE={named})" if named else ""
    return (
        ". Where a proxy or an institution signs certificates itself, name the file with its own: "
        f"export SSL_CERT_FILE=/path/to/authorities.pem{now}"
    )


def _continue(source: FileSource, part: Path) -> None:
    start = part.stat().st_size if source.sha256 and part.exists() else 0
    # Encoded on the way, the bytes on disk would not be those that a range counts.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    # What is moved is got from where it is now, as data repositories do; this machine directly.
    here = dict.fromkeys((f"all://{host}" for host in loopback_hosts()), None)
    with (
        httpx2.Client(mounts=here, follow_redirects=True, timeout=_TIMEOUT_S) as client,
        client.stream("GET", str(source.url), headers=headers) as response,
    ):
        if start and response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            return
        response.raise_for_status()
        resumed = response.status_code == httpx2.codes.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as file:
            # As it arrives: what waits for a full block is lost when the connection breaks.
            for block in response.iter_bytes():
                file.write(block)


IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MOST_BYTES = 20_000_000_000
"""The largest size in bytes of all unpacked files together."""

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
                    f"{archive}: its files would take {total:,} bytes; at most {MOST_BYTES:,} are "
                    "unpacked. If you trust the archive, unpack it yourself."
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
            f"{archive}: cannot be unpacked ({error}). If the download was interrupted, delete "
            "the file and get it again."
        ) from error
    _log.info("%s: files taken out: %d", archive, len(chosen))
    return len(chosen)


def _chosen(
    archive: Path, content: zipfile.ZipFile, files: Mapping[str, Path], images: Path | None
) -> dict[Path, zipfile.ZipInfo]:
    """The targets of the files that are taken out."""
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
                f"{archive}: contains {name!r} more than once ({chosen[target].filename}, "
                f"{info.filename}). Save the right one as {target} yourself."
            )
        chosen[target] = info
    return chosen
