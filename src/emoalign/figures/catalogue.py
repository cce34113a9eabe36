"""Which figures there are, what they show, and which of them a study has.

Each is drawn by the module of `emoalign.figures` that is named after it. To add one, write that
module, add its name to `FigureName` and an entry to `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from emoalign.figures.drawing_job import FigureJob, FigureName
from emoalign.figures.kinds import (
    FigureKind,
    Level,
    always,
    both_frameworks,
    both_in_each,
    differing,
    labels,
    scales,
)

ITEMS = "items/<dataset>.parquet"
STIMULI = "stimuli/<dataset>.parquet"
ALIGNMENT = "statistics/alignment.parquet"
FRAMEWORK = "statistics/framework.parquet"
AROUSAL = "statistics/arousal.parquet"
AROUSAL_ITEMS = "statistics/arousal_items.parquet"
RESIDUALS = "statistics/residuals.parquet"
STRUCTURE = "statistics/structure.parquet"
SIMILARITY = "statistics/similarity.parquet"
ENTROPY = "statistics/entropy.parquet"
ITEM_ENTROPIES = "statistics/item_entropies.parquet"
LABELS = "statistics/labels.parquet"
TRANSPARENCY = "statistics/transparency.parquet"
TRANSPARENCY_GRADIENT = "statistics/transparency_gradient.parquet"
CALIBRATION = "statistics/calibration.parquet"
CALIBRATION_CURVES = "statistics/calibration_curves.parquet"
"""Tables are named by their paths, as in `emoalign.tables`: reading a study needs no pandas."""

FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "correlations",
        "study",
        "Correlation with people",
        "Pearson r of item means with human item means, with its 95 % bootstrap interval over "
        "items (BCa); the ceiling that the reliability of the human ratings sets; and how well one "
        "human rater agrees with the mean of the others.",
        "Correlation of each cell with human ratings, with interval, ceiling and one human rater; "
        "the numbers are in the table of alignment.",
        (ALIGNMENT,),
    ),
    FigureKind(
        "heatmap",
        "study",
        "Correlation with people at a glance",
        "Pearson r of item means with human item means, a column per model and a row per scale. "
        "The first two columns are the ceiling that the reliability of the human ratings sets, and "
        "how well one human rater agrees with the mean of the others. A dash: undefined or not "
        "asked.",
        "Correlations of models with people by scale, as colours with numbers; the numbers are in "
        "the table of alignment.",
        (ALIGNMENT,),
    ),
    FigureKind(
        "means",
        "scale",
        "Means of items: {dataset}, {scale}",
        "{dataset}, {scale}: each point is one of the items. Dashed: model and people agree. "
        "Solid: fitted line; the items farthest from it are named. r with its 95 % bootstrap "
        "interval over items (BCa).",
        "Model means against human means for {dataset}, {scale}, a panel per cell.",
        (ITEMS, STIMULI, ALIGNMENT),
    ),
    FigureKind(
        "spread",
        "scale",
        "Spread of ratings: {dataset}, {scale}",
        "{dataset}, {scale}: the standard deviation over raters of every item. Dashed: median of "
        "people.",
        "Standard deviations of item ratings, people and models, for {dataset}, {scale}.",
        (ITEMS,),
    ),
    FigureKind(
        "frameworks",
        "study",
        "Single emotions against dimensions",
        "Left: mean correlation with people over the dimensions (open) and over the single "
        "emotions (filled). Right: their difference with its 95 % bootstrap interval over items; "
        "above 0, single emotions are met better.",
        "Mean correlations with people of each model on single emotions and on dimensions, and "
        "their difference; the numbers are in the table of frameworks.",
        (FRAMEWORK,),
        both_frameworks,
    ),
    FigureKind(
        "v-shape",
        "dataset",
        "Arousal over valence: {dataset}",
        "{dataset}: mean arousal of items over their mean valence, as rated by people and by each "
        "model. r is the correlation of arousal with the distance of valence from the middle of "
        "its scale, with its 95 % bootstrap interval; the line is the least-squares V.",
        "Arousal over valence of the items of {dataset}, for people and for each model.",
        (ITEMS, AROUSAL),
        scales("valence", "arousal"),
    ),
    FigureKind(
        "arousal-errors",
        "dataset",
        "Where arousal goes wrong: {dataset}",
        "{dataset}, for each cell, left: model minus human arousal over human arousal; below 0 at "
        "high arousal, it is rated too low. Right: what the line of model on human arousal leaves, "
        "over the extremity of human valence (the distance from the middle of its scale). The "
        "items with the largest residuals are named. r with its 95 % bootstrap interval.",
        "Errors of arousal of the items of {dataset} over human arousal and over the extremity of "
        "human valence, for each cell; the worst items are in the table of residuals.",
        (STIMULI, AROUSAL, AROUSAL_ITEMS, RESIDUALS),
        scales("arousal"),
    ),
    FigureKind(
        "similarity",
        "dataset",
        "Which items are alike: {dataset}",
        "{dataset}: how far apart items are in the space of the dimensions and in the space of the "
        "single emotions, for people and for models, as ranks from the nearest pair to the "
        "farthest. Items stand in the same order everywhere, those that are alike for people side "
        "by side. ρ: rank correlation with the same space of people, over all items of the "
        "comparison; p by permutation of items.",
        "Matrices of dissimilarity between items of {dataset}, for people and models; the "
        "correlations between them are in the table of structure.",
        (SIMILARITY, STRUCTURE),
        both_in_each,
    ),
    FigureKind(
        "temperatures",
        "dataset",
        "What temperature does: {dataset}",
        "{dataset}: correlation with people (above) and mean standard deviation over raters of an "
        "item as a share of people's (below) by sampling temperature, with 95 % bootstrap "
        "intervals over items (BCa). Dashed: the ceiling, and a spread like people's.",
        "Correlation with people and ratio of standard deviations by temperature, for each model "
        "and scale of {dataset}; the numbers are in the table of alignment.",
        (ALIGNMENT,),
        differing("temperature"),
    ),
    FigureKind(
        "personas",
        "dataset",
        "What personas do: {dataset}",
        "{dataset}: correlation with people (above) and mean standard deviation over raters of an "
        "item as a share of people's (below) by who is asked, with 95 % bootstrap intervals over "
        "items (BCa). Dashed: the ceiling, and a spread like people's.",
        "Correlation with people and ratio of standard deviations by persona, for each model and "
        "scale of {dataset}; the numbers are in the table of alignment.",
        (ALIGNMENT,),
        differing("personas"),
    ),
    FigureKind(
        "wordings",
        "dataset",
        "What the wording does: {dataset}",
        "{dataset}: correlation with people (above) and mean standard deviation over raters of an "
        "item as a share of people's (below) by the words of the question, with 95 % bootstrap "
        "intervals over items (BCa). Dashed: the ceiling, and a spread like people's.",
        "Correlation with people and ratio of standard deviations by wording, for each model and "
        "scale of {dataset}; the numbers are in the table of alignment.",
        (ALIGNMENT,),
        differing("prompts"),
    ),
    FigureKind(
        "entropy",
        "scale",
        "Entropy: {dataset}, {scale}",
        "{dataset}, {scale}: the entropy of people's answers and of the model's, for every item; "
        "larger points stand for several items. Dashed: the same entropy. ρ is the rank "
        "correlation over items, with its 95 % bootstrap interval; in brackets what a perfect "
        "model would reach with as many answers.",
        "Entropy of people's answers and of the models' for {dataset}, {scale}, a panel per cell; "
        "the correlations are in the table of entropy.",
        (ENTROPY, ITEM_ENTROPIES),
        always,
    ),
    FigureKind(
        "transparency",
        "scale",
        "Labels said outright: {dataset}, {scale}",
        "{dataset}, {scale}: each point is a label. Across: how outright texts say it, from seed "
        "words and embeddings, or by the probe where no embedding model is named. Up: rank "
        "correlation over texts of the model's shares with people's. The gradient is the rank "
        "correlation of the two over labels.",
        "Agreement with people over transparency, label by label, for {dataset}, {scale}, a panel "
        "per cell; the numbers are in the table of transparency.",
        (LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT),
        labels,
    ),
    FigureKind(
        "calibration",
        "scale",
        "Calibration: {dataset}, {scale}",
        "{dataset}, {scale}: of the shares that were predicted to be so large, how large were "
        "they? Grey: the model as it is. Colour: calibrated by the method nearest to people, on "
        "other items. Dashed: shares are what they are said to be. Larger points stand for more "
        "shares; bars are 95 % bootstrap intervals over texts. Above each panel, what the method "
        "takes off the divergence from people.",
        "Predicted shares against shares of people for {dataset}, {scale}, before and after "
        "calibration, a panel per cell; the numbers are in the tables of calibration.",
        (CALIBRATION, CALIBRATION_CURVES),
        always,
    ),
)
"""In the order in which a reader wants them."""


@dataclass(frozen=True)
class PlannedFigure:
    """A figure of a study.

    Attributes:
        kind: what kind of figure it is.
        job: the part of the study that it is of.
        dataset, scale: their names; None where the figure is of more than one.
    """

    kind: FigureKind
    job: FigureJob
    dataset: str | None = None
    scale: str | None = None

    @property
    def path(self) -> str:
        """Its file within the folder of figures, without a suffix: oasis/valence/means."""
        place = (self.dataset, self.scale, self.kind.name)
        return str(PurePosixPath(*(part for part in place if part is not None)))

    @property
    def title(self) -> str:
        """A heading."""
        return self._filled(self.kind.title)

    @property
    def caption(self) -> str:
        """What is seen."""
        return self._filled(self.kind.caption)

    @property
    def alt(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return self._filled(self.kind.alt)

    def files(self, table: str) -> list[str]:
        """The files of one table that it is drawn from, in the folder of results."""
        names = sorted(self.job.datasets) if "<dataset>" in table else [""]
        return [table.replace("<dataset>", name) for name in names]

    def _filled(self, text: str) -> str:
        title = "" if self.dataset is None else self.job.datasets[self.dataset].title
        return text.format(dataset=title, scale=self.scale)


@dataclass(frozen=True)
class FigureSet:
    """Figures that one job draws.

    Attributes:
        dataset: the dataset they are of, or of whose scales; None for those of the study.
        job: the part of the study that they are of; it has their names.
    """

    dataset: str | None
    job: FigureJob

    @property
    def figures(self) -> list[PlannedFigure]:
        """The figures, in the order of `FIGURES`."""
        return planned_figures(self.job)

    def tables(self, results: str) -> list[str]:
        """The files they are drawn from, in the folder of results."""
        return sorted(
            {
                f"{results}/{path}"
                for figure in self.figures
                for table in figure.kind.reads
                for path in figure.files(table)
            }
        )

    def files(self, results: str) -> list[str]:
        """The files they are drawn into."""
        return [
            f"{results}/figures/{figure.path}.{kind}"
            for figure in self.figures
            for kind in ("pdf", "png")
        ]


def planned_figures(job: FigureJob) -> list[PlannedFigure]:
    """The figures of a study: those it chooses that lack nothing, in the order of `FIGURES`."""
    return [
        figure
        for kind in FIGURES
        for figure in _of(kind, job)
        if figure.kind.lacks(figure.job) is None
    ]


def figure_sets(job: FigureJob) -> list[FigureSet]:
    """The figures of a study by the job that draws them: its own, then those of each dataset."""
    sets = []
    for dataset in (None, *sorted(job.datasets)):
        part = job.within(dataset)
        planned = [figure for figure in planned_figures(part) if figure.dataset == dataset]
        if planned:
            names = tuple(dict.fromkeys(figure.kind.name for figure in planned))
            sets.append(FigureSet(dataset, part.model_copy(update={"figures": names})))
    return sets


def undrawn_figures(job: FigureJob) -> dict[FigureName, str]:
    """The figures a study chooses but cannot have anywhere, by name, with what it lacks."""
    undrawn: dict[FigureName, str] = {}
    for kind in FIGURES:
        lacks = [kind.lacks(figure.job) for figure in _of(kind, job)]
        if lacks and None not in lacks:
            undrawn[kind.name] = "; ".join(dict.fromkeys(filter(None, lacks)))
    return undrawn


def _of(kind: FigureKind, job: FigureJob) -> Iterator[PlannedFigure]:
    """A figure for each place there may be one, whether the study lacks something or not."""
    if job.figures is not None and kind.name not in job.figures:
        return
    for dataset, scale in _places(kind.level, job):
        yield PlannedFigure(kind, job.within(dataset, scale), dataset, scale)


def _places(level: Level, job: FigureJob) -> Iterator[tuple[str | None, str | None]]:
    match level:
        case "study":
            yield None, None
        case "dataset":
            yield from ((dataset, None) for dataset in sorted(job.datasets))
        case "scale":
            for name in sorted(job.datasets):
                dataset = job.datasets[name]
                for scale in sorted([*dataset.scales, *dataset.labels]):
                    yield name, scale
