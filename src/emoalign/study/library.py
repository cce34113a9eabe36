"""The entries that a study may name: those in its own config/, then those that ship."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emoalign.installed import CATALOGUE
from emoalign.study.origins import Origin
from emoalign.study.reading import EntryT, Kinds, read_card
from emoalign.study.yaml_files import read_file


@dataclass(frozen=True)
class Library:
    """Folders of entries: models, datasets, prompts, and what else a study names.

    `own` is the folder of the project's own. An entry there takes the place of a shipped one with
    the same name.
    """

    own: Path = Path("config")

    def path(self, folder: str, name: str) -> Path:
        """The file of an entry; where there is none, the file it would be in."""
        own, shipped = self.own / folder / f"{name}.yaml", _shipped(folder, name)
        return shipped if _there(shipped) and not _there(own) else own

    def card(self, folder: str, name: str, kind: type[EntryT] | Kinds[EntryT]) -> EntryT:
        """The entry of a name. Raises StudyError with every problem found."""
        return read_card(self.path(folder, name), kind)

    def shown(self, folder: str, name: str) -> str:
        """The file of an entry as messages name it: from here, where it lies in this folder."""
        path = self.path(folder, name)
        try:
            return str(path.resolve().relative_to(Path.cwd()))
        except (OSError, ValueError):
            return str(path)

    def origin(self, folder: str, name: str) -> Origin:
        """The origin of an entry, to say what is wrong with it beside others."""
        return Origin(self.shown(folder, name), (read_file(self.path(folder, name)),))

    def names(self, folder: str) -> list[str]:
        """The names of all entries in a folder, in alphabetical order."""
        files = (*(self.own / folder).glob("*.yaml"), *(CATALOGUE / folder).glob("*.yaml"))
        return sorted({file.stem for file in files})

    def in_place_of_shipped(self, folder: str, name: str) -> bool:
        """Tell whether the project's own entry takes the place of a shipped one."""
        return _there(self.own / folder / f"{name}.yaml") and _there(_shipped(folder, name))


def _shipped(folder: str, name: str) -> Path:
    return CATALOGUE / folder / f"{name}.yaml"


def _there(path: Path) -> bool:
    """Whether there is such a file, or one that was meant to be it: a link to a file that is gone,
    or one that ends in .yml."""
    try:
        return path.exists() or path.is_symlink() or path.with_name(f"{path.stem}.yml").exists()
    except OSError:  # a name that no file can have
        return False
