"""Do models choose labels as people do?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.scales import LabelScale


class LabelsJob(AnalysisJob):
    """Compare models with people, label by label: scales of labels by dataset."""

    version: int = 2
    labels: dict[str, dict[str, LabelScale]]

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of labels of a study."""
        return cls(labels=study.labels)


ANALYSIS = Analysis(
    "labels",
    computes=(
        Computation(
            rule="align",
            does="Item tables in; a row per label of each cell out.",
            run="emoalign.analyses.labels.rates:compare_labels",
            job=LabelsJob,
            reads=(ITEMS,),
            makes=statistics("labels"),
        ),
    ),
    section=PageSection("emoalign.analyses.labels.section:SECTION", statistics("labels")),
)
