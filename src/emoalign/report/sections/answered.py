"""Those who rated: how well people agree with people, and what the models answered."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.report.grid import Column, cell_columns, count, grid, text, value
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import RELIABILITY, STATUSES

SOURCES = {
    "ratings": "single ratings",
    "summary": "means, SDs and numbers of raters",
    "none": "cannot be told: the norms have neither single ratings nor SDs with numbers of raters",
}


def _people(results: Results) -> View | Absent | None:
    rows = results.table(RELIABILITY)
    if rows.empty:
        return None
    if not rows["n_items"].any():
        return Absent("No item has a human rating, so nobody knows how well people agree on them.")
    where = Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False)
    columns = (
        where,
        count("Items", "n_items"),
        value("Raters per item", "n_raters", digits=1),
        Column("From", lambda row: SOURCES[row["source"]], "source", numeric=False),
        value("Split-half r", "split_half_r", digits=3),
        value("Spearman–Brown", "spearman_brown", digits=3),
        value("ICC(1)", "icc_single", "Reliability of one rating.", 3),
        value("ICC(1,k)", "icc_average", "Reliability of the mean of all ratings.", 3),
        value("Reliability used", "reliability", digits=3),
        value("Ceiling of r", "ceiling", "√reliability.", 3),
        value("One human", "one_human_r", "One rater with the mean of the others.", 3),
    )
    shown = grid("people-table", "Reliability of the norms", rows, columns, RELIABILITY)
    return View({"grid": shown}, methods=list(_methods_of_people(results.job, set(rows["source"]))))


def _methods_of_people(job: ReportJob, sources: set[str]) -> Iterator[str]:
    splits = part(job, StatisticsSettings).split_halves
    if "ratings" in sources:
        yield (
            "The reliability of the human means is the mean correlation between random halves of "
            f"each item's raters ({splits:,} splits), stepped up to all raters "
            "[@spearman1910; @brown1910]; intraclass correlations stand beside it [@shrout1979]."
        )
    if "summary" in sources:
        yield (
            "Where only means, SDs and numbers of raters are known, the reliability of the human "
            "means is 1 − mean(SD²/n)/Var(means)."
        )
    yield "The ceiling, the square root of the reliability, is the highest r to be expected."


PEOPLE = Section(
    id="people",
    heading="How well people agree with people",
    label="People",
    view=_people,
)


def _answers(results: Results) -> View | Absent:
    job, answers = results.job, results.answers
    if answers.counts.empty and not answers.doubts:
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
            "doubts": answers.doubts,
            "unused": grid("unused-table", "Examples of unused answers", answers.unused, quoted),
        }
    )


ANSWERS = Section(
    id="answers",
    heading="What the models answered, and what was left out",
    label="Answers",
    view=_answers,
)
