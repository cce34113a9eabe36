"""Do conclusions hold over all ways of asking?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    RATINGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind, several_ways
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, Range
from emoalign.study.protocols import Protocol, Thinking
from emoalign.study.sessions import SessionPlan
from emoalign.study.settings import StatisticsSettings

TABLES = ("specifications", "specification_curves", "specification_contrasts")


class Factors(Entry):
    """What a protocol varies, beside its forms and readouts."""

    temperature: float | None
    thinking: Thinking
    personas: str | None
    wave: int
    session: str | None = None

    @classmethod
    def of(cls, protocol: Protocol) -> Self:
        """The factors of a protocol."""
        return cls(
            temperature=protocol.temperature,
            thinking=protocol.thinking,
            personas=protocol.personas,
            wave=protocol.wave,
            session=None if protocol.session is None else _in_short(protocol.session),
        )


def _in_short(session: SessionPlan) -> str:
    """A session as a level of a factor: 50 items, history all."""
    return f"{session.items or 'all'} items, history {session.history}"


class SpecificationsJob(AnalysisJob):
    """Correlate models with people in every way of asking, and compare them over all."""

    scales: dict[str, dict[str, Range]]
    protocols: dict[str, Factors]
    seed: int
    bootstrap_resamples: int
    permutations: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers, and all protocols, of a study."""
        settings = study.set_by(StatisticsSettings)
        return cls(
            scales=study.ranges,
            protocols={name: Factors.of(protocol) for name, protocol in study.protocols.items()},
            seed=study.seed,
            bootstrap_resamples=settings.bootstrap_resamples,
            permutations=settings.permutations,
        )


ANALYSIS = Analysis(
    "specifications",
    computes=(
        Computation(
            rule="compare_forms",
            does="Ratings and item tables in; correlations in every way of asking, and models "
            "compared over all of them, out.",
            run="emoalign.analyses.specifications.curves:trace_curves",
            job=SpecificationsJob,
            reads=(RATINGS, ITEMS),
            makes=statistics(*TABLES),
        ),
    ),
    figures=(
        FigureKind(
            "specifications",
            "scale",
            draw="emoalign.analyses.specifications.figure:draw",
            title="Every way of asking: {dataset}, {scale}",
            caption="{dataset}, {scale}: correlation with human item means (Pearson r) in every "
            "way of asking, with 95% bootstrap intervals over items (BCa), sorted by the median "
            "over models. Squares below: what each way of asking consists of. Dashed and dotted, "
            "where they are known: the ceiling that the reliability of the human ratings sets, and "
            "the correlation of one person with the mean of the others, or of one rating per item "
            "with the mean of the item's other ratings.",
            alt="Correlations with people on {scale} of {dataset} in every way of asking, sorted; "
            "the numbers are in the table of specifications.",
            reads=statistics("specifications", "reliability"),
            needs=("statistics/specifications.parquet", ("r",)),
            lacks=several_ways,
        ),
    ),
    section=PageSection("emoalign.analyses.specifications.section:SECTION", statistics(*TABLES)),
    concerns=lambda dataset: dataset.specifications > 1,
)
