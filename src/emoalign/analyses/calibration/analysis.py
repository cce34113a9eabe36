"""Settings of calibration, and what its two jobs are told."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator

from emoalign.study.fields import Entry, Job
from emoalign.study.scales import DatasetScale

Method = Literal[
    "temperature", "bias", "isotonic", "mixture", "vector", "dirichlet", "cumulative_logit"
]


METHODS: tuple[Method, ...] = get_args(Method)


class CalibrationSettings(Entry):
    """How maps from the model's distributions to people's are learnt and judged."""

    methods: tuple[Method, ...] = Field(
        METHODS,
        min_length=1,
        description="What is tried: temperature (scaling, smoothed), bias (a number for each point "
        "or label), isotonic (a rising curve for each), mixture (with the mean human "
        "distribution), vector (slope and bias for each), dirichlet (a matrix; scales of numbers "
        "only) and cumulative_logit (moves thresholds; scales of numbers only).",
    )
    folds: int = Field(
        5, ge=2, description="Parts of the items: each is judged by what the others taught."
    )
    inner_folds: int = Field(
        3, ge=2, description="Parts of the others, by which smoothing and penalties are chosen."
    )
    min_items: int = Field(
        20, ge=4, description="Items people rated, below which nothing is fitted."
    )

    @field_validator("methods")
    @classmethod
    def _in_one_order(cls, methods: tuple[Method, ...]) -> tuple[Method, ...]:
        return tuple(method for method in METHODS if method in methods)


class CalibrationJob(Job):
    """Learn to say what people say from what models say, on the rated items of one dataset."""

    version: int = 2
    dataset: str
    scales: dict[str, DatasetScale]
    min_raters: int
    seed: int
    settings: CalibrationSettings


class CalibrationReviewJob(Job):
    """Judge what calibration gained on items that were held out."""

    version: int = 2
    datasets: dict[str, dict[str, DatasetScale]]
    min_raters: int
    seed: int
    bootstrap_resamples: int
    settings: CalibrationSettings
