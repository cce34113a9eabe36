"""Specification curves: whether conclusions hold over all ways of asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from emoalign.report.conditions import scale
from emoalign.report.grid import (
    Column,
    Row,
    between,
    bounded,
    cell_columns,
    count,
    grid,
    model_column,
    p,
    readout,
    reason,
    scale_column,
    text,
)
from emoalign.report.over_specifications import orders, over_specifications
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import SPECIFICATION_CONTRASTS, SPECIFICATION_CURVES, SPECIFICATIONS
from emoalign.wording import coefficient


def _view(results: Results) -> View | Absent | None:
    job = results.job
    rows, curves, contrasts = map(
        results.table, (SPECIFICATIONS, SPECIFICATION_CURVES, SPECIFICATION_CONTRASTS)
    )
    if rows.empty:
        return None
    told = over_specifications(rows, curves, contrasts, job)
    if told is None:
        return Absent(
            "No model has correlations with people under two ways of asking, so there is nothing "
            "to compare."
        )
    values = {
        "told": told,
        "orders": list(_orders(curves, job)),
        "shared": _shares_answers(rows),
        "curves": grid(
            "specification-curves-table",
            "Specification curves",
            curves,
            _curve_columns(job),
            SPECIFICATION_CURVES,
        ),
        "contrasts": grid(
            "specification-contrasts-table",
            "Two models over all ways of asking",
            higher_first(contrasts),
            _contrast_columns(job),
            SPECIFICATION_CONTRASTS,
        ),
        "every": grid(
            "specifications-table",
            "Every way of asking",
            rows,
            _way_columns(job),
            SPECIFICATIONS,
        ),
    }
    return View(values, methods=[" ".join(_methods(contrasts, job))])


def _methods(contrasts: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    yield (
        "Correlations with human means were computed in every way of asking (protocol, form of the "
        "question and readout) and are reported as specification curves [@simonsohn2020]."
    )
    if contrasts["p"].notna().any():
        swaps = part(job, StatisticsSettings).permutations
        yield (
            "Two models were compared over all ways of asking at once by the median difference of "
            "their correlations, with a permutation test in which their standardised ratings of "
            f"an item changed places in all ways of asking together ({swaps:,} times)."
        )


def _shares_answers(rows: pd.DataFrame) -> bool:
    """Whether forms of one protocol share its sampled answers."""
    sampled = rows[rows["readout"].eq("sampled") & rows["form"].notna()]
    return bool(sampled.duplicated(["model", "protocol", "dataset", "scale"]).any())


def _orders(curves: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """How far ways of asking agree on the order of the models, scale by scale."""
    for row in orders(curves):
        models = curves[(curves["dataset"] == row["dataset"]) & (curves["scale"] == row["scale"])]
        if len(models) > 2:
            yield (
                f"{scale(job, row)}: Kendall's W = {coefficient(row['kendall_w'])} for the order "
                f"of {len(models)} models (1: the same in every way of asking, 0: unrelated)."
            )


def higher_first(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Contrasts turned so that A is the model with the higher r."""
    turned = contrasts["difference"] < 0
    rows = contrasts.copy()
    for one, other in (("a", "b"), ("n_a_higher", "n_b_higher")):
        rows.loc[turned, [one, other]] = contrasts.loc[turned, [other, one]].to_numpy()
    rows.loc[turned, "difference"] = -contrasts.loc[turned, "difference"]
    for low, high in (("difference_low", "difference_high"), ("lowest", "highest")):
        rows.loc[turned, [low, high]] = -contrasts.loc[turned, [high, low]].to_numpy()
    return rows


def _curve_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        model_column(job),
        scale_column(job),
        count("Ways", "n_specifications", "Ways of asking with a correlation."),
        between(
            "Median r [95% CI]",
            "median",
            "median_low",
            "median_high",
            "Median over ways of asking of the correlation with human means.",
            bounded=True,
        ),
        Column("Range of r", _range, "lowest", meaning="Lowest and highest r."),
        bounded("IQR", "iqr", "Interquartile range of r over ways of asking."),
        count("Above 0", "n_above_0", "Ways of asking in which the 95% interval is above 0."),
        replace(
            bounded(
                "W",
                "kendall_w",
                "Kendall's W: agreement of the ways of asking on the order of the models; 1 is the "
                "same order in all.",
            ),
            optional=True,
        ),
        reason(),
    )


def _contrast_columns(job: ReportJob) -> tuple[Column, ...]:
    names = job.short_names
    return (
        Column("A", lambda row: names[row["a"]], "a", numeric=False),
        Column("B", lambda row: names[row["b"]], "b", numeric=False),
        scale_column(job),
        count("Ways", "n_specifications", "Ways of asking in which both have a correlation."),
        count("A closer", "n_a_higher", "Ways of asking in which r of A is higher."),
        count("B closer", "n_b_higher", "Ways of asking in which r of B is higher."),
        between(
            "Median difference [95% CI]",
            "difference",
            "difference_low",
            "difference_high",
            "Median over ways of asking of r of A minus r of B; A is the one with the higher r.",
            bounded=True,
        ),
        Column("Range", _range, "lowest", meaning="Lowest and highest difference."),
        p("p", "p", "Two-sided, over all ways of asking at once; unadjusted."),
        p("p (Holm)", "p_holm", "Adjusted over all rows."),
        reason(),
    )


def _way_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        *cell_columns(job),
        text("Form", "form", "The prompt set."),
        readout(),
        count("Ratings", "n_ok", "Answers that are ratings."),
        count("Items", "n_items", "Items rated by both the model and people."),
        between("r [95% CI]", "r", "r_low", "r_high", "Correlation of item means.", bounded=True),
        reason(),
    )


def _range(row: Row) -> str:
    return " to ".join(coefficient(row[end]) for end in ("lowest", "highest"))


SECTION = Section(
    id="specifications",
    heading="Do conclusions hold in every way of asking?",
    label="Ways of asking",
    view=_view,
    figures=("specifications",),
)
