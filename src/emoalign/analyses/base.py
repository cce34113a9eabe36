"""What an analysis is, and what it knows of a study before anything is computed.

An analysis is a folder that asks the data one question. Its `analysis.py` has an entry, `ANALYSIS`,
which says what is computed from which tables and shown where; `catalogue.py` lists all entries.
Reading the Snakefile reads them, so neither they nor this module import what computes: functions
and sections are named by path, and tables by theirs within the results of a study, with <dataset>
in the place of a name.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeVar

from emoalign.embeddings.embedding_cards import EmbeddingModel
from emoalign.figures.kinds import FigureKind
from emoalign.items.item_jobs import ComparedDataset
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, FileSource, Job, Modality, Range
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale, Frameworks, HumanScale, LabelScale
from emoalign.study.settings import StatisticsSettings

SettingsT = TypeVar("SettingsT", bound=Entry)

ITEMS = "items/<dataset>.parquet"
NORMS = "norms/<dataset>.parquet"
STIMULI = "stimuli/<dataset>.parquet"
RATINGS = "ratings"
"""All rating files of a study, of which nobody knows before the stimuli are prepared."""

COMPLETIONS = "completions"
"""All files of a study with completions of norms, likewise."""

PREDICTIONS = "baselines/<baseline>/<dataset>.parquet"
RIDGE_PREDICTIONS = "ridge/<dataset>.parquet"
CALIBRATED_TABLE = "calibrated/<dataset>.parquet"
TRAININGS = "baselines/<baseline>/seed-<seed>.training.json"


def statistics(*tables: str) -> tuple[str, ...]:
    """Paths of tables of statistics, which stand as CSV beside the Parquet."""
    return tuple(f"statistics/{table}.parquet" for table in tables)


@dataclass(frozen=True)
class RaterGroups:
    """Groups of raters of a dataset as analyses know them.

    Attributes:
        attributes: what tells them apart, such as sex, ascending.
        read_from: a `stimuli.dataset_cards.GroupedSource` as plain data: reading that class would
            load what computes.
        files: the files that they are read from.
    """

    attributes: tuple[str, ...]
    read_from: Mapping[str, Any]
    files: tuple[FileSource, ...]


@dataclass(frozen=True)
class Registered:
    """What can be preregistered of a study as far as its configuration tells it.

    Attributes:
        file: the file of the preregistration.
        content: the study by parts, as JSON has it.
        unsaid: the keys of it that are at their defaults.
        tables: the paths of the tables that its analyses make, ascending.
        recordings: the files with recorded ratings, by model.
    """

    file: str
    content: Mapping[str, Any]
    unsaid: tuple[tuple[str, ...], ...]
    tables: tuple[str, ...]
    recordings: Mapping[str, tuple[FileSource, ...]]


class ShownForm(Entry):
    """A form in which a protocol asks about a scale.

    `name` is that of its prompt set, with the rotation of its labels; `reversed` tells whether low
    numbers mean what high ones mean on the card, `shown` are the ends of the numbers it shows, and
    `drawn` tells whether its labels are in a random order.
    """

    name: str
    reversed: bool = False
    shown: Range | None = None
    drawn: bool = False


Condition = tuple[str, str]
"""A model and a protocol that it is asked under."""


@dataclass(frozen=True)
class AnalysedDataset:
    """A dataset as analyses know it.

    Attributes:
        modality, language, title, licence, citation, redistribute: as on its card.
        numbers, labels: the scales the study asks about, of each kind, ascending.
        frameworks: which scales of numbers are dimensions, and which discrete emotions.
        baselines: the names of the study's baselines that predict it, ascending.
        recited: the protocols of kind recitation that are about it, ascending.
        groups: its groups of raters; None where none are told apart.
        embedded: whether the study names an embedding.
        forms: the forms in which each protocol asks about each scale, by protocol and scale.
        specifications: the most ways of asking about a scale of numbers: protocols, their forms and
            readouts.
        participants: models with protocols whose answers tell participants apart: in sessions, with
            personas, or in a table of recorded ratings that says whose they are.
        sessions: those of which the place of each answer in its session is known.
    """

    modality: Modality
    language: str
    numbers: Mapping[str, HumanScale]
    labels: Mapping[str, LabelScale]
    frameworks: Frameworks
    baselines: tuple[str, ...] = ()
    recited: tuple[str, ...] = ()
    groups: RaterGroups | None = None
    embedded: bool = False
    forms: Mapping[str, Mapping[str, tuple[ShownForm, ...]]] = field(default_factory=dict)
    specifications: int = 0
    participants: tuple[Condition, ...] = ()
    sessions: tuple[Condition, ...] = ()
    title: str = ""
    licence: str = ""
    citation: str = ""
    redistribute: bool = False

    @property
    def scales(self) -> dict[str, DatasetScale]:
        """The scales of both kinds, ascending."""
        scales: dict[str, DatasetScale] = {**self.numbers, **self.labels}
        return dict(sorted(scales.items()))

    @property
    def several_forms(self) -> tuple[str, ...]:
        """The protocols that show a scale in several forms, or its labels in a random order."""
        return tuple(
            protocol
            for protocol, scales in self.forms.items()
            if any(len(forms) > 1 or any(form.drawn for form in forms) for forms in scales.values())
        )

    @property
    def compared(self) -> ComparedDataset:
        """What comparisons over scales need to know of it."""
        return ComparedDataset(
            modality=self.modality,
            scales={
                name: Range(min=scale.min, max=scale.max) for name, scale in self.numbers.items()
            },
            frameworks=self.frameworks,
        )


@dataclass(frozen=True)
class AnalysedStudy:
    """A study as analyses know it: what their jobs are made of.

    Attributes:
        seed: the seed of the study.
        datasets, protocols: by name, ascending; of protocols, those under which items are rated.
        settings: all that analyses are set by, an entry for each key that the study has.
        leakage: what published baselines may have seen, by name.
        lexicon, embedding: cards that the study names.
        personas: what is known of the simulated participants of protocols that have personas, one
            by one, by protocol.
        registered: the study as it can be preregistered; None where nothing is.
        registered: what it has of what was preregistered; None without a preregistration.
    """

    seed: int
    datasets: Mapping[str, AnalysedDataset]
    protocols: Mapping[str, Protocol]
    settings: tuple[Entry, ...]
    leakage: Mapping[str, str]
    lexicon: SeedLexicon | None = None
    embedding: EmbeddingModel | None = None
    personas: Mapping[str, tuple[Mapping[str, str | int | float], ...]] = field(
        default_factory=dict
    )
    registered: Registered | None = None

    def set_by(self, kind: type[SettingsT]) -> SettingsT:
        """The settings of one kind, which a study `asks` for where their key is optional."""
        return next(entry for entry in self.settings if isinstance(entry, kind))

    def asks(self, kind: type[Entry]) -> bool:
        """Whether the study has settings of this kind; only those of an optional key it may not."""
        return any(isinstance(entry, kind) for entry in self.settings)

    def within(self, wanted: Callable[[AnalysedDataset], bool]) -> AnalysedStudy:
        """The part of the study that some of its datasets are."""
        kept = {name: dataset for name, dataset in self.datasets.items() if wanted(dataset)}
        return replace(self, datasets=kept)

    @property
    def resamples(self) -> int:
        """The bootstrap resamples that intervals come from."""
        return self.set_by(StatisticsSettings).bootstrap_resamples

    @property
    def scales(self) -> dict[str, dict[str, DatasetScale]]:
        """The scales of both kinds by dataset."""
        return {name: dataset.scales for name, dataset in self.datasets.items()}

    @property
    def numbers(self) -> dict[str, dict[str, HumanScale]]:
        """The scales of numbers by dataset."""
        return {name: dict(dataset.numbers) for name, dataset in self.datasets.items()}

    @property
    def labels(self) -> dict[str, dict[str, LabelScale]]:
        """The scales of labels by dataset."""
        return {name: dict(dataset.labels) for name, dataset in self.datasets.items()}

    @property
    def ranges(self) -> dict[str, dict[str, Range]]:
        """The ends of the scales of numbers by dataset."""
        return {name: dataset.scales for name, dataset in self.compared.items()}

    @property
    def compared(self) -> dict[str, ComparedDataset]:
        """What comparisons over scales need to know, by dataset."""
        return {name: dataset.compared for name, dataset in self.datasets.items()}

    def each(self) -> dict[str, AnalysedStudy]:
        """The study dataset by dataset."""
        return {
            name: replace(self, datasets={name: dataset}) for name, dataset in self.datasets.items()
        }


class AnalysisJob(Job):
    """What a computation is told."""

    @classmethod
    @abstractmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """The job for a study, or for the part of it that the analysis concerns."""

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The values of the keys that a job adds to those of the job it is derived from."""
        return {}


class NumbersJob(AnalysisJob):
    """Compare models with people on scales of numbers, and the resamples of intervals."""

    scales: dict[str, dict[str, HumanScale]]
    seed: int
    bootstrap_resamples: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        return cls(
            scales=study.numbers,
            seed=study.seed,
            bootstrap_resamples=study.resamples,
            **cls.further(study),
        )


class ComparisonJob(AnalysisJob):
    """Compare item means over cells: datasets, and the resamples that intervals come from."""

    version: int = 7
    datasets: dict[str, ComparedDataset]
    seed: int
    bootstrap_resamples: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        return cls(
            datasets=study.compared,
            seed=study.seed,
            bootstrap_resamples=study.resamples,
            **cls.further(study),
        )


@dataclass(frozen=True)
class Computation:
    """Tables from tables: a function of a job and files, and the rule it runs in.

    Computations that name the same rule run in one process, because starting Python costs more
    than they do.

    Attributes:
        rule: the name of the rule.
        does: what goes in and comes out, a sentence.
        run: the function, as module:name; it takes a job and `analysis_files.AnalysisFiles`.
        job: the job it takes.
        reads, makes: paths of files. Tables that the study does not have are not read.
        each: whether it runs once for a study, or once for each dataset.
        threads: CPU threads it uses.
        sources: files that it reads by itself, besides tables.
        local: whether it takes a second, which is less than its way through a cluster's queue.
    """

    rule: str
    does: str
    run: str
    job: type[AnalysisJob]
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    each: Literal["study", "dataset"] = "study"
    threads: Callable[[AnalysedStudy], int] = lambda study: 1
    sources: Callable[[AnalysedStudy], Sequence[FileSource]] = lambda study: ()
    local: bool = False


@dataclass(frozen=True)
class Settings:
    """A key of a study: its name, what stands there, and what it is for.

    A study without an `optional` key does not have the analysis; else all has defaults.
    """

    key: str
    entry: type[Entry]
    description: str
    optional: bool = False


@dataclass(frozen=True)
class Analysis:
    """A question that is asked of the data.

    Attributes:
        name: its folder, and the target that makes all of its tables.
        computes: what it computes.
        figures: the figures that show it.
        section: where the report shows it; a study that lacks one of the section's tables does
            not have the section.
        settings: the key of a study that it is set by, where it has one.
        concerns: whether it concerns a dataset. A study without any such dataset does not have it.
        possible: whether a study has what it needs, such as two waves. A study without it does not
            have it.
        target: whether a target of its name makes its tables; that of another has the name else.
    """

    name: str
    computes: tuple[Computation, ...] = ()
    figures: tuple[FigureKind, ...] = ()
    section: PageSection | None = None
    settings: Settings | None = None
    concerns: Callable[[AnalysedDataset], bool] = lambda dataset: True
    possible: Callable[[AnalysedStudy], bool] = lambda study: True
    target: bool = True

    def part_of(self, study: AnalysedStudy) -> AnalysedStudy | None:
        """The part of a study that it concerns; None where the study does not have it."""
        part = study.within(self.concerns)
        return part if part.datasets and self.possible(part) else None
