"""A limit on the cost of a study, shared by all its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.readings import is_cut, reason_of
from emoalign.errors import BudgetError, EngineError, JournalError
from emoalign.locks import alone
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
                    f"needs up to {usd:.4f}. Raise max_usd to go on."
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
        try:
            return float(orjson.loads(self.path.read_bytes())["usd"])
        except (ValueError, TypeError, KeyError) as error:
            raise JournalError(
                f"{self.path}: the file does not contain what the study has spent ({error}). A "
                "power cut or another program damaged it. Restore it from a backup, or write the "
                'amount that the provider reports into it, in US dollars: {"usd": 12.34}'
            ) from error

    def _locked(self) -> AbstractContextManager[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return alone(self.path)

    def _write(self, usd: float) -> None:
        with atomic(self.path) as partial:
            partial.write_bytes(orjson.dumps({"usd": usd}))


def study_account(config: Mapping[str, Any], journal: Path) -> Account | None:
    """The account of a study, in the folder of its answers; None if the study sets no limit."""
    max_usd = config.get("max_usd")
    path = journal / "spending" / f"{config.get('study')}.json"
    return None if max_usd is None else Account(path, float(max_usd))


UNPRICED = Prices(input_usd=0, output_usd=0, as_of="0001-01-01", source="its replies")
"""Prices of a card without any, whose server reports what each reply costs."""


def within(engine: Engine, card: ServedModel, account: Account | None) -> Engine:
    """The engine, limited by an account if there is one and its answers have prices.

    Where only replies tell the price, it is known afterwards: requests under way may exceed the
    limit before the next is refused.
    """
    reported = card.capabilities.cost_reported
    prices = card.terms().prices or (UNPRICED if reported else None)
    if account is None or prices is None:
        return engine
    return BudgetedEngine(engine, account, prices, card.most_tokens, reported)


@dataclass(frozen=True)
class BudgetedEngine:
    """An engine that asks only what the account allows.

    Before a request is sent, the most it can cost is set aside: every byte of the prompt a token,
    every answer as long as allowed. A request that fails, is sent anew, or whose job is killed,
    leaves it set aside, since it may have been charged.
    """

    engine: Engine
    account: Account
    prices: Prices
    most_tokens: Callable[[Ask], tuple[int, int]]
    """Tokens of the prompt and of all answers that a request cannot exceed."""

    reported: bool = False
    """Whether the price that replies report is what is charged."""

    async def ask(self, ask: Ask, again: Callable[[], None] = lambda: None) -> list[Answer]:
        """The answers to a request; see Engine. Raises BudgetError before it costs too much."""
        most = self.prices.of(ask.request.readout).most(*self.most_tokens(ask))

        def set_aside() -> None:
            again()
            self.account.reserve(most)

        self.account.reserve(most)
        return await self.engine.ask(ask, set_aside)

    def settle(self, ask: Ask, answers: Sequence[Answer]) -> None:
        """Book what kept answers cost in place of what was set aside for them."""
        prices = self.prices.of(ask.request.readout)
        most = prices.most(*self.most_tokens(ask))
        longest = ask.request.sampling.max_tokens
        charged = _sum_usd(answers) if self.reported else None
        if charged is None:
            charged = paid(prices, answers, most, longest)
        self.account.settle(most, charged)

    def stop(self, error: EngineError) -> None:
        """Send nothing any more."""
        self.engine.stop(error)

    async def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of `text`; free of charge."""
        return await self.engine.tokenize(text)

    async def close(self) -> None:
        """Let go of connections."""
        await self.engine.close()


def paid(prices: Prices, answers: Sequence[Answer], most: float, longest: int = 1) -> float:
    """US dollars for the answers to a request: by the tokens that the server counted, or `most`.

    `most` applies if the server gives no count, or an impossible one: fewer tokens than words, no
    prompt, or several answers cut at their `longest` with fewer tokens, since some servers count
    only one of them. The count of a single one is believed: a pause, or the end of the context,
    cuts it before its longest.
    """
    prompt = _sum(answer.prompt_tokens for answer in answers)
    counted = _sum(answer.completion_tokens for answer in answers)
    cached = _sum(answer.cached_tokens or 0 for answer in answers)
    written = _sum(answer.written_tokens or 0 for answer in answers)
    usd = prices.cost(prompt or 0, counted or 0, cached or 0, written or 0)
    longest = longest if len(answers) > 1 else 1
    fewest = sum(_fewest_tokens(answer, longest) for answer in answers)
    believed = (
        answers
        and prompt is not None
        and counted is not None
        and (counted >= fewest or not prices.output_usd)  # free ones may be counted as none
        and (prompt > 0 or not fewest)
    )
    return usd if believed else max(usd, most)


def _sum_usd(answers: Sequence[Answer]) -> float | None:
    """The price that a server reported for a request; None where it did not, or none can be."""
    said = [answer.usd for answer in answers if answer.usd is not None]
    total = sum(said)
    return total if said and len(said) == len(answers) and total >= 0 else None


def _sum(counts: Iterable[int | None]) -> int | None:
    """A sum; None if one of its parts is unknown."""
    total = 0
    for tokens in counts:
        if tokens is None:
            return None
        total += tokens
    return total


def _fewest_tokens(answer: Answer, longest: int) -> int:
    """The fewest tokens that an answer can have: no token spans two words.

    The words beside a stop_reason of refusal may be Anthropic's own, which are no tokens.
    """
    said = "" if reason_of(answer) == "refusal" else answer.text
    words = len(said.split()) + len((answer.thinking or "").split())
    cut = is_cut(answer)
    return max(words, longest if cut else 0, 1 if said else 0)
