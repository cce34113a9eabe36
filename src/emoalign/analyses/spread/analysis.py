"""Do models' ratings of an item vary as much as people's? The numbers are in the alignment."""

from __future__ import annotations

from emoalign.analyses.base import ITEMS, Analysis, statistics
from emoalign.figures.kinds import FigureKind
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "spread",
    figures=(
        FigureKind(
            "spread",
            "scale",
            draw="emoalign.analyses.spread.figure:draw",
            title="Spread of ratings: {dataset}, {scale}",
            caption="{dataset}, {scale}: standard deviation (SD) of the ratings of each item "
            "(points), with quartiles (boxes) and root mean square (diamonds). Dashed line: root "
            "mean square of the human SDs on the same items. SDs of few ratings, and so the "
            "quartiles, are biased downwards; the root mean square is not.",
            alt="Standard deviations of item ratings by people and models, {dataset}, {scale}.",
            reads=(ITEMS,),
            needs=("statistics/alignment.parquet", ("sd_human_rms",)),
        ),
    ),
    section=PageSection("emoalign.analyses.spread.section:SECTION", statistics("alignment")),
)
