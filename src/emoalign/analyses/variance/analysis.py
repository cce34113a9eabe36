"""Where does the variance of sampled ratings come from?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    RATINGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.protocols import Asked


class DecompositionJob(AnalysisJob):
    """Split the variance of sampled ratings by its sources."""

    version: int = 2

    protocols: dict[str, Asked]

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All protocols of a study."""
        return cls(
            protocols={
                name: Asked(
                    temperature=protocol.temperature,
                    thinking=protocol.thinking,
                    prompts={
                        dataset: ", ".join(protocol.prompt_sets(dataset))
                        for dataset in study.datasets
                    },
                )
                for name, protocol in study.protocols.items()
            }
        )


ANALYSIS = Analysis(
    "variance",
    computes=(
        Computation(
            rule="decompose_variance",
            does="Ratings in; shares of variance due to items, prompts, temperatures, thinking "
            "and personas out.",
            run="emoalign.analyses.variance.decompose:decompose",
            job=DecompositionJob,
            reads=(RATINGS,),
            makes=statistics("variance"),
        ),
    ),
    section=PageSection("emoalign.analyses.variance.section:SECTION", statistics("variance")),
)
