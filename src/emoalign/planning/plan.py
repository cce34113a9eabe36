"""The target plan: what a study would ask, what that takes, and how exactly it would then know."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.precision.widths import precision_rows
from emoalign.analyses.precision.words import in_words
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.items.clusters import ItemClusters
from emoalign.tables import NORMS, PLAN, PRECISION, STIMULI, groups

_log = logging.getLogger(__name__)


def plan_study(
    jobs: Sequence[RatingJob],
    precision: PrecisionJob,
    cards: Mapping[str, ModelCard],
    stimuli: Mapping[str, Path],
    norms: Mapping[str, Path],
    journal: Path,
    costs: Path,
    widths: Path,
    max_usd: float | None = None,
) -> None:
    """Write what a study costs to `costs`, its intervals to `widths`, and say what is in them.

    `stimuli` and `norms` are the tables by dataset. Nothing is asked, nothing is spent.
    """
    plan(jobs, cards, stimuli, journal, costs, max_usd)
    rows = precision_rows(
        precision,
        {name: NORMS.read(path) for name, path in norms.items()},
        {name: ItemClusters.read(path) for name, path in stimuli.items()},
    )
    PRECISION.write_csv(rows, widths)
    for line in in_words(rows):
        _log.info("%s", line)
    _log.info("Scale by scale: %s", widths)


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
    for line in costs_in_words(rows, max_usd):
        _log.info("%s", line)
    _log.info("Cell by cell: %s", output)


def planned(
    job: RatingJob, card: ModelCard, items: pd.DataFrame, journal: Path
) -> dict[str, str | int | float | None] | None:
    """The row of a cell in the plan, see `tables.PLAN`; None where nobody is asked."""
    remaining = card.remaining(RatingTask(job, items, journal))
    if remaining is None:
        return None
    named = {"model": job.model, "protocol": job.protocol.name, "dataset": job.dataset}
    return {**named, "scale": job.asked, **asdict(remaining)}


def costs_in_words(rows: pd.DataFrame, max_usd: float | None) -> list[str]:
    """The plan as lines for a terminal: a sum per model, then what to know about it."""
    if rows.empty:
        return ["Nothing is asked and nothing is paid: all ratings are recorded."]
    lines = []
    for (model,), asked in groups(rows, ["model"]):
        missing_answers = int(asked["answers"].sum() - asked["held"].sum())
        line = (
            f"{model}: {asked['answers'].sum():,} answers, {asked['held'].sum():,} in the journal, "
            f"{missing_answers:,} to ask in {asked['requests'].sum():,} requests"
        )
        if missing_answers:
            line += (
                f"; {asked['prompt_tokens'].sum():,.0f} prompt tokens ({_sources(asked)}), at most "
                f"{asked['answer_tokens'].sum():,.0f} answer tokens{_money(asked)}{_time(asked)}"
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


def _sources(rows: pd.DataFrame) -> str:
    names = {
        "journal": "as counted before",
        "tokenizer": "by the model's tokenizer",
        "estimate": "estimated from characters",
    }
    sent = rows[rows["requests"] > 0]
    return ", ".join(names[source] for source in sorted(set(sent["tokens_from"])))


def _money(rows: pd.DataFrame) -> str:
    if rows["usd"].isna().all():
        return ""
    batch = float(rows["usd_batch"].sum())
    in_batches = f", {batch:.2f} in batches" if rows["usd_batch"].notna().any() else ""
    return (
        f"; at most {rows['usd'].sum():.2f} US dollars{in_batches} (prices of "
        f"{rows['prices_as_of'].iloc[0]})"
    )


def _time(rows: pd.DataFrame) -> str:
    minutes = float(rows["minutes"].sum())
    if rows["minutes"].isna().any():
        return "; running time unknown until it has answered once"
    if (rows["minutes_from"] == "limits").any():
        return f"; at least {minutes:.0f} min at its rate limits"
    return f"; about {max(minutes, 1):.0f} min, one job after the other"
