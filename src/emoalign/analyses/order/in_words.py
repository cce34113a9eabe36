"""Effects of order in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.report.conditions import condition
from emoalign.report.grid import CELL_ORDER
from emoalign.report.report_job import ReportJob
from emoalign.tables import records
from emoalign.wording import ci, coefficient, number, out_of, percent

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """What answers did where an effect is above 0, below 0 or unclear, and what its unit is."""

    above: str
    below: str
    unclear: str
    unit: str


EFFECTS = {
    "carry_over": Effect(
        "moved towards the item before (assimilation)",
        "moved away from the item before (contrast)",
        "did not clearly depend on the item before",
        "points per point of its mean",
    ),
    "echo": Effect(
        "followed the answer before, beyond its item",
        "moved away from the answer before, beyond its item",
        "did not clearly follow the answer before, beyond its item",
        "points per point",
    ),
    "drift": Effect(
        "rose during the session",
        "fell during the session",
        "neither clearly rose nor fell during the session",
        "points in ten positions",
    ),
    "history": Effect(
        "moved towards the earlier items of the session",
        "moved away from the earlier items of the session",
        "did not clearly depend on the earlier items of the session",
        "points per point of their mean",
    ),
}
"""The effects in the order of the table."""


def told(rows: pd.DataFrame, name: str, job: ReportJob) -> str:
    """One effect over all conditions that have it; nothing without any."""
    known = rows.dropna(subset=name)
    if known.empty:
        return ""
    effect = EFFECTS[name]
    above, below = known[f"{name}_low"].gt(0).sum(), known[f"{name}_high"].lt(0).sum()
    size = known[name].abs().rename("size")
    ordered = known.assign(size=size).sort_values(
        ["size", *CELL_ORDER], ascending=[False] + [True] * len(CELL_ORDER), kind="stable"
    )
    largest = records(ordered)[0]
    much = f"{number(largest[name])} {effect.unit}, {_interval(largest, name)}"
    where = condition(job, largest)
    if len(known) == 1:
        did = effect.above if above else effect.below if below else effect.unclear
        return f"Answers {did}: {much} ({where})."
    if not above and not below:
        return (
            f"Answers {effect.unclear} in any of {len(known)} conditions; the largest estimate was "
            f"{much} ({where})."
        )
    counts = [(int(above), effect.above), (int(below), effect.below)]
    counts.sort(key=lambda pair: -pair[0])
    said = [f"{does} in {out_of(count, len(known))} conditions" for count, does in counts if count]
    return f"Answers {' and '.join(said)} (95% intervals). The largest estimate: {much} ({where})."


def _interval(row: Row, name: str) -> str:
    return ci(row[f"{name}_low"], row[f"{name}_high"])


def later(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """What changed from the first to the last third of sessions, where it changed most."""
    usable = rows.assign(change=rows["ok_last"] - rows["ok_first"]).dropna(subset="change")
    if len(usable):
        row = _changed_most(usable)
        yield (
            f"From the first to the last third of a session, the share of usable answers went from "
            f"{percent(row['ok_first'])} to {percent(row['ok_last'])}{_where(row, usable, job)}."
        )
    agreeing = rows.assign(change=rows["r_last"] - rows["r_first"]).dropna(subset="change")
    if len(agreeing):
        row = _changed_most(agreeing)
        yield (
            f"The correlation of single ratings with human means went from "
            f"r = {coefficient(row['r_first'])} to {coefficient(row['r_last'])}"
            f"{_where(row, agreeing, job)}."
        )


def _changed_most(rows: pd.DataFrame) -> Row:
    return records(rows.loc[[rows["change"].abs().idxmax()]])[0]


def _where(row: Row, rows: pd.DataFrame, job: ReportJob) -> str:
    """The condition of a row, where there are several of which it changed most."""
    return "" if len(rows) == 1 else f" where it changed most ({condition(job, row)})"


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """Carry-over, and what else order clearly does."""
    opening = told(rows, "carry_over", job)
    if not opening:
        return
    others = [
        told(rows, name, job)
        for name in ("echo", "drift", "history")
        if (rows[f"{name}_low"].gt(0) | rows[f"{name}_high"].lt(0)).any()
    ]
    yield ["In sessions, answers" + opening.removeprefix("Answers"), *others]
