"""Which model, or which protocol, correlates more highly with human means?"""

from __future__ import annotations

from emoalign.analyses.base import ITEMS, Analysis, ComparisonJob, Computation, statistics
from emoalign.report.contents import PageSection

ANALYSIS = Analysis(
    "contrasts",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; pairs of models and of protocols out.",
            run="emoalign.analyses.contrasts.contrast_pairs:compare_pairs",
            job=ComparisonJob,
            reads=(ITEMS,),
            makes=statistics("contrasts"),
        ),
    ),
    section=PageSection("emoalign.analyses.contrasts.section:SECTION", statistics("contrasts")),
)
