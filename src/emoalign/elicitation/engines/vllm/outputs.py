"""What vLLM is told for a request and what its outputs say, without vLLM itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.requests import Ask

OTHER_TOKENS = ""
"""Stands for all tokens that are no point of the scale, beside those that are."""


class Probability(Protocol):
    """vLLM's word on one token."""

    logprob: float


class Completion(Protocol):
    """One of the answers to a prompt, as vLLM gives it."""

    text: str
    token_ids: Sequence[int]
    finish_reason: str | None
    logprobs: Sequence[Mapping[int, Probability]] | None


class Output(Protocol):
    """The answers to a prompt, as vLLM gives them."""

    prompt_token_ids: Sequence[int]
    outputs: Sequence[Completion]


def sampling_parameters(ask: Ask, tokens: Sequence[int]) -> dict[str, Any]:
    """The arguments of vLLM's SamplingParams for a request; `tokens` are the ratings of exact ones.

    Answer number i is drawn with seed + i, as if each had been asked for by itself. Nothing is
    constrained: a mask would hide how likely the model is to say something else.
    """
    request, sampling = ask.request, ask.request.sampling
    first = ask.participants[0]
    parameters: dict[str, Any] = {
        "n": len(ask.participants),
        "seed": request.seed(first or 0),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repeat_penalty,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop),
    }
    if request.readout == "exact":
        parameters["logprob_token_ids"] = list(tokens)
    return parameters


def read_output(
    ask: Ask,
    output: Output,
    seconds: float,
    model: str,
    text_of: Callable[[int], str],
    tokens: Sequence[int],
) -> list[Answer]:
    """The answers to a request, in order of the participants.

    `model` is what gave them, `text_of` the text of a token, `tokens` those that are ratings.
    """
    received = datetime.now(UTC).isoformat(timespec="seconds")
    exact = ask.request.readout == "exact"
    return [
        Answer(
            request_id=ask.request.request_id,
            participant=participant,
            text=completion.text,
            finish_reason=completion.finish_reason,
            model_reported=model,
            prompt_tokens=len(output.prompt_token_ids) if place == 0 else 0,
            completion_tokens=len(completion.token_ids),
            latency_s=round(seconds, 4),
            received=received,
            logprobs=_distribution(ask, completion, text_of, tokens) if exact else None,
        )
        for place, (participant, completion) in enumerate(
            zip(ask.participants, output.outputs, strict=True)
        )
    ]


def _distribution(
    ask: Ask, completion: Completion, text_of: Callable[[int], str], tokens: Sequence[int]
) -> tuple[tuple[str, float], ...]:
    """Log-probabilities of the ratings at the request's temperature, and of all else together.

    vLLM normalises over the whole vocabulary, so what is left to 1 is everything else.
    """
    if ask.request.sampling.temperature == 0:
        likeliest = completion.token_ids[0]
        return ((text_of(likeliest) if likeliest in tokens else OTHER_TOKENS, 0.0),)
    logprobs = (completion.logprobs or [{}])[0]
    found = [
        (text_of(token), logprobs[token].logprob)
        for token in tokens
        if math.isfinite(logprobs[token].logprob)
    ]
    rest = 1.0 - math.fsum(math.exp(logprob) for _, logprob in found)
    pairs = [(text, round(logprob, 6)) for text, logprob in found]
    if rest > 0:
        pairs.append((OTHER_TOKENS, round(math.log(rest), 6)))
    return tuple(pairs)
