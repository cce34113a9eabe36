"""How much closer to the human distributions can calibration bring the answers?"""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import Field, field_validator

from emoalign.analyses.base import (
    CALIBRATED_TABLE,
    ITEMS,
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.figures.kinds import FigureKind, distributions
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import DistributionSettings

Method = Literal[
    "temperature", "bias", "isotonic", "mixture", "vector", "dirichlet", "cumulative_logit"
]


METHODS: tuple[Method, ...] = get_args(Method)

CALIBRATED = (CALIBRATED_TABLE, "calibrators/<dataset>.json")


class CalibrationSettings(Entry):
    """Fitting and validation of calibration maps."""

    methods: tuple[Method, ...] = Field(
        METHODS,
        min_length=1,
        description="Methods to try; dirichlet and cumulative_logit for ordinal scales only.",
    )
    folds: int = Field(5, ge=2, description="Outer cross-validation folds.")
    inner_folds: int = Field(
        3, ge=2, description="Inner folds, which choose smoothing and penalties."
    )
    min_items: int = Field(20, ge=4, description="Rated items needed to fit a map.")

    @field_validator("methods")
    @classmethod
    def _in_one_order(cls, methods: tuple[Method, ...]) -> tuple[Method, ...]:
        return tuple(method for method in METHODS if method in methods)


class CalibrationJob(AnalysisJob):
    """Learn maps from models' distributions to the human ones, on the rated items of a dataset."""

    version: int = 4
    dataset: str
    scales: dict[str, DatasetScale]
    min_raters: int
    seed: int
    settings: CalibrationSettings

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """The one dataset that the part of a study has."""
        [(name, dataset)] = study.datasets.items()
        return cls(
            dataset=name,
            scales=dataset.scales,
            min_raters=study.set_by(DistributionSettings).min_raters,
            seed=study.seed,
            settings=study.set_by(CalibrationSettings),
        )


class CalibrationReviewJob(AnalysisJob):
    """Evaluate calibration by cross-validation."""

    version: int = 4
    datasets: dict[str, dict[str, DatasetScale]]
    min_raters: int
    seed: int
    bootstrap_resamples: int
    settings: CalibrationSettings

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        return cls(
            datasets=study.scales,
            min_raters=study.set_by(DistributionSettings).min_raters,
            seed=study.seed,
            bootstrap_resamples=study.resamples,
            settings=study.set_by(CalibrationSettings),
        )


ANALYSIS = Analysis(
    "calibration",
    computes=(
        Computation(
            rule="calibrate",
            does="Items, norms and stimuli of a dataset in; calibrated distributions and "
            "calibrators out.",
            run="emoalign.analyses.calibration.calibrate:calibrate",
            job=CalibrationJob,
            reads=(ITEMS, NORMS, STIMULI),
            makes=CALIBRATED,
            each="dataset",
        ),
        Computation(
            rule="review_calibration",
            does="Calibrated and human distributions in; gains and curves out.",
            run="emoalign.analyses.calibration.review:review",
            job=CalibrationReviewJob,
            reads=(ITEMS, NORMS, STIMULI, *CALIBRATED),
            makes=statistics("calibration", "calibration_curves"),
        ),
    ),
    figures=(
        FigureKind(
            "calibration",
            "scale",
            draw="emoalign.analyses.calibration.figure:draw",
            title="Calibration: {dataset}, {scale}",
            caption="{dataset}, {scale}: predicted shares of points or labels, and the shares of "
            "people who chose them, in tenths of the predicted share. Open: the uncalibrated "
            "model. Filled: the model calibrated by the method closest to people, on items that it "
            "was not fitted on. Crosses: the human average over other items, which ignores the "
            "item. Dashed: predicted and human shares are equal. Larger points stand for more "
            "shares; bars are 95% bootstrap intervals over items. Above each panel: the reduction "
            "of the divergence from people (JSD) by the method, with its 95% interval, and by the "
            "human average; below 0% it is an increase.",
            alt="Predicted shares against human shares for {dataset}, {scale}, before and after "
            "calibration, a panel per condition; the numbers are in the tables of calibration.",
            reads=statistics("calibration", "calibration_curves"),
            needs=("statistics/calibration.parquet", ("jsd_after",)),
            lacks=distributions,
        ),
    ),
    section=PageSection("emoalign.analyses.calibration.section:SECTION", statistics("calibration")),
    settings=Settings(
        "calibration",
        CalibrationSettings,
        "Calibration of distributions.",
    ),
)
