"""The verdict: for each scale, what the evidence allows one to do with a model's ratings.

Where there are a few models and scales, every use is told in sentences; else the uses are counted
over scales, of the best model of each. The rules are in docs/substitution.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from emoalign.report.conditions import asked, only_recorded
from emoalign.report.first_screen.caveats import caveats
from emoalign.report.first_screen.claims import Answer, Clause
from emoalign.report.first_screen.evidence import FEWEST_ITEMS, Evidence, Rows
from emoalign.report.first_screen.uses_of_answers import (
    choices,
    disagreement,
    replacing,
    single_answers,
)
from emoalign.report.first_screen.uses_of_means import agrees, of_means
from emoalign.report.first_screen.worries import Worry
from emoalign.report.report_job import ReportJob
from emoalign.tables import CELL_KEY, records
from emoalign.wording import READOUTS, out_of

MOST_TOLD = 3
"""Conditions whose uses are told one by one."""

MOST_NAMED = 9
"""Scales that are named; of more, only their number is told."""

SCALE = ["dataset", "scale"]


@dataclass(frozen=True)
class Verdict:
    """What the ratings of a condition, `of`, may be used for, and what may lie behind them."""

    of: str
    clauses: Sequence[Clause]
    caveats: Sequence[Worry]
    about: Mapping[str, str]


@dataclass(frozen=True)
class Counted:
    """What the evidence allows for one use, over the scales of the study."""

    asked: str
    answers: str
    section: str


@dataclass(frozen=True)
class Verdicts:
    """What is shown: of some conditions all uses, or uses counted over scales; `chosen` says of
    which model, where there was a choice."""

    told: Sequence[Verdict]
    counted: Sequence[Counted]
    chosen: str

    @property
    def of_people(self) -> bool:
        """Whether readers must know what k is."""
        texts = [clause.why for one in self.told for clause in one.clauses]
        return any("k = " in text for text in [*texts, *(one.answers for one in self.counted)])


def verdicts(numbers: pd.DataFrame, labels: pd.DataFrame, rows: Rows, job: ReportJob) -> Verdicts:
    """The verdicts on the conditions of the headline: on scales of `numbers`, and of `labels`."""
    shown = [(numbers, "pearson_r", False), (labels, "value", True)]
    every = sum(len(table) for table, *_ in shown)
    tables = [table for table, *_ in shown]
    chosen = ""
    if every > MOST_TOLD:
        tables = [
            table[
                table.index.isin(
                    table.sort_values(by, ascending=ascending, kind="stable")
                    .drop_duplicates(SCALE)
                    .index
                )
            ]
            for table, by, ascending in shown
        ]
        if sum(map(len, tables)) < every:
            chosen = _chosen(*tables)
    made = [
        one
        for table in tables
        for cell in records(table)
        if (one := _verdict(Evidence(cell, rows, job)))
    ]
    if len(made) <= MOST_TOLD:
        return Verdicts(made, [], chosen)
    return Verdicts([], list(_counted(made, job)), chosen)


def _chosen(numbers: pd.DataFrame, labels: pd.DataFrame) -> str:
    best = [
        name for name, table in (("highest r", numbers), ("lowest JSD", labels)) if not table.empty
    ]
    return (
        f"Of each scale, this is the verdict on the model with the {' or '.join(best)}; choosing "
        "the best of several flatters it."
    )


def _verdict(found: Evidence) -> Verdict | None:
    cell, job = found.cell, found.job
    made = list(_clauses(found))
    if not made:
        return None
    scale = f"{job.datasets[cell['dataset']].title}, {cell['scale']}"
    read = "" if only_recorded(job, cell) else f" ({READOUTS[cell['readout']]})"
    agreement = not found.of_labels and found.assessable and agrees(cell)
    return Verdict(
        of=f"{scale}: {asked(job, cell)}{read}",
        clauses=made,
        caveats=list(caveats(found)) if agreement else [],
        about={name: str(cell[name]) for name in CELL_KEY},
    )


def _clauses(found: Evidence) -> Iterator[Clause]:
    """What a condition may be used for, the more common uses first."""
    if found.of_labels:
        yield from choices(found)
    else:
        yield from of_means(found)
        if not found.assessable:
            return
        if agrees(found.cell):
            yield from single_answers(found)
    if found.n_items >= FEWEST_ITEMS:
        yield from disagreement(found)
        yield from replacing(found)


def _counted(made: Sequence[Verdict], job: ReportJob) -> Iterator[Counted]:
    """Use by use, on how many of the scales the evidence allows it."""

    def kind(one: Verdict) -> bool:
        return one.about["scale"] in job.datasets[one.about["dataset"]].labels

    every = [(one, clause) for one in made for clause in one.clauses]
    for use in dict.fromkeys(clause.use for _, clause in every):
        own = [(one, clause) for one, clause in every if clause.use == use]
        kinds = {kind(one) for one, _ in own}
        scales = sum(kind(one) in kinds for one in made)
        yield Counted(use, _answers(own, scales, job), own[0][1].section)


def _answers(own: Sequence[tuple[Verdict, Clause]], scales: int, job: ReportJob) -> str:
    """How many of the scales have each answer, and which these are."""
    several = len(job.datasets) > 1
    parts: list[str] = []
    for answer in get_args(Answer):
        alike = [(one, clause) for one, clause in own if clause.answer == answer]
        if not alike:
            continue
        named = ""
        if scales <= MOST_NAMED and (
            len(alike) < scales or any(clause.told for _, clause in alike)
        ):
            each = (
                f"{_scale(one, several, job)}{f', {clause.told}' if clause.told else ''}"
                for one, clause in alike
            )
            named = f" ({'; '.join(each)})"
        on = "1 scale" if scales == 1 else f"{out_of(len(alike), scales)} scales"
        parts.append(f"{answer} on {str(len(alike)) if parts else on}{named}")
    if len(own) < scales:
        parts.append(f"not assessed on {scales - len(own)}")
    return "; ".join(parts)


def _scale(one: Verdict, several: bool, job: ReportJob) -> str:
    title = job.datasets[one.about["dataset"]].title
    return f"{title}, {one.about['scale']}" if several else one.about["scale"]


def with_worth(rows: pd.DataFrame, worth: pd.DataFrame) -> pd.DataFrame:
    """Rows of the headline with the number of people that each is worth, as k, k_low, k_high."""
    known = worth[worth["answers"].isna()]
    columns = ["k", "k_low", "k_high"]
    return rows.merge(known[[*CELL_KEY, *columns]], on=CELL_KEY, how="left")
