"""Those who rated: how well people agree with people, and what the models answered."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.answers import ALWAYS, TITLES
from emoalign.report.grid import Column, Row, between, cell_columns, count, grid, value
from emoalign.report.report_job import ReportJob, is_asked, read_by_others, reads_strictly
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import RELIABILITY
from emoalign.wording import counted

SOURCES = {
    "icc_c": "ICC(C,k): single ratings, people told apart",
    "icc_1": "ICC(1,k): single ratings, people not told apart",
    "summary": "means, SDs and numbers of raters",
    "none": "not known: that takes several items with two or more ratings each, or with SDs and "
    "numbers of raters",
}
RATINGS = "ratings/"
"""The folder of all answers, within that of the study."""

ONE_PERSON = "One person with the mean of the others; known only if the norms say who rated."
ONE_RATING = "One rating per item, whoever gave it, with the mean of the item's other ratings."


def _people(results: Results) -> View | Absent | None:
    rows = results.table(RELIABILITY)
    if rows.empty:
        return None
    if not rows["n_items"].any():
        return Absent("No item has a human rating, so agreement among people is unknown.")
    where = Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False)
    columns = (
        where,
        count("Items", "n_items"),
        value("Raters per item", "n_raters", digits=1),
        between(
            "Ceiling of r [95% CI]",
            "ceiling",
            "ceiling_low",
            "ceiling_high",
            "√reliability; bootstrap over items (BCa).",
            digits=3,
        ),
        between(
            "Reliability used [95% CI]",
            "reliability",
            "reliability_low",
            "reliability_high",
            "Bootstrap over items (BCa).",
            digits=3,
        ),
        Column("From", lambda row: SOURCES[row["reliability_source"]], "reliability_source", False),
        value("One person", "one_human_r", ONE_PERSON, 3),
        value("One rating", "one_rating_r", ONE_RATING, 3),
        value("ICC(1)", "icc_single", "Reliability of one rating.", 3),
        value("ICC(1,k)", "icc_average", "Reliability of the mean of all ratings.", 3),
        value("ICC(C,k)", "icc_c_average", "Not counting that some rate higher throughout.", 3),
        value("ICC(A,k)", "icc_a_average", "Counting that some rate higher throughout.", 3),
        value("Split-half r", "split_half_r", digits=3),
        value("Spearman–Brown", "spearman_brown", digits=3),
    )
    shown = grid("people-table", "Reliability of the norms", rows, columns, RELIABILITY)
    return View({"grid": shown}, methods=list(_methods_of_people(results.job, rows)))


def _methods_of_people(job: ReportJob, rows: pd.DataFrame) -> Iterator[str]:
    sources, statistics = set(rows["reliability_source"]), part(job, StatisticsSettings)
    if "icc_c" in sources:
        yield (
            "The reliability of the human means is ICC(C,k), that of a two-way random model of "
            "items and raters [@mcgraw1996], with components of variance by Henderson's method I "
            "[@henderson1953]; one person is compared with the mean of the others over all items "
            "that this person shares with them, averaged over people."
        )
    if "icc_1" in sources:
        yield (
            "The reliability of the human means is ICC(1,k) of single ratings [@shrout1979] where "
            "people cannot be told apart."
        )
    if "summary" in sources:
        yield (
            "Where only means, SDs and numbers of raters are known, the reliability of the human "
            "means is 1 − mean(SD²/n)/Var(means)."
        )
    if rows["split_half_r"].notna().any():
        yield (
            f"Correlations between random halves of the raters ({statistics.split_halves:,} "
            "splits) and their Spearman–Brown reliability [@spearman1910; @brown1910] stand beside "
            "it."
        )
    if rows["ceiling"].notna().any():
        yield (
            "The ceiling, the square root of the reliability, is the highest r to be expected. "
            "Reliabilities of people and model, ceiling and disattenuated r of a cell are those of "
            "the items on which model and people are compared, with BCa intervals over items."
        )


PEOPLE = Section(
    id="people",
    heading="How well people agree with people",
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
    examples = "Examples of answers that are no ratings"
    return View(
        {
            "counts": counts,
            "doubts": answers.doubts,
            "unused": grid("unused-table", examples, answers.unused, quoted, source=RATINGS),
            "strict": any(map(reads_strictly, job.models.values())),
            "read_before": [one.title for one in job.models.values() if read_by_others(one)],
            "all_ratings": _all_ratings(answers.counts, job),
        }
    )


def _quoted(row: Row) -> str:
    """An answer, which may be no text at all: what was blocked was never seen."""
    return "(no text)" if pd.isna(row["text"]) else f"“{row['text']}”"


def _why_no_answers(job: ReportJob) -> str:
    if any("sampled" in protocol.readouts for protocol in job.protocols.values()):
        return "There are no sampled answers."
    return (
        "No protocol asked for sampled answers: there are exact probabilities alone, and so no "
        "answer that could have been refused or unusable."
    )


def _all_ratings(counts: pd.DataFrame, job: ReportJob) -> str:
    """That every answer was a rating, as far as all answers are there."""
    recorded = counts["model"].map(lambda name: not is_asked(job.models[name]))
    wanted = counts["protocol"].map(lambda name: job.protocols[name].participants or 0)
    fewer = int((counts["answers"] < counts["items"] * wanted)[~recorded].sum())
    told = [] if recorded.all() else ["Every answer was a rating."]
    if fewer:
        told = [
            "Every answer that arrived was a rating; in "
            f"{counted(fewer, 'cell')} there are fewer answers than the protocol asks for."
        ]
    if recorded.any():
        told.append(
            f"All {counts.loc[recorded, 'answers'].sum():,} recorded answers are ratings; answers "
            "that were not recorded, such as calls that were blocked, cannot be counted."
        )
    return " ".join(told)


ANSWERS = Section(
    id="answers",
    heading="What the models answered, and what was left out",
    label="Answers",
    view=_answers,
)
