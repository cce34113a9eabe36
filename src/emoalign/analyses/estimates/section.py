"""Estimated norms: verdict, agreement, coverage, and what estimates are made of."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.estimates.analysis import EMBEDDING, EstimatesSettings
from emoalign.analyses.estimates.in_words import (
    EstimatedScale,
    methods_in_words,
    reasons,
    told,
)
from emoalign.report.grid import (
    Column,
    Row,
    between,
    bounded,
    count,
    grid,
    reason,
    scale_column,
    share,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Finding, Results, Section, View
from emoalign.study.fields import part
from emoalign.tables import ESTIMATION, ESTIMATION_CURVE, ESTIMATION_WEIGHTS, groups, records
from emoalign.wording import scale_name

METHODS = {
    "stack": "all, weighted (as in the files)",
    "models": "models without the embedding",
    "best": "best single predictor",
    "average": "average",
    "embedding": "embedding",
    "constant": "the same for every item",
    "sd": "SD of people",
}

REGIONS = {"all": "all", "1": "lowest third", "2": "middle third", "3": "highest third"}


def _view(results: Results) -> View | Absent | None:
    job = results.job
    quality = results.table(ESTIMATION)
    if quality.empty:
        return None
    scales = dict(_scales(results))
    missing = reasons(quality, job)
    if not scales:
        return Absent(f"No norms were estimated: {' '.join(missing)}")
    sentences = {where: list(told(scale)) for where, scale in scales.items()}
    known = quality[quality["r"].notna() | quality["rmse"].notna()]
    values = {
        "scales": [
            {"dataset": name, "scale": scale, "title": _title(job, name, scale), "told": sentences}
            for (name, scale), sentences in sentences.items()
        ],
        "missing": missing,
        "quality": grid(
            "estimation-table", "Quality of estimates", known, _columns(job), ESTIMATION
        ),
        "weights": grid(
            "estimation-weights-table",
            "What estimates are made of",
            results.table(ESTIMATION_WEIGHTS),
            _weight_columns(job),
            ESTIMATION_WEIGHTS,
        ),
        "curve": grid(
            "estimation-curve-table",
            "With fewer rated items",
            results.table(ESTIMATION_CURVE),
            _curve_columns(job),
            ESTIMATION_CURVE,
        ),
    }
    findings = [
        Finding([f"{_title(job, *where)}: {_lowered(first)}", *others[1:3]], **_about(*where))
        for where, (first, *others) in sentences.items()
    ]
    return View(values, findings, methods_in_words(scales))


def _title(job: ReportJob, dataset: str, scale: str) -> str:
    return f"Estimated {scale_name(scale)} of {job.datasets[dataset].title}"


def _about(dataset: str, scale: str) -> dict[str, str]:
    return {"dataset": dataset, "scale": scale}


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _scales(results: Results) -> Iterator[tuple[tuple[str, str], EstimatedScale]]:
    """The scales on which norms were estimated, in the order of the study."""
    job, settings = results.job, part(results.job, EstimatesSettings)
    weights, curve = results.table(ESTIMATION_WEIGHTS), results.table(ESTIMATION_CURVE)
    quality = results.table(ESTIMATION)
    for (name, scale), rows in groups(quality, ["dataset", "scale"], sort=False):
        by_method = {row["method"]: row for row in records(rows[rows["region"] == "all"])}
        if pd.isna(by_method.get("stack", {}).get("width")):
            continue
        card = job.datasets[name]

        def own(table: pd.DataFrame, name: str = name, scale: str = scale) -> pd.DataFrame:
            return table[(table["dataset"] == name) & (table["scale"] == scale)]

        thirds = rows[(rows["method"] == "stack") & (rows["region"] != "all")]
        yield (
            (name, scale),
            EstimatedScale(
                methods=by_method,
                regions=records(thirds.sort_values("region")),
                weights=own(weights),
                curve=records(own(curve).sort_values("n_rated")),
                things=f"{card.modality}s",
                length=card.scales[scale].max - card.scales[scale].min,
                coverage=settings.coverage,
            ),
        )


def _columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        scale_column(job),
        Column("Estimated from", lambda row: METHODS[row["method"]], "method", False),
        Column("Part", lambda row: REGIONS[row["region"]], "region", False),
        count("Rated", "n_rated", "Items that people rated."),
        count("Not rated", "n_unrated", "Items that nobody rated."),
        between(
            "r [95% CI]",
            "r",
            "r_low",
            "r_high",
            "Correlation of out-of-fold estimates with human means.",
            bounded=True,
        ),
        between("RMSE [95% CI]", "rmse", "rmse_low", "rmse_high", "In points of the scale."),
        between("MAE", "mae", "mae_low", "mae_high", "Mean absolute error, in points."),
        between("CCC", "ccc", "ccc_low", "ccc_high", "Lin's concordance.", bounded=True),
        between(
            "Coverage [95% CI]",
            "coverage",
            "coverage_low",
            "coverage_high",
            "Share of human means that lie in the interval of their item.",
            bounded=True,
        ),
        value("Width", "width", "Mean width of the intervals, in points."),
        share(
            "Due to raters",
            "noise_share",
            "Share of the squared error that remains because so few people rated each item.",
        ),
        reason(),
    )


def _weight_columns(job: ReportJob) -> tuple[Column, ...]:
    names = job.short_names

    def model(row: Row) -> str:
        return "embedding" if row["model"] == EMBEDDING else names[row["model"]]

    return (
        scale_column(job),
        Column("Predictor", model, "model", False),
        text("Protocol", "protocol"),
        text("Readout", "readout"),
        value("Weight", "weight", "Points that the estimate rises for an SD of the predictor."),
        reason(),
    )


def _curve_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        scale_column(job),
        count("Rated items", "n_rated", "Items that were learnt from."),
        count("Draws", "draws", "Random draws of these items."),
        between(
            "r [80% of draws]",
            "r",
            "r_low",
            "r_high",
            "Correlation with human means of the other rated items.",
            bounded=True,
        ),
        between(
            "Width [80% of draws]",
            "width",
            "width_low",
            "width_high",
            "Mean width of the intervals, in points.",
        ),
        bounded("Coverage", "coverage", "Share of human means that lie in their interval."),
        reason(),
    )


SECTION = Section(
    id="estimates",
    heading="Estimated norms",
    label="Estimated norms",
    view=_view,
    figures=("estimates",),
)
