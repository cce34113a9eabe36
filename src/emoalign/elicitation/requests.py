"""Requests, and their identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property

import orjson

from emoalign.prompts import Prompt
from emoalign.study.fields import Readout

MAX_SEED_BITS = 63

Scalar = str | int | float | bool
Settings = tuple[tuple[str, Scalar], ...]
"""Names and values, in ascending order of the names."""


@dataclass(frozen=True)
class Sampling:
    """Parameters by which the next token is drawn.

    Everything but temperature, length and stops is neutral: the answer comes from the model's whole
    distribution, whatever a server does by default.
    """

    temperature: float
    max_tokens: int
    stop: tuple[str, ...] = ()
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0


@dataclass(frozen=True)
class RatingRequest:
    """One question to one model. Equal questions have equal ids, whoever asks and however often.

    `setup` is what of the engine's settings decides the answer, `points` are the ratings that an
    exact request is about, where the engine is asked for their tokens alone.
    """

    model: str
    revision: str | None
    prompt: Prompt
    sampling: Sampling
    readout: Readout
    wave: int
    top_logprobs: int = 0
    extra_body: Settings = ()
    setup: Settings = ()
    points: tuple[float, ...] = ()

    @cached_property
    def request_id(self) -> str:
        """sha256 over everything that changes the distribution of the answer, and nothing else."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        identity = orjson.loads(orjson.dumps(named, default=str))
        if self.prompt.image is None:
            del identity["prompt"]["image"], identity["prompt"]["image_place"]
        else:
            del identity["prompt"]["image"]["path"]
        for name in ("extra_body", "setup", "points"):
            if not getattr(self, name):
                del identity[name]
        return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def seed(self, participant: int, bits: int = MAX_SEED_BITS) -> int:
        """The seed of the answers from `participant` on, below 2**bits.

        Hashed, because one seed for all items, or consecutive ones, correlates the participants.
        """
        digest = hashlib.sha256(f"{self.request_id}:{participant}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> (64 - min(bits, MAX_SEED_BITS))


@dataclass(frozen=True)
class Ask:
    """A request and the participants whose answers it is sent for; (None,) for exact."""

    request: RatingRequest
    participants: tuple[int | None, ...]


def missing(
    wanted: Iterable[Ask], answers: Iterable[tuple[str, int | None]], choices: int
) -> Iterator[Ask]:
    """The part of `wanted` still to be asked: each answer once, at most `choices` at a time.

    `answers` are the (request_id, participant) pairs whose answers are there already.
    """
    answered = set(answers)
    for ask in wanted:
        keys = {
            (ask.request.request_id, participant): participant for participant in ask.participants
        }
        left = tuple(participant for key, participant in keys.items() if key not in answered)
        answered.update(keys)
        for start in range(0, len(left), choices):
            yield Ask(ask.request, left[start : start + choices])
