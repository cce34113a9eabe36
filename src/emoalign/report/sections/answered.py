"""The raters: how well people agree with each other, and the answers of the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from emoalign.report.answers import ALWAYS, TITLES
from emoalign.report.grid import (
    Column,
    Row,
    between,
    bounded,
    cell_columns,
    count,
    grid,
    scale_column,
    value,
)
from emoalign.report.report_job import ReportJob, is_asked, read_by_others, reads_strictly
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import RELIABILITY
from emoalign.wording import counted, listed

SOURCES = {
    "icc_c": "ICC(C,k), from single ratings of identified raters",
    "icc_1": "ICC(1,k), from single ratings of unidentified raters",
    "summary": "means, SDs and numbers of raters",
    "none": "unknown: several items need two or more ratings each, or SDs and numbers of raters",
}
RATINGS = "ratings/"
"""The folder of all answers, within that of the study."""

ONE_PERSON = "r of one rater with the mean of the others; known only if raters are identified."
ONE_RATING = "r of one rating per item, whoever gave it, with the mean of the item's other ratings."


def _people(results: Results) -> View | Absent | None:
    rows = results.table(RELIABILITY)
    if rows.empty:
        return None
    if not rows["n_items"].any():
        return Absent("No item has a human rating, so agreement among people is unknown.")
    columns = (
        scale_column(results.job),
        count("Items", "n_items"),
        value("Raters per item", "n_raters", "Mean over items.", 1),
        between(
            "Ceiling of r [95% CI]",
            "ceiling",
            "ceiling_low",
            "ceiling_high",
            "Highest r to expect: the square root of the reliability; BCa bootstrap over items.",
            digits=3,
            bounded=True,
        ),
        between(
            "Reliability [95% CI]",
            "reliability",
            "reliability_low",
            "reliability_high",
            "Of the human item means; BCa bootstrap over items.",
            digits=3,
            bounded=True,
        ),
        Column("From", lambda row: SOURCES[row["reliability_source"]], "reliability_source", False),
        bounded("One person", "one_human_r", ONE_PERSON, 3),
        bounded("One rating", "one_rating_r", ONE_RATING, 3),
        bounded("ICC(1)", "icc_single", "Reliability of a single rating.", 3),
        bounded("ICC(1,k)", "icc_average", "Reliability of the mean of an item's ratings.", 3),
        bounded(
            "ICC(C,k)", "icc_c_average", "Consistency: level differences of raters do not count.", 3
        ),
        bounded(
            "ICC(A,k)", "icc_a_average", "Agreement: level differences of raters count as error.", 3
        ),
        bounded("Split-half r", "split_half_r", "Between random halves of the raters.", 3),
        bounded("Spearman–Brown", "spearman_brown", "Split-half r, stepped up to all ratings.", 3),
    )
    shown = grid("people-table", "Reliability of the norms", rows, columns, RELIABILITY)
    single = {"raters": rows["one_human_r"], "ratings": rows["one_rating_r"]}
    known = [name for name, of in single.items() if of.notna().any()]
    values = {"grid": shown, "single": " and ".join(known)}
    return View(values, methods=list(_methods_of_people(results.job, rows)))


def _methods_of_people(job: ReportJob, rows: pd.DataFrame) -> Iterator[str]:
    sources, statistics = set(rows["reliability_source"]), part(job, StatisticsSettings)
    if "icc_c" in sources:
        yield (
            "The reliability of the human item means was estimated as ICC(C,k) of a two-way random "
            "model of items and raters [@mcgraw1996], with variance components by Henderson's "
            "method I [@henderson1953]. Each rater was correlated with the mean of the others over "
            "the items they share, and these correlations were averaged over raters."
        )
    if "icc_1" in sources:
        yield (
            "Where raters are not identified, the reliability of the human item means was "
            "estimated as ICC(1,k) of single ratings [@shrout1979]."
        )
    if "summary" in sources:
        yield (
            "Where only means, SDs and numbers of raters are known, the reliability of the human "
            "item means was estimated as 1 − mean(SD²/n)/Var(means)."
        )
    if rows["split_half_r"].notna().any():
        yield (
            "For comparison, split-half correlations of the raters were averaged over "
            f"{statistics.split_halves:,} random splits and stepped up by the Spearman–Brown "
            "formula [@spearman1910; @brown1910]."
        )
    if rows["ceiling"].notna().any():
        yield (
            "The ceiling, the square root of the reliability, is the highest r to expect. "
            "The reliability and the ceiling of a condition are based on the items on which model "
            "and people are compared, with BCa intervals over items."
        )


PEOPLE = Section(
    id="people",
    heading="How well do human raters agree with each other?",
    label="People",
    view=_people,
)


def _answers(results: Results) -> View | Absent:
    job, answers = results.job, results.answers
    if answers.counts.empty and not answers.doubts:
        return Absent(_why_no_answers(job))
    by_status = (
        *cell_columns(job),
        count("Answers", "answers"),
        *(
            count(title, f"n_{status}", meaning)
            for status, (title, meaning) in TITLES.items()
            if status in ALWAYS or answers.counts[f"n_{status}"].any()
        ),
        count("Items without a rating", "items_without"),
    )
    said = Column("Answer", _quoted, "text", numeric=False)
    kind = Column("Kind", lambda row: TITLES[row["status"]][0], "status", numeric=False)
    quoted = (*cell_columns(job), kind, said, count("Times", "answers"))
    counts = grid("answers-table", "Answers by kind", answers.counts, by_status, source=RATINGS)
    read = [one.title for one in job.models.values() if read_by_others(one)]
    examples = "Examples of answers that are not ratings"
    return View(
        {
            "counts": counts,
            "doubts": answers.doubts,
            "unused": grid("unused-table", examples, answers.unused, quoted, source=RATINGS),
            "strict": not answers.counts.empty and any(map(reads_strictly, job.models.values())),
            "read_before": _whose(read, job) if read else None,
            "all_ratings": _all_ratings(answers.counts, job),
        }
    )


def _whose(titles: Sequence[str], job: ReportJob) -> str:
    """The ratings of some models, or of all."""
    return "All ratings" if len(titles) == len(job.models) else f"The ratings of {listed(titles)}"


def _quoted(row: Row) -> str:
    """An answer in quotes; blocked answers have no text."""
    return "(no text)" if pd.isna(row["text"]) else f"“{row['text']}”"


def _why_no_answers(job: ReportJob) -> str:
    if any(protocol.written for protocol in job.protocols.values()):
        return "There are no written answers."
    return (
        "No protocol asked for sampled answers. Exact probabilities alone contain no answer that "
        "could have been refused or unreadable."
    )


def _all_ratings(counts: pd.DataFrame, job: ReportJob) -> str:
    """The statement that every answer was a rating, where all answers are there."""
    recorded = counts["model"].map(lambda name: not is_asked(job.models[name]))
    wanted = counts["protocol"].map(lambda name: job.protocols[name].participants or 0)
    fewer = int((counts["answers"] < counts["items"] * wanted)[~recorded].sum())
    told = [] if recorded.all() else ["Every answer was a rating."]
    if fewer:
        told = [
            "Every answer that arrived was a rating; in "
            f"{counted(fewer, 'combination')} of model, protocol and scale, fewer answers arrived "
            "than the protocol asks for."
        ]
    if recorded.any():
        told.append(
            f"All {counts.loc[recorded, 'answers'].sum():,} recorded answers are ratings; answers "
            "that were not recorded, such as blocked ones, cannot be counted."
        )
    return " ".join(told)


ANSWERS = Section(
    id="answers",
    heading="What did the models answer, and what was left out?",
    label="Answers",
    view=_answers,
)
