"""Analyses of a study whose results before them are in a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from emoalign.analyses.base import (
    AnalysedDataset,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
)
from emoalign.analyses.catalogue import ANALYSES, PAGE, settings_of_study
from emoalign.analyses.files import AnalysisFiles
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, Modality
from emoalign.study.protocols import Protocol
from emoalign.study.scales import Frameworks, HumanScale, LabelScale

NO_FRAMEWORKS = Frameworks()


def analysed_dataset(
    numbers: Mapping[str, HumanScale],
    labels: Mapping[str, LabelScale] = {},
    frameworks: Frameworks = NO_FRAMEWORKS,
    modality: Modality = "word",
) -> AnalysedDataset:
    return AnalysedDataset(modality, "en", numbers, labels, frameworks)


def analysed_study(
    datasets: Mapping[str, AnalysedDataset],
    *settings: Entry,
    protocols: Mapping[str, Protocol] = {},
) -> AnalysedStudy:
    """A study with the seed 3, and settings at their defaults but for these."""
    others = [key.entry() for key in settings_of_study() if key.entry not in map(type, settings)]
    return AnalysedStudy(3, datasets, protocols, (*settings, *others), {})


def computation(run: str) -> Computation:
    """The computation whose function has this name."""
    (one,) = [
        one
        for analysis in ANALYSES
        for one in analysis.computes
        if one.run.rpartition(":")[2] == run
    ]
    return one


def run(job: AnalysisJob, function: str, folder: Path) -> None:
    """Run one computation on the files in `folder` that it says it reads."""
    of = computation(function)
    inputs = [path for path in AnalysisFiles.within(folder).inputs if _read(path, of, folder)]
    module, name = of.run.split(":")
    getattr(import_module(module), name)(job, AnalysisFiles(folder, inputs))


def analyse_all(study: AnalysedStudy, folder: Path, names: Collection[str] | None = None) -> None:
    """Run all analyses, or those of these names, those last that read what others make."""
    chosen = [one for one in ANALYSES if names is None or one.name in names]
    for analysis in sorted(chosen, key=lambda analysis: analysis.name == "expectations"):
        part = study.within(analysis.concerns)
        for one in analysis.computes if part.datasets else ():
            for each in part.each().values() if one.each == "dataset" else [part]:
                run(one.job.of(each), one.run.rpartition(":")[2], folder)


def analysis_jobs(study: AnalysedStudy) -> Iterator[AnalysisJob]:
    """The jobs of all analyses of a study, with that of the plan."""
    for analysis in ANALYSES:
        part = study.within(analysis.concerns)
        for one in analysis.computes if part.datasets else ():
            for each in part.each().values() if one.each == "dataset" else [part]:
                yield one.job.of(each)
    yield PrecisionJob.of(study)


def sections(folder: Path) -> list[PageSection]:
    """The sections of the page of a study, which has all tables they read."""
    places = [part.section if isinstance(part, Analysis) else part for part in PAGE]
    return [
        place for place in places if place and all((folder / path).exists() for path in place.reads)
    ]


def _read(path: Path, of: Computation, folder: Path) -> bool:
    """Whether a computation says that it reads a file."""
    file = str(path.relative_to(folder))
    for pattern in of.reads:
        opening, *rest = pattern.split("<")
        if file == pattern or ((rest or "/" not in pattern) and file.startswith(opening)):
            return True
    return False
