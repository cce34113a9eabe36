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
from emoalign.study.fields import Entry
from emoalign.study.protocols import Temperature, Thinking


class Varied(Entry):
    """What protocols may differ in beside their forms, which ratings tell by themselves."""

    temperature: Temperature
    thinking: Thinking = "provider"
    wave: int = 1


class DecompositionJob(AnalysisJob):
    """Split the variance of sampled ratings by its sources."""

    version: int = 4

    protocols: dict[str, Varied]

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All protocols of a study."""
        return cls(
            protocols={
                name: Varied(
                    temperature=protocol.temperature,
                    thinking=protocol.thinking,
                    wave=protocol.wave,
                )
                for name, protocol in study.protocols.items()
            }
        )


ANALYSIS = Analysis(
    "variance",
    computes=(
        Computation(
            rule="decompose_variance",
            does="Ratings in; shares of variance due to items, forms, temperatures, thinking, "
            "waves, personas and participants out.",
            run="emoalign.analyses.variance.decompose:decompose",
            job=DecompositionJob,
            reads=(RATINGS,),
            makes=statistics("variance"),
        ),
    ),
    section=PageSection("emoalign.analyses.variance.section:SECTION", statistics("variance")),
)
