"""Do the readouts of a model agree?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from emoalign.report.conditions import asked
from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    cell_columns,
    count,
    grid,
    p,
    reason,
    share,
)
from emoalign.report.nearest import FEW
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import READOUTS as TABLE
from emoalign.tables import groups, records
from emoalign.wording import READOUTS, ci, coefficient, counted, interval, listed, number

USABLE = "share of answers or decisions that are ratings; exact: mean probability of a rating."

MOST_FAVOURABLE = (
    "Probability that was not returned was taken to be where it makes the answers of an item "
    "likeliest, so that p is conservative."
)


def _view(results: Results) -> View | Absent:
    rows = results.table(TABLE)
    if rows.empty:
        return Absent(
            "No protocol asked for more than one of sampled answers, exact probabilities and "
            "decisions, so there is nothing to compare."
        )
    columns = (
        *cell_columns(results.job),
        Column("Readouts", _pair, "readout_a", False),
        count("Items", "n_items", "Items with a mean in both readouts."),
        _bounded(
            "r of means",
            "r_means",
            coefficient,
            "Correlation of the means over items.",
        ),
        _bounded(
            "Mean difference",
            "mean_abs_difference",
            number,
            "Absolute, in points of the scale.",
        ),
        share("Usable, first", "usable_a", f"Of the first readout: {USABLE}"),
        share("Usable, second", "usable_b", f"Of the second readout: {USABLE}"),
        share(
            "Items with p < .05",
            "share_below_05",
            "G-test of an item's sampled ratings against the probabilities of the other readout; "
            "5% are expected if both agree.",
        ),
        p("p, all items", "p_pooled", "The same test, pooled over all items."),
        p(
            "p (sharpness)",
            "p_sharpness",
            "Small: likely answers were sampled more often, or less often, than their "
            "probabilities say.",
        ),
        count("Items with raters", "rps_debiased_n_items", "Items of the columns that follow."),
        *(
            _bounded(
                f"RPS, {which}",
                f"rps_debiased_{side}",
                lambda score: number(score, 3),
                "Debiased distance from people.",
            )
            for which, side in (("first", "a"), ("second", "b"))
        ),
        Column(
            "First − second [95% CI]",
            _difference,
            "rps_debiased_difference",
            meaning="Below 0: the first readout is closer to the human distributions. Paired "
            "BCa bootstrap over items.",
        ),
        reason(),
    )
    shown = grid("readouts-table", "Agreement of readouts", rows, columns, TABLE)
    pairs = [(row["readout_a"], row["readout_b"]) for row in records(rows)]
    values = {
        "grid": shown,
        "nearer": list(nearer(rows, results.job)),
        "pairs": set(pairs),
        "readouts": {readout for pair in pairs for readout in pair},
        "undecided": _undecided(rows),
    }
    return View(values, methods=list(_methods(rows, results.job)))


def _methods(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    tested = rows[rows["p_pooled"].notna()]
    if len(tested):
        simulations = part(job, StatisticsSettings).simulations
        against = listed(f"the {READOUTS[one]}" for one in tested["readout_b"].unique())
        yield (
            f"For each item, sampled answers were compared with {against} by a G-test with a "
            f"simulated p-value ({simulations:,} draws)."
            + (f" {MOST_FAVOURABLE}" if _undecided(tested) else "")
        )
    if rows["rps_debiased_difference"].notna().any():
        yield (
            "To find out which of two readouts is closer to the human distributions, their ranked "
            "probability scores [@epstein1969], corrected for small numbers of raters and answers "
            "[@ferro2014], were compared on the items that have both."
        )


def _undecided(rows: pd.DataFrame) -> bool:
    """Whether probability that was not returned leaves anything open that can be seen."""
    return bool(
        (rows["mean_abs_difference_most"] - rows["mean_abs_difference_least"]).ge(0.005).any()
    )


def nearer(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The readout that is nearer to people: for each pair, in how many cells and by how much."""
    for (a, b), pair in groups(rows, ["readout_a", "readout_b"], sort=False):
        yield from _nearer(pair, READOUTS[a], READOUTS[b], job)


def _nearer(rows: pd.DataFrame, a: str, b: str, job: ReportJob) -> Iterator[str]:
    told = rows.dropna(subset=["rps_debiased_difference"])
    if told.empty:
        why = "; ".join(dict.fromkeys(rows["reason"].dropna()))
        known = f": {why}" if why else ""
        yield f"Whether {a} or {b} are closer to the human distributions is not known{known}."
        return
    if len(told) <= FEW:
        for row in records(told):
            yield f"{_beside(row, job)}. {_closer(row)}."
        return
    first = told["rps_debiased_high"] < 0
    second = told["rps_debiased_low"] > 0
    unsure = sum(_open(row) for row in records(told[first | second]))
    but = f"; in {unsure} of these, probability that was not returned leaves it open"
    yield (
        f"Of {len(told)} combinations of model, protocol and scale, {a} were closer to the human "
        f"distributions in {first.sum()} and {b} in {second.sum()} (debiased RPS; 95% CI of the "
        f"difference excludes 0{but if unsure else ''})."
    )
    size = told["rps_debiased_difference"].abs()
    order = [name for name in CELL_ORDER if name in told]
    by_size = told.assign(size=size).sort_values(["size", *order], ascending=False)
    yield f"The largest difference: {_beside(records(by_size)[0], job)}."


def _beside(row: Row, job: ReportJob) -> str:
    """The distances of both readouts of a cell from people."""
    of = counted(row["rps_debiased_n_items"], job.datasets[row["dataset"]].modality)
    ends = ci(row["rps_debiased_low"], row["rps_debiased_high"], 3)
    difference = ", ".join(filter(None, (number(row["rps_debiased_difference"], 3), ends)))
    scores = (
        f"{_with_bounds(row, f'rps_debiased_{side}', lambda score: number(score, 3))} for "
        f"{READOUTS[row[f'readout_{side}']]}"
        for side in ("a", "b")
    )
    return (
        f"{asked(job, row)} "
        f"({job.datasets[row['dataset']].title}, {row['scale']}, {of}): debiased RPS "
        f"{' and '.join(scores)}; {row['readout_a']} minus {row['readout_b']} {difference}"
    )


def _closer(row: Row) -> str:
    """The readout of a cell that is nearer to people."""
    if row["rps_debiased_high"] < 0:
        nearest = row["readout_a"]
    elif row["rps_debiased_low"] > 0:
        nearest = row["readout_b"]
    else:
        return "Neither is clearly closer to the human distributions"
    told = f"The {READOUTS[nearest]} are closer to the human distributions"
    return (
        f"{told}, unless probability that was not returned turns it round" if _open(row) else told
    )


def _open(row: Row) -> bool:
    """Whether the other readout may be nearer to people, by probability not returned."""
    least = row["rps_debiased_a_least"] - row["rps_debiased_b_most"]
    most = row["rps_debiased_a_most"] - row["rps_debiased_b_least"]
    return bool(least < 0 < most)


def _pair(row: Row) -> str:
    return f"{row['readout_a']}, {row['readout_b']}"


def _bounded(title: str, name: str, written: Callable[[float], str], meaning: str) -> Column:
    """A number with the least and most it may be, in brackets, where these differ."""
    return Column(title, lambda row: _with_bounds(row, name, written), name, meaning=meaning)


def _with_bounds(row: Row, name: str, written: Callable[[float], str]) -> str:
    told, least, most = (written(row[column]) for column in (name, f"{name}_least", f"{name}_most"))
    return told if least == most else f"{told} ({least} to {most})"


def _difference(row: Row) -> str:
    ends = interval(row["rps_debiased_low"], row["rps_debiased_high"], 3)
    return f"{number(row['rps_debiased_difference'], 3)} {ends}".rstrip()


SECTION = Section(
    id="readouts",
    heading="Do the readouts of a model agree?",
    label="Readouts",
    view=_view,
)
