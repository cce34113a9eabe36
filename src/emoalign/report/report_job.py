"""What manifest and report are told of a study."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import Field

from emoalign.baselines.baseline_cards import Evaluated, Pooling, TrainingSettings
from emoalign.elicitation.engines.abilities import SAMPLING
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.forms import Form, forms
from emoalign.embeddings.embedding_cards import RIDGE
from emoalign.figures.figure_job import AskedOf, FigureJob, ShownDataset
from emoalign.prompts import QuestionTemplate, question_template
from emoalign.report.short_names import short_names
from emoalign.study.fields import Entry, Job
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocol_cards import Precedent
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale


class ReportedDataset(ShownDataset):
    """What the report tells of a dataset."""

    keep: str | None
    sample: int | None
    rated_only: bool = False
    licence: str
    citation: str
    caveats: tuple[str, ...]


class ReportedModel(Entry):
    """What the report tells of a model.

    `sent` are the parameters of sampling that its engine sets where a protocol gives a temperature,
    none for a model that is not asked; `thoughts` the most tokens of thoughts under each protocol.
    """

    title: str
    card: dict[str, Any]
    sent: tuple[str, ...] = SAMPLING
    thoughts: dict[str, int] = Field(default_factory=dict)


def is_asked(model: ReportedModel) -> bool:
    """Whether a model is asked, or its ratings were there before."""
    return ENGINES[model.card["engine"]].asked


def reads_strictly(model: ReportedModel) -> bool:
    """Whether only an answer that is exactly what was asked for is a rating of the model."""
    return ENGINES[model.card["engine"]].reads_strictly(model.card)


def read_by_others(model: ReportedModel) -> bool:
    """Whether somebody else has read the answers of a model, by no rule of its card."""
    declared = ENGINES[model.card["engine"]].read_as(model.card)
    return not reads_strictly(model) and declared is None


def only_ratings(model: ReportedModel) -> bool:
    """Whether a model was not asked and nothing is known of its answers that were no ratings."""
    columns = model.card.get("columns", {})
    return not is_asked(model) and not (columns.get("answer") or columns.get("status"))


class ReportedBaseline(Entry):
    """What the report tells of a baseline; `training` is None for a published classifier."""

    title: str
    dataset: str
    scale: str
    evaluate: Evaluated
    weights: str
    revision: str | None
    pooling: Pooling | None = None
    max_texts: int | None = None
    seeds: tuple[int, ...]
    training: TrainingSettings | None
    leakage: str | None

    def titles(self, name: str) -> dict[str, str]:
        """What it is called in tables, with each of its seeds, and how the report calls that."""
        if self.training is None:
            return {name: self.title}
        return {f"{name}.seed-{seed}": f"{self.title}, seed {seed}" for seed in self.seeds}


class Followed(Precedent):
    """The people whose procedure a protocol follows, and the keys in which the study departs."""

    like: str
    changed: tuple[str, ...] = ()


class ReportJob(Job):
    """Write manifest and report: the whole study, in the order in which it names things.

    What analyses are set by has keys of its own, which whoever lists the analyses adds
    (`study.fields.part` finds them); so the report knows none of them.
    """

    version: int = 9
    study: str
    title: str
    seed: int
    models: dict[str, ReportedModel]
    datasets: dict[str, ReportedDataset]
    protocols: dict[str, Protocol]
    recitations: dict[str, Protocol] = Field(default_factory=dict)
    """Protocols of kind recitation, which no text about ratings is about."""
    followed: dict[str, Followed] = Field(default_factory=dict)
    """For protocols that are like one with a file of its own."""
    prompts: dict[str, PromptSet]
    personas: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    figures: tuple[str, ...] | None = None
    baselines: dict[str, ReportedBaseline] = Field(default_factory=dict)
    embedding: str | None = None
    """The title of the embedding that the study names."""

    @property
    def titles(self) -> dict[str, str]:
        """The whole titles of models and baselines, by their names in tables."""
        models = {name: model.title for name, model in self.models.items()}
        baselines = {
            name: title
            for baseline, card in self.baselines.items()
            for name, title in card.titles(baseline).items()
        }
        ridge = {} if self.embedding is None else {RIDGE: f"Ridge regression on {self.embedding}"}
        return models | baselines | ridge

    @cached_property
    def short_names(self) -> dict[str, str]:
        """What the page and figures call models and baselines, by their names in tables."""
        return short_names(self.titles)

    @property
    def order(self) -> dict[str, list[str]]:
        """The names of datasets, scales, models, protocols and readouts, each in the order in
        which the study names them; scales in that of the first dataset that has them."""
        scales = [name for card in self.datasets.values() for name in (*card.scales, *card.labels)]
        readouts = {readout for each in self.protocols.values() for readout in each.readouts}
        return {
            "dataset": list(self.datasets),
            "scale": list(dict.fromkeys(scales)),
            "model": list(self.titles),
            "protocol": list(self.protocols),
            "readout": sorted(readouts),
        }

    def drawing(self) -> FigureJob:
        """The job of all figures of the study: what `figures.planned.planned_figures` takes.

        It is in the order of the study, as tables and texts of the report are.
        """
        return FigureJob(
            figures=self.figures,
            models={name: self.short_names[name] for name in self.models},
            datasets={
                name: ShownDataset(
                    **{field: getattr(dataset, field) for field in ShownDataset.model_fields}
                )
                for name, dataset in self.datasets.items()
            },
            protocols={
                entry.name: AskedOf(
                    temperature=entry.temperature,
                    thinking=entry.thinking,
                    prompts={name: ", ".join(entry.prompt_sets(name)) for name in self.datasets},
                    personas=entry.personas,
                    several=entry.participants != 1 or entry.readouts != ("sampled",),
                    wave=entry.wave,
                    session=entry.session and entry.session.in_words,
                    readouts=len(entry.readouts),
                    forms=self._several_forms(entry.name),
                )
                for entry in self.protocols.values()
            },
            seed=self.seed,
        )

    def _several_forms(self, protocol: str) -> dict[str, dict[str, int]]:
        """The number of forms by dataset and scale, where there are several; labels in random order
        have a form for each label."""
        found: dict[str, dict[str, int]] = {}
        for name, card in self.datasets.items():
            for scale in (*card.scales, *card.labels):
                n = sum(form.orders(scale) for form in self.forms(protocol, name, scale))
                if n > 1:
                    found.setdefault(name, {})[scale] = n
        return found

    def question_template(self, protocol: str, dataset: str, scale: str) -> QuestionTemplate | None:
        """What a model is shown of a protocol when it is asked about a scale of a dataset, in the
        first of several prompt sets; None where the study does not say."""
        return next(iter(self.question_templates(protocol, dataset, scale).values()), None)

    def question_templates(
        self, protocol: str, dataset: str, scale: str
    ) -> dict[str, QuestionTemplate]:
        """The same of each prompt set that the protocol lists, by name."""
        names = self.protocols[protocol].prompt_sets(dataset)
        return {name: question_template(self.prompts[name], scale) for name in names}

    def forms(self, protocol: str, dataset: str, scale: str) -> tuple[Form, ...]:
        """The forms in which a model is asked about a scale, and what is asked with it; none where
        the study does not say."""
        templates = self.question_templates(protocol, dataset, scale)
        card = self.datasets[dataset]
        scales: Mapping[str, DatasetScale] = {**card.scales, **card.labels}
        asked = {name: scales[name] for each in templates.values() for name in each.wording}
        return forms(templates.items(), asked)
