"""What distances between distributions say, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.analyses.distributions.shown_columns import GUESSES, title
from emoalign.report.answers import little
from emoalign.report.grid import CELL_ORDER
from emoalign.report.nearest import (
    FEW,
    METRICS,
    nearer,
    verdict_sentences,
    verdicts,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding
from emoalign.tables import BASELINE, CELL_KEY, groups, records
from emoalign.wording import interval, listed, number, span

Usable = Mapping[tuple[str, ...], float]
"""How much of what was said in a cell can be used; see `report.answers.usable_shares`."""


def findings(
    whole: pd.DataFrame, contrasts: pd.DataFrame, usable: Usable, job: ReportJob
) -> Iterator[list[str]]:
    """For each scale how far cells are from people; who is nearer than whom, as far as contrasts
    tell; what is no nearer than a guess; and how far people are from each other.

    What baselines find stands in the section about them.
    """
    asked = whole["protocol"] != BASELINE
    of_jsd = whole[(whole["metric"] == "jsd") & whole["value"].notna() & asked]
    for (dataset, scale), rows in groups(of_jsd, ["dataset", "scale"], sort=False):
        own = contrasts[(contrasts["dataset"] == dataset) & (contrasts["scale"] == scale)]
        told = [
            _distances(rows, usable, job),
            *verdict_sentences(list(verdicts(own)), lambda name: title(job, name)),
            *_guesses(own, job),
            *_people(rows),
        ]
        yield Finding(told, dataset=dataset, scale=scale)


def _distances(rows: pd.DataFrame, usable: Usable, job: ReportJob) -> str:
    cells = records(rows.sort_values(["value", *CELL_ORDER], kind="stable"))
    where = f"{job.datasets[cells[0]['dataset']].title}, {cells[0]['scale']}"
    opening = f"How answers spread ({where}): the Jensen–Shannon divergence from people "
    if len(cells) <= FEW:
        return f"{opening}is {listed([_distance(cell, usable, job) for cell in cells])}."
    ends = [_distance(cell, usable, job) for cell in (cells[0], cells[-1])]
    return f"{opening}ranges over {len(cells)} cells from {ends[0]} to {ends[1]}."


def _distance(cell: Mapping[str, Any], usable: Usable, job: ReportJob) -> str:
    ends = interval(cell["value_low"], cell["value_high"])
    share = usable.get(tuple(str(cell[name]) for name in CELL_KEY), 1.0)
    how = "; ".join(filter(None, (cell["readout"], little(share, cell["readout"]))))
    return (
        f"{number(cell['value'])} bits {ends}".rstrip()
        + f" for {title(job, cell['model'])} under {cell['protocol']} ({how})"
    )


def _guesses(contrasts: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """What is nearer to people than each guess, and what is not."""
    kept = contrasts[
        (contrasts["kind"] == "guess")
        & (contrasts["within"] != BASELINE)
        & contrasts["metric"].isin(list(METRICS))
        & contrasts["p_holm"].notna()
    ]
    for guess, words in GUESSES.items():
        beside = [
            records(rows)
            for _, rows in groups(kept[kept["b"] == guess], ["readout", "within", "a"])
        ]
        if len(beside) == 1:
            yield f"It is {_beside(beside[0])} {words}."
        elif beside:
            yield _counted(beside, words, job)


def _beside(rows: Sequence[Mapping[str, Any]]) -> str:
    """How the one cell stands to a guess."""
    lost, unclear = _farther(rows), [_of(row) for row in rows if nearer(row) is None]
    if lost:
        return f"farther from people, by {listed(lost)}, than"
    if unclear:
        return f"not clearly nearer to people, by {listed(unclear)}, than"
    return f"nearer to people, by {listed(map(_of, rows))}, than"


def _counted(beside: Sequence[Sequence[Mapping[str, Any]]], words: str, job: ReportJob) -> str:
    """How many cells are nearer than a guess by every metric, and which are farther by any."""
    won = sum(all(_nearer(row) for row in rows) for rows in beside)
    lost = [(rows[0], metrics) for rows in beside if (metrics := _farther(rows))]
    told = f"By every metric, {_cells(won, len(beside))} nearer to people than {words}"
    if not lost:
        return f"{told}."
    named = "; ".join(
        f"{title(job, row['a'])} under {row['within']} ({row['readout']}) by {listed(metrics)}"
        for row, metrics in lost[:FEW]
    )
    more = f"; and {len(lost) - FEW} more" if len(lost) > FEW else ""
    return f"{told}. Farther from people than that: {named}{more}."


def _cells(some: int, every: int) -> str:
    """So many of several cells, with the verb: all 3 cells are, 1 of 3 cells is."""
    if some == every:
        return f"{'both' if every == 2 else f'all {every}'} cells are"
    return f"{some or 'none'} of {every} cells {'is' if some == 1 or not some else 'are'}"


def _nearer(row: Mapping[str, Any]) -> bool:
    return nearer(row) is not None and row["difference"] < 0


def _farther(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The metrics by which a cell is farther from people than a guess."""
    return [_of(row) for row in rows if nearer(row) is not None and row["difference"] > 0]


def _of(row: Mapping[str, Any]) -> str:
    return METRICS[row["metric"]]


def _people(rows: pd.DataFrame) -> Iterator[str]:
    """How far people are from each other, and a perfect model would be."""
    if halves := span(rows["human_halves"]):
        yield f"Two random halves of an item's raters differ by {halves} bits."
    if perfect := span(rows["perfect"]):
        yield f"A perfect model with as many answers is expected to be {perfect} bits from people."
