"""The jobs of a study up to its items: what each rule is told."""

from __future__ import annotations

from dataclasses import dataclass

from emoalign.baselines.baseline_cards import BaselineData, PredictionJob, TrainingJob, trained
from emoalign.elicitation.rating import RatingJob
from emoalign.items.item_jobs import AggregationJob
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.stimuli.dataset_cards import PreparationJob


@dataclass(frozen=True)
class Jobs:
    """The stimuli, ratings, items and baselines of a study, each as the job of its rule."""

    loaded: LoadedStudy

    def prepare(self, dataset: str) -> PreparationJob:
        """The preparation of one dataset."""
        card = self.loaded.datasets[dataset]
        study, entry = self.loaded.study, self.loaded.dataset_entry(dataset)
        return PreparationJob(
            dataset=dataset,
            modality=card.modality,
            source=card.source.without_directions(),
            images=card.images,
            keep=card.keep,
            scales=self.loaded.asked_scales(dataset),
            sample=entry.sample,
            strata=entry.strata,
            min_raters=entry.min_raters,
            seed=study.seed,
            excluded_texts=self._demonstrated(dataset),
            shard_items=study.shard_items,
        )

    def _demonstrated(self, dataset: str) -> tuple[str, ...]:
        """Texts shown as demonstrations by any protocol: all of them are kept out of the sample,
        so that every protocol rates the same items."""
        shown = {
            demonstration.text
            for protocol in self.loaded.study.protocols
            for prompts in [self.loaded.prompt_set(protocol.name, dataset)]
            for scale in self.loaded.scales(dataset)
            for demonstration in prompts.scales[scale].demonstrations
        }
        return tuple(sorted(shown))

    def rate(self, model: str, protocol: str, dataset: str, asked: str) -> RatingJob:
        """The ratings of one cell, or of those that are asked about jointly."""
        entry = self.loaded.protocol(protocol)
        scales = self.loaded.datasets[dataset].scales
        prompts = self.loaded.question_template(protocol, dataset, asked.split("+")[0])
        chosen: dict[str, object] = {"prompts": entry.prompt_set(dataset), "prompts_for": {}}
        return RatingJob(
            model=model,
            card=self.loaded.models[model].answering(),
            protocol=entry.model_copy(update=chosen),
            prompts=prompts,
            personas=self.loaded.participants(entry),
            dataset=dataset,
            scales={scale: scales[scale] for scale in prompts.wording},
        )

    def rate_together(self, model: str, protocol: str, dataset: str) -> list[RatingJob]:
        """The ratings of all that a protocol asks a model about a dataset."""
        return [
            self.rate(model, protocol, dataset, asked)
            for asked in self.loaded.asked(protocol, dataset)
        ]

    def plan(self) -> list[RatingJob]:
        """The ratings of the whole study."""
        return [
            job
            for dataset in self.loaded.datasets
            for model in sorted(self.loaded.raters(dataset))
            for protocol in self.loaded.study.protocols
            for job in self.rate_together(model, protocol.name, dataset)
        ]

    def aggregate(self, dataset: str) -> AggregationJob:
        """The item table of one dataset."""
        return AggregationJob(dataset=dataset, scales=self.loaded.asked_scales(dataset))

    def train(self, baseline: str, seed: int) -> TrainingJob:
        """The training of a baseline with one of its seeds."""
        card = trained(self.loaded.baselines)[baseline]
        return TrainingJob(
            data=self._baseline_data(baseline),
            weights=card.weights,
            revision=card.revision,
            max_tokens=card.max_tokens,
            training=card.training,
            seed=seed,
        )

    def predict(self, baseline: str) -> PredictionJob:
        """The predictions of a baseline."""
        card = self.loaded.baselines[baseline]
        return PredictionJob(
            baseline=baseline,
            data=self._baseline_data(baseline),
            max_tokens=card.max_tokens,
            published=card.published,
        )

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
