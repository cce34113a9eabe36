"""Does the model recite the norms?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from emoalign.report.grid import Column, Row, between, cell_columns, count, grid, p, reason
from emoalign.report.nearest import SMALL
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Finding, Results, Section, View
from emoalign.statistics.recitation import PERMUTATIONS
from emoalign.tables import RECITATION, records
from emoalign.wording import READOUTS, ci, coefficient, counted, listed, number, with_p


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(RECITATION)
    if rows.empty:
        return None
    if rows["p"].isna().all():
        return Absent(f"Not assessable: {listed(sorted(set(rows['reason'])))}.")
    shown = grid("recitation-table", "Recitation of norms", rows, columns(job), RECITATION)
    asked = sorted({str(name) for name in rows["protocol"]})
    values = {
        "grid": shown,
        "tolerance": f"{rows['tolerance'].iloc[0]:g}",
        "shown": _shown(job, asked),
        "spread": " or ".join(_spread(rows)),
        "tested": int(rows["p"].notna().sum()),
    }
    return View(values, list(findings(rows, job)), [_methods(rows)])


def _shown(job: ReportJob, protocols: list[str]) -> str:
    examples = sorted({job.recitations[name].examples for name in protocols})
    asked = any(
        job.recitations[name].prompts or job.recitations[name].prompts_for for name in protocols
    )
    if not asked:
        return (
            "The completions were recorded elsewhere, and what the models were shown is not known "
            "here."
        )
    rows = listed(str(each) for each in examples)
    return (
        "Each model that was asked was shown the title of a dataset, two columns of its table of "
        f"norms with {rows} rows, and one further item at a time, whose published mean it was "
        "asked for."
    )


def _spread(rows: pd.DataFrame) -> list[str]:
    """The share of a judge's hits that are exact, in words: it depends on the decimals printed.

    Nothing where so few are printed that every hit is exact.
    """
    known = rows.dropna(subset="p")
    apart = known["tolerance"] * 10.0 ** known["decimals"].astype(float)
    numbers = sorted({2 * int(each + 1e-9) + 1 for each in apart})
    return [f"1 in {each:,}" for each in numbers if each > 1]


def columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns of a row on the page."""
    return (
        *cell_columns(job),
        count("Completions", "n_completions", "Answers that are a number on the scale."),
        count("Unreadable", "n_unreadable", "Answers that are not; they count for nothing."),
        count("Hits", "hits", "Completions within the tolerance of the published mean."),
        Column(
            "By chance",
            _chance,
            "hits_by_chance",
            meaning="Mean (SD) of hits when norms are permuted among items whose completions have "
            "the same whole part.",
        ),
        p("p", "p", "Share of permutations with at least as many hits."),
        count("Exact", "exact", "Completions that are the published mean to its last decimal."),
        between(
            "r of decimals",
            "r_decimals",
            "r_decimals_low",
            "r_decimals_high",
            "Correlation of what stands behind the decimal point, completions with norms.",
            bounded=True,
        ),
        between(
            "r with norms",
            "r_norm",
            "r_norm_low",
            "r_norm_high",
            "Correlation of completions with norms.",
            bounded=True,
        ),
        between(
            "Beyond own ratings",
            "r_beyond",
            "r_beyond_low",
            "r_beyond_high",
            "The same with the model's own ratings partialled out.",
            bounded=True,
        ),
        reason(),
    )


def _chance(row: Row) -> str:
    return f"{number(row['hits_by_chance'], 1)} ({number(row['hits_by_chance_sd'], 1)})"


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[Finding]:
    """The findings: one for each row, in their order."""
    for row in records(rows):
        about = {name: str(row[name]) for name in ("dataset", "scale", "model")}
        if pd.isna(row["p"]):
            told = [f"{_named(row, job)} is not assessable for recitation: {row['reason']}."]
        else:
            told = [*_hits(row, job), *_beyond(row)]
        yield Finding(told, **about)


def _named(row: Mapping[str, Any], job: ReportJob) -> str:
    """The model, and what it was asked for."""
    title = job.datasets[row["dataset"]].title
    return f"{job.short_names[row['model']]} on {title}, {row['scale']},"


def _hits(row: Mapping[str, Any], job: ReportJob) -> Iterator[str]:
    model, title = job.short_names[row["model"]], job.datasets[row["dataset"]].title
    chance = f"{number(row['hits_by_chance'], 1)} by chance, {with_p(row['p'])}"
    found = (
        f"{model} completed {int(row['hits'])} of {counted(int(row['n_completions']), 'norm')} of "
        f"{title} ({row['scale']}) to within {row['tolerance']:g} points ({chance})"
    )
    if row["p"] < SMALL:
        exact = f"{int(row['exact'])} of them to the last decimal" if row["hits"] else ""
        yield (
            f"{found}, {exact}: either it has seen the published norms, or it judges items to a "
            "fraction of a point."
        )
    else:
        yield (
            f"{found}: no evidence that it recites them, which does not show that it has not seen "
            "them."
        )
    if row["n_unreadable"]:
        yield f"{counted(int(row['n_unreadable']), 'answer')} could not be read."


def _beyond(row: Mapping[str, Any]) -> Iterator[str]:
    if pd.isna(row["r_beyond"]):
        return
    ends = ci(row["r_beyond_low"], row["r_beyond_high"], bounded=True)
    told = ", ".join(filter(None, (f"r = {coefficient(row['r_beyond'])}", ends)))
    clear = row["r_beyond_low"] > 0 or row["r_beyond_high"] < 0
    correlated = "correlated" if clear else "were not shown to correlate"
    yield (
        f"Beyond its own ratings ({row['rated_under']}, {READOUTS[row['rated_readout']]}), its "
        f"completions {correlated} with norms: {told}."
    )


def _methods(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset="p")
    told = (
        "To see whether models recite published norms, they were shown rows of the table of norms "
        f"and asked for the next mean [@bordt2024; @trott2024]. Completions within "
        f"{known['tolerance'].iloc[0]:g} points of the norm were counted and compared with "
        f"{PERMUTATIONS:,} permutations of the norms among items whose completions have the same "
        "whole part (one-sided)."
    )
    if known["r_beyond"].notna().any():
        told += (
            " The correlation of completions with norms was computed with the model's own ratings "
            "partialled out; its interval is a BCa bootstrap interval over items [@efron1987]."
        )
    return told


SECTION = Section(
    id="recitation",
    heading="Does the model recite the norms?",
    label="Recitation",
    view=_view,
)
