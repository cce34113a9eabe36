"""Servers whose model is known: what it writes, token by token, and how likely all of it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from emoalign.elicitation.readings import parse_rating
from emoalign.study.scales import OrdinalScale
from tests.faults.server import FaultServer, Heard

END = "<|im_end|>"
Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Speaker:
    """A model: its replies, each as the tokens it is written in, and their probabilities."""

    replies: Mapping[Tokens, float]

    def after(self, before: Tokens) -> dict[str, float]:
        """The tokens that may follow, likeliest first."""
        shares: dict[str, float] = {}
        for tokens, share in self.replies.items():
            if tokens[: len(before)] == before:
                token = tokens[len(before)] if len(tokens) > len(before) else END
                shares[token] = shares.get(token, 0.0) + share
        total = math.fsum(shares.values())
        return {token: shares[token] / total for token in sorted(shares, key=lambda t: -shares[t])}

    def truth(self, scale: OrdinalScale) -> dict[float, float]:
        """P(point): of the replies that are read as it."""
        found = dict.fromkeys(scale.points, 0.0)
        for tokens, share in self.replies.items():
            rating = parse_rating(written(tokens), scale)
            if rating is not None:
                found[rating] += share
        return found


def written(tokens: Tokens) -> str:
    """The text of a reply: a server that tells of marks decodes them all the same."""
    return "".join(tokens).replace("▁", " ")


def spoken(random: Random, forms: Sequence[Callable[[int], Tokens]], numbers: range) -> Speaker:
    """A model that writes each of the numbers in each of the forms with some probability."""
    weights = {
        form(number): random.gammavariate(0.3, 1) + 1e-6 for number in numbers for form in forms
    }
    total = math.fsum(weights.values())
    return Speaker({tokens: weight / total for tokens, weight in weights.items()})


def unbounded(random: Random, going_on: float) -> Speaker:
    """A model that writes digits one by one, and after the first goes on with this probability."""
    first = [random.gammavariate(0.3, 1) + 1e-6 for _ in range(9)]
    replies: dict[Tokens, float] = {}
    for digit, weight in enumerate(first, 1):
        share = weight / math.fsum(first)
        replies[str(digit),] = share * (1 - going_on)
        for second in range(10):
            replies[str(digit), str(second)] = share * going_on / 10
    return Speaker(replies)


@dataclass
class Teller:
    """Answers a server's requests with a model for each prompt, and what it tells of its tokens."""

    speaker: Callable[[str], Speaker]
    returned: int
    columns: bool = False
    """Whether log-probabilities are in columns, as those of completions."""
    seen: list[Mapping[str, Any]] = field(default_factory=list)

    def serve(self, server: FaultServer) -> None:
        """Let the server answer so."""
        server.change = self.choose

    def choose(self, heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        """A reply with one choice, at the temperature that was asked for."""
        self.seen.append(heard.body)
        temperature = heard.body["temperature"]
        random = Random(f"{heard.prompt}:{heard.attempt}")
        model, before, positions = self.speaker(heard.prompt), (), []
        ended = False
        while len(before) < heard.body["max_tokens"] and not ended:
            shares = {t: p ** (1 / temperature) for t, p in model.after(before).items()}
            total = math.fsum(shares.values())
            drawn = random.choices(list(shares), list(shares.values()))[0]
            ended = drawn == END
            if not ended:
                told = {token: math.log(share / total) for token, share in shares.items()}
                positions.append((drawn, told[drawn], dict(list(told.items())[: self.returned])))
                before = (*before, drawn)
        text = written(before)
        choice = {
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop" if ended else "length",
            "logprobs": self._logprobs(positions),
        }
        return {**reply, "choices": [choice]}

    def _logprobs(
        self, positions: Sequence[tuple[str, float, Mapping[str, float]]]
    ) -> dict[str, Any]:
        if self.columns:
            tokens, logprobs, top = zip(*positions, strict=True) if positions else ((), (), ())
            return {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": top}
        return {
            "content": [
                {
                    "token": token,
                    "logprob": logprob,
                    "top_logprobs": [{"token": t, "logprob": lp} for t, lp in top.items()],
                }
                for token, logprob, top in positions
            ]
        }
