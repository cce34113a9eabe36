"""What readers should worry about before they believe a number: at most three things."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from emoalign.report.answers import IN_WORDS, MOST
from emoalign.report.conditions import named
from emoalign.report.nearest import METRICS, SMALL, nearer
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.undecided import how_far, most_open
from emoalign.tables import BASELINE, CELL_KEY, groups, records
from emoalign.wording import READOUTS, ci, coefficient, counted, listed, number, out_of, percent

MOST_WORRIES = 3
WIDE = 0.2
"""A 95% interval of r that is wider leaves much open."""

FAR = 0.1
"""Readouts disagree if their means differ by more, on average, as a share of the scale, and a test,
where there is one, finds a difference."""


_USABLE = {
    "sampled": "of the answers are ratings",
    "exact": "of the returned probability is on the scale",
    "decision": "of the decisions were given",
    "stated": "of the answers are distributions",
}
"""What is usable of what was said in a readout, after a share."""


@dataclass(frozen=True)
class Worry:
    """A sentence with its number, and the section that tells more."""

    sentence: str
    section: str


def worries(
    headline: pd.DataFrame,
    alignment: pd.DataFrame,
    usable: Mapping[tuple[str, ...], float],
    counts: pd.DataFrame,
    doubts: Sequence[str],
    contrasts: pd.DataFrame,
    readouts: pd.DataFrame,
    job: ReportJob,
) -> list[Worry]:
    """The most severe first: too few ratings, means that lose to the human average, answers that
    look like copies, single answers, distributions that lose to a uniform guess, readouts that
    disagree, probability that was not returned, wide intervals.

    Args:
        headline: the rows of `headline.of_correlations`.
        alignment: the table of this name.
        usable: how much of what was said in a cell can be used; see `answers.usable_shares`.
        counts: answers by status; see `answers.Answers`.
        doubts: sentences on what looks as if the model had not given each answer by itself.
        contrasts, readouts: the tables of these names; no rows where the study has none.
    """
    found = (
        *_few_ratings(usable, counts, job),
        *_far(alignment, job),
        *_doubtful(doubts),
        *_single(counts, usable, job),
        *_guesses(contrasts, job),
        *_disagreeing(readouts, job),
        *_undecided(alignment, job),
        *_wide(headline, job),
    )
    return list(islice(found, MOST_WORRIES))


def _few_ratings(
    usable: Mapping[tuple[str, ...], float], counts: pd.DataFrame, job: ReportJob
) -> Iterator[Worry]:
    known = {key: share for key, share in usable.items() if share == share}
    few = sorted((share, key) for key, share in known.items() if share < MOST)
    if not few:
        return
    share, key = few[0]
    cell = dict(zip(CELL_KEY, key, strict=True))
    if len(known) == 1:
        some = f"Only {percent(share)} of the" if share else "No"
        of = _USABLE[cell["readout"]].removeprefix("of the ")
        yield Worry(f"{some} {of}, for {named(job, cell)}{_why(cell, counts, job)}.", "answers")
        return
    read = {of[-1] for _, of in few}
    told = ", or ".join(
        f"{'less' if readout == 'exact' else 'fewer'} than {percent(MOST)} {of}"
        for readout, of in _USABLE.items()
        if readout in read
    )
    yield Worry(
        f"In {_of(len(few), len(known))}, {told}; the lowest share is {percent(share)}, for "
        f"{named(job, cell)}{_why(cell, counts, job)}.",
        "answers",
    )


def _why(cell: Mapping[str, Any], counts: pd.DataFrame, job: ReportJob) -> str:
    """The most frequent reason why written answers of a condition are not ratings."""
    for row in records(counts):
        if all(row[name] == cell[name] for name in CELL_KEY):
            status = max(IN_WORDS, key=lambda name: row[f"n_{name}"])
            share = row[f"n_{status}"] / row["answers"] if row["answers"] else 0
            some = "all" if share == 1 else f"{percent(share)} of the answers"
            at = _limit(cell, job) if status == "truncated" else ""
            return f": {some} were {IN_WORDS[status]}{at}" if share else ""
    return ""


def _limit(cell: Mapping[str, Any], job: ReportJob) -> str:
    """The tokens after which an answer of a model that was asked is cut off."""
    template = job.question_template(cell["protocol"], cell["dataset"], cell["scale"])
    model = job.models[cell["model"]]
    if template is None or not is_asked(model):
        return ""
    thoughts = model.thoughts.get(cell["protocol"], 0)
    with_thoughts = ", thoughts included" if thoughts else ""
    return f" at {counted(template.answer.max_tokens + thoughts, 'token')}{with_thoughts}"


def _far(alignment: pd.DataFrame, job: ReportJob) -> Iterator[Worry]:
    """Means that are farther from people's than one number for all items."""
    known = alignment.dropna(subset=["rmse", "rmse_constant"])
    far = records(known[known["rmse"] > known["rmse_constant"]])
    if not far:
        return
    if len(known) == 1:
        [cell] = far
        errors = f"RMSE {number(cell['rmse_constant'])} against {number(cell['rmse'])}"
        whose, where = f"by {named(job, cell)}", "Giving"
    else:
        errors, whose = "RMSE", "of the model"
        where = f"In {_of(len(far), len(known))}, giving"
    yield Worry(
        f"{where} every item the average human rating would be closer to people than the mean "
        f"ratings {whose} are ({errors}).",
        "alignment",
    )


def _single(
    counts: pd.DataFrame, usable: Mapping[tuple[str, ...], float], job: ReportJob
) -> Iterator[Worry]:
    """Ratings of which nothing is known but one of each item, by no probabilities either."""
    sampled = [
        row
        for row in records(counts)
        if row["answers"]
        and row["readout"] == "sampled"
        and row["scale"] in job.datasets[row["dataset"]].scales
        and not any(
            (*(row[name] for name in CELL_KEY[:-1]), other) in usable
            for other in ("exact", "decision")
        )
    ]
    once = [row for row in sampled if row["answers"] == row["answered"]]
    if not once:
        return
    where = "E" if len(once) == len(sampled) else f"In {_of(len(once), len(sampled))}, e"
    yield Worry(
        f"{where}ach item has a single answer of the model, so the spread and the reliability of "
        "its ratings are unknown.",
        "spread",
    )


def _doubtful(doubts: Sequence[str]) -> Iterator[Worry]:
    if doubts:
        first, more = doubts[0].split(". ")[0].rstrip("."), len(doubts) - 1
        others = f", and there {'is' if more == 1 else 'are'} {counted(more, 'more doubt')}"
        yield Worry(f"{first}{others if more else ''}.", "answers")


def _guesses(contrasts: pd.DataFrame, job: ReportJob) -> Iterator[Worry]:
    kept = contrasts[
        (contrasts["kind"] == "guess")
        & (contrasts["b"] == "uniform")
        & (contrasts["within"] != BASELINE)
        & contrasts["metric"].isin(list(METRICS))
        & contrasts["p_holm"].notna()
    ]
    cells = [
        records(rows)
        for _, rows in groups(kept, ["dataset", "scale", "a", "within", "readout"], sort=False)
    ]
    lost = [farther for rows in cells if (farther := [row for row in rows if _farther(row)])]
    if not lost:
        return
    if len(cells) > 1:
        yield Worry(
            "A uniform guess is closer to the human distributions than the model is, by at least "
            f"one metric, in {_of(len(lost), len(cells))}.",
            "distributions",
        )
        return
    by = [
        f"{METRICS[row['metric']]} ({number(row['mean_b'])} against {number(row['mean_a'])})"
        for row in lost[0]
    ]
    cell = lost[0][0] | {"model": lost[0][0]["a"], "protocol": lost[0][0]["within"]}
    yield Worry(
        f"A uniform guess is closer to the human distributions than {named(job, cell)}, by "
        f"{listed(by)}.",
        "distributions",
    )


def _farther(row: Mapping[str, Any]) -> bool:
    return nearer(row) is not None and row["difference"] > 0


def _disagreeing(readouts: pd.DataFrame, job: ReportJob) -> Iterator[Worry]:
    """Readouts whose means differ by more than probability that was not returned explains, and, of
    sampled answers, by more than chance."""
    tested = readouts["p_pooled"].notna() | readouts["readout_a"].ne("sampled")
    compared = readouts[tested].dropna(subset=["mean_abs_difference_least"])
    apart = []
    for row in records(compared):
        bounds = job.datasets[row["dataset"]].scales[row["scale"]]
        far = row["mean_abs_difference_least"] / (bounds.max - bounds.min)
        if far > FAR and not row["p_pooled"] >= SMALL:
            apart.append((far, row))
    if not apart:
        return
    _, worst = max(apart, key=lambda pair: pair[0])
    some = "" if len(compared) == 1 else f" in {_of(len(apart), len(compared), 'comparison')},"
    most = "" if len(apart) == 1 else " most of all"
    r = "" if math.isnan(worst["r_means"]) else f" (r = {coefficient(worst['r_means'])})"
    pair = f"{READOUTS[worst['readout_a']]} and {READOUTS[worst['readout_b']]}"
    if compared[["readout_a", "readout_b"]].drop_duplicates().shape[0] == 1:
        opening = f"{pair[0].upper()}{pair[1:]} disagree{some}{most}"
    else:
        opening = f"Readouts disagree{some}{most} {pair}"
    yield Worry(
        f"{opening} for {named(job, worst)}: item means differ by "
        f"{number(worst['mean_abs_difference'])} points on average{r}.",
        "readouts",
    )


def _undecided(alignment: pd.DataFrame, job: ReportJob) -> Iterator[Worry]:
    for row in most_open(alignment, job):
        yield Worry(
            f"For {named(job, row)}, {percent(row['undecided_mass'])} of the probability was not "
            f"returned: {how_far(row)}.",
            "alignment",
        )


def _wide(headline: pd.DataFrame, job: ReportJob) -> Iterator[Worry]:
    width = headline["pearson_high"] - headline["pearson_low"]
    wide = headline[width > WIDE]
    if wide.empty:
        return
    widest = records(wide.loc[[width.idxmax()]])[0]
    card = job.datasets[widest["dataset"]]
    some = "for"
    if len(headline) > 1:
        some = f"in {_of(len(wide), len(headline), 'case')}, most of all for"
    yield Worry(
        f"The 95% interval of r is wide {some} {named(job, widest)}: r = "
        f"{coefficient(widest['pearson_r'])}, "
        f"{ci(widest['pearson_low'], widest['pearson_high'], bounded=True)}, over "
        f"{counted(int(widest['n_items']), card.modality)}.",
        "alignment",
    )


def _of(some: int, every: int, thing: str = "condition") -> str:
    """So many of several: 1 of 2 conditions, both conditions, all 5 conditions."""
    return f"{out_of(some, every)} {thing}s"
