"""Do sampled answers and exact probabilities agree?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.conditions import asked
from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    bounded,
    cell_columns,
    count,
    grid,
    p,
    reason,
    share,
    value,
)
from emoalign.report.nearest import FEW
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import READOUTS, records
from emoalign.wording import ci, counted, interval, number


def _view(results: Results) -> View | Absent:
    rows = results.table(READOUTS)
    if rows.empty:
        return Absent(
            "No protocol asked for both sampled answers and exact probabilities, so there is "
            "nothing to compare."
        )
    columns = (
        *cell_columns(results.job),
        count("Items", "n_items", "Items with sampled ratings and exact probabilities."),
        bounded("r of means", "r_means", "Correlation of sampled and exact means over items."),
        value("Mean difference", "mean_abs_difference", "Absolute, in points of the scale."),
        share("Answers that are ratings", "ok_share_sampled", "Of the sampled answers."),
        share(
            "Probability on the scale",
            "on_scale_mass_exact",
            "Exact: mean probability that the first token is a rating.",
        ),
        share(
            "Items with p < .05",
            "share_below_05",
            "G-test of an item's sampled ratings against its exact probabilities; 5% are expected "
            "if both agree.",
        ),
        p("p, all items", "p_pooled", "The same test, pooled over all items."),
        p(
            "p (sharpness)",
            "p_sharpness",
            "Small: likely answers were sampled more often, or less often, than their "
            "probabilities say.",
        ),
        count("Items with raters", "rps_debiased_n_items", "Items of the columns that follow."),
        value("RPS, sampled", "rps_debiased_sampled", "Debiased distance from people.", 3),
        value("RPS, exact", "rps_debiased_exact", "Debiased distance from people.", 3),
        Column(
            "Sampled − exact [95% CI]",
            _difference,
            "rps_debiased_difference",
            meaning="Below 0: the sampled answers are closer to the human distributions. Paired "
            "BCa bootstrap over items.",
        ),
        reason(),
    )
    shown = grid("readouts-table", "Agreement of readouts", rows, columns, READOUTS)
    simulations = part(results.job, StatisticsSettings).simulations
    method = []
    if rows["p_pooled"].notna().any():
        method.append(
            "For each item, sampled answers were compared with the exact probabilities by a G-test "
            f"with a simulated p-value ({simulations:,} draws)."
        )
    if rows["rps_debiased_difference"].notna().any():
        method.append(
            "To find out which of the two readouts is closer to the human distributions, their "
            "ranked probability scores [@epstein1969], corrected for small numbers of raters and "
            "answers [@ferro2014], were compared on the items that have both."
        )
    return View({"grid": shown, "nearer": list(nearer(rows, results.job))}, methods=method)


def nearer(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The readout that is nearer to people: in how many cells, and by how much."""
    told = rows.dropna(subset=["rps_debiased_difference"])
    if told.empty:
        why = "; ".join(dict.fromkeys(rows["reason"].dropna()))
        known = f": {why}" if why else ""
        yield f"It is not known which of the two is closer to the human distributions{known}."
        return
    if len(told) > FEW:
        sampled = int((told["rps_debiased_high"] < 0).sum())
        exact = int((told["rps_debiased_low"] > 0).sum())
        yield (
            f"Of {len(told)} combinations of model, protocol and scale, the sampled answers were "
            f"closer to the human distributions in {sampled} and the exact probabilities in "
            f"{exact} (debiased RPS; 95% CI of the difference excludes 0)."
        )
        size = told["rps_debiased_difference"].abs()
        order = [name for name in CELL_ORDER if name in told]
        by_size = told.assign(size=size).sort_values(["size", *order], ascending=False)
        yield f"The largest difference: {_beside(records(by_size)[0], job)}."
        return
    for row in records(told):
        yield f"{_beside(row, job)}. {_closer(row)}."


def _beside(row: Row, job: ReportJob) -> str:
    """The distances of both readouts of a cell from people."""
    of = counted(row["rps_debiased_n_items"], job.datasets[row["dataset"]].modality)
    ends = ci(row["rps_debiased_low"], row["rps_debiased_high"], 3)
    difference = ", ".join(filter(None, (number(row["rps_debiased_difference"], 3), ends)))
    return (
        f"{asked(job, row)} "
        f"({job.datasets[row['dataset']].title}, {row['scale']}, {of}): debiased RPS "
        f"{number(row['rps_debiased_sampled'], 3)} for sampled answers and "
        f"{number(row['rps_debiased_exact'], 3)} for exact probabilities; sampled minus exact "
        f"{difference}"
    )


def _closer(row: Row) -> str:
    """The readout of a cell that is nearer to people."""
    if row["rps_debiased_high"] < 0:
        return "The sampled answers are closer to the human distributions"
    if row["rps_debiased_low"] > 0:
        return "The exact probabilities are closer to the human distributions"
    return "Neither is clearly closer to the human distributions"


def _difference(row: Row) -> str:
    ends = interval(row["rps_debiased_low"], row["rps_debiased_high"], 3)
    return f"{number(row['rps_debiased_difference'], 3)} {ends}".rstrip()


SECTION = Section(
    id="readouts",
    heading="Do sampled answers and exact probabilities agree?",
    label="Readouts",
    view=_view,
)
