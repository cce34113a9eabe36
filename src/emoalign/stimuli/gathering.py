"""The target `data`: fetch the files of datasets, or say how to get them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from emoalign.errors import DataError
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.fetching import UnreachableError, copy, download, unpack
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate_verified

_RESOURCES = "resources"
_OFFLINE = (
    "Is this machine online? Behind a proxy, set HTTPS_PROXY. Run the same command again to go on "
    "where it stopped. Or download the files on another machine and put them where the list says, "
    "or name a folder that has them as data_mirror of the study."
)
_log = logging.getLogger(__name__)


def gather(
    cards: Mapping[str, DatasetCard], needed: Collection[str], mirror: Path | None = None
) -> None:
    """Fetch the missing files of these datasets, and verify all that are there.

    Openly licensed files are copied from the mirror, a folder with the layout of resources/, or
    downloaded. For the others a message says whom to ask and where to put the files. Once all
    datasets have been tried, raises DataError if a file is not the expected one, could not be
    downloaded, or is missing from a `needed` dataset.
    """
    if mirror is not None and not mirror.is_dir():
        raise DataError(f"{mirror}: no such folder (data_mirror of the study)")
    bringing = _Bringing(mirror)
    problems = []
    for name, card in sorted(cards.items()):
        wrong = bringing.complete(card)
        missing = [] if wrong else _missing(card)
        if not wrong and not missing:
            _log.info("%s: all files are in place", name)
        elif missing and name not in needed:
            _log.info("%s: %s", name, _how_to_get(card, missing))
        else:
            _log.info("%s: files are missing or wrong, see below", name)
            problems += [f"{name}: {problem}" for problem in wrong]
            problems += [f"{name}: {_how_to_get(card, missing)}"] if missing else []
    if problems:
        advice = [_OFFLINE] if bringing.unreachable else []
        raise DataError("\n".join(["Not all data are in place.", *problems, *advice]))


class _Bringing:
    """Files from a mirror or the network; an unreachable server is tried only once."""

    def __init__(self, mirror: Path | None) -> None:
        self.mirror = mirror
        self.unreachable: set[str | None] = set()

    def complete(self, card: DatasetCard) -> list[str]:
        """Fetch the missing files of a dataset that can be fetched; return the problems."""
        wrong = []
        for file in (*card.files().values(), *_archive(card)):
            try:
                self._bring(file)
            except DataError as error:
                wrong.append(str(error))
        try:
            self._bring_images(card)
            for archive in _archive(card):
                _take_out(card, archive)
        except DataError as error:
            wrong.append(str(error))
        return wrong

    def _bring(self, file: FileSource) -> None:
        target = Path(file.file)
        if file.package is not None or target.exists():
            locate_verified(file)
            return
        original = self._mirrored(file.file)
        if original is not None and original.is_file():
            checksum, origin = copy(original, file, target), str(original)
        elif file.url is not None:
            checksum, origin = self._download(file, target), file.url
        else:
            return
        _log.info("%s: copied from %s (sha256 %s)", target, origin, checksum)

    def _download(self, file: FileSource, target: Path) -> str:
        host = urlsplit(file.url or "").hostname
        if host in self.unreachable:
            raise UnreachableError(f"{target}: not downloaded from {file.url} either")
        try:
            return download(file, target)
        except UnreachableError:
            self.unreachable.add(host)
            raise

    def _bring_images(self, card: DatasetCard) -> None:
        folder = card.images and self._mirrored(card.images)
        if not folder or not folder.is_dir():
            return
        target = Path(str(card.images))
        lacking = [file for file in folder.iterdir() if not (target / file.name).exists()]
        for image in sorted(file for file in lacking if file.is_file()):
            copy(image, FileSource(file=image.name), target / image.name)
        _log.info("%s: %d images copied from %s", target, len(lacking), folder)

    def _mirrored(self, file: str) -> Path | None:
        """The path of a file in the mirror, which has the layout of resources/."""
        path = PurePath(file)
        if self.mirror is None or path.is_absolute():
            return None
        inside = path.relative_to(_RESOURCES) if path.is_relative_to(_RESOURCES) else path
        return self.mirror / inside


def _archive(card: DatasetCard) -> list[FileSource]:
    """The archive of a dataset, if files are missing that it may contain."""
    return [card.archive] if card.archive is not None and _missing(card) else []


def _take_out(card: DatasetCard, archive: FileSource) -> None:
    if Path(archive.file).is_file():
        path, _ = locate_verified(archive)
        files = {Path(file.file).name: Path(file.file) for file in card.files().values()}
        unpack(path, files, None if card.images is None else Path(card.images))
        for file in card.files().values():
            if Path(file.file).is_file():
                locate_verified(file)


def _missing(card: DatasetCard) -> list[str]:
    """The missing files, and the folder of images if it is missing."""
    files = [file for file in card.files().values() if file.package is None]
    missing = [file.file for file in files if not Path(file.file).exists()]
    if card.images is not None and not any(Path(card.images).glob("*")):
        missing.append(card.images)
    return missing


def _how_to_get(card: DatasetCard, missing: Sequence[str]) -> str:
    directions = next((file.obtain for file in card.files().values() if file.obtain), None)
    return f"missing: {', '.join(missing)}. {directions or 'The card does not say how to get it.'}"
