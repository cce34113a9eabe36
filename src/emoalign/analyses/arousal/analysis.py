"""Where do arousal ratings go wrong?"""

from __future__ import annotations

from typing import Any

from emoalign.analyses.base import (
    ITEMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind, scales
from emoalign.report.contents import PageSection
from emoalign.study.settings import StatisticsSettings


class ArousalJob(ComparisonJob):
    """Compare arousal with human arousal, and list so many items of the largest residuals."""

    version: int = 7
    worst_items: int

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The number of items of each list."""
        return {"worst_items": study.set_by(StatisticsSettings).worst_items}


ANALYSIS = Analysis(
    "arousal",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; errors of arousal by condition, and the worst items, out.",
            run="emoalign.analyses.arousal.compare_arousal:compare_arousal",
            job=ArousalJob,
            reads=(ITEMS,),
            makes=statistics("arousal", "arousal_items", "residuals"),
        ),
    ),
    figures=(
        FigureKind(
            "v-shape",
            "dataset",
            draw="emoalign.analyses.arousal.figure:draw_v_shape",
            title="Arousal over valence: {dataset}",
            caption="{dataset}: mean arousal rating of each item over its mean valence rating, by "
            "people and by each model. r: correlation of arousal with the distance of valence "
            "from the middle of its scale, with its 95% bootstrap interval. Line: least-squares V, "
            "where one can be fitted.",
            alt="Arousal over valence of the items of {dataset}, for people and for each model.",
            reads=(ITEMS, *statistics("arousal")),
            needs=("statistics/arousal.parquet", ("v_human", "v_model")),
            lacks=scales("valence", "arousal"),
        ),
        FigureKind(
            "arousal-errors",
            "dataset",
            draw="emoalign.analyses.arousal.figure:draw_arousal_errors",
            title="Errors of arousal: {dataset}",
            caption="{dataset}, a row per condition. Left: model minus human arousal over human "
            "arousal; points below 0 at high arousal were rated too low. Right, where valence was "
            "rated too: residual of model arousal after regression on human arousal, over the "
            "extremity of human valence (its distance from the middle of the scale). Some of the "
            "items with the largest residuals are named, as far as the names do not overlap. r "
            "with its 95% bootstrap interval.",
            alt="Errors of arousal of the items of {dataset} over human arousal and over the "
            "extremity of human valence, for each condition; the items with the largest errors are "
            "in the table of residuals.",
            reads=(STIMULI, *statistics("arousal", "arousal_items", "residuals")),
            needs=("statistics/residuals.parquet", ("residual",)),
            lacks=scales("arousal"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.arousal.section:SECTION", statistics("arousal", "residuals")
    ),
)
