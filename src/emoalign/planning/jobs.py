"""The jobs of a study: the parameters of each rule up to its items, its report and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emoalign.analyses.catalogue import (
    FIGURES,
    REPORT_JOB,
    settings_of_report,
    settings_of_study,
)
from emoalign.baselines.baseline_cards import (
    BaselineData,
    DrawnTexts,
    PredictionJob,
    TrainingJob,
    trained,
    without_directions,
)
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob
from emoalign.figures.planned import FigureSet, figure_sets, undrawn_figures
from emoalign.items.item_jobs import AggregationJob
from emoalign.planning.rules import rule_names
from emoalign.planning.studies import LoadedStudy
from emoalign.report.report_job import (
    Followed,
    ReportedBaseline,
    ReportedDataset,
    ReportedModel,
    ReportJob,
)
from emoalign.stimuli.dataset_cards import GroupedSource, PreparationJob
from emoalign.study.protocol_cards import Precedent
from emoalign.study.protocols import Asking, Protocol
from emoalign.study.settings import DistributionSettings


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
            restricted=not card.redistribute,
            modality=card.modality,
            source=card.source.for_norms(),
            images=card.images,
            keep=card.keep,
            scales=self.loaded.asked_scales(dataset),
            sample=entry.sample,
            strata=entry.strata,
            min_raters=entry.min_raters,
            seed=study.seed,
            excluded_texts=self._demonstrated(dataset),
            shard_items=study.shard_items,
            shown=card.modality != "image" or bool(self.loaded.asked_raters(dataset)),
            rated=(rated := self._rated(dataset)),
            protocols=tuple(self.loaded.protocol_names()) if rated else (),
            unrated=self.loaded.estimates is not None and bool(self.loaded.numbers(dataset)),
        )

    def _rated(self, dataset: str) -> dict[str, dict[str, Any]]:
        """The cards of recorded ratings whose items alone are used (items: rated)."""
        if self.loaded.dataset_entry(dataset).items == "all":
            return {}
        return {
            name: {**card.answering(), "title": name}
            for name in sorted(self.loaded.raters(dataset))
            if not (card := self.loaded.models[name]).asked
        }

    def _demonstrated(self, dataset: str) -> tuple[str, ...]:
        """Texts that any protocol shows as demonstrations or practice, to be kept out of the
        sample, so that every protocol rates the same items. None where all ratings are recorded."""
        if not self.loaded.asked_raters(dataset):
            return ()
        shown = {
            text
            for protocol in self.loaded.study.protocols
            if not protocol.recites
            for name in protocol.prompt_sets(dataset)
            for prompts in [self.loaded.prompt_sets[name]]
            for scale in self.loaded.scales(dataset)
            for wording in [prompts.scales[scale]]
            for text in (*(each.text for each in wording.demonstrations), *wording.practice)
        }
        return tuple(sorted(shown))

    def rate(self, model: str, protocol: str, dataset: str, asked: str) -> RatingJob:
        """The ratings of one cell, or of the scales that share a request."""
        entry = self.loaded.protocol(protocol)
        scales = self.loaded.datasets[dataset].scales
        prompts = self.loaded.question_template(protocol, dataset, asked.split("+")[0])
        templates = self.loaded.question_templates(protocol, dataset, asked.split("+")[0])
        shows = entry.recites and self.loaded.models[model].asked
        recited = self.loaded.recited(dataset, asked) if shows else None
        names = entry.prompt_sets(dataset)
        chosen: dict[str, object] = {"prompts": names or None, "prompts_for": {}}
        return RatingJob(
            model=model,
            card=self.loaded.models[model].answering(),
            protocol=entry.model_copy(update=chosen),
            thoughts=self.loaded.models[model].thoughts(entry.thinking),
            digits=self.loaded.models[model].reply_digits(entry.readouts),
            prompts=prompts,
            further={name: templates[name] for name in names[1:]},
            personas=self.loaded.participants(entry),
            dataset=dataset,
            scales={scale: scales[scale] for scale in prompts.wording},
            recited=recited,
            dealt_by=None if entry.session is None else self.loaded.study.seed,
        )

    def rate_together(self, model: str, protocol: str, dataset: str) -> list[RatingJob]:
        """The ratings on all scales of a dataset by a model under a protocol."""
        return [
            self.rate(model, protocol, dataset, asked)
            for asked in self.loaded.asked_of(model, protocol, dataset)
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
        return AggregationJob(
            dataset=dataset,
            scales=self.loaded.asked_scales(dataset),
            other_points=self._other_points(dataset),
        )

    def _other_points(self, dataset: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """The forms that show other points than those of the card, by scale and protocol."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for protocol in self.loaded.protocol_names():
            for asked in self.loaded.asked(protocol, dataset):
                forms = self.loaded.forms(protocol, dataset, asked)
                for scale in asked.split("+"):
                    names = tuple(str(form.name) for form in forms if form.other_points(scale))
                    if names:
                        found.setdefault(scale, {})[protocol] = names
        return found

    def train(self, baseline: str, seed: int) -> TrainingJob:
        """The training of a baseline with one of its seeds."""
        card = trained(self.loaded.baselines)[baseline]
        return TrainingJob(
            data=self._baseline_data(baseline),
            weights=without_directions(card.weights),
            revision=card.revision,
            pooling=card.pooling,
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
            restricted=not dataset.redistribute,
            source=dataset.source.for_norms(),
            keep=dataset.keep,
            scale_name=card.scale,
            scale=dataset.scales[card.scale],
            splits=card.splits,
            evaluate=card.evaluate,
            drawn=None
            if card.max_texts is None
            else DrawnTexts(most=card.max_texts, seed=self.loaded.study.seed),
        )


def _model(card: ModelCard, protocols: Iterable[Protocol]) -> ReportedModel:
    """What the report is told of a model."""
    thoughts = {each.name: card.thoughts(each.thinking).tokens for each in protocols}
    return ReportedModel(
        title=card.title,
        card=card.answering(),
        sent=card.sent,
        thoughts={name: tokens for name, tokens in thoughts.items() if tokens},
    )


def reported(loaded: LoadedStudy) -> ReportJob:
    """The job of report and manifest: the whole study, all in the order in which it names them."""
    study = loaded.study
    protocols = {each.name: each for each in study.protocols if not each.recites}
    return REPORT_JOB(
        study=study.study,
        title=study.title,
        seed=study.seed,
        **{
            key.key: settings
            for key in settings_of_report()
            if (settings := getattr(study, key.key)) is not None
        },
        models={name: _model(loaded.models[name], protocols.values()) for name in study.models},
        datasets={entry.dataset: _dataset(loaded, entry.dataset) for entry in study.datasets},
        protocols=protocols,
        recitations={each.name: each for each in study.protocols if each.recites},
        followed=dict(_followed(loaded)),
        prompts=dict(sorted(loaded.prompt_sets.items())),
        personas={
            name: loaded.participants(protocol)
            for name, protocol in protocols.items()
            if protocol.personas
        },
        figures=None if study.figures is None else tuple(sorted(study.figures)),
        baselines={
            name: ReportedBaseline(
                title=card.title,
                dataset=card.dataset,
                scale=card.scale,
                evaluate=card.evaluate,
                weights=card.named_weights,
                revision=card.revision,
                pooling=card.pooling,
                max_texts=card.max_texts,
                seeds=tuple(sorted(card.seeds)),
                training=card.training,
                leakage=card.leakage,
            )
            for name, card in sorted(loaded.baselines.items())
        },
        embedding=None if loaded.embedding is None else loaded.embedding.title,
    )


def _followed(loaded: LoadedStudy) -> Iterator[tuple[str, Followed]]:
    """The protocols that are like one with a file of its own, and what the report tells of it."""
    for protocol in loaded.study.protocols:
        card = loaded.followed.get(protocol.like or "")
        if protocol.like is None or card is None:
            continue
        told = {key: getattr(card, key) for key in Precedent.model_fields}
        changed = tuple(
            key
            for key in Asking.model_fields
            if key != "prompts_for" and _asks(loaded, protocol, key) != _asks(loaded, card, key)
        )
        yield protocol.name, Followed(like=protocol.like, changed=changed, **told)


def _asks(loaded: LoadedStudy, asking: Asking, key: str) -> object:
    """What a protocol says under a key; for the prompts, about the datasets of the study."""
    if key != "prompts":
        return getattr(asking, key)
    return [asking.prompt_sets(dataset) for dataset in loaded.datasets]


def _dataset(loaded: LoadedStudy, name: str) -> ReportedDataset:
    card, numbers, labels = loaded.datasets[name], loaded.numbers(name), loaded.labels(name)
    scales = loaded.scales(name)
    [compared] = (
        getattr(loaded.study, key.key)
        for key in settings_of_study()
        if key.entry is DistributionSettings
    )
    return ReportedDataset(
        title=card.title,
        modality=card.modality,
        show_items=card.redistribute,
        scales={scale: numbers[scale] for scale in scales if scale in numbers},
        labels={scale: labels[scale] for scale in scales if scale in labels},
        frameworks=card.frameworks.within(numbers),
        human={scale: card.source.detail(scale, compared.min_raters) for scale in scales},
        groups=GroupedSource.of(card, numbers) is not None,
        sessions=bool(loaded.in_sessions(name)),
        estimated=loaded.estimates is not None,
        keep=card.keep,
        sample=loaded.dataset_entry(name).sample,
        rated_only=loaded.dataset_entry(name).items == "rated",
        licence=card.licence,
        citation=card.citation,
        caveats=card.caveats,
    )


def figures(loaded: LoadedStudy) -> dict[str, FigureSet]:
    """The figures of a study by the name of the rule that draws them."""
    sets = figure_sets(FIGURES, reported(loaded).drawing())
    names = rule_names(
        "draw_figures" if drawn.dataset is None else f"draw_figures_{drawn.dataset}"
        for drawn in sets
    )
    return dict(zip(names, sets, strict=True))


def undrawn(loaded: LoadedStudy) -> list[str]:
    """The figures that the study names but cannot have, each with the reason."""
    job = reported(loaded).drawing()
    named = job.figures or ()
    return [
        f"{name}: {why}" for name, why in undrawn_figures(FIGURES, job).items() if name in named
    ]
