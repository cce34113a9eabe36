"""Do simulated participants differ as much as people? Its numbers are columns of the alignment."""

from __future__ import annotations

from emoalign.analyses.base import Analysis, statistics
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "spread",
    section=PageSection("emoalign.analyses.spread.section", statistics("alignment")),
)
