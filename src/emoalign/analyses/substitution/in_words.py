"""What the tests of substitution found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.substitution.analysis import SubstitutionSettings
from emoalign.report.conditions import conditions
from emoalign.report.conditions import scale as scale_of
from emoalign.report.grid import Row
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding
from emoalign.report.worth_in_words import some_raters
from emoalign.tables import groups, records
from emoalign.wording import (
    as_stated,
    coefficient,
    interval,
    listed,
    number,
    out_of,
    percent,
    with_p,
)

FEW = 4
"""Conditions that are told one by one."""

CELL = ("dataset", "scale", "model", "protocol", "readout")


def annotator_findings(tests: pd.DataFrame, job: ReportJob) -> Iterator[Finding]:
    """The verdicts at the ε that the study states, one paragraph per scale; none without an ε."""
    stated = tests[tests["stated"] & tests["passed"].notna() & tests["label"].isna()]
    for (dataset, scale), rows in groups(stated, ["dataset", "scale"], sort=False):
        cells = records(rows)
        where = scale_of(job, cells[0])
        passed = [cell for cell in cells if cell["passed"]]
        at = f"at ε = {as_stated(cells[0]['epsilon'], bounded=True)}"
        if len(cells) <= FEW:
            told = [_verdict(cell, where, at, job) for cell in cells]
        else:
            told = [
                f"For {where}, {out_of(len(passed), len(cells))} conditions passed the alternative "
                f"annotator test {at}."
            ]
        about = {"model": cells[0]["model"]} if len(cells) == 1 else {}
        yield Finding(told, dataset=dataset, scale=scale, **about)


def _verdict(cell: Row, where: str, at: str, job: ReportJob) -> str:
    rate = (
        f"it may replace {some_raters(cell['winning_rate'], cell['n_raters'])} {at}. On "
        "average, it agreed with the other raters at least as well as the rater left out did on "
        f"{percent(cell['advantage'])} of the items"
    )
    outcome = "passed" if cell["passed"] else "did not pass"
    return (
        f"For {where}, {conditions(job, [cell])} {outcome} the alternative annotator test: {rate}."
    )


def annotator_reasons(tests: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """Why there is no test, or no verdict, in which conditions."""
    missing = tests[tests["reason"].notna() & tests["label"].isna()]
    for (why,), rows in groups(missing, ["reason"], sort=False):
        places = rows[["dataset", "scale"]].drop_duplicates()
        named = [scale_of(job, row) for row in records(places)]
        shown = listed(named) if len(named) <= FEW else f"{len(named)} scales"
        yield f"{shown}: {why}"


def equivalence_findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[Finding]:
    """What was found to be within the margins of the study, one paragraph per scale."""
    tested = rows[rows["equivalent"].notna()]
    for (dataset, scale), of_scale in groups(tested, ["dataset", "scale"], sort=False):
        told: list[str] = []
        for (kind,), some in groups(of_scale, ["kind"]):
            told += _equivalent(kind, records(some), job)
        yield Finding(told, dataset=dataset, scale=scale)


def _equivalent(kind: str, rows: list[dict[str, object]], job: ReportJob) -> Iterator[str]:
    within = [row for row in rows if row["equivalent"]]
    one: Row = rows[0]
    margin = float(one["margin"])
    title = scale_of(job, one)
    if kind == "bias":
        limit, things = f"±{as_stated(margin)} points", "condition"
        what = "the mean level of the ratings by {} was shown to be equivalent to people's"
    else:
        limit, things = f"±{as_stated(margin, bounded=True)}", "pairs of condition"
        what = "the correlations of ratings by {} with human means were shown to be equivalent"
    if len(rows) > FEW:
        yield (
            f"For {title}, {what.replace(' by {}', '')} (within {limit}) in "
            f"{out_of(len(within), len(rows))} {things}s."
        )
        return
    for row in rows:
        verdict = what if row["equivalent"] else what.replace(" shown", " not shown")
        yield f"For {title}, {verdict.format(_named(row, job))} (within {limit}): {_tested(row)}."


def _named(row: Row, job: ReportJob) -> str:
    name = conditions(job, [row])
    if row["kind"] == "bias":
        return name
    other = {**row, **{part: row[f"other_{part}"] for part in ("model", "protocol", "readout")}}
    return f"{name} and by {conditions(job, [other])}"


def _tested(row: Row) -> str:
    bounded = row["kind"] == "r"
    written = coefficient if bounded else number
    what = "difference" if bounded else "bias"
    ends = interval(row["low"], row["high"], bounded=bounded)
    points = "" if bounded else " points"
    return f"{what} {written(row['estimate'])}{points}, 90% CI {ends}, {with_p(row['p'])}"


def methods(
    worth: pd.DataFrame, tests: pd.DataFrame, margins: pd.DataFrame, settings: SubstitutionSettings
) -> Iterator[str]:
    """What was done in this study, told by the rows that have a number."""
    if worth["k"].notna().any():
        yield _worth_methods(worth)
    if tests["winning_rate"].notna().any():
        yield _annotator_methods(tests, settings)
    if margins["equivalent"].notna().any():
        kinds = set(margins.loc[margins["equivalent"].notna(), "kind"])
        of = {
            "bias": f"the bias (±{as_stated(settings.bias_within or math.nan)} points)",
            "r": "differences between correlations with human means "
            f"(±{as_stated(settings.r_within or math.nan, bounded=True)}; Zou's interval "
            "[@zou2007])",
        }
        yield (
            "Two one-sided tests [@schuirmann1987; @lakens2017] of size .05 asked for equivalence "
            f"within a margin: of {listed(of[kind] for kind in sorted(kinds))}. The margins were "
            f"stated in the study, for this reason: “{settings.margins_because}”."
        )


def _worth_methods(worth: pd.DataFrame) -> str:
    told = (
        "To say how many people a model is worth, the number k of raters was computed whose mean "
        "would correlate with the true item means as the model's does: k = φt²/(1 − t²), where φ "
        "is the ratio of the variance of ratings within and between items and t the correlation "
        "corrected for the unreliability of the human means [@spearman1910; @brown1910]. For "
        "predicting means, k is the variance of ratings within items divided by the mean squared "
        "error of the human means regressed on the model's, less their sampling error. Both have "
        "95% percentile bootstrap intervals over items."
    )
    if worth["k_drawn_most"].notna().any():
        told += (
            " As a check, raters of each item were drawn at random, half as a target and the "
            "others as competitors of the model [@trott2024]."
        )
    return told


def _annotator_methods(tests: pd.DataFrame, settings: SubstitutionSettings) -> str:
    tested = tests[tests["winning_rate"].notna()]
    model = {
        "sampled": "the median of its sampled answers",
        "exact": "the median of its exact distribution",
        "decision": "the median of its decisions' distribution",
        "stated": "the median of its stated distribution",
    }
    numbers = tested[tested["label"].isna()]
    used = listed(model[readout] for readout in sorted(set(numbers["readout"]), reverse=True))
    labels = tested["label"].notna().any()
    of_labels = " (of labels, those in at least half of the answers)" if labels else ""
    told = (
        "In the alternative annotator test [@calderon2025], each rater in turn was left out, and "
        "the model and the rater were compared in how near they came to the item's other raters. "
        f"One answer stood for the model: {used}{of_labels}. "
        "A rater may be replaced if the rater's lead over the model was shown to be less than ε, "
        "as a share of items (one-sided t-test over items, false discoveries held at .05 over "
        "raters [@benjamini2001]); a model passes if it may replace at least half of the raters."
    )
    if settings.epsilon is not None:
        told += (
            f" The study stated ε = {as_stated(settings.epsilon, bounded=True)}, for this reason: "
            f"“{settings.because}”."
        )
    return told
