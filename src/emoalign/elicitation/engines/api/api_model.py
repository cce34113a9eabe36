"""Models behind an API, in any dialect: what their cards have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import orjson
from pydantic import ConfigDict, Field, JsonValue, model_validator

from emoalign.addresses import on_this_machine, reading_proxy, shown
from emoalign.elicitation import untrusted
from emoalign.elicitation.answer_schema import most_schema_tokens
from emoalign.elicitation.engines.abilities import Abilities
from emoalign.elicitation.engines.api.additions import (
    SecretValue,
    wrong_address,
    wrong_headers,
    wrong_levels,
    wrong_parameters,
    wrong_variables,
)
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.api.retirement import Day, in_words, is_near
from emoalign.elicitation.engines.asked import Prices, PromptTokens, Terms
from emoalign.elicitation.engines.base import JOB_MB, Resources
from emoalign.elicitation.engines.lacking import over_budget
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.rating import Ask
from emoalign.prompts import Prompt
from emoalign.study.fields import Entry, Name
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import value_at

if TYPE_CHECKING:
    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.engines.api.batch_interface import BatchInterface
    from emoalign.elicitation.inquiry import Inquiry

KEY = (
    "Environment variable with the API key; null for none. Never write the key itself into a file."
)
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
"""Names that servers have for the longest answer."""


DAY = "24h"
_BUDGETS = (
    ("generationConfig", "thinkingConfig", "thinkingBudget"),  # Gemini, up to 2.5
    ("reasoning", "max_tokens"),  # OpenRouter
    ("thinking_token_budget",),  # vLLM
    ("thinking_budget",),  # Qwen
)
"""Parameters that limit thoughts, whose tokens count among those of the answer."""


class BatchSettings(Entry):
    """Sizes and pace of batches."""

    max_requests: int = Field(50_000, ge=1, description="Most requests per batch.")
    max_bytes: int = Field(190_000_000, ge=1, description="Most bytes per batch.")
    at_once: int | None = Field(
        None,
        ge=1,
        description=(
            "Most batches at once, for accounts that limit queued tokens; null for no limit."
        ),
    )
    poll_s: float = Field(30, gt=0, description="Seconds between status requests.")
    completion_window: str = Field(
        DAY,
        description="Time given to the provider, in its own words, for engine: openai alone.",
    )


def _less_with_a_provider(schema: dict[str, Any]) -> None:
    """A schema of cards in which a provider stands for the keys that its preset brings."""
    needed = schema["required"]
    schema["required"] = ["model"]
    schema["anyOf"] = [{"required": [key for key in needed if key != "model"]}]
    schema["anyOf"].append({"required": ["provider"]})


class ApiModel(ServedModel):
    """A model behind an HTTP interface; `dialect` says how it is spoken to."""

    decisive: ClassVar[frozenset[str]] = frozenset({"engine", "model", "revision", "extra_body"})

    batches_take_a_window: ClassVar[bool] = False
    """Whether a new batch is told how long it may take."""

    provider: Name | None = Field(
        None,
        description=(
            "Preset with the keys that are left out here, such as engine, base_url, api_key_env "
            "and capabilities: `emoalign list providers`. The title is then that of the model."
        ),
    )
    variables: dict[str, str] = Field(
        default_factory=dict,
        description="Parts of the provider's address in braces, such as {region}.",
    )
    engine: str = Field(description="Engine of the model.")
    model: str = Field(description="Model name sent to the server.")
    revision: str | None = Field(
        None, description="Version of the weights, if the name does not fix it."
    )
    base_url: str = Field(description="Address of the interface.")
    api_key_env: str | None = Field(None, description=KEY)
    extra_body: dict[str, JsonValue] = Field(
        default_factory=dict,
        description=(
            "Further parameters sent with every request, such as one that turns reasoning "
            "off. A change asks again."
        ),
    )
    headers: dict[str, str | SecretValue] = Field(
        default_factory=dict,
        description=(
            "Further headers; for secrets {env: NAME}. The manifest records only their "
            "names; a change causes no requests."
        ),
    )
    context_tokens: int | None = Field(
        None,
        ge=64,
        description=(
            "Longest prompt and answer together, in tokens: sessions that do not fit are refused. "
            "Default: not known."
        ),
    )
    prices: Prices | None = Field(None, description="Prices of the provider.")
    retires: Day | None = Field(
        None,
        description="Day on which the provider switches the model off (YYYY-MM-DD), if announced.",
    )
    delivery: Literal["single", "batch"] = Field(
        "single",
        description=(
            "single: single requests. batch: the batch interface, usually half price "
            "within a day. A change causes no requests."
        ),
    )
    batches: BatchSettings = Field(
        default_factory=BatchSettings, description="Settings for delivery: batch."
    )

    model_config = ConfigDict(json_schema_extra=_less_with_a_provider)

    @classmethod
    def reports(cls, said: Mapping[str, Any]) -> str | None:
        """The name that replies give the model: that of the card, as far as it has one."""
        return said.get("model")

    @model_validator(mode="after")
    def _nothing_unseen_or_secret(self) -> ApiModel:
        own, with_key = (
            {name.lower() for name in self.dialect.headers(key)} for key in (None, "a key")
        )
        problems = [
            *(
                ["batches.completion_window: this interface takes no such time: leave it out"]
                if self.batches.completion_window != DAY and not self.batches_take_a_window
                else []
            ),
            *(
                ["variables: a card without provider has none: write them into base_url"]
                if self.variables and self.provider is None
                else []
            ),
            *(
                [f"capabilities.decisions: engine {self.engine} has none: leave it out"]
                if self.capabilities.decisions and not self.dialect.decides
                else []
            ),
            *(
                ["delivery: batch, but lines of batches know no logprob_token_ids: set one of them"]
                if self.delivery == "batch" and self.capabilities.logprob_token_ids
                else []
            ),
            *wrong_address(self.base_url),
            *wrong_parameters(self.extra_body, "extra_body"),
            *wrong_levels(self.capabilities.thinking),
            *wrong_headers(self.headers, self.api_key_env, with_key - own, own),
            *wrong_variables(sorted(self.key_variables())),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """The dialect of its server."""

    @abstractmethod
    def batch_interface(self) -> BatchInterface:
        """The batch interface of its provider. Raises EngineError where the key is missing."""

    @property
    def destination(self) -> str | None:
        """The address of the server, and of a proxy that reads along; None on this machine."""
        if on_this_machine(self.base_url):
            return None
        server, proxy = shown(self.base_url), reading_proxy(self.base_url)
        return f"{server}, through the proxy {proxy}, which can read them" if proxy else server

    @property
    def cost_unknown(self) -> bool:
        """Tell whether neither the card nor replies tell a price; a server of one's own costs 0."""
        return self.prices is None and not self.capabilities.cost_reported

    def retiring(self, name: str, today: date) -> str | None:
        """A sentence about the end of the model, from 90 days before it on."""
        if self.retires is None or not is_near(self.retires, today):
            return None
        return in_words(name, self.retires, today)

    def key_variables(self) -> frozenset[str]:
        """The environment variables that hold the key and secret headers, where there are any."""
        secret = [each.env for each in self.headers.values() if isinstance(each, SecretValue)]
        return frozenset(filter(None, [self.api_key_env, *secret]))

    def settings(self) -> Mapping[str, Any]:
        """The set-up of the engine, for the manifest: of headers the names alone."""
        return {
            **super().settings(),
            "extra_body": self.extra_body,
            "headers": sorted(self.headers),
        }

    def resources(self, attempt: int = 1) -> Resources:
        """The resources of a job: little here, and a place at the server."""
        return Resources(JOB_MB * attempt, api=1)

    def identity(self) -> tuple[str, str | None]:
        """Name and revision, as the card says."""
        return self.model, self.revision

    @property
    def able(self) -> Abilities:
        """The abilities of the model and its server, which has sampling of its own."""
        return replace(super().able, default_sampling=True, context_tokens=self.context_tokens)

    def added(self) -> Mapping[str, JsonValue]:
        """The parameters that the card adds to every request."""
        return self.extra_body

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from super()._lacking(protocol, prompts)
        if protocol.session is not None and self.delivery == "batch":
            yield (
                "sessions, in which each question waits for the answer before it, but its card "
                "says delivery: batch: write delivery: single, which asks nothing again"
            )
        sent = dict(self.extras(self.thoughts(protocol.thinking)))
        for form in self.dialect.answer_forms if prompts.answer.structured else ():
            if value_at(sent, form.split(".")) is not None:
                yield (
                    f"structured answers (answer.kind: {prompts.answer.kind}), but its card adds "
                    f"{form} to every request, which gives answers a form too: leave it out of "
                    "the card (preset, extra_body, thinking)"
                )
        for keys in _BUDGETS:
            budget = untrusted.count(value_at(sent, keys))
            if budget:
                yield from over_budget(".".join(keys), budget, self.able, protocol, prompts)

    def terms(self) -> Terms:
        """The delivery of its answers, and their prices."""
        return Terms(self.prices, self.delivery)

    def prompt_tokens(self, prompts: Sequence[Prompt]) -> PromptTokens:
        """The tokens of a prompt on average: counted, if the vocabulary is at hand."""
        from emoalign.elicitation.engines.api.vocabularies import counted

        return counted(self.capabilities.vocabulary, prompts) or super().prompt_tokens(prompts)

    def most_tokens(self, ask: Ask) -> tuple[int, int]:
        """Tokens of the prompt and of all answers that a request cannot exceed, by its body."""
        prompt, answers = super().most_tokens(ask)
        body = self.dialect.body(self.model, self.capabilities, ask)
        longest = [untrusted.count(body.get(name)) or 0 for name in TOKEN_LIMITS]
        times = [untrusted.count(body.get(name)) or 1 for name in ("n", "best_of")]
        request = ask.request
        more = len(orjson.dumps(dict(request.extra_body))) if request.extra_body else 0
        more += most_schema_tokens(request.schema)
        return prompt + more, max(answers, max(longest) * max(times))

    @contextmanager
    def running(self) -> Iterator[Engine]:
        """The server, which runs already."""
        from emoalign.elicitation.engines.api.client import ApiEngine

        yield ApiEngine(
            self.dialect, self.base_url, self.model, self.api_key_env, self, headers=self.headers
        )

    def under_way(self, journal: Path) -> bool:
        """Tell whether batches are remembered: not collected, or not settled with the account."""
        from emoalign.elicitation.engines.api.batch_delivery import under_way

        return under_way(journal)

    async def collect_batches(self, inquiry: Inquiry, account: Account | None) -> None:
        """Collect the batches under way, then get what is missing in new ones if the card says."""
        from emoalign.elicitation.engines.api.batch_delivery import collect_batches

        await collect_batches(self, inquiry, account)
