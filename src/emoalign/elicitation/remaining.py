"""The requests that a rating task still takes, with their tokens, cost and time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from emoalign.elicitation.answer_schema import likely_schema_tokens
from emoalign.elicitation.engines.asked import AskedModel, PromptTokens
from emoalign.elicitation.journal import Answer, Key, read_answers
from emoalign.elicitation.pace import time_needed
from emoalign.elicitation.questions import Question, questions_of
from emoalign.elicitation.rating import Ask, RatingTask, missing
from emoalign.elicitation.rehearsal import rehearsed, times_alone
from emoalign.elicitation.sessions import Session
from emoalign.prompts import most_tokens


@dataclass(frozen=True)
class Remaining:
    """The columns of the plan (`tables.PLAN`) that follow from a task and its model."""

    answers: int
    held: int
    requests: int
    prompt_tokens_min: float
    prompt_tokens_max: float
    answer_tokens_min: float
    answer_tokens_max: float
    tokens_from: str
    usd_min: float
    usd_max: float
    usd_batch_min: float
    usd_batch_max: float
    minutes: float
    minutes_from: str | None
    delivery: str
    prices_as_of: str | None
    times_alone: float


def remaining(task: RatingTask, card: AskedModel) -> Remaining:
    """The requests, tokens, cost and time that a task still needs."""
    sessions, questions, held = _known(task, card)
    wanted_asks = [question.ask for question in questions]
    asks = list(missing(wanted_asks, held, card.able.choices))
    kinds = sorted({_decided(ask) for ask in wanted_asks}) or [False]
    of_kind = [
        [[ask for ask in some if _decided(ask) == decided] for some in (wanted_asks, asks)]
        for decided in kinds
    ]
    longer = {question.ask.request.request_id: _longer(question) for question in questions}
    parts = [_due(card, of_all, left, held, longer) for of_all, left in of_kind]
    amounts = {name: sum(part.amounts[name] for part in parts) for name in parts[0].amounts}
    if kinds == [True] or sessions:  # of which nothing could come in batches
        amounts |= {"usd_batch_min": math.nan, "usd_batch_max": math.nan}
    due = next((part for part in parts if part.amounts["prompt_tokens_max"]), parts[0])
    tokens = amounts["prompt_tokens_min"] + amounts["prompt_tokens_max"]
    minutes, minutes_from = time_needed(
        card,
        asks,
        tokens / 2 + amounts["answer_tokens_max"],
        task.journal / task.job.model,
        task.job.protocol,
    )
    terms = card.terms()
    return Remaining(
        answers=len(_answers(questions)),
        held=len(held),
        requests=len(asks),
        tokens_from=due.tokens_from,
        minutes=minutes,
        minutes_from=minutes_from,
        delivery=terms.delivery,
        prices_as_of=terms.prices.as_of if terms.prices else None,
        times_alone=times_alone(sessions),
        **amounts,
    )


def planned_and_held(task: RatingTask, card: AskedModel) -> tuple[int, int]:
    """The answers that a task asks for, and those of them that the journal holds.

    The model is not needed for it: none is started, and none is asked.
    """
    _, questions, held = _known(task, card)
    return len(_answers(questions)), len(held)


def _known(
    task: RatingTask, card: AskedModel
) -> tuple[list[Session], list[Question], dict[Key, Answer]]:
    """The sessions of a task, all of its questions, and the answers to them in the journal."""
    sessions = rehearsed(task, card) if task.job.protocol.session else []
    questions = [each for session in sessions for each in session.questions]
    questions = questions or questions_of(task, card)
    wanted = _answers(questions)
    in_journal = read_answers(task.folder, {request_id for request_id, _ in wanted})
    return sessions, questions, {key: in_journal[key] for key in in_journal if key in wanted}


def _answers(questions: Sequence[Question]) -> set[Key]:
    """The answers that questions ask for."""
    asks = [question.ask for question in questions]
    return {(ask.request.request_id, who) for ask in asks for who in ask.participants}


def _longer(question: Question) -> int:
    """The tokens by which a prompt can be longer than rehearsed: by the answers in view."""
    in_view = 0 if question.place is None else question.place.in_view
    return in_view * (question.job.prompts.answer.max_tokens - 1)


def _decided(ask: Ask) -> bool:
    return ask.request.readout == "decision"


@dataclass(frozen=True)
class _Due:
    """Columns of Remaining for requests that have the same prices."""

    amounts: Mapping[str, float]
    tokens_from: str


def _due(
    card: AskedModel,
    wanted: Sequence[Ask],
    asks: Sequence[Ask],
    held: Mapping[Key, Answer],
    longer: Mapping[str, int],
) -> _Due:
    """The tokens and prices of requests, all of decisions or none; `asks` are still to be sent.

    `longer` are the tokens by which each prompt can be longer, by request id.
    """
    decided = any(map(_decided, wanted))
    ids = {ask.request.request_id for ask in wanted}
    known = [answer for answer in held.values() if answer.request_id in ids]
    prompts = _prompt_tokens(card, wanted, asks, known)
    least, most = prompts.least * len(asks), prompts.most * len(asks)
    most += sum(longer[ask.request.request_id] for ask in asks)
    fewest = 0.0 if decided else float(sum(len(ask.participants) for ask in asks))
    longest = float(sum(ask.request.sampling.max_tokens * len(ask.participants) for ask in asks))
    usd_min = usd_max = batch = math.nan
    prices = card.terms().prices
    if prices is not None:
        own = prices.of("decision" if decided else "sampled")
        usd_min, usd_max = own.least(least, fewest), own.most(most, longest)
        # Decisions come in no batches: beside answers that do, they cost the same.
        batch = (1.0 if decided else prices.batch_factor) if prices.batch_factor else math.nan
    amounts = {
        "prompt_tokens_min": least,
        "prompt_tokens_max": most,
        "answer_tokens_min": fewest,
        "answer_tokens_max": longest,
        "usd_min": usd_min,
        "usd_max": usd_max,
        "usd_batch_min": usd_min * batch,
        "usd_batch_max": usd_max * batch,
    }
    return _Due(amounts, prompts.source)


def _prompt_tokens(
    card: AskedModel, wanted: Sequence[Ask], asks: Sequence[Ask], held: Iterable[Answer]
) -> PromptTokens:
    """The tokens of a prompt still to be sent: on average, and within bounds where not counted.

    Where the provider has counted before, each prompt has as many tokens for its length as those
    had, of which some have more than others.
    """
    lengths = {ask.request.request_id: most_tokens(ask.request.prompt) for ask in wanted}
    counted = [
        answer.prompt_tokens / lengths[answer.request_id] for answer in held if answer.prompt_tokens
    ]
    if not asks:
        return PromptTokens(0.0, 0.0, "journal")
    if not counted:
        estimated = card.prompt_tokens([ask.request.prompt for ask in asks])
        if card.destination is None:  # servers here force a form, and do not tell the model
            return estimated
        schemas = {id(ask.request.schema): ask.request.schema for ask in asks}  # one for each form
        schema = max(map(likely_schema_tokens, schemas.values()))
        return replace(estimated, most=estimated.most + schema)
    mean = sum(lengths[ask.request.request_id] for ask in asks) / len(asks)
    return PromptTokens(mean * min(counted), mean * max(counted), "journal")
