"""Answers that batches bring: read line by line, kept, priced; and why others are missing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from typing import Any

from emoalign.elicitation.budget import paid
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_interface import BatchInterface
from emoalign.elicitation.engines.api.batch_memory import Asked, Remembered
from emoalign.elicitation.engines.api.batch_replies import reply_in
from emoalign.elicitation.engines.api.batch_states import BatchState
from emoalign.elicitation.engines.api.choices import choices_in, read_choices
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.logprobs import check_logprobs
from emoalign.elicitation.engines.api.replies import Fault
from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer, Key, read_answers
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import EngineError
from emoalign.wording import sentence

KEPT_AT_ONCE = 500
"""Lines of a collected batch that are written to the journal together."""

OK = 200

READINGS = 3
"""Times that files with damaged or missing lines are fetched: the way here may have done it."""

_log = logging.getLogger(__name__)


class Harvest:
    """The answers of the batches of one job; `reasons` count why others did not come."""

    def __init__(self, card: ApiModel, client: BatchInterface, inquiry: Inquiry) -> None:
        self.reasons: Counter[str] = Counter()
        self._card = card
        self._client = client
        self._inquiry = inquiry

    async def bring_in(
        self, remembered: Remembered, batch: BatchState
    ) -> tuple[float, EngineError | None]:
        """Keep what a batch brought, on the disk itself.

        Returns the US dollars it cost, and the first fault that will not pass. Raises BatchError
        when its files cannot be had.
        """
        outcomes, damaged = await self._client.outcomes(batch)
        for _ in range(READINGS - 1):
            short = batch.status == "completed" and len(outcomes) < len(remembered.asked)
            if not (damaged or short):
                break
            await asyncio.sleep(self._card.batches.poll_s)
            outcomes, damaged = await self._client.outcomes(batch)
        if damaged:
            _log.warning(
                "batch %s: lines that cannot be read: %d (%s). The others are kept, and what is "
                "missing is asked for again.",
                batch.id,
                len(damaged),
                self._client.keyless("; ".join(damaged)),
            )
        usd, permanent = self._keep_answers(remembered, batch, outcomes)
        await self._inquiry.on_disk()
        # The cost of a line that cannot be read is not known: its share of the most there can be.
        share = min(1.0, len(damaged) / len(remembered.asked))
        return usd + share * remembered.usd, permanent

    def _keep_answers(
        self, remembered: Remembered, batch: BatchState, outcomes: Iterable[Outcome]
    ) -> tuple[float, EngineError | None]:
        """Write the answers to the journal; what they cost, and the first fault that will not pass.

        Lines may come in any order, and a fault beside the answer to the same request: then the
        answer counts. Of two answers the first does, but both are paid for.
        """
        waiting = dict(remembered.asked)
        arrived: list[Answer] = []
        rejected: list[tuple[Key, Rejected]] = []
        nothing = True
        permanent: EngineError | None = None
        usd = 0.0
        # The most that an answer could cost, on average: what each could is not remembered.
        most = remembered.usd / sum(len(who) for _, who in remembered.asked.values())
        known = self._known(remembered)
        answers_first = sorted(outcomes, key=lambda outcome: outcome.status != OK)
        come: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        failed: dict[str, Asked] = {}
        for place, outcome in enumerate(answers_first, 1):
            asked = waiting.pop(outcome.custom_id, None)
            if asked is None and outcome.status == OK:
                asked = failed.pop(outcome.custom_id, None)
            once = outcome.body not in come[outcome.custom_id]
            come[outcome.custom_id].append(outcome.body)
            if asked is None:
                which = (
                    "a second line"
                    if outcome.custom_id in remembered.asked
                    else "a line that nobody asked for"
                )
                _log.warning("batch %s: %s for %r", batch.id, which, outcome.custom_id[:64])
                if once:  # and not the same line again
                    usd += self._unwanted(outcome, most)
                continue
            request_id, participants = asked
            exact = participants[0] is None
            try:
                reply = self._reply(outcome, len(participants))
                answers = read_choices(request_id, participants, exact, reply, 0.0)
                if exact:
                    check_logprobs(answers, reply)
            except Fault as fault:
                failed[outcome.custom_id] = asked
                said = self._client.keyless(fault.said)
                why = f"{self._client.where()} {sentence(said)} {fault.remedy}".rstrip()
                if fault.kind == "empty":  # it may be charged for
                    usd += most * len(participants)
                if not self._inquiry.asks(request_id):  # any more: nobody waits for it
                    continue
                if fault.kind in ("rejected", "empty"):
                    reason = Rejected(why, self._client.keyless(fault.words))
                    rejected += (((request_id, each), reason) for each in participants)
                    continue
                self.reasons[said] += 1
                if outcome.status == OK and fault.charged:  # something was made of it
                    usd += most * len(participants)
                if fault.kind == "permanent" and permanent is None:
                    permanent = EngineError(why)
                continue
            nothing = False
            usd += self._paid(answers, most * len(participants))
            arrived += answers
            if place % KEPT_AT_ONCE == 0:
                self._keep(arrived, known)
                arrived = []
        self._keep(arrived, known)
        try:
            self._inquiry.take_rejections(
                [each for each in rejected if each[0] not in self._inquiry.answers], nothing
            )
        except EngineError as error:
            permanent = permanent or error
        if any(self._inquiry.asks(request_id) for request_id, _ in waiting.values()):
            said = next(
                (said for _, _, said in batch.reasons), "nothing came back for the request."
            )
            self.reasons[self._client.keyless(said)] += len(waiting)
        return usd, permanent

    def _reply(self, outcome: Outcome, choices: int) -> Mapping[str, Any]:
        """The reply in a line. Raises Fault when it holds no answer."""
        words = self._card.capabilities.content_filter_words
        return reply_in(outcome, choices, self._card.dialect, words)

    def _keep(self, answers: Sequence[Answer], known: Container[Key]) -> None:
        """Keep the answers that are not known yet."""
        self._inquiry.keep([answer for answer in answers if answer.key not in known])

    def _unwanted(self, outcome: Outcome, most: float) -> float:
        """US dollars for answers that are not kept, each of which may have cost `most`."""
        try:
            reply = self._reply(outcome, 1)
        except Fault:
            return 0.0
        number = len(choices_in(reply))
        answers = read_choices("", range(number), False, reply, 0.0)
        return self._paid(answers, most * number)

    def _known(self, remembered: Remembered) -> Set[Key]:
        """The keys of the answers that are kept, also to requests that are not asked any more."""
        asked = {request_id for request_id, _ in remembered.asked.values()}
        others = {request_id for request_id in asked if not self._inquiry.asks(request_id)}
        mine = self._inquiry.answers.keys()
        return mine | read_answers(self._inquiry.task.folder, others).keys() if others else mine

    def _paid(self, answers: Sequence[Answer], most: float) -> float:
        prices = self._card.prices
        if prices is None:
            return 0.0
        factor = price_factor(prices)
        return factor * paid(prices, answers, most / factor)

    def unanswered(self) -> str:
        """The provider's words on requests without an answer, the commonest first."""
        said = "; ".join(f"{reason} ({times}×)" for reason, times in self.reasons.most_common(3))
        return f" Reasons in the last round: {sentence(said)}" if said else ""


def price_factor(prices: Prices) -> float:
    """The price of a batch as a share of that of single requests."""
    return prices.batch_factor or 1.0
