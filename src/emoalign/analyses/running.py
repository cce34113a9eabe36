"""Running the computations of a rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import AnalysisJob
from emoalign.analyses.catalogue import COMPUTATIONS


class Run(Protocol):
    """What computes tables: the same files give the same tables, whatever their order."""

    def __call__(self, job: AnalysisJob, files: AnalysisFiles) -> None:
        """Read files, write tables."""


def analyse(jobs: Mapping[str, Any], folder: Path, inputs: Iterable[Path]) -> None:
    """Run the computations of a rule, which are named by their functions, each with its params."""
    files = AnalysisFiles(folder, frozenset(inputs))
    for computation in COMPUTATIONS:
        if computation.run in jobs:
            module, function = computation.run.split(":")
            run = cast(Run, getattr(import_module(module), function))
            run(computation.job.model_validate(jobs[computation.run]), files)
