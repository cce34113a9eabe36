"""Analyses of a study whose results before them are in a folder, without Snakemake."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib import import_module
from pathlib import Path

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import AnalysedStudy, Analysis, AnalysisJob, Computation
from emoalign.analyses.catalogue import ANALYSES, COMPUTATIONS, PAGE
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.report.contents import PageSection


def run(job: AnalysisJob, function: str, folder: Path) -> None:
    """Run the computation whose function has this name on the files in `folder` that it says it
    reads."""
    (computation,) = [one for one in COMPUTATIONS if one.run.rpartition(":")[2] == function]
    _run(job, computation, folder)


def analyse(study: AnalysedStudy, folder: Path, names: Collection[str] | None = None) -> None:
    """Run all analyses, or those of these names, those last that read what others make."""
    chosen = [one for one in ANALYSES if names is None or one.name in names]
    for analysis in sorted(chosen, key=lambda analysis: analysis.name == "expectations"):
        for computation, job in _jobs(analysis, study):
            _run(job, computation, folder)


def analysis_jobs(study: AnalysedStudy) -> Iterator[AnalysisJob]:
    """The jobs of all analyses of a study, with that of the plan."""
    for analysis in ANALYSES:
        for _, job in _jobs(analysis, study):
            yield job
    yield PrecisionJob.of(study)


def sections(folder: Path) -> list[PageSection]:
    """The sections of the page of a study, which has all tables they read."""
    places = [part.section if isinstance(part, Analysis) else part for part in PAGE]
    return [
        place for place in places if place and all((folder / path).exists() for path in place.reads)
    ]


def _jobs(analysis: Analysis, study: AnalysedStudy) -> Iterator[tuple[Computation, AnalysisJob]]:
    """The computations of an analysis, each with its job; none where it concerns no dataset."""
    concerned = analysis.part_of(study)
    for computation in () if concerned is None else analysis.computes:
        of_each = computation.each == "dataset"
        for part in concerned.each().values() if of_each else [concerned]:
            yield computation, computation.job.of(part)


def _run(job: AnalysisJob, computation: Computation, folder: Path) -> None:
    everything = AnalysisFiles.within(folder).inputs
    inputs = [path for path in everything if _read(path, computation, folder)]
    module, name = computation.run.split(":")
    getattr(import_module(module), name)(job, AnalysisFiles(folder, inputs))


def _read(path: Path, computation: Computation, folder: Path) -> bool:
    """Whether a computation says that it reads a file."""
    file = str(path.relative_to(folder))
    for pattern in computation.reads:
        opening, *rest = pattern.split("<")
        closing = pattern.rpartition(">")[2] if rest else ""
        among = (rest or "/" not in pattern) and file.startswith(opening)
        if file == pattern or (among and file.endswith(closing)):
            return True
    return False
