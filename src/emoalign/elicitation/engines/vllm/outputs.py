"""vLLM without vLLM: parameters of a request, its template, tokens that are ratings, outputs read.

"7", " 7" and "７" are one rating, written three ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.readings import closing_tag, parse_number, without_thoughts
from emoalign.errors import CapabilityError
from emoalign.prompts import with_images

OTHER_TOKENS = ""
"""Stands for all tokens that are no point of the scale, beside those that are."""

MOST_TOKENS = 128
"""Tokens whose probabilities vLLM reports in one pass, at most."""


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

    Answer number i is drawn with seed + i, as if each had been asked for by itself. No other answer
    than a structured one is constrained: a mask hides how likely the model is to say something
    else. Its schema is under `structured_outputs`.
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
    if request.schema:
        parameters["structured_outputs"] = {"json": dict(request.schema)}
    return parameters


def beginning(ask: Ask) -> tuple[str, ...]:
    """A key that sorts requests so that those that begin alike stand together.

    The model computes the same beginning once: that of an instruction for all items, and the whole
    prompt for both readouts.
    """
    prompt = ask.request.prompt
    if prompt.messages is None:
        return (prompt.text or "",)
    parts: list[str] = []
    for message in with_images(prompt):
        shown = [] if message.image is None else [message.image.sha256]
        first = prompt.image_place == "first"
        parts += [*shown, message.content] if first else [message.content, *shown]
    return tuple(parts)


def number_tokens(texts: Iterable[str]) -> dict[int, float]:
    """Tokens that are numbers by the rule for answers; `texts` are all tokens by their ids."""
    numbers = ((token, parse_number(text)) for token, text in enumerate(texts))
    return {token: number for token, number in numbers if number is not None}


def rating_tokens(numbers: Mapping[int, float], points: Collection[float]) -> tuple[int, ...]:
    """The tokens that are one of the `points`, ascending.

    Raises CapabilityError when a point has none, or all have more than can be asked for.
    """
    tokens = tuple(token for token, number in sorted(numbers.items()) if number in points)
    without = sorted(set(points) - {numbers[token] for token in tokens})
    if without:
        raise CapabilityError(
            "the exact readout needs a token for every point of the scale; this model has none "
            f"for {', '.join(f'{point:g}' for point in without)}. Use the sampled readout."
        )
    if len(tokens) > MOST_TOKENS:
        raise CapabilityError(
            f"{len(tokens)} tokens of this model are points of the scale; vLLM reports "
            f"probabilities of at most {MOST_TOKENS}. Use the sampled readout."
        )
    return tokens


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
    texts = [
        ("", completion.text) if exact else without_thoughts(completion.text)
        for completion in output.outputs
    ]
    return [
        Answer(
            request_id=ask.request.request_id,
            participant=participant,
            text=text,
            finish_reason=completion.finish_reason,
            model_reported=model,
            prompt_tokens=len(output.prompt_token_ids) if place == 0 else 0,
            completion_tokens=len(completion.token_ids),
            latency_s=round(seconds, 4),
            received=received,
            logprobs=_distribution(ask, completion, text_of, tokens) if exact else None,
            thinking=thoughts or None,
            thinking_tokens=_thinking_tokens(completion, text, text_of) if thoughts else None,
        )
        for place, (participant, completion, (thoughts, text)) in enumerate(
            zip(ask.participants, output.outputs, texts, strict=True)
        )
    ]


def _thinking_tokens(
    completion: Completion, text: str, text_of: Callable[[int], str]
) -> int | None:
    """Tokens up to the last one that ends thoughts, or all where nothing follows them.

    None where the tag that ends them is several tokens.
    """
    if not text:
        return len(completion.token_ids)
    ends = [
        place for place, token in enumerate(completion.token_ids, 1) if closing_tag(text_of(token))
    ]
    return ends[-1] if ends else None


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
    of_ratings = [
        (text_of(token), logprobs[token].logprob)
        for token in tokens
        if math.isfinite(logprobs[token].logprob)
    ]
    rest = 1.0 - math.fsum(math.exp(logprob) for _, logprob in of_ratings)
    pairs = [(text, round(logprob, 6)) for text, logprob in of_ratings]
    if rest > 0:
        pairs.append((OTHER_TOKENS, round(math.log(rest), 6)))
    return tuple(pairs)


_UNASKED = {
    "strftime_now": (
        "date_string",
        "writes today's date into every prompt, so that the same question is another one tomorrow",
        'date_string: "26 Jul 2024"',
    ),
    "enable_thinking": (
        "enable_thinking",
        "has the model think aloud before it answers, unless told otherwise",
        "enable_thinking: false",
    ),
}
"""What a chat template would do unasked, by a sign of it: the key that decides it, what it does, an
example."""


def check_template(template: str | None, arguments: Mapping[str, object], model: str) -> None:
    """Check that a chat template leaves nothing open.

    `arguments` are the card's chat_template_kwargs. Raises CapabilityError when there is no
    template, or it does something the card does not fix.
    """
    if not template:
        raise CapabilityError(
            f"model {model!r} has no chat template: set chat: false among the capabilities in its "
            "card, and ask it with a prompt set with kind: completion."
        )
    for sign, (key, does, example) in _UNASKED.items():
        if sign in template and key not in arguments:
            raise CapabilityError(
                f"the chat template of model {model!r} {does}. Decide it in the model's card: "
                f"chat_template_kwargs: {{{example}}}"
            )
