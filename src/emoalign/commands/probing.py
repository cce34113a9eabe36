"""Small requests that show which parameters a server honours, and not only accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import withheld
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import EngineError
from emoalign.prompts import Image, Level, Message, Prompt, ScoreQuestion
from emoalign.study.protocols import Thinking
from emoalign.wording import counted

FEWEST_TOKENS = 16
"""Tokens that an answer to a probe may have, at least."""

_DIGIT = "Write one digit from 1 to 9, and nothing else."
_ANYTHING = "Write a random number with seven digits, and nothing else."
_WORDS = "Write these three words in lower case, and nothing else: alpha beta gamma"
_SUM = "What is 17 * 23 - 19? Write the number, and nothing else."
_COLOUR = "Which colour is this picture? Answer in one word."

Replies = Sequence[Sequence[Answer]]


@dataclass(frozen=True)
class Probe:
    """Requests about something that a card claims, and the sentence that follows from replies."""

    about: str
    asks: tuple[Ask, ...]
    told: Callable[[Replies], str]
    remedy: str
    """The key of the card to set where the request is refused."""


def probes(
    card: ServedModel,
    asks: Sequence[Ask],
    grey: Image,
    levels: Mapping[Thinking, float | None] = MappingProxyType({}),
) -> list[Probe]:
    """The probes of a model that is asked `asks` anyway; `grey` is a picture.

    `levels` are those of thinking that the study asks for, each with the temperature.
    """
    return [*_probes(card, asks, grey), *_levels(card, asks, levels)]


def _probes(card: ServedModel, asks: Sequence[Ask], grey: Image) -> Iterator[Probe]:
    able, said = card.able, card.capabilities
    first = asks[0].request
    if able.decisions is not None and all(ask.request.readout != "decision" for ask in asks):
        yield Probe("decisions", (_decision(first),), _decided, "decisions: null")
    chat = first.prompt.messages is not None
    if first.readout == "decision":  # which tells nothing of how answers are asked for
        return

    def about(
        text: str,
        image: Image | None = None,
        temperature: float | None = first.sampling.temperature,
        stop: tuple[str, ...] = (),
    ) -> RatingRequest:
        prompt = Prompt((Message("user", text),), None, image) if chat else Prompt(None, text)
        longest = max(first.sampling.max_tokens, FEWEST_TOKENS)
        drawn = replace(first.sampling, temperature=temperature, max_tokens=longest, stop=stop)
        plain = replace(first, prompt=prompt, sampling=drawn, readout="sampled", points=())
        return replace(plain, top_logprobs=0)

    if able.choices == 1 and isinstance(card, ApiModel):
        request = about(_DIGIT)
        two = Ask(request, (0, 1))
        alone, both = (
            card.dialect.body(card.model, said, ask) for ask in (Ask(request, (0,)), two)
        )
        if alone != both:  # otherwise there is no parameter for it
            yield Probe("n", (two,), _several, "choices: 1, as the card says")
    if able.temperature is not None and first.sampling.temperature is not None:
        lowest = able.temperature.min
        anything = about(_ANYTHING, temperature=lowest)
        drawn = tuple(Ask(anything, (person,)) for person in (0, 1))
        yield Probe("temperature", drawn, lambda replies: _drawn(replies, lowest), "sampling: none")
    if said.stop:
        stopped = Ask(about(_WORDS, stop=("beta",)), (0,))
        yield Probe("stop", (stopped,), _stopped, "stop: false")
    if able.top_logprobs and all(ask.request.readout != "exact" for ask in asks):
        asked = about(_DIGIT, temperature=1.0)
        one = replace(asked.sampling, max_tokens=1)
        exact = replace(asked, sampling=one, readout="exact", top_logprobs=able.top_logprobs)
        yield Probe("log-probabilities", (Ask(exact, (None,)),), _tokens, "top_logprobs: 0")
    if "image" in able.modalities and chat and first.prompt.image is None:
        seen = Ask(about(_COLOUR, grey), (0,))
        yield Probe("image", (seen,), _seen, "modalities: [word, sentence]")


@dataclass(frozen=True)
class Tried:
    """A line for each probe, and what was answered."""

    lines: Sequence[str]
    replies: Sequence[tuple[Ask, Sequence[Answer]]]


def _levels(
    card: ServedModel, asks: Sequence[Ask], levels: Mapping[Thinking, float | None]
) -> Iterator[Probe]:
    first = asks[0].request
    if first.prompt.messages is None:
        return
    for level, temperature in levels.items():
        thoughts = card.thoughts(level)
        request = replace(
            first,
            prompt=Prompt((Message("user", _SUM),), None),
            sampling=Sampling.at(temperature, FEWEST_TOKENS + thoughts.tokens),
            readout="sampled",
            points=(),
            top_logprobs=0,
            extra_body=card.extras(thoughts),
        )
        null = f"thinking: {{{level}: null}}"
        yield Probe(f"thinking {level}", (Ask(request, (0,)),), partial(_thought, null=null), null)


async def tried(engine: Engine, every: Sequence[Probe]) -> Tried:
    """Send the requests of probes.

    A parameter that is refused is told with the key to set. After a fault of another kind, no more
    is asked.
    """
    lines = []
    replies: list[tuple[Ask, Sequence[Answer]]] = []
    for probe in every:
        try:
            answered = [await engine.ask(ask) for ask in probe.asks]
        except Rejected as rejected:
            lines.append(f"{probe.about}: refused ({rejected.words}): set {probe.remedy}")
        except EngineError as error:
            lines.append(f"{probe.about}: could not be tried: {error}")
            break
        else:
            replies += zip(probe.asks, answered, strict=True)
            lines.append(f"{probe.about}: {probe.told(answered)}")
    return Tried(lines, replies)


def _decision(first: RatingRequest) -> Ask:
    """A question about a made-up word, with as few levels as a scale has."""
    levels = tuple(Level(str(number)) for number in (1, 2, 3))
    question = ScoreQuestion("How pleasant does this word sound, from 1 to 3?", levels)
    prompt = Prompt((Message("user", "florp"),), None, questions=(question,))
    nothing = Sampling.at(None, max_tokens=0)
    request = replace(first, prompt=prompt, sampling=nothing, readout="decision", points=())
    return Ask(replace(request, top_logprobs=0, extra_body=()), (None,))


def _decided(replies: Replies) -> str:
    refused = withheld(replies[0][0])
    return "answered" if refused is None else f"withheld ({refused})"


def _several(replies: Replies) -> str:
    if len(replies[0]) < 2:
        return "one answer per request, as the card says (choices: 1)"
    return "the server gives several answers per request: choices in the card can be raised"


def _drawn(replies: Replies, lowest: float) -> str:
    texts = {answer.text.strip() for answers in replies for answer in answers}
    if len(texts) == 1:
        return f"two answers at temperature {lowest:g} were the same"
    if lowest > 0:
        return f"accepted ({lowest:g}); whether it is honoured cannot be told from two answers"
    return (
        "two answers at temperature 0 differed. The server may ignore the temperature; if so, set "
        "sampling: none"
    )


def _stopped(replies: Replies) -> str:
    (answer, *_) = replies[0]
    text = answer.text.lower()
    if "beta" in text or "gamma" in text:
        return "not honoured: set stop: false"
    return "honoured" if "alpha" in text else f"accepted; the answer was {answer.text[:40]!r}"


def _tokens(replies: Replies) -> str:
    return f"of {counted(len(replies[0][0].logprobs or ()), 'token')}"


def _seen(replies: Replies) -> str:
    text = replies[0][0].text
    seen = "gr" in text.lower() and "y" in text.lower()
    return f"a grey picture was called {text[:40]!r}" + ("" if seen else ", so it may not be seen")


def _thought(replies: Replies, null: str) -> str:
    (answer, *_) = replies[0]
    if answer.thinking_tokens:
        return f"{counted(answer.thinking_tokens, 'token')} of thoughts"
    if answer.thinking:
        return "thoughts, whose tokens are not counted"
    return f"accepted, but there is no sign of thoughts. If the model does not think, set {null}"
