"""The entries that a study may name: those in its own config/, then the included ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emoalign.installed import CATALOGUE
from emoalign.study.origins import Origin
from emoalign.study.reading import OWN, EntryT, Kinds, read_card
from emoalign.study.yaml_files import read_file


@dataclass(frozen=True)
class Library:
    """Folders of entries: models, datasets, prompts and the other kinds.

    `own` is the project's folder. An entry there replaces the included one of the same name.
    """

    own: Path = OWN

    def path(self, folder: str, name: str) -> Path:
        """The file of an entry; if there is none, the path it would have."""
        own, shipped = self.own / folder / f"{name}.yaml", _shipped(folder, name)
        return shipped if _there(shipped) and not _there(own) else own

    def card(self, folder: str, name: str, kind: type[EntryT] | Kinds[EntryT]) -> EntryT:
        """The entry of a name. Raises StudyError with every problem found."""
        return read_card(self.path(folder, name), kind, self.own)

    def shown(self, folder: str, name: str) -> str:
        """The file of an entry as messages name it, relative if it lies in this folder."""
        path = self.path(folder, name)
        try:
            return str(path.resolve().relative_to(Path.cwd()))
        except (OSError, ValueError):
            return str(path)

    def origin(self, folder: str, name: str) -> Origin:
        """The origin of an entry, for messages about its content."""
        return Origin(self.shown(folder, name), (read_file(self.path(folder, name)),))

    def names(self, folder: str) -> list[str]:
        """The names of all entries in a folder, in alphabetical order."""
        files = (*(self.own / folder).glob("*.yaml"), *(CATALOGUE / folder).glob("*.yaml"))
        return sorted({file.stem for file in files})

    def in_place_of_shipped(self, folder: str, name: str) -> bool:
        """Tell whether an entry of the project replaces an included one."""
        return _there(self.own / folder / f"{name}.yaml") and _there(_shipped(folder, name))


def _shipped(folder: str, name: str) -> Path:
    return CATALOGUE / folder / f"{name}.yaml"


def _there(path: Path) -> bool:
    """Tell whether there is such a file, or one meant to be it: a broken link, or a .yml file."""
    try:
        return path.exists() or path.is_symlink() or path.with_name(f"{path.stem}.yml").exists()
    except OSError:  # a name that no file can have
        return False
