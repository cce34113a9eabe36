"""Studies as in config/config.yaml and config/studies/*.yaml, and loaded with their entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from emoalign.analyses.catalogue import FigureName, settings_of_study, with_settings
from emoalign.analyses.estimates.analysis import EstimatesSettings
from emoalign.baselines.baseline_cards import BaselineCard
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.forms import Form, forms
from emoalign.elicitation.rating import together
from emoalign.elicitation.recitation import RecitedTable
from emoalign.embeddings.embedding_cards import EmbeddingModel
from emoalign.prompts import (
    QuestionTemplate,
    question_template,
    unworded,
)
from emoalign.publication.settings import PublicationSettings
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry, Name
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.library import Library
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocol_cards import ProtocolCard, with_protocols
from emoalign.study.protocols import Protocol
from emoalign.study.reading import Kinds
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale
from emoalign.study.settings import Strata

SHARED_FOLDERS = ("journal", "trainings")
"""Folders in results/ that belong to no study."""

JOURNAL_FOLDERS = ("embeddings", "spending")
"""Folders in results/journal that belong to no model."""


class _OrName:
    """Lets editors accept the name of a protocol that has a file of its own.

    Names are written out before a study is validated (`written_out`).
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [TypeAdapter(Name).json_schema(), handler(schema)]}


class StudyDataset(Entry):
    """A dataset of the study, and the part of it to use."""

    dataset: Name = Field(description="An included or own dataset.")
    scales: tuple[Name, ...] | None = Field(
        None, min_length=1, description="Scales to ask about. Default: all."
    )
    models: tuple[Name, ...] | None = Field(
        None,
        min_length=1,
        description="Models of the study that rate it. Default: all.",
    )
    sample: int | None = Field(
        None, ge=1, description="Number of items, drawn with the study's seed. Default: all."
    )
    strata: Strata | None = Field(
        None,
        description=(
            "Sampling from strata defined by the human ratings. Default: a simple random sample."
        ),
    )
    items: Literal["all", "rated"] = Field(
        "all",
        description="rated: only items that every recorded model rated throughout.",
    )
    min_raters: int = Field(
        1,
        ge=1,
        description="Leave out items with fewer raters on any scale, if numbers are known; with "
        "`estimates`, treat them as not rated on it.",
    )

    @model_validator(mode="after")
    def _strata_fit(self) -> StudyDataset:
        wanted = sum(self.strata.wanted().values()) if self.strata else 0
        if self.sample is not None and self.sample < wanted:
            raise ValueError(f"the strata ask for {wanted} items, but sample is {self.sample}")
        return self


class Study(Entry):
    """A study: models, datasets and ways of asking."""

    study: Name = Field(description="Name of the study; results go to results/<study>.")
    title: str = Field(description="Title of the report.")
    seed: int = Field(ge=0, description="Seed of every random choice.")
    models: tuple[Name, ...] = Field(min_length=1, description="Included or own models.")
    datasets: tuple[StudyDataset, ...] = Field(min_length=1, description="Datasets to rate.")
    protocols: tuple[Annotated[Protocol, _OrName()], ...] = Field(
        (), description="Ways of asking. Optional if all models are recorded."
    )
    baselines: tuple[Name, ...] = Field(
        (),
        description=(
            "Classifiers to compare with people alongside the models. Needs the extra finetune."
        ),
    )
    embedding: Name | None = Field(
        None,
        description=(
            "An embedding model: how much of people's ratings it predicts, and what the models "
            "add to it (docs/substitution.md). Default: none."
        ),
    )
    shard_items: int | None = Field(
        None, ge=1, description="Items per rating job. Default: all items of a scale."
    )
    allow_remote: tuple[Name, ...] = Field(
        (),
        description=(
            "Datasets with remote_api: ask whose items may be sent to other machines. "
            "Check their terms first."
        ),
    )
    data_mirror: str | None = Field(
        None,
        description="Folder of missing files, which the target data uses instead of the network.",
    )
    max_usd: float | None = Field(
        None,
        gt=0,
        description=(
            "Budget in US dollars, at the prices on the model cards; jobs stop before exceeding it."
        ),
    )
    figures: tuple[FigureName, ...] | None = Field(
        None,
        description="Figures to draw; [] for none. Default: all that apply (docs/figures.md).",
    )
    publication: PublicationSettings | None = Field(
        None,
        description=(
            "A bundle of the tables for an archive: `snakemake publication` "
            "(docs/publication.md). Default: none."
        ),
    )

    @field_validator("figures")
    @classmethod
    def _figures_once(cls, figures: tuple[FigureName, ...] | None) -> tuple[FigureName, ...] | None:
        if figures is not None:
            _unique(figures)
        return figures

    @field_validator("study")
    @classmethod
    def _folder_is_free(cls, study: str) -> str:
        if study.casefold() in SHARED_FOLDERS:
            raise ValueError(
                f"results/{study.casefold()} is used by all studies: give the study another name"
            )
        return study

    @field_validator("models")
    @classmethod
    def _journals_are_free(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        for model in models:
            if model.casefold() in JOURNAL_FOLDERS:
                raise ValueError(
                    f"results/journal/{model.casefold()} is used for other files: give the model "
                    f"{model!r} another name"
                )
        return models

    @field_validator("models", "baselines")
    @classmethod
    def _names_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _unique(names)

    @field_validator("datasets")
    @classmethod
    def _datasets_once(cls, datasets: tuple[StudyDataset, ...]) -> tuple[StudyDataset, ...]:
        _unique(tuple(entry.dataset for entry in datasets))
        return datasets

    @field_validator("protocols")
    @classmethod
    def _protocols_once(cls, protocols: tuple[Protocol, ...]) -> tuple[Protocol, ...]:
        _unique(tuple(entry.name for entry in protocols))
        return protocols


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return names


STUDY = with_settings(Study, settings_of_study())
"""A study as its file has it: with a key for what each analysis is set by."""

STUDIES: Kinds[Study] = Kinds("", {"": STUDY}, with_protocols)
"""Studies in files, with protocols that have files of their own written out."""


@dataclass(frozen=True)
class LoadedStudy:
    """A study and the cards, prompt sets and models it names, all consistent with each other.

    `shadowing` are files of the project's own that take the place of shipped ones, `followed` the
    protocols with files of their own that protocols of the study are like.
    """

    study: Study
    models: Mapping[str, ModelCard]
    datasets: Mapping[str, DatasetCard]
    prompt_sets: Mapping[str, PromptSet]
    personas: Mapping[str, PersonaTable] = field(default_factory=dict)
    baselines: Mapping[str, BaselineCard] = field(default_factory=dict)
    lexicon: SeedLexicon | None = None
    embedding: EmbeddingModel | None = None
    library: Library = field(default_factory=Library)
    shadowing: tuple[str, ...] = ()
    cards: Mapping[str, str] = field(default_factory=dict)
    followed: Mapping[str, ProtocolCard] = field(default_factory=dict)

    @property
    def estimates(self) -> EstimatesSettings | None:
        """The settings of estimated norms, where the study asks for these."""
        found = (entry for _, entry in self.study if isinstance(entry, EstimatesSettings))
        return next(found, None)

    def card_name(self, model: str) -> str:
        """The name of the card of a model: its own, unless one card stands for several."""
        return self.cards.get(model, model)

    def dataset_entry(self, dataset: str) -> StudyDataset:
        """The study's entry for one of its datasets."""
        return next(entry for entry in self.study.datasets if entry.dataset == dataset)

    def protocol(self, name: str) -> Protocol:
        """One of the study's protocols."""
        return next(entry for entry in self.study.protocols if entry.name == name)

    def protocol_names(self) -> list[str]:
        """The names of the protocols under which items are rated, in alphabetical order.

        Whatever is told of ratings goes by them: completions of a table of norms are none.
        """
        return sorted(each.name for each in self.study.protocols if not each.recites)

    def recitation_names(self) -> list[str]:
        """The names of the protocols of kind recitation, in alphabetical order."""
        return sorted(each.name for each in self.study.protocols if each.recites)

    def raters(self, dataset: str) -> tuple[str, ...]:
        """The models that rate a dataset, in the order of the study."""
        chosen = self.dataset_entry(dataset).models
        return tuple(name for name in self.study.models if chosen is None or name in chosen)

    def asked_raters(self, dataset: str) -> tuple[str, ...]:
        """The models that are asked about a dataset, as far as their cards can be read."""
        raters = self.raters(dataset)
        return tuple(name for name in raters if name in self.models and self.models[name].asked)

    def conditions(self, dataset: str) -> tuple[tuple[str, str], ...]:
        """The models that rate a dataset, each with the protocols of the study, ascending."""
        return tuple(
            (model, protocol)
            for model in sorted(self.raters(dataset))
            for protocol in self.protocol_names()
        )

    def in_sessions(self, dataset: str) -> tuple[tuple[str, str], ...]:
        """Those of them whose answers are known by their place in a session."""
        return tuple(
            (model, protocol)
            for model, protocol in self.conditions(dataset)
            if self.models[model].tells_positions(self.protocol(protocol))
        )

    def scales(self, dataset: str) -> tuple[str, ...]:
        """The names of the scales the study asks about for one dataset."""
        return self.dataset_entry(dataset).scales or tuple(self.datasets[dataset].scales)

    def asked_scales(self, dataset: str) -> dict[str, DatasetScale]:
        """The scales the study asks about for one dataset, in alphabetical order."""
        card = self.datasets[dataset]
        return {name: card.scales[name] for name in sorted(self.scales(dataset))}

    def numbers(self, dataset: str) -> dict[str, HumanScale]:
        """The scales of numbers among them."""
        scales = self.asked_scales(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, HumanScale)}

    def labels(self, dataset: str) -> dict[str, LabelScale]:
        """The scales of labels among them."""
        scales = self.asked_scales(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, LabelScale)}

    def labelled(self) -> list[str]:
        """The datasets that are rated on a scale of labels."""
        return [dataset for dataset in sorted(self.datasets) if self.labels(dataset)]

    def prompt_set(self, protocol: str, dataset: str) -> PromptSet | None:
        """The prompt set of a protocol for a dataset; None if all ratings are recorded."""
        name = self.protocol(protocol).prompt_set(dataset)
        return None if name is None else self.prompt_sets[name]

    def question_templates(
        self, protocol: str, dataset: str, scale: str
    ) -> dict[str, QuestionTemplate]:
        """The same of each prompt set that the protocol lists, by name, in their order."""
        entry = self.protocol(protocol)
        shown = {
            name: question_template(self.prompt_sets[name], scale)
            for name in entry.prompt_sets(dataset)
        }
        if entry.session is not None:
            return shown
        return {name: template.without_practice() for name, template in shown.items()}

    def forms(self, protocol: str, dataset: str, asked: str) -> tuple[Form, ...]:
        """The forms in which a protocol asks about a subject of a dataset (see `asked`); none
        where it names no prompt set."""
        scales = self.datasets[dataset].scales
        return forms(
            self.question_templates(protocol, dataset, asked.split("+")[0]).items(),
            {scale: scales[scale] for scale in asked.split("+")},
        )

    def question_template(self, protocol: str, dataset: str, scale: str) -> QuestionTemplate:
        """The templates and wording with which a protocol asks about a scale of a dataset."""
        templates = self.question_templates(protocol, dataset, scale)
        if not templates:
            recites = self.protocol(protocol).recites
            return unworded(scale, self.datasets[dataset].scales[scale], recites)
        return next(iter(templates.values()))

    def asked(self, protocol: str, dataset: str) -> list[str]:
        """The subjects of a protocol's requests: names of scales, joined with "+".

        Those of a recitation are scales of numbers, on which texts were rated.
        """
        prompts = self.prompt_set(protocol, dataset)
        if self.protocol(protocol).recites:
            images = self.datasets[dataset].modality == "image"
            reached = self.protocol(protocol).reaches(dataset) and not images
            return list(self.numbers(dataset)) if reached else []
        return sorted(
            {
                together(prompts.asked_with(scale) if prompts else (scale,))
                for scale in self.scales(dataset)
            }
        )

    def asked_of(self, model: str, protocol: str, dataset: str) -> list[str]:
        """The subjects that a model is asked about: of a recitation, those it has answers to."""
        subjects = self.asked(protocol, dataset)
        if not self.protocol(protocol).recites:
            return subjects
        return [scale for scale in subjects if self.models[model].completes(scale)]

    def recited(self, dataset: str, scale: str) -> RecitedTable:
        """The table that a recitation asks to complete on a scale of a dataset."""
        card = self.datasets[dataset]
        text, mean = card.source.printed_columns(scale)
        file = card.source.printed_in(scale)
        name = None if file is None else PurePath(file.file).name
        return RecitedTable(title=card.title, file=name, text=text, mean=mean, seed=self.study.seed)

    def participants(self, protocol: Protocol) -> tuple[str, ...]:
        """The personas of a protocol's participants; empty for a protocol without personas.

        In sessions each session is one, and how many there are follows from the items: all of them.
        """
        if protocol.personas is None:
            return ()
        every = self.personas[protocol.personas].texts()
        return every if protocol.session is not None else every[: protocol.participants]
