"""Are the correlations robust?"""

from __future__ import annotations

from typing import Any

from emoalign.analyses.base import (
    ITEMS,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind
from emoalign.report.contents import PageSection
from emoalign.study.settings import StatisticsSettings

HALF = 0.5
"""The least probability on the scale with which an exact mean is one of likely answers."""


class RobustnessJob(ComparisonJob):
    """Compute correlations on other items, among them those with `min_answers` or more answers."""

    version: int = 4
    min_answers: int = 2

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The fewest answers of an item."""
        return {"min_answers": study.set_by(StatisticsSettings).min_answers}


ANALYSIS = Analysis(
    "robustness",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; the correlation of each condition on parts of its items out.",
            run="emoalign.analyses.robustness.checks:check_robustness",
            job=RobustnessJob,
            reads=(ITEMS,),
            makes=statistics("robustness"),
        ),
    ),
    figures=(
        FigureKind(
            "robustness",
            "dataset",
            draw="emoalign.analyses.robustness.figure:draw",
            title="Correlations on parts of the items: {dataset}",
            caption="{dataset}: correlation with human item means (Pearson r), with 95% bootstrap "
            "intervals (BCa), within thirds of the items by valence (by the scale itself "
            "where people did not rate valence), on either side of the middle of valence "
            "(negative and positive), and over other items or weights, as the legend names them. "
            "Enough answers: items with the fewest answers that the study requires, or more. "
            "Weighted: by their number of answers. Answers on the scale: items for which at least "
            "half of the probability is on the scale. Shared: items rated in all conditions "
            "(models and protocols). Pooled: within all parts together. Black line: r over all "
            "items. A grey band, where there is one, is where r could be if items without a "
            "rating had one; it is not a confidence interval. What cannot be computed is left "
            "out.",
            alt="Correlations of each condition of {dataset} on parts of its items beside that "
            "over all; the numbers are in the table of robustness.",
            reads=statistics("robustness"),
            needs=("statistics/robustness.parquet", ("r",)),
        ),
    ),
    section=PageSection("emoalign.analyses.robustness.section:SECTION", statistics("robustness")),
)
