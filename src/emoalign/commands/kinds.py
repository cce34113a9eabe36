"""The kinds of entries that commands know by name: where they are, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from emoalign.baselines.baseline_cards import BASELINES
from emoalign.commands.group import Told
from emoalign.elicitation.engines.providers import Provider
from emoalign.embeddings.embedding_cards import EMBEDDINGS
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.planning.place import DEFAULT_STUDY
from emoalign.planning.studies import STUDIES
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.library import Library
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocol_cards import ProtocolCard
from emoalign.study.reading import Kinds, nearest, read_yaml

CONFIG = Path("config")
"""The project's own entries, from the folder that commands are typed in."""


KINDS: Mapping[str, type[Entry] | Kinds[Any]] = {
    "models": MODELS,
    "providers": Provider,
    "datasets": DatasetCard,
    "prompts": PromptSet,
    "personas": PersonaTable,
    "protocols": ProtocolCard,
    "studies": STUDIES,
    "baselines": BASELINES,
    "embeddings": EMBEDDINGS,
    "lexicons": SeedLexicon,
}
"""The entries of each folder."""

SINGULAR = {
    **{folder: folder.removesuffix("s") for folder in KINDS},
    **{"prompts": "prompt set", "personas": "persona table", "studies": "study"},
}
_SAID = {
    **{folder: folder for folder in KINDS},
    **{one.split()[0]: folder for folder, one in SINGULAR.items()},
}


class KindName(click.ParamType[str]):
    """A kind of entries, in the singular or the plural."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The folder of the kind."""
        if value not in _SAID:
            self.fail(f"there is no kind {value!r}; {nearest(value, KINDS)}", param, ctx)
        return _SAID[value]

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The kinds that begin so."""
        return [CompletionItem(folder) for folder in KINDS if folder.startswith(incomplete)]


@dataclass(frozen=True)
class Listed:
    """An entry that a study can name.

    `own` entries are of this project; one may replace the included entry of the same name.
    """

    name: str
    path: Path
    own: bool
    in_place_of_shipped: bool = False

    @property
    def runs_by_default(self) -> bool:
        """Whether it is the study that Snakemake runs without --configfile."""
        return self.path == DEFAULT_STUDY


def entries(folder: str) -> list[Listed]:
    """The entries of a folder: the project's own, then the included ones, each by name."""
    own = CONFIG / folder
    shipped = {path.stem: path for path in (CATALOGUE / folder).glob("*.yaml")}
    listed = []
    if folder == "studies" and DEFAULT_STUDY.exists():
        listed.append(Listed(_name(DEFAULT_STUDY), DEFAULT_STUDY, own=True))
    # In a clone, config/studies is the catalogue's folder itself.
    if own.is_dir() and not own.samefile(CATALOGUE / folder):
        listed += [
            Listed(path.stem, path, own=True, in_place_of_shipped=path.stem in shipped)
            for path in sorted(own.glob("*.yaml"))
        ]
    named = {entry.name for entry in listed}
    return listed + [
        Listed(name, path, own=False) for name, path in sorted(shipped.items()) if name not in named
    ]


def found(name: str, folders: list[str]) -> list[tuple[str, Listed]]:
    """The entries called so, each with its folder: one of a folder. Raises Told without any.

    `default` is always a name of the study that runs without --configfile.
    """
    called = {
        folder: [
            entry
            for entry in entries(folder)
            if entry.name == name or (entry.runs_by_default and name == "default")
        ]
        for folder in folders
    }
    matching = [(folder, found[0]) for folder, found in called.items() if found]
    if not matching:
        known = {entry.name for folder in folders for entry in entries(folder)}
        what = SINGULAR[folders[0]] if len(folders) == 1 else "entry"
        raise Told(f"There is no {what} {name!r}; {nearest(name, known)}")
    return matching


def title(path: Path) -> str:
    """The title of an entry, on a line, or else the model it is about; empty without either."""
    return value(path, "title") or value(path, "model")


def _name(path: Path) -> str:
    """The name of a study, which is that of the folder of its results."""
    return value(path, "study") or path.stem


def value(path: Path, key: str) -> str:
    """A value at the left margin of an entry's file, on a line; empty where there is none."""
    content, _ = read_yaml(path)
    said = content.get(key) if isinstance(content, Mapping) else None
    return " ".join(str(said or "").split())


def library() -> Library:
    """The entries of this project and the included ones."""
    return Library(CONFIG)


def completing(
    folder: str,
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """A function that completes the name of an entry of a folder, for the shell."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        names = (entry.name for entry in entries(folder))
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete


def complete_entry(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The names of entries that begin so, for the shell."""
    said = [_SAID[name] for name in ctx.params.get("names") or () if name in _SAID]
    names = {entry.name for folder in said or KINDS for entry in entries(folder)}
    names |= set() if said else set(KINDS)
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
