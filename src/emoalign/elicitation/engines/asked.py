"""Models that are asked for ratings: what they can do, what they cost, how a task is asked."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator

from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import (
    UNTOLD,
    Ask,
    RatingJob,
    Sampling,
    Settings,
    Thoughts,
)
from emoalign.prompts import Prompt, likely_tokens
from emoalign.study.fields import Entry, Modality, Range, Readout
from emoalign.study.protocols import (
    ASKED_TO_THINK,
    PromptSet,
    Protocol,
    Thinking,
    ThinkingLevel,
)
from emoalign.study.scales import Scale
from emoalign.study.source_files import installed_versions

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.inquiry import Inquiry
    from emoalign.elicitation.questions import Remaining
    from emoalign.elicitation.rating import RatingTask

SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")
"""The parameters of sampling."""

WHOLE_VOCABULARY = -1
"""In place of a number of reported tokens: the probability of any token can be asked for."""


class Shown(Entry):
    """Capabilities of a model in any engine: what it can be shown, and how it thinks."""

    modalities: tuple[Modality, ...] = Field(
        ("word", "sentence"), description="Kinds of items the model can process."
    )
    image_longest_side: int = Field(
        1024,
        ge=16,
        description=("Images are scaled down to this size in pixels. A change asks again."),
    )
    system_role: bool = Field(
        True,
        description=(
            "Whether chats may begin with a system message; else it is prepended to the "
            "user's. A change asks again."
        ),
    )
    thinking: dict[ThinkingLevel, dict[str, JsonValue]] = Field(
        default_factory=dict,
        description=(
            "Parameters of the server that make it think so much; {} for a level that needs "
            "none. A level that is missing is refused. A change asks again."
        ),
    )
    thinking_tokens: int | dict[Thinking, int] = Field(
        default_factory=dict,
        description=(
            "Most tokens of thoughts, added to those of the answer: a number for every level but "
            "off, or one for each level. A change asks again."
        ),
    )

    @field_validator("thinking_tokens")
    @classmethod
    def _counts(cls, tokens: int | dict[Thinking, int]) -> int | dict[Thinking, int]:
        each = {"": tokens} if isinstance(tokens, int) else tokens
        for level, number in each.items():
            if number < 0 or (level == "off" and number):
                where = f" of {level}" if level else ""
                raise ValueError(f"found {number}{where}; expected 0 or more, and nothing for off")
        return tokens

    @property
    def most_thoughts(self) -> Mapping[Thinking, int]:
        """The most tokens of thoughts at the levels for which the card says it."""
        if isinstance(self.thinking_tokens, dict):
            return self.thinking_tokens
        return dict.fromkeys(("low", "medium", "high", "provider"), self.thinking_tokens)


@dataclass(frozen=True)
class Abilities:
    """Abilities of a model and its engine; a study that asks for more is refused.

    `choices` are the answers one request can bring; `top_logprobs` how many of the likeliest next
    tokens it reports, or WHOLE_VOCABULARY; `tokenizer` whether it tells how it splits text;
    `system_role` whether a chat may have a system message; `temperature` those it takes at their
    word, None if it takes none; `default_sampling` whether there is a provider whose own sampling
    can be asked for; `context_tokens` the longest prompt and answer, where that is set for it;
    `thinking` the parameters of each level of thinking; `thinking_tokens` the
    most tokens of thoughts.
    """

    modalities: tuple[Modality, ...] = ("word", "sentence")
    image_longest_side: int = 1024
    chat: bool = True
    completion: bool = False
    system_role: bool = True
    choices: int = 1
    top_logprobs: int = 0
    tokenizer: bool = False
    temperature: Range | None = None
    default_sampling: bool = False
    context_tokens: int | None = None
    thinking: Mapping[ThinkingLevel, Mapping[str, JsonValue]] = field(default_factory=dict)
    thinking_tokens: Mapping[Thinking, int] = field(default_factory=dict)


class Prices(Entry):
    """Prices of the provider, for the plan and the account of a study."""

    input_usd: float = Field(ge=0, description="US dollars per million prompt tokens.")
    output_usd: float = Field(
        ge=0, description="US dollars per million answer tokens, thoughts included."
    )
    cached_usd: float | None = Field(
        None,
        ge=0,
        description="US dollars per million prompt tokens read from a cache. Default: input_usd.",
    )
    written_usd: float | None = Field(
        None,
        ge=0,
        description="US dollars per million prompt tokens written to a cache. Default: input_usd.",
    )
    batch_factor: float | None = Field(
        None, gt=0, le=1, description="Price of batches as a share of these; null without batches."
    )
    as_of: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$", description="Date of the prices (YYYY-MM-DD)."
    )
    source: str = Field(description="Source of the prices.")

    def cost(
        self, prompt_tokens: float, answer_tokens: float, cached: float = 0, written: float = 0
    ) -> float:
        """US dollars for single requests; `cached` and `written` are among the prompt tokens."""
        usd = prompt_tokens * self.input_usd + answer_tokens * self.output_usd
        for tokens, price in ((cached, self.cached_usd), (written, self.written_usd)):
            if price is not None:
                usd += tokens * (price - self.input_usd)
        return usd / 1e6

    def least(self, prompt_tokens: float, answer_tokens: float) -> float:
        """US dollars for single requests if all of their prompts were in the cheapest place."""
        cheapest = min(
            self.input_usd if self.cached_usd is None else self.cached_usd, self.input_usd
        )
        return (prompt_tokens * cheapest + answer_tokens * self.output_usd) / 1e6

    def most(self, prompt_tokens: float, answer_tokens: float) -> float:
        """US dollars for single requests if all of their prompts were written to a cache."""
        dearest = max(self.written_usd or 0.0, self.input_usd)
        return (prompt_tokens * dearest + answer_tokens * self.output_usd) / 1e6


@dataclass(frozen=True)
class PromptTokens:
    """Tokens of a prompt: the fewest and the most to expect, and how they are known.

    `source` is `tokens_from` of the plan.
    """

    least: float
    most: float
    source: str


@dataclass(frozen=True)
class Terms:
    """Delivery of answers, and its prices where there are any."""

    prices: Prices | None = None
    delivery: Literal["single", "batch"] = "single"


class AskedModel(ModelCard):
    """A model that answers questions; its engine says how the questions reach it."""

    first_answers: int = Field(
        40,
        ge=0,
        description=(
            "Stop if none of this many first answers, on at least 10 items, is a rating; "
            "0 never stops."
        ),
    )

    packages: ClassVar[tuple[str, ...]] = ()
    """Python packages of the engine, whose versions are in the manifest."""

    thinking_example: ClassVar[str] = "such as reasoning_effort: low"
    """Words for parameters that make a model think, for messages."""

    @property
    @abstractmethod
    def able(self) -> Abilities:
        """The abilities of the model."""

    @abstractmethod
    def identity(self) -> tuple[str, str | None]:
        """Name and revision of what is asked: for weights on disk, the checksum of the files.

        Raises DataError when the weights are missing or are another file than the card says.
        """

    def extras(self, thoughts: Thoughts = UNTOLD) -> Settings:
        """Parameters of a request to the model, in ascending order of their names: those of every
        one, and those that say how much it thinks."""
        return ()

    def setup(self, thoughts: Thoughts = UNTOLD) -> Settings:
        """The engine's settings that decide the answers, in ascending order of the names."""
        return ()

    def thoughts(self, thinking: Thinking) -> Thoughts:
        """The thinking at a level, as the card describes it; see `cannot_follow`."""
        able = self.able
        told = {} if thinking == "provider" else able.thinking.get(thinking, {})
        return Thoughts(parameters=dict(told), tokens=able.thinking_tokens.get(thinking, 0))

    @property
    def sent(self) -> tuple[str, ...]:
        """The parameters of sampling that the engine sets where a protocol gives a temperature."""
        return SAMPLING

    def samplings(self, job: RatingJob) -> Mapping[Readout, Sampling]:
        """The drawing of an answer's tokens in each readout of the job's protocol.

        An engine that reports the whole vocabulary applies the temperature to it; what a server
        returns of the distribution at temperature 1 is brought to it when it is read.
        """
        answer = job.prompts.answer
        whole = self.able.top_logprobs == WHOLE_VOCABULARY
        every: Mapping[Readout, Sampling] = {
            "sampled": Sampling.at(job.protocol.temperature, job.longest, answer.stop),
            "exact": Sampling.at(job.protocol.temperature if whole else 1.0, max_tokens=1),
        }
        return {readout: every[readout] for readout in job.protocol.readouts}

    def answer_tokens(self, job: RatingJob) -> tuple[int, int]:
        """The least and the most tokens of a sampled answer: without thoughts, and with as many
        as it may have."""
        return 1, job.longest

    def settings(self) -> Mapping[str, object]:
        """The set-up of the engine, for the manifest."""
        kept = self.model_dump(
            mode="json",
            exclude={"title", "capabilities", "limits", "api_key_env", "prices", "first_answers"},
            exclude_none=True,
        )
        return {**kept, "versions": installed_versions(self.packages)}

    def cannot_rate(
        self, name: str, dataset: str, modality: Modality, scales: Mapping[str, Scale]
    ) -> Iterator[str]:
        """Reasons why the model cannot be shown the items of a dataset."""
        if modality not in self.able.modalities:
            yield (
                f"model {name!r} cannot be shown items of {dataset!r}: its card does not list "
                f"{modality!r} among capabilities.modalities"
            )

    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterator[str]:
        """Reasons why the model cannot give the answers that a protocol asks for."""
        asks = f"protocol {protocol.name!r} asks model {name!r} for"
        for asked in prompts:
            for lacking in self._lacking(protocol, asked):
                yield f"{asks} {lacking}"

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        able = self.able
        if prompts.kind == "chat" and not able.chat:
            yield "a chat answer, but its card says chat: false"
        if prompts.kind == "completion" and not able.completion:
            yield "a completion, but its card says completion: false"
        if "sampled" in protocol.readouts:
            yield from _wrong_temperature(protocol.temperature, able)
        if protocol.thinking != "provider":
            yield from self._wrong_thinking(protocol.thinking, prompts)
        if "exact" in protocol.readouts and not able.top_logprobs:
            yield "the exact readout, but its card says top_logprobs: 0"
        single = "exact" in protocol.readouts or prompts.answer.kind == "next_token"
        if single and not able.tokenizer:
            yield "an answer read from single tokens, but its card says tokenizer: false"

    def _wrong_thinking(self, thinking: ThinkingLevel, prompts: PromptSet) -> Iterator[str]:
        able = self.able
        if thinking not in able.thinking:
            yield (
                f"thinking: {thinking}, but its card does not say how to ask for it: write, among "
                f"its capabilities, thinking: {{{thinking}: {{…}}}} with the parameters that do it "
                f"({self.thinking_example}), or with {{}} if it needs none"
            )
        if thinking not in ASKED_TO_THINK:
            return
        if thinking not in able.thinking_tokens:
            yield (
                f"thinking: {thinking}, but its card does not say how many tokens thoughts may "
                f"take: write, among its capabilities, thinking_tokens: {{{thinking}: 2048}}"
            )
        longest = able.thinking_tokens.get(thinking, 0) + prompts.answer.max_tokens
        if able.context_tokens is not None and longest >= able.context_tokens:
            yield (
                f"thinking: {thinking}, but thoughts and answer of {longest} tokens do not fit "
                f"into context_tokens: {able.context_tokens} of its card, with the prompt: raise it"
            )
        if prompts.answer.kind == "next_token":
            yield (
                f"thinking: {thinking}, but an answer of the kind next_token is the token after "
                "the prompt, which is then a thought: use a prompt set with answer.kind: text"
            )
        if prompts.answer.stop:
            yield (
                f"thinking: {thinking}, but answer.stop of the prompt set may end its thoughts: "
                "use a prompt set without it"
            )

    def terms(self) -> Terms:
        """The delivery of its answers, and their prices."""
        return Terms()

    def prompt_tokens(self, prompts: Sequence[Prompt]) -> PromptTokens:
        """The tokens of a prompt on average."""
        each = list(map(likely_tokens, prompts))
        least, most = (sum(bounds) / len(each) for bounds in zip(*each, strict=True))
        return PromptTokens(least, most, "estimate")

    def minutes(self, requests: int, tokens: float) -> float:
        """Minutes that so much takes at the rate limits of the card, at least; NaN without any."""
        return math.nan

    def tried_minutes(self, asks: Sequence[Ask]) -> float:
        """Minutes that requests take, by some that are sent and not kept; NaN where none are."""
        return math.nan

    def under_way(self, journal: Path) -> bool:
        """Tell whether answers for a file of the journal are asked for and not yet collected."""
        return False

    @abstractmethod
    def ask(self, inquiries: Sequence[Inquiry], account: Account | None) -> None:
        """Ask all that the inquiries miss, and have them keep each answer as it arrives.

        Raises CapabilityError before anything is spent where the model cannot be asked that way,
        EngineError when it or its server fails.
        """

    def remaining(self, task: RatingTask) -> Remaining:
        """The requests, tokens and money that a task still takes."""
        from emoalign.elicitation.questions import remaining

        return remaining(task, self)

    def rate(self, tasks: Sequence[RatingTask], account: Account | None) -> list[pd.DataFrame]:
        """The ratings of each task, as rows of the ratings table: asked only what is missing."""
        from emoalign.elicitation.inquiry import asked_ratings

        return asked_ratings(tasks, self, account)


def _wrong_temperature(asked: float | None, able: Abilities) -> Iterator[str]:
    takes = able.temperature
    if asked is None:
        if not able.default_sampling:
            yield (
                "the provider's own sampling (temperature: provider), but it runs on this machine "
                "and has no provider: give a number, such as temperature: 1"
            )
    elif takes is None:
        if asked != 1:
            yield (
                f"temperature {asked:g}, but its card says sampling: none, which leaves only "
                "temperature 1: write temperature: provider, and nothing is said of sampling"
            )
    elif not takes.min <= asked <= takes.max:
        yield f"temperature {asked:g}, but its card says {takes.min:g} to {takes.max:g}"
