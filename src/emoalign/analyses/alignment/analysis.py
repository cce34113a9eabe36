"""Agreement of models' mean ratings with human means, and of people with each other."""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind, differing
from emoalign.report.contents import PageSection
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings


class AlignmentJob(AnalysisJob):
    """Compare models with people, cell by cell: scales of numbers by dataset."""

    version: int = 8
    scales: dict[str, dict[str, HumanScale]]
    seed: int
    bootstrap_resamples: int
    split_halves: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        settings = study.set_by(StatisticsSettings)
        return cls(
            scales={name: dict(dataset.numbers) for name, dataset in study.datasets.items()},
            seed=study.seed,
            bootstrap_resamples=settings.bootstrap_resamples,
            split_halves=settings.split_halves,
        )


def _over(varied: str) -> str:
    """The caption of curves over a property in which protocols differ."""
    return (
        "{dataset}: correlation of mean ratings with human means (above) and standard deviation of "
        "the ratings of an item, as a root mean square over items relative to that of people "
        f"(below), by {varied}. Intervals: 95% bootstrap intervals over items (BCa). Dashed lines: "
        "the highest ceiling of these conditions (above) and a spread equal to that of people "
        "(below)."
    )


ANALYSIS = Analysis(
    "alignment",
    computes=(
        Computation(
            rule="align",
            does="Item tables and norms in; a row per condition, and per scale of people, out.",
            run="emoalign.analyses.alignment.aligned_cells:align",
            job=AlignmentJob,
            reads=(ITEMS, NORMS),
            makes=statistics("reliability", "alignment"),
        ),
    ),
    figures=(
        FigureKind(
            "correlations",
            "study",
            draw="emoalign.analyses.alignment.figure:draw_correlations",
            title="Correlation with human means",
            caption="Pearson correlation between the model's and the human item means, with 95% "
            "bootstrap intervals over items (BCa). Where known, two references are shown: the "
            "ceiling, the highest r to expect given the reliability of the human ratings, and the "
            "average correlation of a single rater with the mean of the other raters (or of a "
            "single rating per item with the mean of the item's other ratings).",
            alt="Correlation of each condition with human means, with interval, ceiling and single "
            "rater or single rating; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r",)),
        ),
        FigureKind(
            "heatmap",
            "study",
            draw="emoalign.analyses.alignment.figure:draw_heatmap",
            title="Correlation with human means at a glance",
            caption="Pearson correlation between the model's and the human item means, with a "
            "column per model and a row per scale. Where known, the first columns show references "
            "over all items that people rated: the ceiling set by the reliability of the human "
            "ratings, the average correlation of a single rater with the mean of the other raters, "
            "and that of a single rating per item with the mean of the item's other ratings. A "
            "dash means undefined or not asked.",
            alt="Correlations of models with human means by scale, as colours with numbers; the "
            "numbers are in the table of alignment.",
            reads=statistics("alignment", "reliability"),
            needs=("statistics/alignment.parquet", ("pearson_r",)),
        ),
        FigureKind(
            "means",
            "scale",
            draw="emoalign.analyses.alignment.figure:draw_means",
            title="Item means: {dataset}, {scale}",
            caption="{dataset}, {scale}: mean model rating over mean human rating; each point is "
            "an item. Dashed line: model and people agree. Solid line: least-squares fit, where "
            "one is possible; some of the items farthest from it are named, as far as the names "
            "do not overlap. r with its 95% bootstrap interval over items (BCa).",
            alt="Model means against human means for {dataset}, {scale}, a panel per condition.",
            reads=(ITEMS, STIMULI, *statistics("alignment")),
            needs=("statistics/alignment.parquet", ("mae",)),
        ),
        FigureKind(
            "temperatures",
            "dataset",
            draw="emoalign.analyses.alignment.curves:draw_temperatures",
            title="Effect of temperature: {dataset}",
            caption=_over("sampling temperature"),
            alt="Correlation with people and ratio of standard deviations by temperature, for "
            "each model and scale of {dataset}; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r", "log_rms_sd_ratio")),
            lacks=differing("temperature"),
        ),
        FigureKind(
            "personas",
            "dataset",
            draw="emoalign.analyses.alignment.curves:draw_personas",
            title="Effect of personas: {dataset}",
            caption=_over("persona"),
            alt="Correlation with people and ratio of standard deviations by persona, for each "
            "model and scale of {dataset}; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r", "log_rms_sd_ratio")),
            lacks=differing("personas"),
        ),
        FigureKind(
            "wordings",
            "dataset",
            draw="emoalign.analyses.alignment.curves:draw_wordings",
            title="Effect of wording: {dataset}",
            caption=_over("wording of the question"),
            alt="Correlation with people and ratio of standard deviations by wording, for each "
            "model and scale of {dataset}; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r", "log_rms_sd_ratio")),
            lacks=differing("prompts"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.alignment.section:SECTION", statistics("alignment", "contrasts")
    ),
)
