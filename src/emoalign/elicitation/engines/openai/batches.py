"""Delivery in batches: submit, remember, wait, collect. Whoever is killed meanwhile loses nothing.

A batch is on disk before it is made and forgotten once its answers are in the journal. What the
provider left out is submitted again.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from openai.types import Batch

from emoalign.elicitation.budget import Account, most_usd, paid
from emoalign.elicitation.engines.openai.batch_client import AGAIN, BatchClient, BatchError
from emoalign.elicitation.engines.openai.batch_files import (
    BatchFile,
    Memory,
    Outcome,
    Remembered,
    batch_files,
    endpoint,
    read_outcomes,
    reply_in,
    why_failed,
)
from emoalign.elicitation.engines.openai.client import NO_LOGPROBS
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.openai.replies import Fault, lacks_logprobs, read_choices
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer, Key
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import BudgetError, EngineError

ROUNDS = 3
"""Times that what is missing is submitted."""

KEPT_AT_ONCE = 500
"""Lines of a collected batch that are written to the journal together."""

PATIENCE_S = 3600.0
"""Seconds for which nobody has to tell how batches are, before the job stops."""

_ENDED = ("completed", "failed", "expired", "cancelled")
_log = logging.getLogger(__name__)

Keep = Callable[[Sequence[Answer]], None]


async def collect_batches(card: OpenAIModel, inquiry: Inquiry, account: Account | None) -> None:
    """Finish the batches under way, then get what is missing in new ones if the card says so.

    Batches under way are waited for even where the card now says single: they are paid for. Of what
    comes, the answers that are not known yet are kept.
    Raises EngineError when answers are still missing after a few rounds.
    """
    memory = Memory(_memory_file(inquiry.task.file))
    if card.delivery == "single" and not memory.batches:
        return
    client = BatchClient(card)

    def keep_new(answers: Sequence[Answer]) -> None:
        inquiry.keep([answer for answer in answers if answer.key not in inquiry.answers])

    try:
        batches = _Batches(card, client, memory, keep_new, inquiry.take_rejections, account)
        await batches.take_up()
        await batches.collect()
        if card.delivery == "batch":
            await _rounds(batches, inquiry)
    finally:
        await client.close()


def under_way(journal: Path) -> bool:
    """Tell whether batches are remembered: not collected, or not settled with the account."""
    return bool(Memory(_memory_file(journal)).batches)


def _memory_file(journal: Path) -> Path:
    return journal.with_suffix(".batches.json")


async def _rounds(batches: _Batches, inquiry: Inquiry) -> None:
    for _ in range(ROUNDS):
        asks = list(inquiry.missing())
        if not asks:
            return
        inquiry.check()
        batches.reasons.clear()
        await batches.deliver(asks)
    if inquiry.unanswered:
        raise EngineError(
            f"{batches.where} left {inquiry.unanswered} answers out of its batches, {ROUNDS} times "
            f"over.{batches.unanswered()} What was answered is kept: running again asks for the "
            "rest."
        )


class _Batches:
    """The batches of one job."""

    def __init__(
        self,
        card: OpenAIModel,
        client: BatchClient,
        memory: Memory,
        keep: Keep,
        reject: Callable[[Sequence[tuple[Key, Rejected]], bool], None],
        account: Account | None,
    ) -> None:
        self.card = card
        self.reasons: Counter[str] = Counter()
        self.where = client.where()
        self._client = client
        self._memory = memory
        self._keep = keep
        self._reject = reject
        self._account = account if card.prices else None
        self._heard = 0.0
        self._seen: dict[str, str] = {}

    async def take_up(self) -> None:
        """Find the batches that were being made when their job died, or see that they were not."""
        for remembered in list(self._memory.batches):
            if remembered.batch_id is not None:
                _log.info("batch %s is taken up again", remembered.batch_id)
                continue
            batch = await self._client.find(remembered)
            if batch is None:
                self._forget(remembered, 0.0)
            else:
                self._attach(remembered, batch)

    async def deliver(self, asks: Sequence[Ask]) -> None:
        """Submit requests in as many batches as they need, and collect what comes."""
        at_once = self.card.batches.at_once or len(asks)
        address = endpoint(asks[0])
        for file in batch_files(self.card, asks, self._most_usd, self._left_usd):
            if len(self._memory.batches) >= at_once:
                await self.collect()
            try:
                await self._submit(file, address)
            except BudgetError:
                # What is under way costs less than was set aside for it: then the rest may fit.
                if not self._memory.batches:
                    raise
                await self.collect()
                await self._submit(file, address)
        await self.collect()

    async def collect(self) -> None:
        """Wait for all batches under way and keep their answers."""
        self._heard = time.monotonic()
        while self._memory.batches:
            for remembered in list(self._memory.batches):
                try:
                    batch = await self._client.retrieve(str(remembered.batch_id))
                except BatchError as error:
                    self._be_patient(error)
                    continue
                self._heard = time.monotonic()
                self._report(batch)
                if batch.status in _ENDED:
                    await self._take(remembered, batch)
            if self._memory.batches:
                await asyncio.sleep(self.card.batches.poll_s)

    async def _submit(self, file: BatchFile, address: str) -> None:
        if self._account:
            self._account.reserve(file.usd)
        remembered = Remembered(
            token=uuid.uuid4().hex,
            started=time.time(),
            asked=file.asked,
            usd=file.usd if self._account else 0.0,
            account=str(self._account.path) if self._account else None,
        )
        self._memory.add(remembered)
        try:
            file_id = await self._client.upload(
                f"emoalign-{remembered.token}.jsonl", b"".join(file.lines)
            )
            self._attach(remembered, await self._client.create(remembered, file_id, address))
        except BatchError as error:
            if not error.passing:
                self._forget(remembered, 0.0)
            raise

    def _attach(self, remembered: Remembered, batch: Batch) -> None:
        remembered.batch_id = batch.id
        self._memory.write()
        _log.info(
            "batch %s: %d requests submitted. It goes on without this job, which may be stopped: "
            "running again takes it up.",
            batch.id,
            len(remembered.asked),
        )

    def _forget(self, remembered: Remembered, usd: float) -> None:
        """Forget a batch that cost so much. Killed between the two, it stays set aside."""
        self._memory.remove(remembered)
        if remembered.account:
            Account(Path(remembered.account), 0.0).settle(remembered.usd, usd)

    async def _take(self, remembered: Remembered, batch: Batch) -> None:
        """Keep what a batch that has ended brought, and forget it."""
        if batch.status == "failed":
            self._forget(remembered, 0.0)
            reason, remedy = why_failed(batch)
            reason = self._client.keyless(reason)
            raise EngineError(f"{self.where} did not accept batch {batch.id}: {reason} {remedy}")
        outcomes: list[Outcome] = []
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            content = await self._client.content(file_id)
            try:
                outcomes += read_outcomes(content)
            except ValueError as error:
                raise EngineError(
                    f"{self.where}: file {file_id} of batch {batch.id} is no list of answers "
                    f"({error}). {AGAIN}"
                ) from None
        usd, permanent = self._keep_answers(remembered, batch.id, outcomes)
        self._forget(remembered, usd)
        if permanent:
            raise permanent

    def _keep_answers(
        self, remembered: Remembered, batch_id: str, outcomes: Iterable[Outcome]
    ) -> tuple[float, EngineError | None]:
        """Write the answers to the journal; what they cost, and the first fault that will not pass.

        Lines may come in any order.
        """
        waiting = dict(remembered.asked)
        arrived: list[Answer] = []
        rejected: list[tuple[Key, Rejected]] = []
        nothing = True
        permanent: EngineError | None = None
        usd = 0.0
        for place, outcome in enumerate(outcomes, 1):
            asked = waiting.pop(outcome.custom_id, None)
            if asked is None:
                which = (
                    "a second line"
                    if outcome.custom_id in remembered.asked
                    else "a line nobody asked"
                )
                _log.warning("batch %s: %s for %r", batch_id, which, outcome.custom_id[:64])
                continue
            request_id, participants = asked
            exact = participants[0] is None
            try:
                reply = reply_in(outcome, len(participants), self.card)
                answers = read_choices(request_id, participants, exact, reply, 0.0)
                if exact and any(map(lacks_logprobs, answers)):
                    raise Fault("permanent", NO_LOGPROBS, "")
            except Fault as fault:
                said = self._client.keyless(fault.said)
                why = f"{self.where} {said} {fault.remedy}".rstrip()
                if fault.kind in ("rejected", "empty"):
                    reason = Rejected(why, self._client.keyless(fault.words))
                    rejected += (((request_id, each), reason) for each in participants)
                    continue
                self.reasons[said] += 1
                if fault.kind == "permanent" and permanent is None:
                    permanent = EngineError(why)
                continue
            nothing = False
            usd += self._paid(answers)
            arrived += answers
            if place % KEPT_AT_ONCE == 0:
                self._keep(arrived)
                arrived = []
        self._keep(arrived)
        try:
            self._reject(rejected, nothing)
        except EngineError as error:
            permanent = permanent or error
        if waiting:
            self.reasons["nothing came back for the request."] += len(waiting)
        return usd, permanent

    def _be_patient(self, error: BatchError) -> None:
        """Wait out a fault: the batches go on. Raises it when it will not pass."""
        if not error.passing or time.monotonic() - self._heard > PATIENCE_S:
            raise error
        _log.warning("%s Asked again in %g s.", error, self.card.batches.poll_s)

    def _report(self, batch: Batch) -> None:
        """Say how far a batch is, when that has changed."""
        counts = batch.request_counts
        state: str = batch.status
        if counts and counts.total:
            state += f", {counts.completed} of {counts.total} done, {counts.failed} failed"
        if self._seen.get(batch.id) != state:
            self._seen[batch.id] = state
            _log.info("batch %s: %s", batch.id, state)

    def _factor(self) -> float:
        return (self.card.prices and self.card.prices.batch_factor) or 1.0

    def _most_usd(self, ask: Ask) -> float:
        return self._factor() * most_usd(self.card.prices, ask) if self.card.prices else 0.0

    def _paid(self, answers: Sequence[Answer]) -> float:
        return self._factor() * paid(self.card.prices, answers) if self.card.prices else 0.0

    def _left_usd(self) -> float:
        return self._account.left() if self._account else float("inf")

    def unanswered(self) -> str:
        """The provider's words on requests without an answer, the commonest first."""
        said = "; ".join(f"{reason} ({times}×)" for reason, times in self.reasons.most_common(3))
        return f" Of the last round: {said}" if said else ""
