"""A budget without holes: what servers do not count, miscount or never deliver is paid for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import orjson
import pytest
from openai.types.chat.chat_completion import Choice

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import BudgetError
from emoalign.prompts import Message, Prompt, most_tokens
from tests.faults.conftest import Desk
from tests.faults.server import Heard

PRICES = {"input_usd": 1, "output_usd": 10, "as_of": "2026-01-01", "source": "a page"}
PROMPT = most_tokens(Prompt((Message("user", "joy"),), None))
"""Tokens of a prompt of three letters, at most; the server below counts 1 of them."""

MOST = (PROMPT * 1 + 3 * 3 * 10) / 1e6
"""US dollars that three answers of up to three tokens cannot exceed."""


@dataclass(frozen=True)
class Spending:
    """A desk whose answers have prices, and an account of so many dollars for them."""

    desk: Desk
    account: Account

    def one_word(self, usage: object, **reply: Any) -> float:
        """US dollars for the three answers about a word, with such a usage in the reply."""

        def change(heard: Heard, said: dict[str, Any]) -> Any:
            without = {key: value for key, value in said.items() if key != "usage"}
            return {**without, **({} if usage is None else {"usage": usage}), **reply}

        self.desk.server.change = change
        replace(self.desk, words=["joy"]).rate(self.account)
        return self.account.spent()


@pytest.fixture
def spending(desk: Desk) -> Spending:
    return Spending(replace(desk, more={"prices": PRICES}), Account(desk.folder / "spent.json", 1))


UNKNOWN: list[Any] = [
    None,
    {},
    [],
    "free",
    {"prompt_tokens": None, "completion_tokens": None},
    {"prompt_tokens": 1},
    {"completion_tokens": 3},
    {"prompt_tokens": "many", "completion_tokens": 3},
    {"prompt_tokens": 1, "completion_tokens": -3},
    {"prompt_tokens": 1, "completion_tokens": 2**40},
    {"prompt_tokens": 0, "completion_tokens": 0},
    {"prompt_tokens": True, "completion_tokens": [3]},
]


@pytest.mark.parametrize("usage", UNKNOWN, ids=str)
def test_what_a_server_does_not_count_costs_the_most_it_can(usage: Any, spending: Spending) -> None:
    assert spending.one_word(usage) == pytest.approx(MOST)


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 0}}, 5 / 1e6),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 4}}, 45 / 1e6),
        ({"usage": None}, MOST),
        ({}, MOST),
    ],
)
def test_a_reply_whose_answers_a_filter_took_costs_what_it_counts(
    usage: Mapping[str, object], cost: float, spending: Spending
) -> None:
    filtered = {"choices": [], "promptFeedback": {"blockReason": "SAFETY"}, **usage}
    spending.desk.server.said = lambda heard: (200, filtered)
    replace(spending.desk, words=["joy"]).rate(spending.account)
    assert spending.account.spent() == pytest.approx(cost)


@pytest.mark.parametrize("status", [200, 400])
def test_a_refusal_before_any_answer_is_free(status: int, spending: Spending) -> None:
    said = {"error": {"message": "No.", "code": "content_filter"}}
    spending.desk.server.said = lambda heard: (status, said)
    replace(spending.desk, words=["joy"]).rate(spending.account)
    assert spending.account.spent() == 0


@pytest.mark.parametrize(
    ("usage", "prompt", "answers"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 4}, 5, 4),
        ({"prompt_tokens": "5", "completion_tokens": 3.5}, 5, 4),
        ({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}, 5, 4),
        # Thoughts outside completion_tokens
        ({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 99}, 5, 94),
        ({"prompt_tokens": 5, "total_tokens": 99}, 5, 94),
        ({"completion_tokens": 4, "total_tokens": 9}, 5, 4),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 4,
                "completion_tokens_details": {"reasoning_tokens": 90},
            },
            5,
            94,
        ),
        # and inside
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 94,
                "completion_tokens_details": {"reasoning_tokens": 90},
            },
            5,
            94,
        ),
        ({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": None}, 5, 4),
        ({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 2}, 5, 4),
    ],
)
def test_the_larger_of_totals_and_parts_counts(
    usage: Mapping[str, Any], prompt: int, answers: int, spending: Spending
) -> None:
    assert spending.one_word(usage) == pytest.approx((prompt + answers * 10) / 1e6)


def test_a_server_that_counts_one_of_several_answers_is_not_believed(spending: Spending) -> None:
    # As llama.cpp does: 3 tokens for 20 answers.
    twenty = replace(spending, desk=replace(spending.desk, participants=20))
    most = (PROMPT + 20 * 3 * 10) / 1e6
    spent = twenty.one_word({"prompt_tokens": 5, "completion_tokens": 3})
    assert spent == pytest.approx(most)
    # The journal has what the server said.
    assert [answer.completion_tokens for answer in twenty.desk.answers()] == [3] + [0] * 19


def test_answers_that_were_cut_were_as_long_as_allowed(spending: Spending) -> None:
    cut = [{"message": {"content": "I"}, "finish_reason": "length"}] * 3
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    assert spending.one_word(usage, choices=cut) == pytest.approx(MOST)


@pytest.mark.parametrize(
    "reason", [*get_args(Choice.model_fields["finish_reason"].annotation), "model_length"]
)
def test_the_count_of_a_single_answer_is_believed_whyever_it_ended(
    reason: str, spending: Spending
) -> None:
    """A context that is full cuts an answer before its longest."""
    alone = replace(spending, desk=replace(spending.desk, participants=1))
    choices = [{"message": {"content": "I"}, "finish_reason": reason}]
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    assert alone.one_word(usage, choices=choices) == pytest.approx((5 + 2 * 10) / 1e6)


def test_a_limit_ends_a_study_of_a_server_that_counts_nothing(spending: Spending) -> None:
    few = replace(spending, account=Account(spending.account.path, 2.5 * MOST))
    few.desk.server.change = lambda heard, reply: {**reply, "usage": None}
    with pytest.raises(BudgetError, match="Raise max_usd to go on"):
        few.desk.rate(few.account)
    assert len(few.desk.server.heard) == 2
    assert few.account.spent() == pytest.approx(2 * MOST)


@pytest.mark.parametrize(
    ("fault", "charged"),
    [("drop", True), ("truncate", True), ("garbage", True), ("429", False), ("503", False)],
)
def test_an_answer_that_was_lost_on_its_way_is_paid_for_too(
    fault: Any, charged: bool, spending: Spending
) -> None:
    spending.desk.server.plan = lambda heard: fault if heard.attempt == 1 else None
    usage = {"prompt_tokens": 5, "completion_tokens": 4}
    spent = spending.one_word(usage)
    assert spent == pytest.approx((5 + 4 * 10) / 1e6 + (MOST if charged else 0))


def test_a_server_that_loses_every_answer_ends_at_the_limit(spending: Spending) -> None:
    few = replace(spending, account=Account(spending.account.path, 2.5 * MOST))
    few.desk.server.plan = lambda heard: "drop"
    stubborn = replace(few.desk, words=["joy"], limits={"retries": 50, "longest_wait_s": 0.01})
    with pytest.raises(BudgetError):
        stubborn.rate(few.account)
    assert len(few.desk.server.heard) == 2


@pytest.mark.parametrize(
    ("extra", "n"),
    [({"max_tokens": 50}, 3), ({"max_completion_tokens": 50}, 3), ({"best_of": 9}, 9)],
)
def test_the_most_follows_from_the_body_that_is_sent(
    extra: dict[str, Any], n: int, desk: Desk
) -> None:
    card = desk.card
    request = RatingRequest(
        model="faulty",
        revision=None,
        prompt=Prompt((Message("user", "joy"),), None),
        sampling=Sampling(1.0, 3),
        readout="sampled",
        wave=1,
        extra_body=tuple(extra.items()),
    )
    ask = Ask(request, (0, 1, 2))
    body = CHAT_COMPLETIONS.body("faulty", card.capabilities, ask)
    longest = max(int(str(body.get(name, 0))) for name in ("max_tokens", "max_completion_tokens"))
    prompt, answers = card.most_tokens(ask)
    assert answers == longest * n
    assert prompt >= len("joy") + len(orjson.dumps(extra))


def test_answers_are_in_the_journal_before_they_are_booked(
    spending: Spending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Inquiry, *arrived: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Inquiry, "keep", fail)
    with pytest.raises(OSError, match="no room"):
        spending.one_word({"prompt_tokens": 5, "completion_tokens": 4})
    assert spending.account.spent() == pytest.approx(MOST), "what is not kept stays set aside"
