"""Agreement of models' mean ratings with human means, and of people with each other."""

from __future__ import annotations

from typing import Any

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    Computation,
    NumbersJob,
    statistics,
)
from emoalign.figures.kinds import FigureKind, differing, several_scales_and_models
from emoalign.report.contents import PageSection
from emoalign.study.settings import StatisticsSettings


class AlignmentJob(NumbersJob):
    """Compare models with people, cell by cell: scales of numbers by dataset."""

    version: int = 10
    split_halves: int

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The split halves that reliabilities come from."""
        return {"split_halves": study.set_by(StatisticsSettings).split_halves}


def _over(varied: str, r: str, ratio: str, more: str = "") -> str:
    """The caption of figures of what protocols differ in; `r` and `ratio` say where these stand."""
    return (
        f"{{dataset}}: correlation of item means with human means ({r}) and spread of the ratings "
        f"of an item relative to people's ({ratio}; ratio of root mean square standard deviations) "
        f"by {varied}, with 95% bootstrap intervals over items (BCa). Dashed: the highest ceiling "
        f"of these correlations, and a spread like people's.{more}"
    )


_NO_ORDER = " Each row is a protocol; their order means nothing."

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
            title="Correlation with people",
            caption="Correlation (Pearson r) of item means with human item means, with its 95% "
            "bias-corrected and accelerated (BCa) bootstrap interval over items. Where they are "
            "known: the ceiling, which is the highest r that the reliability of the human "
            "ratings allows on these items, and the correlation of one person with the mean of "
            "the others, or of one rating per item with the mean of the item's other ratings. "
            "Right: the number of items.",
            alt="Correlation of each condition with human ratings, with interval, ceiling and one "
            "person or one rating; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r",)),
        ),
        FigureKind(
            "heatmap",
            "study",
            draw="emoalign.analyses.alignment.heatmap:draw",
            title="Correlation with people at a glance",
            caption="Correlation (Pearson r) of item means with human item means, a row per model "
            "and a column per scale. Above the models, where they are known, over all "
            "items with a norm: the ceiling that the reliability of the human ratings "
            "sets, how well one person agrees with the mean of the others, and how well "
            "one rating per item agrees with the mean of the item's other ratings. A "
            "dash: undefined or not asked.",
            alt="Correlations of models with people by scale, as colours with numbers; the "
            "numbers are in the table of alignment.",
            reads=statistics("alignment", "reliability"),
            needs=("statistics/alignment.parquet", ("pearson_r",)),
            lacks=several_scales_and_models,
        ),
        FigureKind(
            "means",
            "scale",
            draw="emoalign.analyses.alignment.figure:draw_means",
            title="Means of items: {dataset}, {scale}",
            caption="{dataset}, {scale}: each point is an item. Dashed: model and people "
            "agree. Solid: fitted line, where there is one; of the items farthest from it "
            "some are named, as far as names do not overlap. Where items have different "
            "numbers of answers, those with more have larger points. Above each panel: r "
            "with its 95% bootstrap interval over items (BCa), the number of items, and "
            "the number of answers to each.",
            alt="Model means against human means for {dataset}, {scale}, a panel per condition.",
            reads=(ITEMS, STIMULI, *statistics("alignment")),
            needs=("statistics/alignment.parquet", ("mae",)),
        ),
        FigureKind(
            "temperatures",
            "dataset",
            draw="emoalign.analyses.alignment.curves:draw_temperatures",
            title="What temperature does: {dataset}",
            caption=_over("sampling temperature", "above", "below"),
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
            title="What personas do: {dataset}",
            caption=_over("who is asked", "left", "right", _NO_ORDER),
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
            title="What the wording does: {dataset}",
            caption=_over("the words of the question", "left", "right", _NO_ORDER),
            alt="Correlation with people and ratio of standard deviations by wording, for each "
            "model and scale of {dataset}; the numbers are in the table of alignment.",
            reads=statistics("alignment"),
            needs=("statistics/alignment.parquet", ("pearson_r", "log_rms_sd_ratio")),
            lacks=differing("prompts"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.alignment.section:SECTION",
        statistics("alignment", "contrasts", "raters_worth"),
    ),
)
