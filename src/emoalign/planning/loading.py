"""Loading a study and all entries that it names; all problems are reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoalign.analyses.transparency.analysis import TransparencySettings
from emoalign.baselines.baseline_cards import BASELINES
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.providers import PROVIDERS, with_preset
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.embeddings.embedding_cards import EMBEDDINGS
from emoalign.errors import StudyError
from emoalign.planning.checks import inconsistencies
from emoalign.planning.recorded_studies import completed, named_models
from emoalign.planning.studies import STUDY, LoadedStudy, Study
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry, part
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.library import Library
from emoalign.study.origins import Origin
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocol_cards import PROTOCOLS, written_out
from emoalign.study.reading import EntryT, Kinds, over, read_entry, validate
from emoalign.study.scales import LabelScale
from emoalign.study.yaml_files import read_file, shown

MODELS: Kinds[ModelCard] = Kinds("engine", ENGINES, with_preset)


def load_study(
    config: Mapping[str, Any],
    config_dir: Path,
    source: str | Path = "study",
    files: Sequence[str | Path] = (),
    options: Mapping[str, Any] | None = None,
) -> LoadedStudy:
    """Validate a study and load the entries that it names from `config_dir` or the catalogue.

    `source` names the study in messages. `config` was read from `files` and `options` (--config
    key=value), the later over the earlier. Snakemake reads YAML 1.1, in which `no` is not text and
    1:09 is 69, and overlooks duplicate keys; so the files are read again, by the rules for all
    files here, unless `config` was changed since. Raises StudyError with every problem.
    """
    read = [read_file(Path(file)) for file in files]
    too_much = [problem for file in read if file.endless for problem in file.problems]
    if too_much:
        raise StudyError(too_much)
    origin = Origin(shown(Path(source)))
    again = merged([file.content for file in read], options or {})
    if read and _alike(again, config):
        config, origin = again, Origin(origin.name, tuple(read), options or {})
    library = Library(config_dir)
    written = written_out(config, origin, library)
    config, origin = written.content, written.origin
    study, problems = validate(STUDY, config, origin)
    problems = [problem for file in read for problem in file.problems] + problems
    reading = _Reading(library, origin, list(written.problems))
    for name in written.cards:
        reading.note(PROTOCOLS, name)
    prompts = [*_named(config, "protocols", "prompts"), *_named(config, "protocols", "prompts_for")]
    cards = reading.entries(MODELS, "models", _named(config, "models"))
    known = named_models(cards, reading.library)
    datasets = reading.entries(DatasetCard, "datasets", _named(config, "datasets", "dataset"))
    prompt_sets = reading.entries(PromptSet, "prompts", prompts)
    people = _named(config, "protocols", "personas")
    personas = reading.entries(PersonaTable, "personas", people)
    baselines = reading.entries(BASELINES, "baselines", _named(config, "baselines"))
    lexicon, embedding = None, None
    if study is not None:
        embedding = reading.entry(EMBEDDINGS, "embeddings", study.embedding, "embedding")
    if study is not None and ("transparency" in config or _has_labels(study, datasets)):
        named = part(study, TransparencySettings)
        lexicon = reading.entry(SeedLexicon, "lexicons", named.seeds, "transparency", "seeds")
    problems += [*reading.problems, *known.problems]
    if study is not None and not written.problems:
        study, incomplete = completed(study, known, origin)
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
            written.cards,
        )
        problems += map(written.advised, inconsistencies(loaded, origin))
        if not problems:
            return loaded
    raise StudyError(list(dict.fromkeys(problems)))


def read_model(card: str, name: str) -> ModelCard:
    """The model of this name from a card, which may stand for several models.

    Raises StudyError with every problem of the card, or if it has no such model.
    """
    library = Library()
    held = library.card("models", card, MODELS).models(card)
    if name not in held:
        where = library.shown("models", card)
        raise StudyError(
            [f"{where}: the table no longer contains a model {name!r}; run the same command again"]
        )
    return held[name]


def check_file(file: str | Path) -> None:
    """Raise StudyError if a study's file is missing or cannot be read.

    Snakemake, which reads it next, would not say where the mistake is.
    """
    read = read_file(Path(file))
    problems = read.problems or validate(Entry, read.content, shown(read.path))[1]
    if not isinstance(read.content, Mapping):
        raise StudyError(problems)


def merged(contents: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The content of files, and options of the command line, the later over the earlier.

    Keys that have keys are merged, as Snakemake does it.
    """
    whole: Any = {}
    for content in (*contents, options):
        whole = over(whole, content) if isinstance(content, Mapping) else content or whole
    return whole


def _alike(again: Any, config: Any) -> bool:
    """Tell whether two contents are the same but for the rules by which single values are read."""
    if isinstance(again, Mapping) and isinstance(config, Mapping):
        both = [key for key in again if key in config]  # to Snakemake, a key `on` is true
        same = all(_alike(again[key], config[key]) for key in both)
        return same and len(again) == len(config)
    if isinstance(again, list) and isinstance(config, list):
        pairs = zip(again, config, strict=False)
        return len(again) == len(config) and all(_alike(*pair) for pair in pairs)
    containers = (Mapping, list)
    if isinstance(again, containers) or isinstance(config, containers):
        return False
    return bool(again == config) or type(again) is not type(config)


def _has_labels(study: Study, datasets: Mapping[str, DatasetCard]) -> bool:
    """Tell whether the study asks for labels."""
    return any(
        isinstance(scale, LabelScale)
        for entry in study.datasets
        if entry.dataset in datasets
        for name, scale in datasets[entry.dataset].scales.items()
        if entry.scales is None or name in entry.scales
    )


def _named(
    config: Mapping[str, Any], key: str, field: str | None = None
) -> list[tuple[tuple[str | int, ...], str]]:
    """Names in a list of the study, or in a field of its entries, and the way to each.

    They are found even where the list or an entry has another shape than it should.
    """
    listed = config.get(key) if isinstance(config, Mapping) else None
    if (
        isinstance(listed, Mapping) and field is not None and field in listed
    ):  # an entry without its hyphen
        return list(_texts(listed[field], key, field))
    if isinstance(listed, Mapping):  # names with keys
        return [((key, name), name) for name in listed if isinstance(name, str)]
    found: list[tuple[tuple[str | int, ...], str]] = []
    for place, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, Mapping) and field is not None and field in entry:
            found += _texts(entry[field], key, place, field)
        elif field in (None, "dataset"):
            found += _texts(entry, key, place)
    if isinstance(listed, str) and field in (None, "dataset"):
        found.append(((key,), listed))
    return found


def _texts(value: Any, *keys: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A text, or all that a list or keys hold, lists below keys too, and the way to each."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, list | Mapping):
        inner = value.items() if isinstance(value, Mapping) else enumerate(value)
        for place, each in inner:
            if isinstance(each, str | list):
                yield from _texts(each, *keys, place)


@dataclass(frozen=True)
class _Reading:
    """Reading entry by entry while problems are collected."""

    library: Library
    study: Origin
    problems: list[str] = field(default_factory=list)
    shadowing: list[str] = field(default_factory=list)

    def entries(
        self,
        kind: type[EntryT] | Kinds[EntryT],
        folder: str,
        names: Sequence[tuple[tuple[str | int, ...], str]],
    ) -> dict[str, EntryT]:
        """The entries of these names, even of a study that is wrong elsewhere: all at once."""
        distinct: dict[str, tuple[str | int, ...]] = {}
        for keys, name in names:
            distinct.setdefault(name, keys)
        read = {name: self.entry(kind, folder, name, *keys) for name, keys in distinct.items()}
        return {name: entry for name, entry in read.items() if entry is not None}

    def entry(
        self,
        kind: type[EntryT] | Kinds[EntryT],
        folder: str,
        name: str | None,
        *keys: str | int,
    ) -> EntryT | None:
        """The entry of a name, which stands in the study at `keys`.

        None without a name, or where the entry cannot be read.
        """
        if name is None:
            return None
        path = self.library.path(folder, name)
        names = self.library.names(folder)
        entry, problems = read_entry(path, kind, self.study.at(*keys), names, self.library.own)
        self.note(folder, name)
        if isinstance(preset := getattr(entry, "provider", None), str):
            self.note(PROVIDERS, preset)
        self.problems.extend(problems)
        return entry

    def note(self, folder: str, name: str) -> None:
        """Note an entry that is used and takes the place of a shipped one."""
        replaced = str(self.library.path(folder, name))
        if self.library.in_place_of_shipped(folder, name) and replaced not in self.shadowing:
            self.shadowing.append(replaced)
