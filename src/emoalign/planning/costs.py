"""What a study would ask, and what that takes. Nothing is asked, nothing is spent."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.engines.base import running
from emoalign.elicitation.engines.cards import (
    LlamaCppModel,
    ModelCard,
    OpenAIModel,
    RecordedModel,
    VllmModel,
)
from emoalign.elicitation.journal import Key, read_answers
from emoalign.elicitation.rating import build_questions, shown_items
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.requests import Ask, missing
from emoalign.elicitation.tokens import TOKENS_PER_MESSAGE, cost, estimated_tokens
from emoalign.planning.loading import Model
from emoalign.prompts.rendering import Prompt
from emoalign.tables import PLAN, STIMULI, groups

COUNTED_PROMPTS = 20
"""Prompts of a cell that are counted with the tokenizer; they differ by the item alone."""

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
            planned(job, card, items[job.dataset], journal)
            for job in jobs
            if not isinstance(card := cards[job.model], RecordedModel)
        ],
        columns=PLAN.schema.names,
    )
    PLAN.write_csv(rows, output)
    for line in in_words(rows, max_usd):
        _log.info("%s", line)
    _log.info("Cell by cell: %s", output)


def planned(
    job: RatingJob, card: Model, items: pd.DataFrame, journal: Path
) -> dict[str, str | int | float | None]:
    """What one cell still needs; see `tables.PLAN`."""
    questions = build_questions(job, card, shown_items(items, card))
    wanted_asks = [question.ask for question in questions]
    distinct = {ask.request.request_id for ask in wanted_asks}
    held = read_answers(journal / job.model / job.dataset / job.asked, distinct)
    wanted = {(ask.request.request_id, one) for ask in wanted_asks for one in ask.participants}
    kept = {key: answer for key, answer in held.items() if key in wanted}
    asks = list(missing(wanted_asks, kept, card.capabilities.choices))
    per_prompt, tokens_from = _prompt_tokens(card, asks, kept)
    prompt_tokens = per_prompt * len(asks)
    answer_tokens = float(
        sum(ask.request.sampling.max_tokens * len(ask.participants) for ask in asks)
    )
    prices = card.prices if isinstance(card, OpenAIModel) else None
    usd = cost(prices, prompt_tokens, answer_tokens) if prices else math.nan
    batch = prices.batch_factor if prices and prices.batch_factor else math.nan
    return {
        "model": job.model,
        "protocol": job.protocol.name,
        "dataset": job.dataset,
        "scale": job.asked,
        "answers": len(wanted),
        "held": len(kept),
        "requests": len(asks),
        "prompt_tokens": prompt_tokens,
        "answer_tokens": answer_tokens,
        "tokens_from": tokens_from,
        "usd": usd,
        "usd_batch": usd * batch,
        "minutes": _minutes(card, len(asks), prompt_tokens + answer_tokens),
        "delivery": card.delivery if isinstance(card, OpenAIModel) else "single",
        "prices_as_of": prices.as_of if prices else None,
    }


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


def _prompt_tokens(
    card: Model, asks: Sequence[Ask], held: Mapping[Key, Answer]
) -> tuple[float, str]:
    """Prompt tokens of a request on average, and how that is known."""
    counted = [answer.prompt_tokens for answer in held.values() if answer.prompt_tokens]
    if counted:
        return sum(counted) / len(counted), "journal"
    prompts = [ask.request.prompt for ask in asks]
    if not prompts:
        return 0.0, "journal"
    if isinstance(card, LlamaCppModel):
        some = prompts[:: math.ceil(len(prompts) / COUNTED_PROMPTS)]
        return _tokenized(card, some) / len(some), "tokenizer"
    return sum(map(estimated_tokens, prompts)) / len(prompts), "estimate"


def _tokenized(card: LlamaCppModel, prompts: Collection[Prompt]) -> int:
    """Tokens of the prompts by the model's own tokenizer; the frame of a chat is estimated."""

    async def count() -> int:
        try:
            return sum([await _length(prompt) for prompt in prompts])
        finally:
            await engine.close()

    async def _length(prompt: Prompt) -> int:
        if prompt.messages is None:
            return len(await engine.tokenize(prompt.text or ""))
        texts = [message.content for message in prompt.messages]
        return sum([len(await engine.tokenize(text)) + TOKENS_PER_MESSAGE for text in texts])

    with running(card) as engine:
        return asyncio.run(count())


def _minutes(card: Model, requests: int, tokens: float) -> float:
    if isinstance(card, VllmModel):
        return math.nan
    limits = card.limits
    needed = [
        amount / limit
        for amount, limit in (
            (requests, limits.requests_per_minute),
            (tokens, limits.tokens_per_minute),
        )
        if limit is not None
    ]
    return max(needed, default=math.nan)


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
