"""What each rule of the workflow is told: exactly the configuration its output depends on.

A job is what Snakemake compares to decide whether to run a rule again. So a title, a price or a
rate limit is in none of them, and `version` is raised whenever a stage would make something else
of the same input.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field

from emoalign.errors import DataError
from emoalign.sources import locate
from emoalign.study.datasets import HumanScale
from emoalign.study.fields import Entry, FileSource, Modality
from emoalign.study.loading import LoadedStudy
from emoalign.study.models import LlamaCppModel, ModelCard, OpenAIModel, RecordedModel
from emoalign.study.prompt_sets import AnswerForm, PromptSet, ScaleInstruction
from emoalign.study.studies import Protocol, StatisticsSettings


class PreparationJob(Entry):
    """Read one dataset, draw the sample, write items and norms."""

    version: int = 1
    dataset: str
    modality: Modality
    reader: str
    source: FileSource
    images: str | None = None
    keep: str | None
    scales: dict[str, HumanScale]
    sample: int | None
    seed: int
    excluded_texts: tuple[str, ...]
    shard_items: int | None


class PromptForm(Entry):
    """The part of a prompt set that reaches the model when one scale is asked about."""

    form: str
    system: str | None
    template: str
    image: str = "first"
    answer: AnswerForm
    wording: ScaleInstruction


class RatingJob(Entry):
    """Ask one model about one scale of one dataset under one protocol."""

    version: int = 1
    model: str
    card: dict[str, Any]
    protocol: Protocol
    prompts: PromptForm
    personas: tuple[str, ...] = ()
    dataset: str
    scale: str
    range: HumanScale


class AggregationJob(Entry):
    """Bring the ratings of one dataset together with the norms, item by item."""

    version: int = 1
    dataset: str
    scales: dict[str, HumanScale]


class StatisticsJob(Entry):
    """Compare models with people, cell by cell."""

    version: int = 1
    scales: dict[str, dict[str, HumanScale]]
    seed: int
    settings: StatisticsSettings


class ShownDataset(Entry):
    """What figures need to know of a dataset."""

    title: str
    show_items: bool
    scales: dict[str, HumanScale]


class FigureJob(Entry):
    """Draw figures: what things are called, and what may be shown."""

    version: int = 1
    models: dict[str, str]
    datasets: dict[str, ShownDataset]


class ReportedDataset(ShownDataset):
    """What the report tells of a dataset."""

    modality: Modality
    keep: str | None
    sample: int | None
    licence: str
    citation: str
    caveats: tuple[str, ...]


class ReportedModel(Entry):
    """What the report tells of a model."""

    title: str
    card: dict[str, Any]


class ReportJob(Entry):
    """Write manifest and report: the whole study, in an order of its own, without limits."""

    version: int = 1
    study: str
    title: str
    seed: int
    settings: StatisticsSettings
    models: dict[str, ReportedModel]
    datasets: dict[str, ReportedDataset]
    protocols: dict[str, Protocol]
    prompts: dict[str, PromptSet]
    personas: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def prompt_form(self, prompts: str, scale: str) -> PromptForm:
        """What a prompt set says of one scale."""
        return prompt_form(self.prompts[prompts], scale)


class Jobs:
    """The jobs of a study, as plain values that Snakemake can store and compare."""

    def __init__(self, loaded: LoadedStudy) -> None:
        self.loaded = loaded

    def prepare(self, dataset: str) -> dict[str, Any]:
        """The PreparationJob of one dataset."""
        card = self.loaded.datasets[dataset]
        study = self.loaded.study
        return PreparationJob(
            dataset=dataset,
            modality=card.modality,
            reader=card.reader,
            source=card.source.model_copy(update={"obtain": None}),
            images=card.images,
            keep=card.keep,
            scales=self._ranges(dataset),
            sample=self.loaded.dataset_entry(dataset).sample,
            seed=study.seed,
            excluded_texts=self._demonstrated(dataset),
            shard_items=study.shard_items,
        ).model_dump(mode="json")

    def rate(self, model: str, protocol: str, dataset: str, scale: str) -> dict[str, Any]:
        """The RatingJob of one cell."""
        asked = self.loaded.protocol(protocol)
        return RatingJob(
            model=model,
            card=answering(self.loaded.models[model]),
            protocol=asked,
            prompts=self.prompt_form(protocol, scale),
            personas=self.personas(asked),
            dataset=dataset,
            scale=scale,
            range=self.loaded.datasets[dataset].scales[scale],
        ).model_dump(mode="json")

    def personas(self, protocol: Protocol) -> tuple[str, ...]:
        """Who the participants of a protocol are; empty where they are nobody in particular."""
        if protocol.personas is None:
            return ()
        return self.loaded.personas[protocol.personas].texts()[: protocol.participants]

    def prompt_form(self, protocol: str, scale: str) -> PromptForm:
        """What a protocol's prompt set says of one scale."""
        return prompt_form(self.loaded.prompt_sets[self.loaded.protocol(protocol).prompts], scale)

    def aggregate(self, dataset: str) -> dict[str, Any]:
        """The AggregationJob of one dataset."""
        return AggregationJob(dataset=dataset, scales=self._ranges(dataset)).model_dump(mode="json")

    def statistics(self) -> dict[str, Any]:
        """The StatisticsJob of the study."""
        study = self.loaded.study
        return StatisticsJob(
            scales={entry.dataset: self._ranges(entry.dataset) for entry in study.datasets},
            seed=study.seed,
            settings=study.statistics,
        ).model_dump(mode="json")

    def figures(self) -> dict[str, Any]:
        """The FigureJob of the study."""
        models = sorted(self.loaded.models.items())
        return FigureJob(
            models={name: card.title for name, card in models},
            datasets={
                name: ShownDataset(
                    title=card.title, show_items=card.redistribute, scales=self._ranges(name)
                )
                for name, card in sorted(self.loaded.datasets.items())
            },
        ).model_dump(mode="json")

    def report(self) -> dict[str, Any]:
        """The ReportJob of the study."""
        study = self.loaded.study
        return ReportJob(
            study=study.study,
            title=study.title,
            seed=study.seed,
            settings=study.statistics,
            models={
                name: ReportedModel(title=card.title, card=answering(card))
                for name, card in sorted(self.loaded.models.items())
            },
            datasets={
                name: ReportedDataset(
                    title=card.title,
                    show_items=card.redistribute,
                    scales=self._ranges(name),
                    modality=card.modality,
                    keep=card.keep,
                    sample=self.loaded.dataset_entry(name).sample,
                    licence=card.licence,
                    citation=card.citation,
                    caveats=card.caveats,
                )
                for name, card in sorted(self.loaded.datasets.items())
            },
            protocols={
                entry.name: entry for entry in sorted(study.protocols, key=lambda one: one.name)
            },
            prompts=dict(sorted(self.loaded.prompt_sets.items())),
            personas={
                entry.name: self.personas(entry)
                for entry in sorted(study.protocols, key=lambda one: one.name)
                if entry.personas
            },
        ).model_dump(mode="json")

    def plan(self) -> list[dict[str, Any]]:
        """The RatingJob of every cell of the study."""
        return [
            self.rate(model, protocol.name, dataset, scale)
            for model in sorted(self.loaded.models)
            for protocol in self.loaded.study.protocols
            for dataset in self.loaded.datasets
            for scale in self.loaded.scales(dataset)
        ]

    def rating_files(self, results: str, dataset: str, shards: str | Path) -> list[str]:
        """The rating files of one dataset, in an order that does not depend on the study file."""
        names = orjson.loads(Path(shards).read_bytes())
        return [
            f"{results}/ratings/{model}/{protocol}/{dataset}/{scale}/{shard}.parquet"
            for model in sorted(self.loaded.models)
            for protocol in sorted(entry.name for entry in self.loaded.study.protocols)
            for scale in sorted(self.loaded.scales(dataset))
            for shard in names
        ]

    def threads(self, model: str) -> int:
        """CPU threads a rating job of the model uses."""
        card = self.loaded.models[model]
        return card.threads if isinstance(card, LlamaCppModel) else 1

    def recordings(self, model: str) -> list[str]:
        """The file that a job of a recorded model reads, so that Snakemake sees when it changes.

        None while the file is missing: the job itself then says how to get it.
        """
        card = self.loaded.models[model]
        if not isinstance(card, RecordedModel):
            return []
        try:
            return [str(locate(card.source))]
        except DataError:
            return []

    def api_slots(self, model: str) -> int:
        """1 for a job that talks to a server elsewhere, so that a profile can limit them."""
        return int(isinstance(self.loaded.models[model], OpenAIModel))

    def _ranges(self, dataset: str) -> dict[str, HumanScale]:
        card = self.loaded.datasets[dataset]
        return {scale: card.scales[scale] for scale in self.loaded.scales(dataset)}

    def _demonstrated(self, dataset: str) -> tuple[str, ...]:
        """Texts shown as demonstrations by any protocol: all of them are kept out of the sample,
        so that every protocol rates the same items."""
        scales = self.loaded.scales(dataset)
        shown = {
            demonstration.text
            for prompts in self.loaded.prompt_sets.values()
            for scale in scales
            for demonstration in prompts.scales[scale].demonstrations
        }
        return tuple(sorted(shown))


def prompt_form(prompts: PromptSet, scale: str) -> PromptForm:
    """The part of a prompt set that reaches the model when `scale` is asked about."""
    return PromptForm(
        form=prompts.form,
        system=prompts.system,
        template=prompts.template,
        image=prompts.image,
        answer=prompts.answer,
        wording=prompts.scales[scale],
    )


def answering(model: ModelCard) -> Mapping[str, Any]:
    """The part of a model card that decides what the model answers.

    Its title, address, key and limits are not in it, nor how to get its weights: they are read when
    the job runs.
    """
    if isinstance(model, RecordedModel):
        return model.model_dump(mode="json", exclude={"title": True, "source": {"obtain"}})
    kept = {"engine", "weights", "model", "revision", "extra_body"}
    card = model.model_dump(mode="json", include=kept, exclude={"weights": {"obtain"}})
    capabilities = model.capabilities.model_dump(
        mode="json", include={"top_logprobs", "seed_bits", "sampling_extras", "image_longest_side"}
    )
    return {**card, "capabilities": capabilities}
