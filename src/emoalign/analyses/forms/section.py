"""Forms: what wording, direction of the scale and order of labels change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from emoalign.analyses.forms.in_words import answers
from emoalign.report.grid import (
    Column,
    between,
    cell_columns,
    count,
    grid,
    readout,
    reason,
    text,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import CELL_KEY, FORMS
from emoalign.wording import counted, span

KINDS = {"form": "", "direction": "reversed scale", "place": "place of labels"}


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(FORMS)
    if rows.empty:
        return None
    told = answers(rows, job)
    if not told:
        return Absent("No two forms of a protocol have ratings of the same items.")
    by_kind = {kind: rows[rows["kind"] == kind] for kind in KINDS}
    values = {
        "asked": _asked(rows),
        "answers": told,
        "forms": grid("forms-table", "Ratings by form", by_kind["form"], _form_columns(job), FORMS),
        "pulls": grid(
            "pulls-table",
            "Pull of numbers and of places",
            pd.concat([by_kind["direction"], by_kind["place"]]),
            _pull_columns(job),
            FORMS,
        ),
    }
    return View(values, methods=[" ".join(_methods(rows))])


def _asked(rows: pd.DataFrame) -> str:
    """How many conditions were asked in how many forms."""
    forms = rows[rows["kind"] == "form"]
    each = forms.groupby(CELL_KEY, sort=False).size()
    if each.empty:
        return "Labels were shown in several orders."
    were = "was" if len(each) == 1 else "were"
    return f"{counted(len(each), 'condition')} {were} asked in {span(each, 0)} forms."


def _methods(rows: pd.DataFrame) -> Iterator[str]:
    known = rows.dropna(subset="shift")
    if not known.empty:
        yield (
            "Ratings under several forms of a question [@schwarz1999] were mapped onto the scale "
            "of the human ratings and compared over the items that all forms have."
        )
    if rows.loc[rows["kind"] == "direction", "effect"].notna().any():
        yield (
            "The pull towards higher numbers is half of the mean difference between ratings on the "
            "scale as it is and reversed."
        )
    if rows.loc[rows["kind"] == "place", "effect"].notna().any():
        yield (
            "The pull of places of labels is the share of choices of the label shown there minus "
            "1/L, for L labels, averaged over orders."
        )


def _form_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        *cell_columns(job),
        readout(),
        text("Form", "form", "The prompt set; after a slash, the rotation of its labels."),
        count("Answers", "n_answers", "Answers in this form."),
        count("Ratings", "n_ok", "Answers that are ratings."),
        between(
            "r [95% CI]",
            "r",
            "r_low",
            "r_high",
            "Correlation of item means with human means.",
            bounded=True,
        ),
        between(
            "r with other forms",
            "r_others",
            "r_others_low",
            "r_others_high",
            "Correlation of item means with the mean of the other forms.",
            bounded=True,
        ),
        between(
            "Shift [95% CI]",
            "shift",
            "shift_low",
            "shift_high",
            "Mean minus the mean over all forms, in points of the scale.",
        ),
        between(
            "Slope",
            "slope",
            "slope_low",
            "slope_high",
            "Points that item means rise for a point of human means.",
        ),
        between(
            "ln SD ratio",
            "log_sd_ratio",
            "log_sd_ratio_low",
            "log_sd_ratio_high",
            "Logarithm of the ratio of mean SDs, model to people; below 0: the model varies less.",
        ),
        reason(),
    )


def _pull_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        *cell_columns(job),
        readout(),
        Column("Pull of", lambda row: KINDS[row["kind"]], "kind", numeric=False),
        replace(
            count("Place", "place", "Place at which a label was shown, from 1."), optional=True
        ),
        count("Answers", "n_ok", "Answers that are ratings, or that chose a label."),
        between(
            "Pull [95% CI]",
            "effect",
            "effect_low",
            "effect_high",
            "Reversed scale: points towards higher numbers. Place: share of choices beyond 1/L.",
            3,
        ),
        reason(),
    )


SECTION = Section(
    id="forms",
    heading="What does the form of the question change?",
    label="Forms",
    view=_view,
    figures=("forms",),
)
