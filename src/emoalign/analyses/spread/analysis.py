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
            caption="{dataset}, {scale}: the standard deviation of the ratings of each item "
            "(points), with quartiles (boxes) and root mean square (diamonds). Dashed: root mean "
            "square of people on the same items. Single standard deviations, and so the "
            "quartiles, are too small where an item has few ratings; the root mean square is not.",
            alt="Standard deviations of item ratings, people and models, for {dataset}, {scale}.",
            reads=(ITEMS,),
            needs=("statistics/alignment.parquet", ("sd_human_rms",)),
        ),
    ),
    section=PageSection("emoalign.analyses.spread.section:SECTION", statistics("alignment")),
)
