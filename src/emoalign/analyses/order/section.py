"""Effects of order: in words, as estimates, and by thirds of the sessions."""

from __future__ import annotations

import pandas as pd

from emoalign.analyses.order.in_words import EFFECTS, findings, later, sentences, without_means
from emoalign.report.grid import (
    Grid,
    between,
    bounded,
    cell_columns,
    count,
    grid,
    readout,
    reason,
    share,
    value,
)
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import ORDER
from emoalign.tables.sessions import PARTS

METHODS = (
    "Effects of order were estimated from single ratings in sessions: each rating was regressed on "
    "the mean of the item before it (carry-over), the deviation of the answer before from its "
    "item's mean (echo), the position in the session (drift) and the mean of all earlier items "
    "(history), with effects of items and sessions taken out [@jesteadt1977; @guimaraes2010]. Item "
    "means were those of the other sessions; the moments were corrected for their error "
    "[@fuller1987]. Standard errors were clustered by session. The echo, which is biased downwards "
    "in short sessions [@nickell1981], was corrected by the half-panel jackknife [@dhaene2015]."
)

METHODS_WITHOUT_MEANS = (
    "Where item means could not be told from chance, carry-over and history were left out of the "
    "regression."
)

TITLES = {
    "carry_over": (
        "Carry-over [95% CI]",
        "Points an answer moves per point of the mean of the item before. Above 0: towards that "
        "item (assimilation); below 0: away from it (contrast).",
    ),
    "carry_over_certain": (
        "Carry-over, certain [95% CI]",
        "The same on items whose answers vary little (entropy up to the median).",
    ),
    "carry_over_uncertain": (
        "Carry-over, uncertain [95% CI]",
        "The same on items whose answers vary much (entropy above the median).",
    ),
    "echo": (
        "Echo [95% CI]",
        "Points an answer moves per point that the answer before was above its item's mean.",
    ),
    "drift": ("Drift [95% CI]", "Points that answers move in ten positions."),
    "history": (
        "History [95% CI]",
        "Points an answer moves per point of the mean of all earlier items but the last.",
    ),
}


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(ORDER)
    if rows.empty:
        return None
    unknown = rows[list(EFFECTS)].isna().all(axis=None)
    why = "; ".join(sorted(set(rows["reason"].dropna()))) if unknown else None
    ends = [f"{name}_{part}" for name in ("ok", "sd", "r") for part in PARTS]
    if unknown and rows[ends].isna().all(axis=None):
        return Absent(f"Effects of order cannot be estimated: {why}.")
    values = {
        "why": why,
        "sentences": sentences(rows, job),
        "recorded": any(not is_asked(job.models[model]) for model in rows["model"]),
        "later": list(later(rows, job)),
        "effects": None if unknown else _effects(rows, job),
        "thirds": _thirds(rows, job),
    }
    methods = METHODS if without_means(rows).empty else f"{METHODS} {METHODS_WITHOUT_MEANS}"
    return View(values, list(findings(rows, job)), [] if unknown else [methods])


def _effects(rows: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        *cell_columns(job),
        readout(),
        count("Sessions", "n_sessions", "Number of sessions."),
        count("Answers", "n_answers", "Ratings with another rating right before them."),
        *(
            between(title, name, f"{name}_low", f"{name}_high", meaning)
            for name, (title, meaning) in TITLES.items()
        ),
        bounded(
            "Reliability",
            "reliability",
            "Of the item means in the other sessions, which the effects are corrected by.",
        ),
        reason(),
    )
    return grid("order-table", "Effects of order by condition", rows, columns, ORDER)


def _thirds(rows: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        *cell_columns(job),
        readout(),
        *(
            share(f"Usable, {part}", f"ok_{part}", "Share of usable answers in this third.")
            for part in PARTS
        ),
        *(
            value(f"SD, {part}", f"sd_{part}", "SD of the ratings within this third, in points.")
            for part in PARTS
        ),
        *(
            bounded(
                f"r, {part}", f"r_{part}", "Correlation of single ratings with human item means."
            )
            for part in PARTS
        ),
    )
    return grid("session-thirds-table", "Answers by third of the session", rows, columns, ORDER)


SECTION = Section(
    id="order",
    heading="Do answers depend on what came before them?",
    label="Order",
    view=_view,
    figures=("order",),
)
