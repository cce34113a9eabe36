"""The analyses of a study: their jobs and rules, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from emoalign.analyses.base import (
    COMPLETIONS,
    PREDICTIONS,
    RATINGS,
    TRAININGS,
    AnalysedDataset,
    AnalysedStudy,
    Analysis,
    Computation,
    RaterGroups,
    ShownForm,
)
from emoalign.analyses.catalogue import ANALYSES, COMPUTATIONS, PAGE, settings_of_study
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.preregistration.analysis import PreregistrationJob
from emoalign.elicitation.forms import Form
from emoalign.planning.registered import preregistration_file, registered
from emoalign.planning.rules import Files, watched
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.dataset_cards import DatasetCard, GroupedSource
from emoalign.study.fields import Params, Range
from emoalign.study.scales import LabelScale

Together = Sequence[tuple[Computation, AnalysedStudy]]
"""Computations that share a rule, each with its part of the study."""


def analysed_study(loaded: LoadedStudy) -> AnalysedStudy:
    """A study as its analyses know it."""
    study = _analysed(loaded)
    if not Path(preregistration_file(loaded)).exists():
        return study
    return replace(study, registered=registered(loaded, study))


def _analysed(loaded: LoadedStudy) -> AnalysedStudy:
    """The same without what is preregistered, which is told by it."""
    baselines = sorted(loaded.baselines.items())
    return AnalysedStudy(
        seed=loaded.study.seed,
        datasets={
            name: AnalysedDataset(
                modality=card.modality,
                language=card.language,
                numbers=loaded.numbers(name),
                labels=loaded.labels(name),
                frameworks=card.frameworks.within(loaded.numbers(name)),
                baselines=tuple(label for label, baseline in baselines if baseline.dataset == name),
                recited=tuple(
                    each
                    for each in loaded.recitation_names()
                    if loaded.protocol(each).reaches(name)
                ),
                groups=_groups(card, loaded.numbers(name)),
                embedded=loaded.embedding is not None,
                forms=(forms := _forms(loaded, name)),
                specifications=_specifications(loaded, name, forms),
                participants=tuple(
                    (model, protocol)
                    for model, protocol in loaded.conditions(name)
                    if loaded.models[model].tells_participants(loaded.protocol(protocol))
                ),
                sessions=loaded.in_sessions(name),
                title=card.title,
                licence=card.licence,
                citation=card.citation,
                redistribute=card.redistribute,
            )
            for name, card in sorted(loaded.datasets.items())
        },
        protocols={name: loaded.protocol(name) for name in loaded.protocol_names()},
        settings=tuple(
            entry
            for key in settings_of_study()
            if (entry := getattr(loaded.study, key.key)) is not None
        ),
        leakage={name: card.leakage for name, card in baselines if card.leakage is not None},
        lexicon=loaded.lexicon,
        embedding=loaded.embedding,
        personas={
            protocol.name: loaded.personas[protocol.personas].personas[: protocol.participants]
            for protocol in loaded.study.protocols
            if protocol.personas is not None
        },
    )


Forms = Mapping[str, Mapping[str, tuple[ShownForm, ...]]]
"""The forms of a dataset by protocol and scale."""


def _forms(loaded: LoadedStudy, dataset: str) -> Forms:
    found: dict[str, dict[str, tuple[ShownForm, ...]]] = {}
    for protocol in loaded.protocol_names():
        for asked in loaded.asked(protocol, dataset):
            forms = loaded.forms(protocol, dataset, asked)
            if not forms:
                continue
            for scale in asked.split("+"):
                found.setdefault(protocol, {})[scale] = tuple(_shown(form, scale) for form in forms)
    return found


def _shown(form: Form, scale: str) -> ShownForm:
    shown = form.shown[scale]
    return ShownForm(
        name=str(form.name),
        reversed=form.template.wording[scale].reversed,
        shown=None if isinstance(shown, LabelScale) else Range(min=shown.min, max=shown.max),
        drawn=scale in form.drawn,
    )


def _specifications(loaded: LoadedStudy, dataset: str, forms: Forms) -> int:
    """The most ways of asking about a scale of numbers."""
    protocols = [loaded.protocol(name) for name in loaded.protocol_names()]
    ways = (
        sum(
            len(protocol.readouts) * max(1, len(forms.get(protocol.name, {}).get(scale, ())))
            for protocol in protocols
        )
        for scale in loaded.numbers(dataset)
    )
    return max(ways, default=0)


def _groups(card: DatasetCard, scales: Collection[str]) -> RaterGroups | None:
    grouped = GroupedSource.of(card, scales)
    if grouped is None:
        return None
    read_from = grouped.model_dump(mode="json", exclude_defaults=True)
    return RaterGroups(grouped.attributes, read_from, tuple(card.files().values()))


@dataclass(frozen=True)
class AnalysisRule:
    """A rule of the workflow that runs computations.

    Attributes:
        name: its name.
        docstring: what goes in and comes out.
        log, benchmark: their files, which have the wildcard {dataset} where others have it.
        inputs: the files it reads, without rating files and completions.
        reads_ratings, reads_completions: whether it reads these as well.
        outputs: the files it makes.
        threads: CPU threads it uses.
        local: whether it is too short for a cluster's queue.
        jobs: the jobs of its computations by function; a callable where the rule has a wildcard.
    """

    name: str
    docstring: str
    log: str
    benchmark: str
    inputs: list[str]
    reads_ratings: bool
    reads_completions: bool
    outputs: list[str]
    threads: int
    local: bool
    jobs: Params | Callable[[Any], Params]


@dataclass(frozen=True)
class Analyses:
    """The analyses of a study, with the files of its results."""

    loaded: LoadedStudy
    files: Files

    def rules(self) -> Iterator[AnalysisRule]:
        """The rules that make all tables of analyses, in the order of their names."""
        concerned = [
            (computation, part)
            for analysis, part in self._concerned()
            for computation in analysis.computes
        ]
        concerned.sort(key=lambda pair: pair[0].rule)
        for name, together in groupby(concerned, key=lambda pair: pair[0].rule):
            yield self._rule(name, list(together))

    def targets(self) -> dict[str, list[str]]:
        """The files that each analysis makes, by its name, which is that of a target."""
        return {
            analysis.name: self._outputs(
                [(computation, part) for computation in analysis.computes], False
            )
            for analysis, part in self._concerned()
            if analysis.computes and analysis.target
        }

    def registered(self) -> PreregistrationJob:
        """What can be preregistered of the study."""
        return PreregistrationJob.about(registered(self.loaded, _analysed(self.loaded)))

    def precision(self) -> PrecisionJob:
        """The widths of the intervals that the study will have."""
        return PrecisionJob.of(analysed_study(self.loaded))

    def sections(self) -> Params:
        """The sections of the report, by their modules, with the tables they read."""
        made = set(self._made())
        concerned = [analysis for analysis, _ in self._concerned()]
        places = [
            part.section if isinstance(part, Analysis) else part
            for part in PAGE
            if not isinstance(part, Analysis) or part in concerned
        ]
        return Params(
            {
                place.path: list(place.reads)
                for place in places
                if place and made >= set(place.reads)
            }
        )

    def _rule(self, name: str, together: Together) -> AnalysisRule:
        computations = [computation for computation, _ in together]
        per_dataset = computations[0].each == "dataset"
        place = f"{name}/{{dataset}}" if per_dataset else name

        def jobs(wildcards: Any) -> Params:
            return Params(
                {
                    computation.run: computation.job.of(part.each()[wildcards.dataset]).params()
                    for computation, part in together
                }
            )

        return AnalysisRule(
            name=name,
            docstring="\n".join(computation.does for computation in computations),
            log=f"{self.files.results}/logs/{place}.log",
            benchmark=f"{self.files.results}/benchmarks/{place}.tsv",
            inputs=self._inputs(together, per_dataset),
            reads_ratings=any(RATINGS in computation.reads for computation in computations),
            reads_completions=any(COMPLETIONS in computation.reads for computation in computations),
            outputs=self._outputs(together, per_dataset),
            threads=max(computation.threads(part) for computation, part in together),
            local=all(computation.local for computation in computations),
            jobs=jobs
            if per_dataset
            else Params(
                {
                    computation.run: computation.job.of(part).params()
                    for computation, part in together
                }
            ),
        )

    def _inputs(self, together: Together, wildcard: bool) -> list[str]:
        """The files that computations read but for ratings, each once, in their order."""
        made = set(self._made())
        makeable = {path for computation in COMPUTATIONS for path in computation.makes}
        inputs = []
        for computation, part in together:
            for path in computation.reads:
                if path == PREDICTIONS:
                    inputs += self.files.predictions()
                elif path == TRAININGS:
                    inputs += self.files.trainings()
                elif path in made or (path not in makeable and path not in (RATINGS, COMPLETIONS)):
                    inputs += self._files(path, part, wildcard)
            inputs += watched(computation.sources(part))
        return list(dict.fromkeys(inputs))

    def _outputs(self, together: Together, wildcard: bool) -> list[str]:
        """The files that computations make, with CSV beside tables of statistics."""
        return [
            file
            for computation, part in together
            for path in computation.makes
            for made in self._files(path, part, wildcard)
            for file in (
                [made, made.replace(".parquet", ".csv")]
                if path.startswith("statistics/")
                else [made]
            )
        ]

    def _files(self, path: str, part: AnalysedStudy, wildcard: bool) -> list[str]:
        """The files of a path: one, or one of each dataset."""
        file = f"{self.files.results}/{path}"
        if "<dataset>" not in path:
            return [file]
        names = ["{dataset}"] if wildcard else part.datasets
        return [file.replace("<dataset>", name) for name in names]

    def _concerned(self) -> Iterator[tuple[Analysis, AnalysedStudy]]:
        """The analyses that the study has, each with the part of it that it concerns."""
        study = analysed_study(self.loaded)
        for analysis in ANALYSES:
            part = analysis.part_of(study)
            if part is not None:
                yield analysis, part

    def _made(self) -> Iterator[str]:
        for analysis, _ in self._concerned():
            for computation in analysis.computes:
                yield from computation.makes
