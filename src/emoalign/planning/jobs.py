"""The jobs of a study: what each rule of the workflow is told, and how much it may use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emoalign.analyses.alignment.analysis import StatisticsJob
from emoalign.analyses.calibration.analysis import CalibrationJob, CalibrationReviewJob
from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.expectations.analysis import ExpectationJob
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.transparency.analysis import GradientJob, LabelledDataset, TransparencyJob
from emoalign.analyses.transparency.embedding_cards import GgufEmbedding
from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.baselines.baseline_jobs import (
    BaselineData,
    PredictionJob,
    PublishedClassifier,
    TrainingJob,
)
from emoalign.baselines.cards import CheckpointBaseline, FinetunedBaseline
from emoalign.elicitation.engines.cards import LlamaCppModel, OpenAIModel, RecordedModel, VllmModel
from emoalign.elicitation.rating_job import RatingJob, answering, together
from emoalign.errors import DataError
from emoalign.figures.catalogue import PlannedFigure, planned_figures, undrawn_figures
from emoalign.figures.drawing_job import ShownDataset
from emoalign.items.item_jobs import AggregationJob, ComparedDataset
from emoalign.planning.consent import why_forbidden
from emoalign.planning.loading import LoadedStudy
from emoalign.prompts.rendering import PromptForm, prompt_form
from emoalign.report.report_job import ReportedBaseline, ReportedDataset, ReportedModel, ReportJob
from emoalign.stimuli.preparation_job import PreparationJob
from emoalign.study.fields import Range
from emoalign.study.files import locate
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale
from emoalign.study.studies import Asked, Protocol

_JOB_MB = 2000
"""What a rating job takes without a model: on a cluster, two Snakemakes and the package."""


@dataclass(frozen=True)
class TogetherRule:
    """A rule that asks a model all that a protocol asks about a dataset, so as to load it once."""

    name: str
    protocol: str
    dataset: str
    asked: tuple[str, ...]

    def files(self, results: str) -> list[str]:
        """What it makes: a file for each scale, or scales asked about jointly."""
        folder = f"{results}/ratings/{{model}}/{{protocol}}/{{dataset}}"
        return [f"{folder}/{asked}/{{shard}}.parquet" for asked in self.asked]


class Jobs:
    """The jobs of a study, as plain values that Snakemake can store and compare."""

    def __init__(self, loaded: LoadedStudy) -> None:
        self.loaded = loaded

    def prepare(self, dataset: str) -> dict[str, Any]:
        """The PreparationJob of one dataset."""
        card = self.loaded.datasets[dataset]
        study, entry = self.loaded.study, self.loaded.dataset_entry(dataset)
        return PreparationJob(
            dataset=dataset,
            modality=card.modality,
            source=card.source.without_directions(),
            images=card.images,
            keep=card.keep,
            scales=self._ranges(dataset),
            sample=entry.sample,
            strata=entry.strata,
            min_raters=entry.min_raters,
            seed=study.seed,
            excluded_texts=self._demonstrated(dataset),
            shard_items=study.shard_items,
        ).model_dump(mode="json")

    def rate(self, model: str, protocol: str, dataset: str, asked: str) -> dict[str, Any]:
        """The RatingJob of one cell, or of those that are asked about jointly."""
        one = self.loaded.protocol(protocol)
        card = self.loaded.datasets[dataset]
        prompts = self.prompt_form(protocol, dataset, asked.split("+")[0])
        chosen: dict[str, object] = {"prompts": one.prompt_set(dataset), "prompts_for": {}}
        return RatingJob(
            model=model,
            card=answering(self.loaded.models[model]),
            protocol=one.model_copy(update=chosen),
            prompts=prompts,
            personas=self.personas(one),
            dataset=dataset,
            scales={scale: card.scales[scale] for scale in prompts.wording},
        ).model_dump(mode="json")

    def rate_together(self, model: str, protocol: str, dataset: str) -> list[dict[str, Any]]:
        """The RatingJobs of all that a protocol asks a model about a dataset."""
        return [
            self.rate(model, protocol, dataset, asked) for asked in self.asked(protocol, dataset)
        ]

    def together_rules(self) -> Iterator[TogetherRule]:
        """The rules for models that vLLM loads: one for each protocol and dataset, whose files
        are known by name. None where the study has no such model."""
        names: set[str] = set()
        if not self._loaded_by_vllm(True):
            return
        for protocol in sorted(entry.name for entry in self.loaded.study.protocols):
            for dataset in sorted(self.loaded.datasets):
                name = re.sub(r"\W", "_", f"rate_vllm_{protocol}_{dataset}")
                while name in names:
                    name += "_"
                names.add(name)
                yield TogetherRule(name, protocol, dataset, tuple(self.asked(protocol, dataset)))

    def models_pattern(self, together: bool) -> str:
        """The models asked all in one job, or scale by scale, as a pattern for a wildcard."""
        return "|".join(map(re.escape, self._loaded_by_vllm(together))) or "(?!)"

    def _loaded_by_vllm(self, together: bool) -> list[str]:
        models = sorted(self.loaded.models.items())
        return [name for name, card in models if isinstance(card, VllmModel) == together]

    def asked(self, protocol: str, dataset: str) -> list[str]:
        """What a protocol asks about in one request each: names of scales, joined with "+"."""
        prompts = self._prompts(protocol, dataset)
        return sorted(
            {together(prompts.asked_with(scale)) for scale in self.loaded.scales(dataset)}
        )

    def personas(self, protocol: Protocol) -> tuple[str, ...]:
        """Who the participants of a protocol are; empty where they are nobody in particular."""
        if protocol.personas is None:
            return ()
        return self.loaded.personas[protocol.personas].texts()[: protocol.participants]

    def prompt_form(self, protocol: str, dataset: str, scale: str) -> PromptForm:
        """What a model is shown of a protocol when it is asked about a scale of a dataset."""
        return prompt_form(self._prompts(protocol, dataset), scale)

    def aggregate(self, dataset: str) -> dict[str, Any]:
        """The AggregationJob of one dataset."""
        return AggregationJob(dataset=dataset, scales=self._ranges(dataset)).model_dump(mode="json")

    def calibration(self, dataset: str) -> dict[str, Any]:
        """The CalibrationJob of one dataset."""
        study = self.loaded.study
        return CalibrationJob(
            dataset=dataset,
            scales=self._ranges(dataset),
            min_raters=study.distributions.min_raters,
            seed=study.seed,
            settings=study.calibration,
        ).model_dump(mode="json")

    def calibration_review(self) -> dict[str, Any]:
        """The CalibrationReviewJob of the study."""
        study = self.loaded.study
        return CalibrationReviewJob(
            datasets={name: self._ranges(name) for name in sorted(self.loaded.datasets)},
            min_raters=study.distributions.min_raters,
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            settings=study.calibration,
        ).model_dump(mode="json")

    def statistics(self) -> dict[str, Any]:
        """The StatisticsJob of the study."""
        study = self.loaded.study
        return StatisticsJob(
            scales={name: self._numbers(name) for name in sorted(self.loaded.datasets)},
            labels={name: self._labels(name) for name in sorted(self.loaded.datasets)},
            seed=study.seed,
            settings=study.statistics,
        ).model_dump(mode="json")

    def distributions(self) -> dict[str, Any]:
        """The DistributionJob of the study."""
        study = self.loaded.study
        return DistributionJob(
            scales={name: self._ranges(name) for name in sorted(self.loaded.datasets)},
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            settings=study.distributions,
        ).model_dump(mode="json")

    def expectations(self) -> dict[str, Any]:
        """The ExpectationJob of the study."""
        labels = {name: tuple(self._labels(name)) for name in self.labelled()}
        return ExpectationJob(labels=labels).model_dump(mode="json")

    def comparison(self) -> dict[str, Any]:
        """The ComparisonJob of the study."""
        study = self.loaded.study
        return ComparisonJob(
            datasets=self._compared(),
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            worst_items=study.statistics.worst_items,
        ).model_dump(mode="json")

    def structure(self) -> dict[str, Any]:
        """The StructureJob of the study."""
        study = self.loaded.study
        return StructureJob(
            datasets=self._compared(),
            seed=study.seed,
            permutations=study.statistics.permutations,
            structure_items=study.statistics.structure_items,
        ).model_dump(mode="json")

    def decomposition(self) -> dict[str, Any]:
        """The DecompositionJob of the study."""
        return DecompositionJob(
            protocols={
                entry.name: Asked(
                    temperature=entry.temperature,
                    prompts={
                        name: str(entry.prompt_set(name)) for name in sorted(self.loaded.datasets)
                    },
                )
                for entry in sorted(self.loaded.study.protocols, key=lambda one: one.name)
            }
        ).model_dump(mode="json")

    def labelled(self) -> list[str]:
        """The datasets that are rated on a scale of labels."""
        return [name for name in sorted(self.loaded.datasets) if self._labels(name)]

    def transparency(self) -> dict[str, Any]:
        """The TransparencyJob of the study."""
        study, card = self.loaded.study, self.loaded.embedding
        kept: dict[str, object] = {"title": "", "threads": 1}
        return TransparencyJob(
            datasets={
                name: LabelledDataset(
                    language=self.loaded.datasets[name].language, labels=self._labels(name)
                )
                for name in self.labelled()
            },
            lexicon=self.loaded.lexicon,
            embedding=card and card.model_copy(update=kept),
            settings=study.transparency.model_copy(update={"embedding": None, "seeds": None}),
            seed=study.seed,
        ).model_dump(mode="json")

    def gradient(self) -> dict[str, Any]:
        """The GradientJob of the study."""
        study = self.loaded.study
        return GradientJob(
            permutations=study.statistics.permutations,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            seed=study.seed,
        ).model_dump(mode="json")

    def transparency_tables(self, results: str) -> list[str]:
        """The tables of transparency; none in a study without scales of labels."""
        names = ("transparency", "transparency_gradient") if self.labelled() else ()
        return [f"{results}/statistics/{name}.csv" for name in names]

    def embedding_files(self) -> list[str]:
        """The weights of the embedding model, where Snakemake must see that they change: those
        without a checksum. None while the file is missing: the job itself then says so."""
        card = self.loaded.embedding
        if isinstance(card, GgufEmbedding) and card.weights.sha256 is None:
            with suppress(DataError):
                return [str(locate(card.weights))]
        return []

    def embedding_threads(self) -> int:
        """CPU threads that the embedding model of the study uses."""
        return self.loaded.embedding.threads if self.loaded.embedding else 1

    def train(self, baseline: str, seed: int) -> dict[str, Any]:
        """The TrainingJob of a baseline with one of its seeds."""
        card = self._trained()[baseline]
        return TrainingJob(
            data=self._baseline_data(baseline),
            weights=card.weights,
            revision=card.revision,
            max_tokens=card.max_tokens,
            training=card.training,
            seed=seed,
        ).model_dump(mode="json")

    def predict(self, baseline: str) -> dict[str, Any]:
        """The PredictionJob of a baseline."""
        card = self.loaded.baselines[baseline]
        published = None
        if isinstance(card, CheckpointBaseline):
            published = PublishedClassifier(
                weights=card.weights,
                revision=card.revision,
                seen=tuple(sorted(card.seen)),
                labels=dict(sorted(card.labels.items())),
                output=card.output,
            )
        return PredictionJob(
            baseline=baseline,
            data=self._baseline_data(baseline),
            max_tokens=card.max_tokens,
            published=published,
        ).model_dump(mode="json")

    def _baseline_data(self, baseline: str) -> BaselineData:
        card = self.loaded.baselines[baseline]
        dataset = self.loaded.datasets[card.dataset]
        return BaselineData(
            dataset=card.dataset,
            source=dataset.source.without_directions(),
            keep=dataset.keep,
            scale_name=card.scale,
            scale=dataset.scales[card.scale],
            splits=card.splits,
            evaluate=card.evaluate,
        )

    def seeds(self, baseline: str) -> list[int]:
        """The seeds a baseline is trained with; none of one that is published."""
        trained = self._trained()
        return sorted(trained[baseline].seeds) if baseline in trained else []

    def _trained(self) -> dict[str, FinetunedBaseline]:
        """The baselines that the study trains itself."""
        every = self.loaded.baselines.items()
        return {name: card for name, card in every if isinstance(card, FinetunedBaseline)}

    def training_records(self, results: str, *baselines: str) -> list[str]:
        """The records of all trainings of these baselines, or of those of the study."""
        return [
            f"{results}/baselines/{name}/seed-{seed}.training.json"
            for name in sorted(baselines or self.loaded.baselines)
            for seed in self.seeds(name)
        ]

    def baseline_tables(self, results: str) -> list[str]:
        """The table of baselines, where the study has some."""
        kinds = ("parquet", "csv") if self.loaded.baselines else ()
        return [f"{results}/statistics/trainings.{kind}" for kind in kinds]

    def leakage(self) -> dict[str, str]:
        """What published classifiers may have seen, by name."""
        every = sorted(self.loaded.baselines.items())
        return {name: card.leakage for name, card in every if isinstance(card, CheckpointBaseline)}

    def baseline_dataset(self, baseline: str) -> str:
        """The dataset that a baseline knows."""
        return self.loaded.baselines[baseline].dataset

    def held_out(self, baseline: str, results: str) -> list[str]:
        """The items of the study, where they are to be kept out of a training."""
        card = self.loaded.baselines[baseline]
        held_out = card.evaluate == "held_out"
        return [f"{results}/stimuli/{card.dataset}.parquet"] if held_out else []

    def baseline_mb(self, baseline: str, attempt: int) -> int:
        """Memory to reserve for a job of a baseline (MB), more after a failure."""
        return round(1000 * self.loaded.baselines[baseline].memory_gb) * attempt

    def weight_files(self, baseline: str) -> list[str]:
        """The files of weights in a folder, so that Snakemake sees when one changes."""
        folder = Path(self.loaded.baselines[baseline].weights)
        return sorted(str(path) for path in folder.glob("*") if path.is_file())

    def prediction_files(self, results: str) -> list[str]:
        """What the baselines of the study predict: a file for each."""
        return [
            f"{results}/baselines/{name}/{card.dataset}.parquet"
            for name, card in sorted(self.loaded.baselines.items())
        ]

    def precision(self) -> dict[str, Any]:
        """The PrecisionJob of the study."""
        study = self.loaded.study
        sampled = [one.participants for one in study.protocols if "sampled" in one.readouts]
        return PrecisionJob(
            datasets={name: self._ranges(name) for name in sorted(self.loaded.datasets)},
            participants=tuple(sorted(set(sampled))),
            exact=any("exact" in protocol.readouts for protocol in study.protocols),
            seed=study.seed,
            split_halves=study.statistics.split_halves,
            min_raters=study.distributions.min_raters,
            folds=study.distributions.folds,
            settings=study.precision,
        ).model_dump(mode="json")

    def figures(self) -> dict[str, PlannedFigure]:
        """The figures of the study, each by its path in the folder of figures."""
        return {one.path: one for one in planned_figures(self.reported().drawing())}

    def undrawn_figures(self) -> list[str]:
        """Why figures that the study names are not drawn."""
        job = self.reported().drawing()
        named = job.figures or ()
        return [f"{name}: {why}" for name, why in undrawn_figures(job).items() if name in named]

    def report(self) -> dict[str, Any]:
        """The ReportJob of the study."""
        return self.reported().model_dump(mode="json")

    def reported(self) -> ReportJob:
        """What the report is told of the study."""
        study = self.loaded.study
        return ReportJob(
            study=study.study,
            title=study.title,
            seed=study.seed,
            settings=study.statistics,
            distributions=study.distributions,
            calibration=study.calibration,
            models={
                name: ReportedModel(title=card.title, card=answering(card))
                for name, card in sorted(self.loaded.models.items())
            },
            datasets={
                name: ReportedDataset(
                    **dict(self._shown(name)),
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
            figures=None if study.figures is None else tuple(sorted(study.figures)),
            baselines={
                name: ReportedBaseline(
                    title=card.title,
                    dataset=card.dataset,
                    scale=card.scale,
                    evaluate=card.evaluate,
                    weights=card.weights,
                    revision=card.revision,
                    seeds=tuple(self.seeds(name)),
                    training=card.training if isinstance(card, FinetunedBaseline) else None,
                    leakage=card.leakage if isinstance(card, CheckpointBaseline) else None,
                )
                for name, card in sorted(self.loaded.baselines.items())
            },
        )

    def _shown(self, dataset: str) -> ShownDataset:
        """What figures and report are both told of a dataset."""
        card = self.loaded.datasets[dataset]
        return ShownDataset(
            title=card.title,
            modality=card.modality,
            show_items=card.redistribute,
            scales=self._numbers(dataset),
            labels=self._labels(dataset),
            frameworks=card.frameworks.within(self._numbers(dataset)),
        )

    def plan(self) -> list[dict[str, Any]]:
        """The RatingJob of every cell of the study."""
        return [
            self.rate(model, protocol.name, dataset, asked)
            for dataset in self.loaded.datasets
            for model in sorted(self.loaded.raters(dataset))
            for protocol in self.loaded.study.protocols
            for asked in self.asked(protocol.name, dataset)
        ]

    def rating_files(self, results: str, dataset: str, shards: str | Path) -> list[str]:
        """The rating files of one dataset, in an order that does not depend on the study file."""
        names = orjson.loads(Path(shards).read_bytes())
        return [
            f"{results}/ratings/{model}/{protocol}/{dataset}/{asked}/{shard}.parquet"
            for model in sorted(self.loaded.raters(dataset))
            for protocol in sorted(entry.name for entry in self.loaded.study.protocols)
            for asked in self.asked(protocol, dataset)
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

    def gpus(self, model: str) -> int:
        """How many GPUs a job computes on, so that a cluster gives it so many."""
        card = self.loaded.models[model]
        if isinstance(card, VllmModel):
            return card.tensor_parallel_size
        return int(isinstance(card, LlamaCppModel) and card.gpu_layers > 0)

    def memory_mb(self, model: str, attempt: int) -> int:
        """Memory to reserve for a rating job (MB): more for embedded weights and after a failure.

        Twice the size of the weights leaves room for what the model computes with them.
        """
        card = self.loaded.models[model]
        if isinstance(card, VllmModel):
            return round(1000 * card.memory_gb) * attempt
        weights = 0
        if isinstance(card, LlamaCppModel):
            with suppress(DataError):
                weights = locate(card.weights).stat().st_size // 10**6
        return (_JOB_MB + 2 * weights) * attempt

    def key_variables(self) -> set[str]:
        """Environment variables that hold the API keys of the study's models."""
        cards = [card for card in self.loaded.models.values() if isinstance(card, OpenAIModel)]
        return {card.api_key_env for card in cards if card.api_key_env is not None}

    def tables(self, dataset: str) -> list[str]:
        """Files of a dataset without a checksum, so that Snakemake sees when one changes.

        Those that are missing are not among them: the job itself then says how to get them.
        """
        found = []
        for file in self.loaded.datasets[dataset].files().values():
            if file.sha256 is None:
                with suppress(DataError):
                    found.append(str(locate(file)))
        return found

    def api_slots(self, model: str) -> int:
        """1 for a job that talks to a server elsewhere, so that a profile can limit them."""
        return int(isinstance(self.loaded.models[model], OpenAIModel))

    def forbidden(self, model: str, dataset: str) -> str | None:
        """Why a model may not be sent the items of a dataset; None where it may."""
        loaded = self.loaded
        allowed = dataset in loaded.study.allow_remote
        card = loaded.datasets[dataset]
        return why_forbidden(model, loaded.models[model], dataset, card, allowed)

    def all_forbidden(self) -> list[str]:
        """Every reason why items may not be sent, of the whole study."""
        pairs = [
            (model, dataset)
            for dataset in self.loaded.datasets
            for model in self.loaded.raters(dataset)
        ]
        return [why for pair in pairs if (why := self.forbidden(*pair)) is not None]

    def _ranges(self, dataset: str) -> dict[str, DatasetScale]:
        card = self.loaded.datasets[dataset]
        return {scale: card.scales[scale] for scale in sorted(self.loaded.scales(dataset))}

    def _numbers(self, dataset: str) -> dict[str, HumanScale]:
        scales = self._ranges(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, HumanScale)}

    def _labels(self, dataset: str) -> dict[str, LabelScale]:
        scales = self._ranges(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, LabelScale)}

    def _compared(self) -> dict[str, ComparedDataset]:
        return {
            name: ComparedDataset(
                modality=card.modality,
                scales={
                    scale: Range(min=found.min, max=found.max)
                    for scale, found in self._numbers(name).items()
                },
                frameworks=card.frameworks.within(self._numbers(name)),
            )
            for name, card in sorted(self.loaded.datasets.items())
        }

    def _prompts(self, protocol: str, dataset: str) -> PromptSet:
        return self.loaded.prompt_sets[str(self.loaded.protocol(protocol).prompt_set(dataset))]

    def _demonstrated(self, dataset: str) -> tuple[str, ...]:
        """Texts shown as demonstrations by any protocol: all of them are kept out of the sample,
        so that every protocol rates the same items."""
        shown = {
            demonstration.text
            for protocol in self.loaded.study.protocols
            for scale in self.loaded.scales(dataset)
            for demonstration in self._prompts(protocol.name, dataset).scales[scale].demonstrations
        }
        return tuple(sorted(shown))
