"""A limit on what a study may cost, kept by all its jobs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.engines.served import Engine
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.errors import BudgetError
from emoalign.locks import alone
from emoalign.prompts import most_tokens
from emoalign.tables import atomic


@dataclass(frozen=True)
class Account:
    """The spending of a study so far, in a file that all its jobs share (US dollars)."""

    path: Path
    max_usd: float

    def reserve(self, usd: float) -> None:
        """Set `usd` aside. Raises BudgetError when that would exceed the limit."""
        with self._locked():
            spent = self.spent()
            if spent + usd > self.max_usd:
                raise BudgetError(
                    f"the next request could bring the study's cost above max_usd = "
                    f"{self.max_usd:.2f}: {spent:.4f} US dollars are spent or under way, it "
                    f"needs up to {usd:.4f}. What was answered is kept. Raise max_usd to go on."
                )
            self._write(spent + usd)

    def settle(self, reserved: float, paid: float) -> None:
        """Replace what was set aside for a request by what it cost."""
        with self._locked():
            self._write(max(self.spent() - reserved + paid, 0.0))

    def left(self) -> float:
        """US dollars that can still be set aside."""
        return max(self.max_usd - self.spent(), 0.0)

    def spent(self) -> float:
        """US dollars that are spent, or set aside for requests under way."""
        if not self.path.exists():
            return 0.0
        return float(orjson.loads(self.path.read_bytes())["usd"])

    def _locked(self) -> AbstractContextManager[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return alone(self.path)

    def _write(self, usd: float) -> None:
        with atomic(self.path) as partial:
            partial.write_bytes(orjson.dumps({"usd": usd}))


def study_account(config: Mapping[str, Any], journal: Path) -> Account | None:
    """The account of a study, beside its answers; None when the study sets no limit."""
    max_usd = config.get("max_usd")
    path = journal / "spending" / f"{config.get('study')}.json"
    return None if max_usd is None else Account(path, float(max_usd))


def within(engine: Engine, prices: Prices | None, account: Account | None) -> Engine:
    """The engine, kept within an account where there is one and its answers have prices."""
    if account is None or prices is None:
        return engine
    return BudgetedEngine(engine, account, prices)


@dataclass(frozen=True)
class BudgetedEngine:
    """An engine that asks only what the account allows.

    Before a request is sent, the most it can cost is set aside: every byte of the prompt a token,
    every answer as long as allowed. A request that fails, or whose job is killed, leaves it set
    aside, since it may have been charged.
    """

    engine: Engine
    account: Account
    prices: Prices

    async def ask(self, ask: Ask) -> list[Answer]:
        """The answers to a request; see Engine. Raises BudgetError before it costs too much."""
        most = most_usd(self.prices, ask)
        self.account.reserve(most)
        answers = await self.engine.ask(ask)
        self.account.settle(most, paid(self.prices, answers))
        return answers

    async def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of `text`; free of charge."""
        return await self.engine.tokenize(text)

    async def close(self) -> None:
        """Let go of connections."""
        await self.engine.close()


def paid(prices: Prices, answers: Sequence[Answer]) -> float:
    """US dollars for answers, by the tokens that the server counted."""
    return prices.cost(
        sum(answer.prompt_tokens for answer in answers),
        sum(answer.completion_tokens for answer in answers),
    )


def most_usd(prices: Prices, ask: Ask) -> float:
    """US dollars that a single request cannot exceed."""
    longest_answers = ask.request.sampling.max_tokens * len(ask.participants)
    return prices.cost(most_tokens(ask.request.prompt), longest_answers)
