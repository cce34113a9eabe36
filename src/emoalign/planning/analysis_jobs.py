"""The jobs of the analyses of a study: what each is told."""

from __future__ import annotations

from dataclasses import dataclass

from emoalign.analyses.alignment.analysis import StatisticsJob
from emoalign.analyses.calibration.analysis import CalibrationJob, CalibrationReviewJob
from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.expectations.analysis import ExpectationJob
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.transparency.analysis import GradientJob, LabelledDataset, TransparencyJob
from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.items.item_jobs import ComparedDataset
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.study.fields import Range
from emoalign.study.protocols import Asked


@dataclass(frozen=True)
class AnalysisJobs:
    """The analyses of a study, each as the job of the rule that computes it."""

    loaded: LoadedStudy

    def precision(self) -> PrecisionJob:
        """The widths of the intervals that the study will have."""
        study = self.loaded.study
        sampled = [entry.participants for entry in study.protocols if "sampled" in entry.readouts]
        return PrecisionJob(
            datasets={name: self.loaded.asked_scales(name) for name in self._datasets()},
            participants=tuple(sorted(set(sampled))),
            exact=any("exact" in protocol.readouts for protocol in study.protocols),
            seed=study.seed,
            split_halves=study.statistics.split_halves,
            min_raters=study.distributions.min_raters,
            folds=study.distributions.folds,
            settings=study.precision,
        )

    def statistics(self) -> StatisticsJob:
        """Cells beside people, and the readouts of a cell beside each other."""
        study = self.loaded.study
        return StatisticsJob(
            scales={name: self.loaded.numbers(name) for name in self._datasets()},
            labels={name: self.loaded.labels(name) for name in self._datasets()},
            seed=study.seed,
            settings=study.statistics,
        )

    def comparison(self) -> ComparisonJob:
        """Models, protocols, scales and frameworks beside each other."""
        study = self.loaded.study
        return ComparisonJob(
            datasets=self._compared(),
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            worst_items=study.statistics.worst_items,
        )

    def structure(self) -> StructureJob:
        """The spaces of people and of models beside each other."""
        study = self.loaded.study
        return StructureJob(
            datasets=self._compared(),
            seed=study.seed,
            permutations=study.statistics.permutations,
            structure_items=study.statistics.structure_items,
        )

    def _compared(self) -> dict[str, ComparedDataset]:
        return {
            name: ComparedDataset(
                modality=card.modality,
                scales={
                    scale: Range(min=rated.min, max=rated.max)
                    for scale, rated in self.loaded.numbers(name).items()
                },
                frameworks=card.frameworks.within(self.loaded.numbers(name)),
            )
            for name, card in sorted(self.loaded.datasets.items())
        }

    def decomposition(self) -> DecompositionJob:
        """The variance of ratings by where it comes from."""
        protocols = {}
        for name in self.loaded.protocol_names():
            entry = self.loaded.protocol(name)
            prompts = {dataset: str(entry.prompt_set(dataset)) for dataset in self._datasets()}
            protocols[name] = Asked(temperature=entry.temperature, prompts=prompts)
        return DecompositionJob(protocols=protocols)

    def distributions(self) -> DistributionJob:
        """Distributions of answers beside those of people."""
        study = self.loaded.study
        return DistributionJob(
            scales={name: self.loaded.asked_scales(name) for name in self._datasets()},
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            settings=study.distributions,
        )

    def expectations(self) -> ExpectationJob:
        """What was found about distributions beside what was expected."""
        labels = {name: tuple(self.loaded.labels(name)) for name in self.loaded.labelled()}
        return ExpectationJob(labels=labels)

    def calibration(self, dataset: str) -> CalibrationJob:
        """The calibrators of one dataset."""
        study = self.loaded.study
        return CalibrationJob(
            dataset=dataset,
            scales=self.loaded.asked_scales(dataset),
            min_raters=study.distributions.min_raters,
            seed=study.seed,
            settings=study.calibration,
        )

    def calibration_review(self) -> CalibrationReviewJob:
        """What calibration gained."""
        study = self.loaded.study
        return CalibrationReviewJob(
            datasets={name: self.loaded.asked_scales(name) for name in self._datasets()},
            min_raters=study.distributions.min_raters,
            seed=study.seed,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            settings=study.calibration,
        )

    def transparency(self) -> TransparencyJob:
        """How outright texts say what people see in them."""
        study, card = self.loaded.study, self.loaded.embedding
        kept: dict[str, object] = {"title": "", "threads": 1}
        return TransparencyJob(
            datasets={
                name: LabelledDataset(
                    language=self.loaded.datasets[name].language, labels=self.loaded.labels(name)
                )
                for name in self.loaded.labelled()
            },
            lexicon=self.loaded.lexicon,
            embedding=card and card.model_copy(update=kept),
            settings=study.transparency.model_copy(update={"embedding": None, "seeds": None}),
            seed=study.seed,
        )

    def gradient(self) -> GradientJob:
        """Whether models follow people better where texts are outright."""
        study = self.loaded.study
        return GradientJob(
            permutations=study.statistics.permutations,
            bootstrap_resamples=study.statistics.bootstrap_resamples,
            seed=study.seed,
        )

    def _datasets(self) -> list[str]:
        return sorted(self.loaded.datasets)
