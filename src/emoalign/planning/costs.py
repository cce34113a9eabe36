"""What a study would ask, and what that takes. Nothing is asked, nothing is spent."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from emoalign.elicitation.cells import Cell
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating_job import RatingJob
from emoalign.tables import PLAN, STIMULI, groups

_log = logging.getLogger(__name__)


def plan(
    jobs: Sequence[RatingJob],
    cards: Mapping[str, ModelCard],
    stimuli: Mapping[str, Path],
    journal: Path,
    output: Path,
    max_usd: float | None = None,
) -> None:
    """Write what every cell still needs, and say the sums by model.

    Recorded ratings need nothing and are left out.
    """
    items = {dataset: STIMULI.read(path) for dataset, path in stimuli.items()}
    rows = pd.DataFrame(
        [
            row
            for job in jobs
            if (row := planned(job, cards[job.model], items[job.dataset], journal)) is not None
        ],
        columns=PLAN.schema.names,
    )
    PLAN.write_csv(rows, output)
    for line in in_words(rows, max_usd):
        _log.info("%s", line)
    _log.info("Cell by cell: %s", output)


def planned(
    job: RatingJob, card: ModelCard, items: pd.DataFrame, journal: Path
) -> dict[str, str | int | float | None] | None:
    """What remains of one cell, see `tables.PLAN`; None where nobody is asked."""
    remaining = card.remaining(Cell(job, items, journal))
    if remaining is None:
        return None
    named = {"model": job.model, "protocol": job.protocol.name, "dataset": job.dataset}
    return {**named, "scale": job.asked, **asdict(remaining)}


def in_words(rows: pd.DataFrame, max_usd: float | None) -> list[str]:
    """The plan as lines for a terminal: a sum per model, then what to know about it."""
    lines = []
    for (model,), cells in groups(rows, ["model"]):
        missing_answers = int(cells["answers"].sum() - cells["held"].sum())
        line = (
            f"{model}: {cells['answers'].sum():,} answers, {cells['held'].sum():,} in the journal, "
            f"{missing_answers:,} to ask in {cells['requests'].sum():,} requests"
        )
        if missing_answers:
            line += (
                f"; {cells['prompt_tokens'].sum():,.0f} prompt tokens ({_sources(cells)}), at most "
                f"{cells['answer_tokens'].sum():,.0f} answer tokens{_money(cells)}{_time(cells)}"
            )
        lines.append(line)
    due = rows["usd"].where(rows["delivery"] != "batch", rows["usd_batch"].fillna(rows["usd"]))
    total = float(due.sum())
    if rows["usd"].notna().any():
        lines.append(f"Together at most {total:.2f} US dollars.")
    if max_usd is not None:
        verdict = "covers this" if total <= max_usd else "does not cover this: jobs will stop at it"
        lines.append(f"max_usd = {max_usd:g} {verdict}.")
    return lines


def _sources(cells: pd.DataFrame) -> str:
    names = {
        "journal": "as counted before",
        "tokenizer": "by the model's tokenizer",
        "estimate": "estimated from characters",
    }
    asked = cells[cells["requests"] > 0]
    return ", ".join(names[source] for source in sorted(set(asked["tokens_from"])))


def _money(cells: pd.DataFrame) -> str:
    if cells["usd"].isna().all():
        return ""
    batch = float(cells["usd_batch"].sum())
    in_batches = f", {batch:.2f} in batches" if cells["usd_batch"].notna().any() else ""
    return (
        f"; at most {cells['usd'].sum():.2f} US dollars{in_batches} (prices of "
        f"{cells['prices_as_of'].iloc[0]})"
    )


def _time(cells: pd.DataFrame) -> str:
    if cells["minutes"].isna().all():
        return ""
    return f"; at its rate limits at least {cells['minutes'].sum():.0f} min"
