"""Reading a study and all that it names, every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoalign.analyses.transparency.analysis import TransparencySettings
from emoalign.baselines.baseline_cards import BASELINES
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.embeddings.embedding_cards import EMBEDDINGS
from emoalign.errors import StudyError
from emoalign.planning.checks import inconsistencies
from emoalign.planning.recorded_studies import completed, named_models
from emoalign.planning.studies import STUDY, LoadedStudy, Study
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import part
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.library import Library
from emoalign.study.protocols import PersonaTable, PromptSet
from emoalign.study.reading import (
    EntryT,
    Kinds,
    endless,
    read_entry,
    read_yaml,
    validate,
)
from emoalign.study.scales import LabelScale

MODELS: Kinds[ModelCard] = Kinds("engine", ENGINES)


def load_study(
    config: Mapping[str, Any],
    config_dir: Path,
    source: str = "study",
    files: Sequence[str | Path] = (),
) -> LoadedStudy:
    """Validate a study and load what it names from `config_dir`, or from what ships.

    `source` names the study in messages. `files` are those that `config` was read from, by a reader
    that may overlook a key that stands twice: it is told. Raises StudyError with every problem.
    """
    too_much = [problem for file in files for problem in endless(Path(file))]
    if too_much:
        raise StudyError(too_much)
    study, problems = validate(STUDY, config, source)
    for file in files:
        problems += read_yaml(Path(file))[1]
    reading = _Reading(Library(config_dir), source)
    prompts = _listed(config, "protocols", "prompts") + [
        name
        for by_dataset in _listed(config, "protocols", "prompts_for")
        if isinstance(by_dataset, Mapping)
        for name in by_dataset.values()
    ]
    cards = reading.entries(MODELS, "models", _listed(config, "models"))
    known = named_models(cards, reading.library)
    datasets = reading.entries(DatasetCard, "datasets", _listed(config, "datasets", "dataset"))
    prompt_sets = reading.entries(PromptSet, "prompts", prompts)
    personas = reading.entries(PersonaTable, "personas", _listed(config, "protocols", "personas"))
    baselines = reading.entries(BASELINES, "baselines", _listed(config, "baselines"))
    lexicon, embedding = None, None
    if study is not None and ("transparency" in config or _has_labels(study, datasets)):
        named = part(study, TransparencySettings)
        lexicon = reading.entry(SeedLexicon, "lexicons", named.seeds)
        embedding = reading.entry(EMBEDDINGS, "embeddings", named.embedding)
    problems += [*reading.problems, *known.problems]
    if study is not None:
        study, incomplete = completed(study, known, source)
        problems += incomplete
        loaded = LoadedStudy(
            study,
            known.models,
            datasets,
            prompt_sets,
            personas,
            baselines,
            lexicon,
            embedding,
            reading.library,
            tuple(reading.shadowing),
            known.cards,
        )
        problems += inconsistencies(loaded, source)
        if not problems:
            return loaded
    raise StudyError(list(dict.fromkeys(problems)))


def read_model(card: str, name: str) -> ModelCard:
    """The model of a name that a card stands for, by itself or among others.

    Raises StudyError with every problem of the card, and where it stands for no such model.
    """
    library = Library()
    held = library.card("models", card, MODELS).models(card)
    if name not in held:
        where = library.shown("models", card)
        raise StudyError([f"{where}: there is no model {name!r} in its table any more; run again"])
    return held[name]


def _has_labels(study: Study, datasets: Mapping[str, DatasetCard]) -> bool:
    """Tell whether the study asks for labels."""
    return any(
        isinstance(scale, LabelScale)
        for entry in study.datasets
        if entry.dataset in datasets
        for name, scale in datasets[entry.dataset].scales.items()
        if entry.scales is None or name in entry.scales
    )


def _listed(config: Mapping[str, Any], key: str, field: str | None = None) -> list[Any]:
    """The content of a list of the study, or of a field of its entries; whatever it is."""
    listed = config.get(key) if isinstance(config, Mapping) else None
    entries = listed if isinstance(listed, list) else []
    if field is None:
        return entries
    return [entry.get(field) for entry in entries if isinstance(entry, Mapping)]


@dataclass(frozen=True)
class _Reading:
    """Reading entry by entry while problems are collected."""

    library: Library
    source: str
    problems: list[str] = field(default_factory=list)
    shadowing: list[str] = field(default_factory=list)

    def entries(
        self, kind: type[EntryT] | Kinds[EntryT], folder: str, names: Sequence[Any]
    ) -> dict[str, EntryT]:
        """The entries of these names, even of a study that is wrong elsewhere: all at once."""
        distinct = dict.fromkeys(name for name in names if isinstance(name, str))
        read = {name: self.entry(kind, folder, name) for name in distinct}
        return {name: entry for name, entry in read.items() if entry is not None}

    def entry(
        self, kind: type[EntryT] | Kinds[EntryT], folder: str, name: str | None
    ) -> EntryT | None:
        """The entry of a name; None without one, or where it cannot be read."""
        if name is None:
            return None
        path = self.library.path(folder, name)
        entry, problems = read_entry(path, kind, self.source, self.library.names(folder))
        if self.library.in_place_of_shipped(folder, name):
            self.shadowing.append(str(path))
        self.problems.extend(problems)
        return entry
