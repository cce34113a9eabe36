"""Are single emotions met better than dimensions?"""

from __future__ import annotations

from emoalign.analyses.base import ITEMS, Analysis, ComparisonJob, Computation, statistics
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "frameworks",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; single emotions against dimensions out.",
            run="emoalign.analyses.frameworks.differences:compare_frameworks",
            job=ComparisonJob,
            reads=(ITEMS,),
            makes=statistics("framework"),
        ),
    ),
    section=PageSection("emoalign.analyses.frameworks.section", statistics("framework")),
)
