"""Delivery in batches: submit, remember, wait, collect. Whoever is killed meanwhile loses nothing.

A batch is on disk before it is made and forgotten once its answers are in the journal. What the
provider left out is submitted again.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_files import BatchFile, batch_files
from emoalign.elicitation.engines.api.batch_harvest import Harvest, price_factor
from emoalign.elicitation.engines.api.batch_interface import BatchError, BatchInterface
from emoalign.elicitation.engines.api.batch_memory import SUFFIX, Memory, Remembered
from emoalign.elicitation.engines.api.batch_states import ENDED, BatchState
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.rating import Ask
from emoalign.errors import BudgetError, EngineError
from emoalign.wording import sentence

A_DAY_S = 86400.0

PATIENCE_S = 3600.0
"""Seconds without any news about batches before the job stops."""

LONGEST_POLL_S = 900.0
"""Seconds, at most, after which a batch that has to wait for others is submitted again."""

_log = logging.getLogger(__name__)


class Batches:
    """The batches of one job."""

    def __init__(
        self,
        card: ApiModel,
        client: BatchInterface,
        memory: Memory,
        inquiry: Inquiry,
        account: Account | None,
    ) -> None:
        self.card = card
        self.where = client.where()
        self.held_back = False
        self._client = client
        self._memory = memory
        self._journal = inquiry.task.journal
        self._harvest = Harvest(card, client, inquiry)
        self._account = account if card.prices else None
        self._at_once = card.batches.at_once
        self._alone: set[str] = set()
        self._turned_away: float | None = None
        self._heard = 0.0
        self._seen: dict[str, str] = {}

    def unanswered(self) -> str:
        """The provider's words on requests without an answer in the last round."""
        return self._harvest.unanswered()

    async def finish(self) -> None:
        """Find the batches that are remembered, and keep their answers.

        Raises EngineError for one that was, or may have been, made elsewhere than the card says.
        """
        here = self._client.server
        for remembered in list(self._memory.batches):
            if remembered.server not in (None, here):
                raise self._made_elsewhere(
                    remembered,
                    f"it was sent to {remembered.server}, but the model's card now says {here}. "
                    "Change the card back",
                )
            if remembered.batch_id is None:
                await self._take_up(remembered)
            else:
                _log.info("batch %s is taken up again", remembered.batch_id)
        await self.collect()

    async def _take_up(self, remembered: Remembered) -> None:
        """Find a batch that was being made when its job died, or see that it was not."""
        batch = await self._client.find(remembered)
        if batch is not None:
            self._attach(remembered, batch)
        elif remembered.account_key in (None, self._client.account_key(remembered.token)):
            self._forget(remembered, 0.0)
        else:
            raise self._made_elsewhere(
                remembered,
                "its making was not confirmed, and it is not found with the present key and "
                "headers, which are not those of then. Use those of then",
            )

    def _made_elsewhere(self, remembered: Remembered, why: str) -> EngineError:
        which = f" {remembered.batch_id}" if remembered.batch_id else ""
        return EngineError(
            f"the batch{which} of {len(remembered.asked)} requests may be paid for and cannot be "
            f"collected: {why}, and run again. To give the batch up, delete {self._memory.path}: "
            "its requests are then sent, and paid for, again."
        )

    async def deliver(self, asks: Sequence[Ask]) -> None:
        """Submit requests in as many batches as they need, and collect what comes.

        Afterwards `held_back` says whether a batch failed because others were under way.
        """
        self.held_back = False
        self._harvest.reasons.clear()
        for file in batch_files(
            self.card.batches, asks, self._client.line, self._most_usd, self._left_usd
        ):
            if self._at_once:
                await self.collect(self._at_once)
            await self._submit_in_turn(file)
        await self.collect()

    async def _submit_in_turn(self, file: BatchFile) -> None:
        """Submit a batch, if need be once others have ended: those of this job, or of another."""
        while True:
            try:
                await self._submit(file)
                return
            except BudgetError:
                # What is under way costs less than was set aside for it: then the rest may fit.
                if not self._memory.batches:
                    raise
            except BatchError as error:
                if not error.full:
                    raise
                alone = not self._memory.batches
                await self._wait_for_a_place(error, alone, error.passing)
            await self.collect(len(self._memory.batches) or 1)

    async def _wait_for_a_place(self, error: EngineError, alone: bool, passing: bool) -> None:
        """Have batches wait for those before them. Raises `error` when waiting is of no use.

        `alone` says that no other batch of this job was under way, `passing` that one of another
        job must have been.
        """
        if not alone or self._at_once != 1:
            self._at_once = max(1, len(self._memory.batches))
            _log.warning(
                "%s From now on, at most %d batches are under way at once.", error, self._at_once
            )
            return
        others = [path for path in self._journal.rglob(f"*{SUFFIX}") if path != self._memory.path]
        now = time.monotonic()
        if self._turned_away is None:
            self._turned_away = now
            _log.warning(
                "%s It will be submitted again later, once other batches may have finished.", error
            )
        if not (passing or others) or now - self._turned_away > A_DAY_S:
            raise error
        # The longer it has waited, the less often it asks.
        waited = now - self._turned_away
        await asyncio.sleep(max(self.card.batches.poll_s, min(waited / 10, LONGEST_POLL_S)))

    async def collect(self, fewer_than: int = 1) -> None:
        """Keep the answers of batches as they end, until fewer are under way: none, or so many."""
        self._heard = time.monotonic()
        while len(self._memory.batches) >= fewer_than:
            for remembered in list(self._memory.batches):
                try:
                    batch = await self._client.retrieve(str(remembered.batch_id))
                    self._report(batch)
                    if batch.status in ENDED:
                        await self._take(remembered, batch)
                except BatchError as error:
                    self._be_patient(error)
                else:
                    self._heard = time.monotonic()
            if len(self._memory.batches) >= fewer_than:
                await asyncio.sleep(self.card.batches.poll_s)

    async def _submit(self, file: BatchFile) -> None:
        if self._account:
            self._account.reserve(file.usd)
        token = uuid.uuid4().hex
        remembered = Remembered(
            token=token,
            asked=file.asked,
            usd=file.usd if self._account else 0.0,
            account=str(self._account.path) if self._account else None,
            server=self._client.server,
            account_key=self._client.account_key(token),
        )
        if not self._memory.batches:
            self._alone.add(remembered.token)
        self._memory.add(remembered)
        try:
            batch = await self._client.make(remembered, file, self._memory.write)
            self._attach(remembered, batch)
        except BatchError as error:
            if error.not_made:
                self._forget(remembered, 0.0)
            raise

    def _attach(self, remembered: Remembered, batch: BatchState) -> None:
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

    async def _take(self, remembered: Remembered, batch: BatchState) -> None:
        """Keep what a batch that has ended brought, and forget it."""
        if batch.status == "failed" and not batch.files:
            self._forget(remembered, 0.0)
            reason, remedy = batch.why_failed()
            error = EngineError(
                f"{self.where} did not accept batch {batch.id}: "
                f"{sentence(self._client.keyless(reason))} {remedy}"
            )
            if not batch.held_back:
                raise error
            self.held_back = True
            alone = remembered.token in self._alone
            await self._wait_for_a_place(error, alone, passing=False)
            return
        usd, permanent = await self._harvest.bring_in(remembered, batch)
        self._forget(remembered, usd)
        self._turned_away = None
        if permanent:
            raise permanent

    def _be_patient(self, error: BatchError) -> None:
        """Wait out a fault: the batches go on. Raises it when it will not pass."""
        if not error.passing or time.monotonic() - self._heard > PATIENCE_S:
            raise error
        _log.warning("%s Asked again in %g s.", error, self.card.batches.poll_s)

    def _report(self, batch: BatchState) -> None:
        """Say how far a batch is, when that has changed."""
        state = batch.status + batch.progress
        if self._seen.get(batch.id) != state:
            self._seen[batch.id] = state
            _log.info("batch %s: %s", batch.id, state)

    def _most_usd(self, ask: Ask) -> float:
        prices = self.card.prices
        return price_factor(prices) * prices.most(*self.card.most_tokens(ask)) if prices else 0.0

    def _left_usd(self) -> float:
        return self._account.left() if self._account else float("inf")
