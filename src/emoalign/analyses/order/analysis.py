"""Do answers depend on what came before them?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    NORMS,
    RATINGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind, sessions
from emoalign.report.contents import PageSection
from emoalign.study.scales import HumanScale


class OrderJob(AnalysisJob):
    """Estimate effects of order in sessions: scales of numbers by dataset."""

    scales: dict[str, dict[str, HumanScale]]
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets that are rated in sessions."""
        return cls(
            scales=study.numbers,
            seed=study.seed,
        )


ANALYSIS = Analysis(
    "order",
    computes=(
        Computation(
            rule="compare_sessions",
            does="Ratings and norms in; effects of order in sessions out.",
            run="emoalign.analyses.order.effects:effects_of_order",
            job=OrderJob,
            reads=(RATINGS, NORMS),
            makes=statistics("order"),
        ),
    ),
    figures=(
        FigureKind(
            "order",
            "dataset",
            draw="emoalign.analyses.order.figure:draw",
            title="Effects of order: {dataset}",
            caption="{dataset}: effects of order on single ratings in sessions, with 95% intervals "
            "clustered by session. Carry-over: the change of an answer, in points, per point of "
            "the mean of the item before it; above 0, answers move towards that item "
            "(assimilation), below 0 away from it (contrast). Echo: the change per point that the "
            "answer before was above the mean of its item. Drift: the change in ten positions. "
            "History: the change per point of the mean of all earlier items.",
            alt="Carry-over, echo, drift and history of each condition of {dataset} with their "
            "intervals; the numbers are in the table of order.",
            reads=statistics("order"),
            needs=("statistics/order.parquet", ("carry_over", "echo", "drift", "history")),
            lacks=sessions,
        ),
    ),
    section=PageSection("emoalign.analyses.order.section:SECTION", statistics("order")),
    concerns=lambda dataset: bool(dataset.sessions and dataset.numbers),
)
