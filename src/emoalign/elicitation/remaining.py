"""What remains of a cell: requests, tokens, money, time. Nothing is asked, nothing is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from emoalign.elicitation.cells import Cell
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import read_answers
from emoalign.elicitation.questions import build_questions, shown_items
from emoalign.elicitation.requests import missing


@dataclass(frozen=True)
class Remaining:
    """The columns of the plan (`tables.PLAN`) that follow from a cell and its model."""

    answers: int
    held: int
    requests: int
    prompt_tokens: float
    answer_tokens: float
    tokens_from: str
    usd: float
    usd_batch: float
    minutes: float
    delivery: str
    prices_as_of: str | None


def remaining(cell: Cell, card: AskedModel) -> Remaining:
    """What a cell still takes until it is complete."""
    questions = build_questions(cell.job, card, shown_items(cell.items, card.able))
    wanted_asks = [question.ask for question in questions]
    distinct = {ask.request.request_id for ask in wanted_asks}
    wanted = {(ask.request.request_id, who) for ask in wanted_asks for who in ask.participants}
    in_journal = read_answers(cell.folder, distinct)
    held = {key: answer for key, answer in in_journal.items() if key in wanted}
    asks = list(missing(wanted_asks, held, card.able.choices))

    counted = [answer.prompt_tokens for answer in held.values() if answer.prompt_tokens]
    if counted:
        per_prompt, tokens_from = sum(counted) / len(counted), "journal"
    elif asks:
        per_prompt, tokens_from = card.prompt_tokens([ask.request.prompt for ask in asks])
    else:
        per_prompt, tokens_from = 0.0, "journal"
    prompt_tokens = per_prompt * len(asks)
    answer_tokens = float(
        sum(ask.request.sampling.max_tokens * len(ask.participants) for ask in asks)
    )
    terms = card.terms()
    prices = terms.prices
    usd = prices.cost(prompt_tokens, answer_tokens) if prices else math.nan
    batch = prices.batch_factor if prices and prices.batch_factor else math.nan
    return Remaining(
        answers=len(wanted),
        held=len(held),
        requests=len(asks),
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
        tokens_from=tokens_from,
        usd=usd,
        usd_batch=usd * batch,
        minutes=card.minutes(len(asks), prompt_tokens + answer_tokens),
        delivery=terms.delivery,
        prices_as_of=prices.as_of if prices else None,
    )
