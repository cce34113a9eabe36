"""A study never costs more than it may, however many jobs it has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emoalign.elicitation.budget import Account, BudgetedEngine, paid, study_account, within
from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import BudgetError, JournalError
from emoalign.planning.studies import STUDY
from emoalign.prompts import Message, Prompt, estimated_tokens, most_tokens
from emoalign.study.reading import validate

PRICES = Prices(input_usd=1, output_usd=10, as_of="2026-01-01", source="a page")
CARD = OpenAIModel.model_validate(
    {"title": "M", "engine": "openai", "model": "m", "capabilities": {}, "prices": PRICES}
)
PROMPT = Prompt((Message("user", "How pleasant is “joy”?"),), None)


def question(prompt: Prompt = PROMPT) -> RatingRequest:
    return RatingRequest("m", None, prompt, Sampling(1.0, max_tokens=5), "sampled", 1)


@dataclass
class Counter:
    """An engine that answers with a fixed usage and notes what it was asked."""

    prompt_tokens: int = 10
    answer_tokens: int = 3
    asked: list[Ask] = field(default_factory=list)
    fails: bool = False

    async def ask(self, ask: Ask, again: Callable[[], None] = lambda: None) -> list[Answer]:
        self.asked.append(ask)
        if self.fails:
            raise ConnectionError("gone")
        first = (self.prompt_tokens, self.answer_tokens)
        return [
            Answer(
                ask.request.request_id,
                one,
                "7",
                "stop",
                "m",
                *(first if place == 0 else (0, 0)),
                0.1,
                "2026-01-01T00:00:00+00:00",
            )
            for place, one in enumerate(ask.participants)
        ]

    def settle(self, ask: Ask, answers: Sequence[Answer]) -> None:
        pass

    async def tokenize(self, text: str) -> Sequence[int]:
        return [1]

    async def close(self) -> None:
        pass


def test_a_request_is_paid_by_what_the_server_counted(tmp_path: Path) -> None:
    account = Account(tmp_path / "spent.json", max_usd=1)
    engine = BudgetedEngine(Counter(), account, PRICES, CARD.most_tokens)
    ask = Ask(question(), (0, 1, 2))
    answers = asyncio.run(engine.ask(ask))
    assert account.spent() == pytest.approx(PRICES.cost(most_tokens(PROMPT), 15))
    engine.settle(ask, answers)
    assert account.spent() == pytest.approx((10 * 1 + 3 * 10) / 1e6)
    assert paid(PRICES, answers, 1) == pytest.approx(account.spent())


def test_what_could_exceed_the_limit_is_not_sent(tmp_path: Path) -> None:
    asks = [Ask(question(), (place,)) for place in range(100)]
    most = PRICES.cost(most_tokens(PROMPT), 5)
    account = Account(tmp_path / "spent.json", max_usd=20 * PRICES.cost(10, 3) + most)
    server = Counter()
    engine = BudgetedEngine(server, account, PRICES, CARD.most_tokens)

    async def ask_all() -> None:
        for ask in asks:
            engine.settle(ask, await engine.ask(ask))

    with pytest.raises(BudgetError, match=r"above max_usd = .*Raise max_usd to go on"):
        asyncio.run(ask_all())
    assert len(server.asked) == 21
    assert account.spent() <= account.max_usd


def test_a_limit_may_be_spent_to_the_last_cent(tmp_path: Path) -> None:
    account = Account(tmp_path / "spent.json", max_usd=1.0)
    account.reserve(0.75)
    account.reserve(0.25)
    with pytest.raises(BudgetError):
        account.reserve(0.01)


def test_an_account_whose_file_was_deleted_meanwhile_is_never_in_debt_to_the_study(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path / "spent.json", max_usd=1.0)
    account.reserve(0.75)
    account.path.unlink()
    account.settle(0.75, 0.25)
    assert account.spent() == 0
    with pytest.raises(BudgetError):
        account.reserve(1.01)


def test_jobs_that_spend_at_once_keep_within_the_limit_together(tmp_path: Path) -> None:
    path = tmp_path / "spent.json"

    def job(_: int) -> int:
        account, sent = Account(path, max_usd=1.0), 0
        for _ in range(50):
            try:
                account.reserve(0.01)
            except BudgetError:
                break
            sent += 1
            account.settle(0.01, 0.005)
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(job, range(6)))
    spent = Account(path, 1.0).spent()
    assert spent == pytest.approx(0.005 * sent)
    assert 0.98 <= spent <= 1.0


def test_a_request_that_failed_stays_set_aside_since_it_may_have_been_charged(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path / "spent.json", max_usd=1)
    engine = BudgetedEngine(Counter(fails=True), account, PRICES, CARD.most_tokens)
    with pytest.raises(ConnectionError):
        asyncio.run(engine.ask(Ask(question(), (0,))))
    assert account.spent() == pytest.approx(PRICES.cost(most_tokens(PROMPT), 5))


@pytest.mark.parametrize("text", ["joy", "ünïcödé", "😀😀😀", "漢字かな交じり文", ""])
def test_no_tokenizer_can_make_more_tokens_than_are_set_aside(text: str) -> None:
    prompt = Prompt(None, text)
    assert most_tokens(prompt) >= len(text.encode())
    assert estimated_tokens(prompt) <= most_tokens(prompt)


def test_without_a_limit_or_prices_nothing_stands_between(tmp_path: Path) -> None:
    engine = Counter()
    account = Account(tmp_path / "spent.json", 1)
    assert within(engine, CARD, None) is engine
    assert within(engine, CARD.model_copy(update={"prices": None}), account) is engine
    assert isinstance(within(engine, CARD, account), BudgetedEngine)


def test_the_account_of_a_study_is_beside_its_answers(tmp_path: Path) -> None:
    assert study_account({"study": "s"}, tmp_path) is None
    account = study_account({"study": "s", "max_usd": 2}, tmp_path)
    assert account == Account(tmp_path / "spending" / "s.json", 2.0)


def test_a_limit_of_nothing_is_refused() -> None:
    study = {"study": "s", "title": "T", "seed": 1, "models": ["m"], "max_usd": 0}
    _, problems = validate(STUDY, study, "study")
    assert any("max_usd" in problem and "more than 0" in problem for problem in problems)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"usd": null}', b'{"usd": "much"}'])
def test_an_account_that_cannot_be_read_is_told_with_what_to_do(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "spent.json"
    path.write_bytes(content)
    with pytest.raises(
        JournalError, match=r"spent\.json: the file does not contain .* \{\"usd\": 12\.34\}"
    ):
        Account(path, 1).reserve(0.1)
    assert path.read_bytes() == content
