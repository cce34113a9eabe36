"""A study with everything it names, checked as a whole before any work is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from emoalign.analyses.transparency.embedding_cards import (
    EmbeddingModel,
    GgufEmbedding,
    TransformersEmbedding,
)
from emoalign.analyses.transparency.lexicons import SeedLexicon
from emoalign.baselines.cards import BASELINE_CLASSES, BaselineCard, CheckpointBaseline
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.errors import StudyError
from emoalign.planning.fitting import misfits
from emoalign.planning.studies import Study
from emoalign.stimuli.cards import DatasetCard
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import EntryT, nearest, read_yaml, validate
from emoalign.study.scales import LabelScale
from emoalign.study.studies import Protocol, StudyDataset

EMBEDDING_CLASSES: dict[str, type[EmbeddingModel]] = {
    "gguf": GgufEmbedding,
    "transformers": TransformersEmbedding,
}


@dataclass(frozen=True)
class LoadedStudy:
    """A study and the cards, prompt sets and models it names, all consistent with each other."""

    study: Study
    models: Mapping[str, ModelCard]
    datasets: Mapping[str, DatasetCard]
    prompt_sets: Mapping[str, PromptSet]
    personas: Mapping[str, PersonaTable] = field(default_factory=dict)
    baselines: Mapping[str, BaselineCard] = field(default_factory=dict)
    lexicon: SeedLexicon | None = None
    embedding: EmbeddingModel | None = None

    def dataset_entry(self, dataset: str) -> StudyDataset:
        """What the study says of one of its datasets."""
        return next(entry for entry in self.study.datasets if entry.dataset == dataset)

    def protocol(self, name: str) -> Protocol:
        """One of the study's protocols."""
        return next(entry for entry in self.study.protocols if entry.name == name)

    def raters(self, dataset: str) -> tuple[str, ...]:
        """The models that rate a dataset, in the order of the study."""
        chosen = self.dataset_entry(dataset).models
        return tuple(name for name in self.study.models if chosen is None or name in chosen)

    def scales(self, dataset: str) -> tuple[str, ...]:
        """The scales the study asks about for one dataset."""
        return self.dataset_entry(dataset).scales or tuple(self.datasets[dataset].scales)


def load_study(
    config: Mapping[str, Any],
    config_dir: Path,
    source: str = "study",
    files: Sequence[str | Path] = (),
) -> LoadedStudy:
    """Validate a study and load what it names from `config_dir`.

    `source` names the study in messages. `files` are those that `config` was read from, by a reader
    that may overlook a key that stands twice: it is told. Raises StudyError with every problem.
    """
    study, problems = validate(Study, config, source)
    for file in files:
        problems += read_yaml(Path(file))[1]
    library = _Library(config_dir, source)
    models: dict[str, ModelCard] = _found(_listed(config, "models"), library.model)
    datasets = _found(
        _listed(config, "datasets", "dataset"), partial(library.entry, DatasetCard, "datasets")
    )
    prompts = _listed(config, "protocols", "prompts") + [
        name
        for by_dataset in _listed(config, "protocols", "prompts_for")
        if isinstance(by_dataset, Mapping)
        for name in by_dataset.values()
    ]
    prompt_sets = _found(prompts, partial(library.entry, PromptSet, "prompts"))
    personas = _found(
        _listed(config, "protocols", "personas"),
        partial(library.entry, PersonaTable, "personas"),
    )
    baselines: dict[str, BaselineCard] = _found(_listed(config, "baselines"), library.baseline)
    lexicon, embedding = None, None
    if study is not None and ("transparency" in config or _has_labels(study, datasets)):
        chosen = study.transparency
        lexicon = chosen.seeds and library.entry(SeedLexicon, "lexicons", chosen.seeds)
        embedding = chosen.embedding and library.embedding(chosen.embedding)
    problems += library.problems
    if study is None:
        raise StudyError(list(dict.fromkeys(problems)))
    loaded = LoadedStudy(
        study,
        models,
        datasets,
        prompt_sets,
        personas,
        baselines,
        lexicon or None,
        embedding or None,
    )
    problems += _inconsistencies(loaded, source)
    if problems:
        raise StudyError(list(dict.fromkeys(problems)))
    return loaded


def _has_labels(study: Study, datasets: Mapping[str, DatasetCard]) -> bool:
    """Whether the study asks for labels."""
    return any(
        isinstance(scale, LabelScale)
        for entry in study.datasets
        if entry.dataset in datasets
        for name, scale in datasets[entry.dataset].scales.items()
        if entry.scales is None or name in entry.scales
    )


FoundT = TypeVar("FoundT")


def _listed(config: Mapping[str, Any], key: str, field: str | None = None) -> list[Any]:
    """What stands in a list of the study, or in a field of its entries; whatever it is."""
    listed = config.get(key) if isinstance(config, Mapping) else None
    entries = listed if isinstance(listed, list) else []
    if field is None:
        return entries
    return [entry.get(field) for entry in entries if isinstance(entry, Mapping)]


def _found(names: Sequence[Any], find: Callable[[str], FoundT | None]) -> dict[str, FoundT]:
    """The entries of these names, even of a study that is wrong elsewhere: all at once."""
    found = {name: find(name) for name in dict.fromkeys(n for n in names if isinstance(n, str))}
    return {name: entry for name, entry in found.items() if entry is not None}


class _Library:
    """The folders of config/, read entry by entry while problems are collected."""

    def __init__(self, config_dir: Path, source: str) -> None:
        self.config_dir = config_dir
        self.source = source
        self.problems: list[str] = []

    def entry(self, kind: type[EntryT], folder: str, name: str) -> EntryT | None:
        path, content = self._content(folder, name)
        if content is None:
            return None
        entry, problems = validate(kind, content, str(path))
        self.problems += problems
        return entry

    def model(self, name: str) -> ModelCard | None:
        return self._one_of(ENGINES, "engine", "models", name)

    def baseline(self, name: str) -> BaselineCard | None:
        return self._one_of(BASELINE_CLASSES, "kind", "baselines", name)

    def embedding(self, name: str) -> EmbeddingModel | None:
        return self._one_of(EMBEDDING_CLASSES, "kind", "embeddings", name)

    def _one_of(
        self, kinds: Mapping[str, type[EntryT]], key: str, folder: str, name: str
    ) -> EntryT | None:
        """The entry of a file whose `key` tells which of several kinds it is."""
        path, content = self._content(folder, name)
        if content is None:
            return None
        kind = content.get(key) if isinstance(content, Mapping) else None
        chosen = kinds.get(str(kind))
        if chosen is None:
            hint = nearest(str(kind), kinds)
            self.problems.append(f"{path}: {key}: unknown {key} {kind!r}; {hint}")
            return None
        entry, problems = validate(chosen, content, str(path))
        self.problems += problems
        return entry

    def _content(self, folder: str, name: str) -> tuple[Path, Any]:
        path = self.config_dir / folder / f"{name}.yaml"
        if not path.exists():
            known = [file.stem for file in (self.config_dir / folder).glob("*.yaml")]
            self.problems.append(
                f"{self.source}: {folder}: there is no {path}; {nearest(name, known)}"
            )
            return path, None
        content, problems = read_yaml(path)
        self.problems += problems
        if content is None and not problems:
            self.problems.append(f"{path}: the file is empty")
        return path, content


def _inconsistencies(loaded: LoadedStudy, source: str) -> list[str]:
    """What does not fit together although each file is right by itself."""
    problems: list[str] = []
    for entry in loaded.study.datasets:
        card = loaded.datasets.get(entry.dataset)
        if card is None:
            continue
        names = loaded.study.models
        problems += [
            f"{source}: datasets.{entry.dataset}.models: {name!r} is no model of the study; "
            f"{nearest(name, names)}"
            for name in entry.models or ()
            if name not in names
        ]
        raters = {
            name: model
            for name, model in loaded.models.items()
            if entry.models is None or name in entry.models
        }
        unknown = [scale for scale in entry.scales or () if scale not in card.scales]
        problems += [
            f"{source}: datasets.{entry.dataset}: no scale {scale!r}; {nearest(scale, card.scales)}"
            for scale in unknown
        ]
        asked = [scale for scale in entry.scales or card.scales if scale in card.scales]
        problems += [
            f"{source}: datasets.{entry.dataset}.strata: takes {scale!r}, which the study does not "
            f"ask about; {nearest(scale, asked)}"
            for stratifier in (entry.strata.by if entry.strata else ())
            for scale in stratifier.scales
            if scale not in asked
        ]
        for protocol in loaded.study.protocols:
            problems += _wrong_prompts(loaded, source, protocol, entry.dataset, asked)
        scales = {scale: card.scales[scale] for scale in asked}
        problems += [
            f"{source}: {why}"
            for name, model in raters.items()
            for why in model.cannot_rate(name, entry.dataset, card.modality, scales)
        ]
    problems += [
        f"{source}: allow_remote: {name!r} is no dataset of the study; "
        f"{nearest(name, loaded.datasets)}"
        for name in loaded.study.allow_remote
        if name not in loaded.datasets
    ]
    for name, baseline in loaded.baselines.items():
        problems += _wrong_baseline(loaded, source, name, baseline)
    if loaded.study.max_usd is not None:
        problems += [
            f"{source}: max_usd: model {name!r} has no prices in its card, so that its cost is not "
            "known; a server of your own has input_usd: 0 and output_usd: 0"
            for name, model in loaded.models.items()
            if model.cost_unknown
        ]
    for protocol in loaded.study.protocols:
        where = f"{source}: protocol {protocol.name!r}"
        known = [entry.dataset for entry in loaded.study.datasets]
        problems += [
            f"{where}: prompts_for.{name}: no dataset of the study; {nearest(name, known)}"
            for name in protocol.prompts_for
            if name not in known
        ]
        problems += _wrong_personas(where, protocol, loaded.personas.get(protocol.personas or ""))
        problems += [
            f"{source}: {why}"
            for name, model in loaded.models.items()
            for why in model.cannot_follow(name, protocol, _prompts_for(loaded, protocol, name))
        ]
    return problems


def _wrong_baseline(
    loaded: LoadedStudy, source: str, name: str, baseline: BaselineCard
) -> list[str]:
    """What keeps a baseline from being compared with the people of the study."""
    where = f"{source}: baselines: {name!r}"
    if name in loaded.models:
        return [f"{where} has the name of a model; one of them needs another"]
    if baseline.dataset not in [entry.dataset for entry in loaded.study.datasets]:
        return [
            f"{where} is of the dataset {baseline.dataset!r}, which is not in the study; "
            f"{nearest(baseline.dataset, loaded.datasets)}"
        ]
    card = loaded.datasets.get(baseline.dataset)
    if card is None:
        return []
    problems = []
    if card.modality == "image":
        problems.append(f"{where} reads texts, but the items of {baseline.dataset!r} are images")
    asked = [scale for scale in loaded.scales(baseline.dataset) if scale in card.scales]
    if baseline.scale not in asked:
        problems.append(
            f"{where} predicts {baseline.scale!r} of {baseline.dataset!r}, which the study does "
            f"not ask about; {nearest(baseline.scale, asked)}"
        )
    elif isinstance(baseline, CheckpointBaseline) and not isinstance(
        card.scales[baseline.scale], LabelScale
    ):
        problems.append(
            f"{where} is a published classifier of labels, but {baseline.scale!r} of "
            f"{baseline.dataset!r} is a scale of numbers"
        )
    return problems


def _prompts_for(loaded: LoadedStudy, protocol: Protocol, model: str) -> list[PromptSet]:
    """The prompt sets a model is asked with under a protocol."""
    names = {
        protocol.prompt_set(entry.dataset)
        for entry in loaded.study.datasets
        if model in loaded.raters(entry.dataset)
    }
    return [prompts for name, prompts in loaded.prompt_sets.items() if name in names]


def _wrong_prompts(
    loaded: LoadedStudy, source: str, protocol: Protocol, dataset: str, asked: Sequence[str]
) -> list[str]:
    """What keeps a protocol from asking about these scales of a dataset."""
    name = protocol.prompt_set(dataset)
    if name is None:
        return [
            f"{source}: protocol {protocol.name!r}: no prompt set for {dataset!r}; name one as "
            f"prompts, or as prompts_for.{dataset}"
        ]
    if name not in loaded.prompt_sets:
        return []
    prompts, card = loaded.prompt_sets[name], loaded.datasets[dataset]
    file = f"config/prompts/{name}.yaml"
    problems = []
    for scale in asked:
        if scale not in prompts.scales:
            problems.append(
                f"{file}: scales: no wording for {scale!r}, which {dataset!r} is rated on; "
                f"{nearest(scale, prompts.scales)}"
            )
        else:
            problems += misfits(file, prompts, dataset, scale, card.scales[scale])
    unasked = [scale for scale in prompts.scales if scale not in asked]
    if prompts.answer.form == "joint" and unasked:
        problems.append(
            f"{file}: asks about {', '.join(prompts.scales)} in one request, but the study does "
            f"not ask about {', '.join(unasked)} of {dataset!r}; ask about all of them, or write a "
            "prompt set for fewer"
        )
    forms = {"labels": "a list of labels", "joint": "several scales at once"}
    if prompts.answer.form in forms and "exact" in protocol.readouts:
        problems.append(
            f"{source}: protocol {protocol.name!r}: the exact readout reads one number, but the "
            f"prompt set {name!r} asks for {forms[prompts.answer.form]}: only the sampled readout "
            "is possible"
        )
    return problems


def _wrong_personas(where: str, protocol: Protocol, table: PersonaTable | None) -> list[str]:
    problems = []
    if table and protocol.participants > len(table.personas):
        problems.append(
            f"{where}: {protocol.participants} participants, but only {len(table.personas)} "
            f"personas in config/personas/{protocol.personas}.yaml"
        )
    if protocol.personas and "exact" in protocol.readouts:
        problems.append(
            f"{where}: the exact readout asks one question for everybody; with personas only the "
            "sampled readout is possible"
        )
    return problems


def load_dataset(path: Path) -> DatasetCard:
    """A dataset card by itself. Raises StudyError with every problem found."""
    library = _Library(path.parent.parent, str(path))
    card = library.entry(DatasetCard, path.parent.name, path.stem)
    if card is None:
        raise StudyError(library.problems)
    return card


def load_baseline(path: Path) -> BaselineCard:
    """A baseline card by itself. Raises StudyError with every problem found."""
    library = _Library(path.parent.parent, str(path))
    card = library.baseline(path.stem)
    if card is None:
        raise StudyError(library.problems)
    return card


def load_model(path: Path) -> ModelCard:
    """A model card by itself. Raises StudyError with every problem found."""
    library = _Library(path.parent.parent, str(path))
    card = library.model(path.stem)
    if card is None:
        raise StudyError(library.problems)
    return card
