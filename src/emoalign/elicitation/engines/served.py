"""Models that a server is asked about, request by request: elsewhere, or started for the job."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import Field, JsonValue, field_validator, model_validator

from emoalign.descriptors import too_few
from emoalign.elicitation.engines.abilities import (
    WHOLE_VOCABULARY,
    Abilities,
    Decisions,
    Shown,
)
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import UNTOLD, Ask, Settings, Thoughts
from emoalign.errors import EngineError
from emoalign.prompts import most_tokens
from emoalign.study.fields import Entry, Range, Readout
from emoalign.study.reading import over

if TYPE_CHECKING:  # clients are imported when a job runs, not when a study is read
    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.inquiry import Inquiry


Sent = Literal["none", "temperature", "all", "vllm"]
_ALWAYS: Mapping[Sent, tuple[str, ...]] = {
    "none": (),
    "temperature": ("temperature",),
    "all": ("temperature", "top_p"),
    "vllm": ("temperature", "top_p", "top_k", "min_p", "repetition_penalty"),
}
_EXTRAS = ("top_k", "min_p", "repeat_penalty")

Vocabulary = Literal["o200k_base", "cl100k_base", "llama3", "deepseek", "digits"]
TOKEN_DIGITS: Mapping[Vocabulary, int] = {
    "o200k_base": 3,
    "cl100k_base": 3,
    "llama3": 3,
    "deepseek": 3,
    "digits": 1,
}
"""The most digits of a number that is always one token.

Counted with the vocabularies of GPT-4o, GPT-4, Llama 3 and DeepSeek. Qwen, Mistral (tekken) and
SmolLM2 split numbers into digits; of Gemma this is unverified.
"""


class Capabilities(Shown):
    """Capabilities of the model and its server; a study that needs more is refused."""

    image_tokens: int | None = Field(
        None,
        ge=1,
        description=(
            "Most prompt tokens of an image, for costs. Default: one for 416 square pixels of a "
            "square, and 100."
        ),
    )
    chat: bool = Field(True, description="Supports chat messages.")
    completion: bool = Field(False, description="Continues plain text.")
    choices: int = Field(1, ge=1, description="Answers per request (parameter n).")
    top_logprobs: int = Field(
        0,
        ge=0,
        description="Probabilities reported at each token; 0 rules out the exact readout.",
    )
    tokenizer: bool = Field(
        False,
        description=(
            "Offers POST /tokenize, to check that points are single tokens. Without it, exact "
            "answers are read along a reply at temperature 1."
        ),
    )
    seed_bits: int = Field(0, ge=0, le=63, description="Size of the seed in bits; 0 for none.")
    sampling: Sent = Field(
        "all",
        description=(
            "none: for models that refuse or ignore it; protocols then have temperature: provider "
            "or 1. temperature: sends only that. all: also top_p. vllm: also top_k, min_p and "
            "repetition_penalty, whose defaults are the model's."
        ),
    )
    temperature: Range = Field(
        Range(min=0, max=2),
        description="Temperatures the server applies faithfully; others are refused.",
    )
    thinking_sampling: bool = Field(
        True,
        description=(
            "Whether it takes a temperature while it thinks; if not, protocols that ask it to "
            "think leave sampling to it (temperature: provider)."
        ),
    )
    seed_name: Literal["seed", "random_seed"] = Field(
        "seed", description="Name of the parameter for the seed."
    )
    stop: bool = Field(True, description="Accepts stop sequences.")
    structured: bool = Field(
        False,
        description=(
            "Forces answers into the form of a JSON schema, for prompt sets with answer.kind: "
            "structured, structured_joint or structured_distribution."
        ),
    )
    logprobs_number: bool = Field(
        False,
        description=(
            "The parameter logprobs of chats is the number of tokens, as at Together, instead of "
            "true beside top_logprobs."
        ),
    )
    cost_reported: bool = Field(
        False,
        description=(
            "usage.cost in a reply is its price in US dollars, as at OpenRouter: this is booked "
            "instead of `prices`."
        ),
    )
    token_limit: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="Name of the parameter that limits answer length."
    )
    sampling_extras: bool = Field(
        False,
        description=(
            "Accepts top_k, min_p and repeat_penalty, as llama.cpp does; they are "
            "switched off. Exact requests then go singly."
        ),
    )
    vocabulary: Vocabulary | None = Field(
        None,
        description=(
            "What is one token. o200k_base (from GPT-4o on), cl100k_base, llama3, deepseek: "
            "numbers of up to three digits. digits: single ones (Qwen, Mistral). Of OpenAI's, the "
            "plan counts prompts (package bpe-openai)."
        ),
    )
    logprob_token_ids: bool = Field(
        False,
        description=(
            "Gives the probabilities of tokens named by their ids, as vllm serve does (parameter "
            "logprob_token_ids): exact answers without truncation."
        ),
    )
    decisions: Decisions | None = Field(
        None,
        description=(
            "Limits of the provider's Decisions API for this model (OpenAI, Gemini); null rules "
            "out the decision readout."
        ),
    )
    content_filter_words: tuple[str, ...] = Field(
        (),
        description="Further words that mark a content-filter error of this server.",
    )

    @field_validator("temperature", mode="before")
    @classmethod
    def _some(cls, temperature: object) -> object:
        if temperature is None:
            raise ValueError("a model that takes no temperature has sampling: none")
        return temperature

    @model_validator(mode="after")
    def _all_or_no_extras(self) -> Capabilities:
        if self.sampling_extras and self.sampling != "all":
            raise ValueError(
                f"sampling_extras: true are parameters of sampling beside temperature and top_p, "
                f"but sampling is {self.sampling}: set sampling: all, or leave sampling_extras out"
            )
        return self

    @model_validator(mode="after")
    def _ids_need_a_tokenizer(self) -> Capabilities:
        if self.logprob_token_ids and (not self.tokenizer or self.sampling_extras):
            raise ValueError(
                "logprob_token_ids: true is for vllm serve: set tokenizer: true, because ids come "
                "from POST /tokenize, and leave sampling_extras out"
            )
        return self

    @property
    def sent(self) -> tuple[str, ...]:
        """The names of the parameters of sampling that are sent."""
        return _ALWAYS[self.sampling] + (_EXTRAS if self.sampling_extras else ())


class Limits(Entry):
    """Load limits of the server. Changes cause no new requests."""

    concurrency: int = Field(1, ge=1, description="Most requests at once.")
    requests_per_minute: float | None = Field(
        None, gt=0, description="Most requests per minute; null for no limit."
    )
    tokens_per_minute: float | None = Field(
        None,
        gt=0,
        description="Most tokens of prompts and answers per minute; null for no limit.",
    )
    timeout_s: float = Field(120, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(6, ge=0, description="Retries after infrastructure faults.")
    longest_wait_s: float = Field(
        120, gt=0, description="Longest pause before a retry, in seconds."
    )


class Engine(Protocol):
    """A server that is running: it turns a question into answers."""

    async def ask(self, ask: Ask, again: Callable[[], None] = ...) -> list[Answer]:
        """The answers to a request, at most one per participant asked for.

        Faults of the infrastructure are retried inside; `again` is called before a request is sent
        anew that may have been charged. Raises Rejected for a request that may not be accepted
        because of its item, and EngineError for anything else that asking again does not mend.
        """

    def settle(self, ask: Ask, answers: Sequence[Answer]) -> None:
        """Book what answers cost, once they are in the journal."""

    def stop(self, error: EngineError) -> None:
        """Send nothing any more: who waits fails with `error`, what is under way goes on."""

    async def tokenize(self, text: str) -> Sequence[int]:
        """The token ids of `text` inside an answer, without tokens that open a text."""

    async def close(self) -> None:
        """Let go of connections."""


class ServedModel(AskedModel):
    """A model that a server is asked about, request by request."""

    decisive: ClassVar[frozenset[str]]
    """The keys of the card that decide what the model answers, beside its capabilities."""

    capabilities: Capabilities = Field(description="What model and server support.")
    limits: Limits = Field(default_factory=Limits, description="Load limits.")

    @property
    def able(self) -> Abilities:
        """The abilities of the model and its server."""
        said = self.capabilities
        return Abilities(
            modalities=said.modalities,
            image_longest_side=said.image_longest_side,
            image_tokens=said.image_tokens,
            chat=said.chat,
            completion=said.completion,
            system_role=said.system_role,
            choices=said.choices,
            top_logprobs=WHOLE_VOCABULARY if said.logprob_token_ids else said.top_logprobs,
            tokenizer=said.tokenizer,
            token_ids=said.logprob_token_ids,
            digits=None if said.vocabulary is None else TOKEN_DIGITS[said.vocabulary],
            stop=said.stop,
            structured=said.structured,
            temperature=None if said.sampling == "none" else said.temperature,
            thinking=said.thinking,
            thinking_tokens=said.most_thoughts,
            thinks_at_temperatures=said.thinking_sampling,
            decisions=said.decisions,
        )

    @property
    def sent(self) -> tuple[str, ...]:
        """The parameters of sampling that are sent where a protocol gives a temperature."""
        return self.capabilities.sent

    def added(self) -> Mapping[str, JsonValue]:
        """The parameters that the card adds to every request."""
        return {}

    def extras(self, thoughts: Thoughts = UNTOLD) -> Settings:
        """Parameters of a request, those of thinking merged into those of every one."""
        return tuple(sorted(over(self.added(), thoughts.parameters).items()))

    def answering(self) -> Mapping[str, Any]:
        """The part of the card that decides what the model answers."""
        card = self.model_dump(
            mode="json", include=set(self.decisive), exclude={"weights": {"obtain", "url"}}
        )
        kept = {"top_logprobs", "seed_bits", "sampling_extras", "image_longest_side"}
        # Left out of older jobs, which must not run again. The vocabulary is part of a job where
        # exact answers are read by it: RatingJob.digits.
        if not self.capabilities.system_role:
            kept.add("system_role")
        if self.capabilities.logprob_token_ids:
            kept.add("logprob_token_ids")
        return {**card, "capabilities": self.capabilities.model_dump(mode="json", include=kept)}

    def settings(self) -> Mapping[str, object]:
        """The set-up of the engine, for the manifest."""
        limits = self.limits.model_dump(mode="json")
        return {**super().settings(), "limits": limits, "sampling_sent": self.sent}

    @property
    def exact_at_once(self) -> int:
        """Exact requests that may be under way at once.

        llama.cpp computes what is under way together in one batch, and the same weights give other
        probabilities then.
        """
        return 1 if self.capabilities.sampling_extras else self.limits.concurrency

    def at_once(self, readout: Readout) -> int:
        """Requests of a readout that may be under way at once."""
        return self.exact_at_once if readout == "exact" else self.limits.concurrency

    def minutes(self, requests: int, tokens: float) -> float:
        """Minutes that so much takes at the rate limits of the card, at least; NaN without any."""
        needed = [
            amount / limit
            for amount, limit in (
                (requests, self.limits.requests_per_minute),
                (tokens, self.limits.tokens_per_minute),
            )
            if limit is not None
        ]
        return max(needed, default=math.nan)

    def most_tokens(self, ask: Ask) -> tuple[int, int]:
        """Tokens of the prompt and of all answers that a request cannot exceed."""
        return most_tokens(ask.request.prompt), (
            ask.request.sampling.max_tokens * len(ask.participants)
        )

    @abstractmethod
    def running(self) -> AbstractContextManager[Engine]:
        """The server, ready to be asked; whatever was started for it is stopped at the end."""

    async def collect_batches(self, inquiry: Inquiry, account: Account | None) -> None:
        """Have the inquiry keep what comes in batches, before requests are sent one by one."""

    def ask(self, inquiries: Sequence[Inquiry], account: Account | None) -> None:
        """Ask all that the inquiries miss, several requests at once.

        Raises EngineError when the system does not allow so many connections.
        """
        from emoalign.elicitation.budget import within
        from emoalign.elicitation.engines.conversation import converse

        why = too_few(self.limits.concurrency)
        if why:
            raise EngineError(
                f"limits.concurrency: {self.limits.concurrency} in the model's card is too much: "
                f"{why}, or lower concurrency"
            )
        with self.running() as engine:
            converse(self, within(engine, self, account), inquiries, account)
