"""The tokens of a text according to a server: POST /tokenize of llama.cpp and of vLLM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

MOST_IDS = 128
"""Tokens whose probabilities vLLM reports by their ids, at most (MAX_LOGPROB_TOKEN_IDS)."""

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def written(point: float) -> tuple[str, ...]:
    """The ways in which one token may write a point: 7, with a space before it, or full width."""
    number = f"{point:g}"
    return number, f" {number}", number.translate(_FULL_WIDTH)


def questions(base_url: str, model: str, text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Addresses and bodies that ask for the tokens of `text`, in the order they are tried.

    The server may be below a path (https://host/llm/v1), or the path lead to the interface alone.
    vLLM takes no body without prompt; llama.cpp finds no token in one without content.
    """
    base = base_url.rstrip("/")
    beside = base.removesuffix("/v1")
    for place in dict.fromkeys((f"{beside}/tokenize", urljoin(base, "/tokenize"))):
        yield place, {"content": text, "add_special": False}
        yield place, {"model": model, "prompt": text, "add_special_tokens": False}


def token_ids(reply: Mapping[str, Any]) -> list[int] | None:
    """The ids in a reply, also where their texts come with them; None where there are none."""
    tokens = reply.get("tokens")
    if not isinstance(tokens, list) or not tokens:
        return None
    ids = [token.get("id") if isinstance(token, dict) else token for token in tokens]
    known = [number for number in ids if isinstance(number, int)]
    return known if len(known) == len(ids) else None
