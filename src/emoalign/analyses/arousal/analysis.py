"""Where is arousal wrong?"""

from __future__ import annotations

from typing import Self

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
    """Tell where arousal goes wrong, and name so many items of each cell where it does most."""

    version: int = 6
    worst_items: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        worst_items = study.set_by(StatisticsSettings).worst_items
        compared = ComparisonJob.of(study)
        return cls(
            datasets=compared.datasets,
            seed=compared.seed,
            bootstrap_resamples=compared.bootstrap_resamples,
            worst_items=worst_items,
        )


ANALYSIS = Analysis(
    "arousal",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; errors of arousal by cell, and the worst items, out.",
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
            caption="{dataset}: mean arousal of items over their mean valence, as rated by people "
            "and by each model. r is the correlation of arousal with the distance of valence "
            "from the middle of its scale, with its 95% bootstrap interval; the line, where it "
            "can be fitted, is the least-squares V.",
            alt="Arousal over valence of the items of {dataset}, for people and for each model.",
            reads=(ITEMS, *statistics("arousal")),
            needs=("statistics/arousal.parquet", ("v_human", "v_model")),
            lacks=scales("valence", "arousal"),
        ),
        FigureKind(
            "arousal-errors",
            "dataset",
            draw="emoalign.analyses.arousal.figure:draw_arousal_errors",
            title="Where arousal goes wrong: {dataset}",
            caption="{dataset}, for each cell, left: model minus human arousal over human "
            "arousal; below 0 at high arousal, it is rated too low. Right, where valence was rated "
            "too: what the line of model on human arousal leaves, over the extremity of human "
            "valence (the distance from the middle of its scale). Of the items with the largest "
            "residuals some are named, as far as names do not overlap. r with its 95% bootstrap "
            "interval.",
            alt="Errors of arousal of the items of {dataset} over human arousal and over the "
            "extremity of human valence, for each cell; the worst items are in the table of "
            "residuals.",
            reads=(STIMULI, *statistics("arousal", "arousal_items", "residuals")),
            needs=("statistics/residuals.parquet", ("residual",)),
            lacks=scales("arousal"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.arousal.section:SECTION", statistics("arousal", "residuals")
    ),
)
