"""The files a configuration names, found and verified; versions of installed packages."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from emoalign.errors import DataError
from emoalign.study.fields import FileSource, FolderSource


def locate(source: FileSource) -> Path:
    """The path of a source; the package that carries it is found but not imported.

    Raises DataError when the package, or the file or folder, is not there.
    """
    if source.package is None:
        path = Path(source.file)
    else:
        try:
            spec = find_spec(source.package)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.origin is None:
            raise DataError(
                f"{source.file}: the Python package {source.package!r} that carries it is not "
                f"installed.{_obtain(source)}"
            )
        path = Path(spec.origin).parent / source.file
    wanted, other = ("folder", "file") if isinstance(source, FolderSource) else ("file", "folder")
    try:
        if path.is_dir() if wanted == "folder" else path.is_file():
            return path
        kind = f"a {other}, not a {wanted}" if path.exists() else f"no such {wanted}{similar(path)}"
    except OSError as error:
        kind = f"cannot be read ({error.strerror})"
    raise DataError(f"{path}: {kind}.{_obtain(source)}")


def locate_all(source: FileSource) -> list[Path]:
    """The paths of a source, in alphabetical order: of a file, or of all files that * stands for.

    Raises DataError when there is none.
    """
    if source.package is not None or "*" not in source.file or Path(source.file).is_file():
        return [locate(source)]
    pattern = Path(source.file)
    root = Path(pattern.anchor)
    named = root.glob(pattern.relative_to(root).as_posix())
    found = sorted(path for path in named if path.is_file())
    if not found:
        raise DataError(f"{source.file}: no such files.{_obtain(source)}")
    return found


def locate_all_verified(source: FileSource) -> tuple[list[Path], str]:
    """The paths of a source, and its sha256; of several files, that of the lines which sha256sum
    prints of them. Raises DataError when it is not what is expected."""
    paths = locate_all(source)
    if "*" not in source.file:
        return paths, locate_verified(source)[1]
    lines = "".join(f"{sha256(path)}  {path.as_posix()}\n" for path in paths)
    return paths, hashlib.sha256(lines.encode()).hexdigest()


def similar(path: Path) -> str:
    """A hint where the folder of a missing file holds one of nearly the same name."""
    names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.8)
    return f" (there is {close[0]!r})" if close else ""


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_files(folder: Path) -> list[Path]:
    """The files in a folder, at any depth; hidden ones are passed over."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def folder_sha256(folder: Path) -> str:
    """Checksum of all files in a folder, their names included; hidden files are passed over.

    It is that of the lines which sha256sum prints of them, and is computed anew only when a file
    has another size or time.
    """
    seen = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in folder_files(folder)]
    return _folder_sha256(folder, tuple(seen))


@lru_cache
def _folder_sha256(folder: Path, seen: tuple[tuple[Path, int, int], ...]) -> str:
    lines = (f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path, _, _ in seen)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def locate_verified(source: FileSource) -> tuple[Path, str]:
    """The path of a source and its sha256. Raises DataError when it is not what is expected."""
    path = locate(source)
    folder = isinstance(source, FolderSource)
    checksum = folder_sha256(path) if folder else sha256(path)
    if source.sha256 is not None and checksum != source.sha256:
        another = "these are other files" if folder else "this is another file"
        raise DataError(
            f"{path}: {another} than expected: sha256 {checksum}, expected "
            f"{source.sha256}.{_obtain(source)}"
        )
    return path, checksum


def _obtain(source: FileSource) -> str:
    return f" {source.obtain}" if source.obtain else ""


def installed_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of the packages by name, of those that are installed; none is imported."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
