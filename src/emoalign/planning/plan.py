"""The target plan: what a study still has to ask, what that costs, how wide intervals will be."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pandas as pd

from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.precision.widths import precision_rows
from emoalign.analyses.precision.words import in_words
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.items.clusters import ItemClusters
from emoalign.planning.recommended import recommendations
from emoalign.planning.sessions_in_words import sessions_in_words
from emoalign.stimuli.preparation import USED
from emoalign.tables import NORMS, PLAN, PRECISION, STIMULI, groups, metadata
from emoalign.wording import dollars_between, listed, minutes

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
    found: Path | None = None,
) -> None:
    """Write what a study costs to `costs` and its planned intervals to `widths`, and log both.

    `stimuli` and `norms` are the tables by dataset; `found` is the table of generalizability of a
    finished part of the study, from which other forms and numbers of answers are recommended.
    Nothing is asked, nothing is spent.
    """
    for name, path in stimuli.items():
        if used := metadata(path).get(USED):
            _log.info("%s: %s", name, used)
    means = {name: NORMS.read(path) for name, path in norms.items()}
    plan(jobs, cards, stimuli, journal, costs, max_usd, means)
    for line in settings_in_words(jobs):
        _log.info("%s", line)
    rows = precision_rows(
        precision,
        means,
        {name: ItemClusters.read(path) for name, path in stimuli.items()},
    )
    PRECISION.write_csv(rows, widths)
    for line in in_words(rows):
        _log.info("%s", line)
    _log.info("All half-widths, and the reasons where one is missing: %s", widths)
    if found is not None:
        items = {name: STIMULI.read(path) for name, path in stimuli.items()}
        for line in recommendations(found, jobs, cards, items):
            _log.info("%s", line)


def plan(
    jobs: Sequence[RatingJob],
    cards: Mapping[str, ModelCard],
    stimuli: Mapping[str, Path],
    journal: Path,
    output: Path,
    max_usd: float | None = None,
    norms: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write what each cell (model, protocol, dataset and scale) still needs, and log the sums.

    Recorded ratings need nothing and are left out.
    """
    items = {dataset: STIMULI.read(path) for dataset, path in stimuli.items()}
    rows = planned_rows(jobs, cards, items, journal, norms)
    PLAN.write_csv(rows, output)
    here = {name for name, card in cards.items() if card.destination is None}
    for line in costs_in_words(rows, max_usd, here):
        _log.info("%s", line)
    for name in sorted(set(rows["model"])):
        if (told := cards[name].retiring(name, date.today())) is not None:
            _log.info("%s", told)
    sizes = {dataset: len(stimuli) for dataset, stimuli in items.items()}
    for line in sessions_in_words(jobs, rows, cards, sizes):
        _log.info("%s", line)
    _log.info("By model, protocol and scale: %s", output)


def planned_rows(
    jobs: Sequence[RatingJob],
    cards: Mapping[str, ModelCard],
    items: Mapping[str, pd.DataFrame],
    journal: Path,
    norms: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """A row for each cell that is asked, see `tables.PLAN`; `items` are the stimuli by dataset."""
    return pd.DataFrame(
        [
            row
            for job in jobs
            for means in [None if norms is None else norms.get(job.dataset)]
            for row in [planned(job, cards[job.model], items[job.dataset], journal, means)]
            if row is not None
        ],
        columns=PLAN.schema.names,
    )


def planned(
    job: RatingJob,
    card: ModelCard,
    items: pd.DataFrame,
    journal: Path,
    norms: pd.DataFrame | None = None,
) -> dict[str, str | int | float | None] | None:
    """The row of a cell in the plan, see `tables.PLAN`; None for recorded ratings."""
    remaining = card.remaining(RatingTask(job, items, journal, norms=norms))
    if remaining is None:
        return None
    named = {"model": job.model, "protocol": job.protocol.name, "dataset": job.dataset}
    return {**named, "scale": job.asked, **asdict(remaining)}


def costs_in_words(
    rows: pd.DataFrame, max_usd: float | None, here: Collection[str] = ()
) -> list[str]:
    """The plan as lines for a terminal: a sum per model, then the cost of all together.

    `here` are the models that run on this machine, at no cost.
    """
    if rows.empty:
        return ["No model is asked, and nothing is paid: all ratings are recorded."]
    lines = [_of_model(model, asked, here) for (model,), asked in groups(rows, ["model"])]
    least, most = (_due(rows, bound) for bound in ("min", "max"))
    remote = rows[~rows["model"].isin(here) & (rows["requests"] > 0)]
    unpriced = sorted(set(remote.loc[remote["usd_max"].isna(), "model"]))
    without = f", without {listed(unpriced)}" if unpriced else ""
    if most:
        lines.append(f"Together: {dollars_between(least, most)}{without}.")
    if max_usd is not None:
        lines.append(f"max_usd = {max_usd:g} {_covers(max_usd, least, most)}{without}.")
    return lines


def settings_in_words(jobs: Sequence[RatingJob]) -> Iterator[str]:
    """A line on each protocol that asks in several forms, leaves sampling to the provider, says how
    much to think, or forces the form of answers."""
    for protocol in {job.protocol.name: job.protocol for job in jobs}.values():
        own = [job for job in jobs if job.protocol.name == protocol.name]
        told = []
        forms = max(len(job.forms()) for job in own)
        if forms > 1:
            sets = dict.fromkeys(form.prompt_set for job in own for form in job.forms())
            told.append(
                f"each item is asked about in {forms} forms ({', '.join(filter(None, sets))}), "
                "which participants are dealt equally"
            )
        if protocol.temperature is None:
            told.append("no setting of sampling is sent (temperature: provider)")
        if protocol.thinking != "provider":
            most = [job.thoughts.tokens for job in own]
            up_to = f" with up to {max(most):,} tokens per answer" if any(most) else ""
            told.append(f"thinking is {protocol.thinking}{up_to}")
        if any(form.template.answer.structured for job in own for form in job.forms()):
            told.append("a JSON schema forces the form of answers (answer.kind: structured)")
        if told:
            yield f"{protocol.name}: {listed(told)}."


def _due(rows: pd.DataFrame, bound: str) -> float:
    """US dollars of all rows, each as it is delivered; `bound` is min or max."""
    single, batch = rows[f"usd_{bound}"], rows[f"usd_batch_{bound}"]
    return float(single.where(rows["delivery"] != "batch", batch.fillna(single)).sum())


def _covers(max_usd: float, least: float, most: float) -> str:
    if most <= max_usd:
        return "covers this"
    if least <= max_usd:
        return "may not cover this: if so, jobs will stop at it"
    return "does not cover this: jobs will stop at it"


def _of_model(model: str, rows: pd.DataFrame, here: Collection[str]) -> str:
    answers, held = int(rows["answers"].sum()), int(rows["held"].sum())
    if answers == held:
        return f"{model}: all {answers:,} answers are in the journal"
    requests = int(rows["requests"].sum())
    return (
        f"{model}: {answers:,} answer{'s' * (answers != 1)}, {held:,} in the journal, "
        f"{answers - held:,} to ask in {requests:,} request{'s' * (requests != 1)}; "
        f"{_prompts(rows)}, at most {rows['answer_tokens_max'].sum():,.0f} answer tokens; "
        f"{_money(model, rows, here)}; {_time(rows)}"
    )


def _prompts(rows: pd.DataFrame) -> str:
    least, most = (rows[f"prompt_tokens_{bound}"].sum() for bound in ("min", "max"))
    same = f"{least:,.0f}" == f"{most:,.0f}"
    return f"{least:,.0f}{'' if same else f'–{most:,.0f}'} prompt tokens ({_sources(rows)})"


def _sources(rows: pd.DataFrame) -> str:
    names = {
        "journal": "as the provider counted others",
        "tokenizer": "by the model's tokenizer",
        "estimate": "estimated from characters",
    }
    sent = rows[rows["requests"] > 0]
    return ", ".join(names[source] for source in sorted(set(sent["tokens_from"])))


def _money(model: str, rows: pd.DataFrame, here: Collection[str]) -> str:
    if rows["usd_max"].isna().all():
        if model in here:
            return "on this machine, at no cost"
        return "cost unknown, because its card has no prices"
    dated = f"(prices of {rows['prices_as_of'].iloc[0]})"
    if not float(rows["usd_max"].sum()):
        return f"free {dated}"
    usd = {bound: rows[f"usd_{bound}"] for bound in ("min", "max")}
    # What does not come in batches costs the same beside answers that do.
    batches = {bound: rows[f"usd_batch_{bound}"].fillna(usd[bound]) for bound in usd}
    single, batch = (
        dollars_between(*(float(each[bound].sum()) for bound in usd)) for each in (usd, batches)
    )
    in_batches = f", in batches {batch}" if rows["usd_batch_max"].notna().any() else ""
    return f"{single}{in_batches} {dated}"


def _time(rows: pd.DataFrame) -> str:
    taken = float(rows["minutes"].sum())
    if rows["minutes"].isna().any():
        return "running time unknown until it has answered once"
    if (rows["minutes_from"] == "limits").any():
        return f"{'at least ' * (taken >= 1)}{minutes(taken)} at its rate limits"
    return f"{'about ' * (taken >= 1)}{minutes(taken)}, one job after the other"
