"""Do models' ratings of an item vary as much as people's? The numbers are in the alignment."""

from __future__ import annotations

from emoalign.analyses.base import ITEMS, Analysis, statistics
from emoalign.figures.kinds import FigureKind, spread
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "spread",
    figures=(
        FigureKind(
            "spread",
            "scale",
            draw="emoalign.analyses.spread.figure:draw",
            title="Spread of ratings: {dataset}, {scale}",
            caption="{dataset}, {scale}: the standard deviation (SD) of the ratings of each item "
            "(points), with quartiles (boxes) and root mean square (diamonds). Dashed: "
            "root mean square of people on the same items. Open points, where there are "
            "any, are SDs of fewer than five ratings: such SDs are too small on average "
            "(those of two ratings by 20%), and boxes leave them out. The root mean "
            "square has no such bias and includes them.",
            alt="Standard deviations of item ratings, people and models, for {dataset}, {scale}.",
            reads=(ITEMS, *statistics("alignment")),
            needs=("statistics/alignment.parquet", ("sd_human_rms",)),
            lacks=spread,
        ),
    ),
    section=PageSection("emoalign.analyses.spread.section:SECTION", statistics("alignment")),
)
