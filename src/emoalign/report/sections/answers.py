"""What the models answered, and what was left out."""

from __future__ import annotations

from emoalign.report.grid import Column, cell_columns, count, grid, text
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import STATUSES


def _view(results: Results) -> View | Absent:
    job, answers = results.job, results.answers
    if answers.counts.empty:
        return Absent(
            "No protocol asked for sampled answers: there are exact probabilities alone, and so "
            "no answer that could have been refused or unusable."
        )
    counted = (
        *cell_columns(job),
        count("Answers", "answers"),
        *(count(status, f"n_{status}") for status in STATUSES),
        count("Items without a rating", "items_without"),
    )
    said = Column("Answer", lambda row: f"“{row['text']}”", "text", numeric=False)
    quoted = (*cell_columns(job), text("Status", "status"), said, count("Times", "answers"))
    return View(
        {
            "counts": grid("answers-table", "Answers by status", answers.counts, counted),
            "unused": grid("unused-table", "Examples of unused answers", answers.unused, quoted),
        }
    )


SECTION = Section(
    id="answers",
    heading="What the models answered, and what was left out",
    label="Answers",
    view=_view,
)
