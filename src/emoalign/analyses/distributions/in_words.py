"""Findings on distances between distributions, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.analyses.distributions.shown_columns import GUESSES, title
from emoalign.report.answers import little
from emoalign.report.conditions import asked, conditions, only_recorded
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
from emoalign.wording import READOUTS, ci, listed, number, out_of, span

Usable = Mapping[tuple[str, ...], float]
"""The usable part of the answers of each cell; see `report.answers.usable_shares`."""

MEASURES = {
    "rps": "The ranked probability score (RPS) and the earth mover's distance (W1) also take into "
    "account how far apart the points of the scale are.",
    "brier": "The Brier score compares the shares label by label.",
}
"""Explanations of further metrics, given before these are named."""


def findings(
    whole: pd.DataFrame, contrasts: pd.DataFrame, usable: Usable, job: ReportJob
) -> Iterator[list[str]]:
    """For each scale the distances of its cells from people; which of them is nearer, where
    contrasts say so; which are no nearer than a guess; and the distance of people from each other.

    Results of baselines are in the section about them.
    """
    asked = whole["protocol"] != BASELINE
    of_jsd = whole[(whole["metric"] == "jsd") & whole["value"].notna() & asked]
    for (dataset, scale), rows in groups(of_jsd, ["dataset", "scale"], sort=False):
        own = contrasts[(contrasts["dataset"] == dataset) & (contrasts["scale"] == scale)]
        compared = [
            *verdict_sentences(list(verdicts(own)), lambda name: title(job, name)),
            *_guesses(own, job),
        ]
        told = [
            *_distances(rows, usable, job),
            *(
                text
                for metric, text in MEASURES.items()
                if compared and metric in set(own["metric"])
            ),
            *compared,
            *_people(rows),
        ]
        yield Finding(told, dataset=dataset, scale=scale)


def _distances(rows: pd.DataFrame, usable: Usable, job: ReportJob) -> Iterator[str]:
    """The message, and the distances of cells one by one, or of the nearest and the farthest."""
    cells = records(rows.sort_values(["value", *CELL_ORDER], kind="stable"))
    told = [_distance(cell, usable, job) for cell in cells]
    where = f"{job.datasets[cells[0]['dataset']].title}, {cells[0]['scale']}"
    message = (
        f"Distributions of answers ({where}): the mean Jensen–Shannon divergence (JSD) from the "
        "human distributions was"
    )
    meaning = "A divergence of 0 bits means identical distributions, 1 bit no overlap."
    if len(cells) == 1:
        yield from (f"{message} {told[0]}.", meaning)
        return
    yield (
        f"{message} {span(rows['value'])} bits in {len(cells)} conditions (model × protocol × way "
        "of reading the answer)."
    )
    yield meaning
    if len(cells) <= FEW:
        yield f"The divergence was {listed(told)}."
    else:
        yield f"The divergence was lowest, {told[0]}, and highest, {told[-1]}."


def _distance(cell: Mapping[str, Any], usable: Usable, job: ReportJob) -> str:
    ends = ci(cell["value_low"], cell["value_high"])
    share = usable.get(tuple(str(cell[name]) for name in CELL_KEY), 1.0)
    read = "" if only_recorded(job, cell) else READOUTS[cell["readout"]]
    how = "; ".join(filter(None, (read, little(share, cell["readout"]))))
    known = ", ".join(filter(None, (f"{number(cell['value'])} bits", ends)))
    return f"{known}, for {asked(job, cell)}{f' ({how})' if how else ''}"


def _guesses(contrasts: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """Which cells are nearer to people than each guess, and which are not."""
    kept = contrasts[
        (contrasts["kind"] == "guess")
        & (contrasts["within"] != BASELINE)
        & contrasts["metric"].isin(list(METRICS))
        & contrasts["p_holm"].notna()
    ]
    told: dict[tuple[str, str, str, frozenset[str]], list[str]] = {}
    for guess, words in GUESSES.items():
        beside = [
            records(rows)
            for _, rows in groups(kept[kept["b"] == guess], ["readout", "within", "a"])
        ]
        if beside:
            found = (
                (_beside(beside[0], job), "than either", "")
                if len(beside) == 1
                else _counted(beside, job)
            )
            closer = frozenset(_named(rows[0], job) for rows in beside if all(map(_nearer, rows)))
            told.setdefault((*found, closer), []).append(words)
    for (before, than, after, _), guesses in told.items():
        either = than if len(guesses) > 1 else "than"
        yield f"{before} {either} {' or '.join(guesses)}{after}."


def _beside(rows: Sequence[Mapping[str, Any]], job: ReportJob) -> str:
    """The one cell, compared with a guess."""
    lost, unclear = _farther(rows), [_of(row) for row in rows if nearer(row) is None]
    metrics = lost or unclear or list(map(_of, rows))
    how = "farther from" if lost else "not clearly closer to" if unclear else "closer to"
    return f"By {listed(metrics)}, {_named(rows[0], job)} is {how} the human distributions"


def _named(row: Mapping[str, Any], job: ReportJob) -> str:
    """The cell that is compared with a guess."""
    return conditions(job, [{**row, "model": row["a"], "protocol": row["within"]}])


def _counted(beside: Sequence[Sequence[Mapping[str, Any]]], job: ReportJob) -> tuple[str, str, str]:
    """The number of cells nearer than a guess by every metric, the word before the guesses, and
    the cells that are farther by any metric."""
    won = sum(all(_nearer(row) for row in rows) for rows in beside)
    lost = [(rows[0], metrics) for rows in beside if (metrics := _farther(rows))]
    by = listed(dict.fromkeys(_of(row) for rows in beside for row in rows))
    if won:
        where = f"In {out_of(won, len(beside))} conditions, the model was"
    else:
        where = f"In {'neither' if len(beside) == 2 else 'no'} condition was the model"
    told = f"{where} closer by {by} to the human distributions"
    than = "than either" if won else "than"
    if not lost:
        return told, than, ""
    if len(lost) > FEW:
        names = {name for _, metrics in lost for name in metrics}
        one = "by at least one of them" if len(names) > 1 else f"by {listed(names)}"
        return told, than, f"; in {out_of(len(lost), len(beside))}, it was farther away {one}"
    named = "; ".join(f"{_named(row, job)} by {listed(metrics)}" for row, metrics in lost)
    return told, than, f". Farther away than that: {named}"


def _nearer(row: Mapping[str, Any]) -> bool:
    return nearer(row) is not None and row["difference"] < 0


def _farther(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The metrics by which a cell is farther from people than a guess."""
    return [_of(row) for row in rows if nearer(row) is not None and row["difference"] > 0]


def _of(row: Mapping[str, Any]) -> str:
    return METRICS[row["metric"]]


def _people(rows: pd.DataFrame) -> Iterator[str]:
    """The distance of people from each other, and that to be expected of a perfect model."""
    if halves := span(rows["human_halves"]):
        yield f"For comparison, two random halves of an item's raters differ by {halves} bits."
    if perfect := span(rows["perfect"]):
        depending = ", depending on the number of answers" if " to " in perfect else ""
        yield (
            "A model that answered exactly as the human population does, with as many answers, is "
            f"expected to differ by {perfect} bits{depending}."
        )
