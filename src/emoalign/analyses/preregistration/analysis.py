"""Is the study the one that was preregistered?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from emoalign.analyses.base import (
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Registered,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.fields import FileSource

TABLES = statistics("preregistration", "preregistration_answers")


class PreregistrationJob(AnalysisJob):
    """Compare what is preregistered with the study as it is now.

    `file` is the preregistration, `content` the study by parts, `unsaid` the keys of it that are at
    their defaults, `tables` those that its analyses make, and `recordings` the files of models with
    recorded ratings.
    """

    file: str
    content: dict[str, Any]
    unsaid: tuple[tuple[str, ...], ...]
    tables: tuple[str, ...]
    recordings: dict[str, tuple[FileSource, ...]]

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """The whole study. Raises ValueError where nothing is preregistered."""
        if study.registered is None:
            raise ValueError("nothing is preregistered")
        return cls.about(study.registered)

    @classmethod
    def about(cls, registered: Registered) -> Self:
        """What can be preregistered of a study."""
        return cls(
            file=registered.file,
            content=dict(registered.content),
            unsaid=registered.unsaid,
            tables=registered.tables,
            recordings={name: tuple(files) for name, files in registered.recordings.items()},
        )


def _files(study: AnalysedStudy) -> Sequence[FileSource]:
    """The preregistration, and the files of recorded ratings."""
    if study.registered is None:
        return ()
    recorded = [file for files in study.registered.recordings.values() for file in files]
    return [FileSource(file=study.registered.file), *recorded]


ANALYSIS = Analysis(
    "preregistration",
    computes=(
        Computation(
            rule="compare_with_preregistration",
            does="Preregistration and items in; each key of it then and now out.",
            run="emoalign.analyses.preregistration.compare:compare_with_frozen",
            job=PreregistrationJob,
            reads=(STIMULI,),
            makes=TABLES,
            sources=_files,
            local=True,
        ),
    ),
    section=PageSection("emoalign.analyses.preregistration.section:SECTION", TABLES),
    possible=lambda study: study.registered is not None,
    target=False,
)
