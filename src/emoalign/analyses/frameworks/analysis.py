"""Do models match people better on discrete emotions than on dimensions?"""

from __future__ import annotations

from emoalign.analyses.base import ITEMS, Analysis, ComparisonJob, Computation, statistics
from emoalign.figures.kinds import FigureKind, both_frameworks
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "frameworks",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; discrete emotions against dimensions out.",
            run="emoalign.analyses.frameworks.differences:compare_frameworks",
            job=ComparisonJob,
            reads=(ITEMS,),
            makes=statistics("framework"),
        ),
    ),
    figures=(
        FigureKind(
            "frameworks",
            "study",
            draw="emoalign.analyses.frameworks.figure:draw",
            title="Discrete emotions against dimensions",
            caption="Left: mean correlation with people over the dimensions (open) and over the "
            "discrete emotions (filled). Right: their difference with its 95% bootstrap "
            "interval over items; above 0, the model matches people better on discrete "
            "emotions.",
            alt="Mean correlations with people of each model on discrete emotions and on "
            "dimensions, and their difference; the numbers are in the table of frameworks.",
            reads=statistics("framework"),
            needs=("statistics/framework.parquet", ("r_emotions", "r_dimensions")),
            lacks=both_frameworks,
        ),
    ),
    section=PageSection("emoalign.analyses.frameworks.section:SECTION", statistics("framework")),
)
