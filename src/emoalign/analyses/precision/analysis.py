"""How wide will the intervals of a study be? The target plan says so before anything is spent."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator

from emoalign.analyses.base import AnalysedStudy, Analysis, AnalysisJob, Settings
from emoalign.study.fields import Entry
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import DistributionSettings


class PrecisionSettings(Entry):
    """Assumptions of the target plan about precision."""

    expected_r: tuple[float, ...] = Field(
        (0.3, 0.5, 0.7, 0.9),
        min_length=1,
        description="Error-free correlations to assume, from 0 to below 1.",
    )
    half_widths: tuple[float, ...] = Field(
        (0.1, 0.05, 0.025),
        min_length=1,
        description="Half-widths of 95% intervals to plan for, between 0 and 1.",
    )
    sd_ratio: float = Field(
        1.0,
        ge=0,
        description="SD of a model's answers to an item over people's; usually below 1.",
    )

    @field_validator("expected_r")
    @classmethod
    def _correlations(cls, expected: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= r < 1 for r in expected):
            raise ValueError("each must be 0 or more, and below 1")
        return tuple(sorted(set(expected)))

    @field_validator("half_widths")
    @classmethod
    def _widths(cls, widths: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < width < 1 for width in widths):
            raise ValueError("each must be above 0 and below 1")
        return tuple(sorted(set(widths), reverse=True))


class PrecisionJob(AnalysisJob):
    """Plan how wide the intervals of the study will be, and what makes them narrower.

    `participants` are the numbers of sampled answers per item of the protocols, ascending; `exact`,
    `decision` and `stated` say whether a protocol has that readout. `min_raters` and `folds` are
    those of the comparison of distributions.
    """

    version: int = 4
    datasets: dict[str, dict[str, DatasetScale]]
    participants: tuple[int, ...]
    exact: bool
    decision: bool = False
    stated: bool = False
    seed: int
    min_raters: int
    folds: int
    settings: PrecisionSettings

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets and protocols of a study."""
        protocols, distributions = study.protocols.values(), study.set_by(DistributionSettings)
        sampled = {
            entry.participants
            for entry in protocols
            if "sampled" in entry.readouts and entry.participants is not None
        }
        return cls(
            datasets=study.scales,
            participants=tuple(sorted(sampled)),
            exact=any("exact" in protocol.readouts for protocol in protocols),
            decision=any("decision" in protocol.readouts for protocol in protocols),
            stated=any(protocol.states for protocol in protocols),
            seed=study.seed,
            min_raters=distributions.min_raters,
            folds=distributions.folds,
            settings=study.set_by(PrecisionSettings),
        )


ANALYSIS = Analysis(
    "precision",
    settings=Settings(
        "precision",
        PrecisionSettings,
        "Assumptions of the target plan.",
    ),
)
