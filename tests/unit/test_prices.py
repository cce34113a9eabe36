"""Prices of included cards against those that the package genai-prices knows, without a network.

A difference is told in the summary of warnings and fails nothing: either may be out of date.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.asked import Prices
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.study.reading import read_card

genai_prices: Any = pytest.importorskip("genai_prices")

CARDS = {path.stem: read_card(path, MODELS) for path in CATALOGUE.glob("models/*.yaml")}
PRICED = {
    name: card
    for name, card in sorted(CARDS.items())
    if isinstance(card, ApiModel) and card.prices is not None and card.destination is not None
}
MANY = 1000
"""Tokens of a request that has the prices of its model's lowest tier."""


class DifferentPrices(UserWarning):
    """Prices of a card are not those of the package, or it does not know the model."""


def price(card: ApiModel, day: datetime, **tokens: int) -> float:
    """US dollars per million of such tokens, in the dearest hour of a day.

    Raises LookupError for a model that the package does not know.
    """
    used = genai_prices.Usage(**{"input_tokens": 0, "output_tokens": 0, **tokens})
    paid = (
        genai_prices.calc_price(
            used,
            card.model,
            provider_api_url=card.base_url,
            genai_request_timestamp=day.replace(hour=hour),
        )
        for hour in range(24)
    )
    return max(float(each.total_price) for each in paid) * 1_000_000 / MANY


def differences(card: ApiModel) -> Iterator[str]:
    """What the package has otherwise, for the day of the card's prices."""
    prices = card.prices
    assert prices is not None
    day = datetime.fromisoformat(prices.as_of).replace(tzinfo=UTC)
    prompt = {"input_tokens": MANY}
    for what, ours, tokens in (
        ("prompts", prices.input_usd, prompt),
        ("answers", prices.output_usd, {"output_tokens": MANY}),
        ("cached prompts", prices.cached_usd, {**prompt, "cache_read_tokens": MANY}),
        ("written prompts", prices.written_usd, {**prompt, "cache_write_tokens": MANY}),
    ):
        try:
            theirs = price(card, day, **tokens)
        except LookupError:
            yield f"genai-prices does not know {card.model} at {card.base_url}"
            return
        if ours is not None and abs(ours - theirs) > 1e-9:
            yield f"{what} of {card.model} cost {ours:g}, but {theirs:g} there"


def test_every_included_model_that_is_paid_for_has_prices() -> None:
    remote = [
        name
        for name, card in CARDS.items()
        if isinstance(card, ApiModel) and card.destination is not None
    ]
    assert set(remote) == set(PRICED)
    assert len(remote) > 20


@pytest.mark.filterwarnings("always::tests.unit.test_prices.DifferentPrices")
@pytest.mark.parametrize("name", PRICED)
def test_prices_that_differ_from_the_package_are_told(name: str) -> None:
    for told in differences(PRICED[name]):
        warnings.warn(f"{name}: {told}", DifferentPrices, stacklevel=1)


def test_a_price_that_is_wrong_and_a_model_that_is_not_known_are_found() -> None:
    card = PRICED["gpt-4o"]
    assert list(differences(card)) == []
    said = {"input_usd": 2.5, "output_usd": 11, "as_of": "2026-11-28", "source": "here"}
    dearer = card.model_copy(update={"prices": Prices.model_validate(said)})
    assert list(differences(dearer)) == ["answers of gpt-4o-2024-08-06 cost 11, but 10 there"]
    unknown = card.model_copy(update={"model": "no-such-model"})
    assert list(differences(unknown)) == [
        "genai-prices does not know no-such-model at https://api.openai.com/v1"
    ]
