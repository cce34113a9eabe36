"""Models that are asked for ratings: what they cost, how a task is asked."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from emoalign.elicitation.engines.abilities import SAMPLING, WHOLE_VOCABULARY, Abilities
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.lacking import (
    lacking,
    points_of_unknown_tokens,
    too_many_levels,
)
from emoalign.elicitation.rating import (
    UNTOLD,
    Ask,
    RatingJob,
    Sampling,
    Settings,
    Thoughts,
)
from emoalign.prompts import Prompt, likely_tokens
from emoalign.study.fields import Entry, Modality, Readout
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol, Thinking
from emoalign.study.scales import Scale
from emoalign.study.source_files import installed_versions

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.inquiry import Inquiry
    from emoalign.elicitation.rating import RatingTask
    from emoalign.elicitation.remaining import Remaining


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
        description=(
            "US dollars per million prompt tokens written to a cache, for as long as requests ask. "
            "Default: input_usd."
        ),
    )
    decision_usd: float | None = Field(
        None,
        ge=0,
        description=(
            "US dollars per million prompt tokens of decisions, whose answers are free. Default: "
            "input_usd."
        ),
    )
    batch_factor: float | None = Field(
        None, gt=0, le=1, description="Price of batches as a share of these; null without batches."
    )
    as_of: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$", description="Date of the prices (YYYY-MM-DD)."
    )
    source: str = Field(description="Source of the prices.")

    def of(self, readout: Readout) -> Prices:
        """The prices of requests of a readout: decisions have no batches, and caches cost nothing.

        Nothing is less for what was in a cache, as far as is known.
        """
        if readout != "decision":
            return self
        each = self.input_usd if self.decision_usd is None else self.decision_usd
        return Prices(input_usd=each, output_usd=0, as_of=self.as_of, source=self.source)

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
        told = None if thinking == "provider" else able.thinking.get(thinking)
        return Thoughts(parameters=dict(told or {}), tokens=able.thinking_tokens.get(thinking, 0))

    def reply_digits(self, readouts: Collection[Readout]) -> int | None:
        """The digits that one token may have, where exact answers are read along a reply."""
        if "exact" not in readouts or not self.able.along_replies:
            return None
        return self.able.digits or 1

    @property
    def sent(self) -> tuple[str, ...]:
        """The parameters of sampling that the engine sets where a protocol gives a temperature."""
        return SAMPLING

    def samplings(self, job: RatingJob) -> Mapping[Readout, Sampling]:
        """The drawing of an answer's tokens in each readout of the job's protocol.

        An engine that reports the whole vocabulary applies the temperature to it; what a server
        returns of the distribution at temperature 1 is brought to it when it is read. An exact
        answer is one token, or a whole reply where it is read along one: 1 may become 10 or 1.5,
        and only what follows in the reply that was drawn tells.
        """
        answer = job.prompts.answer
        whole = self.able.top_logprobs == WHOLE_VOCABULARY
        longest = answer.max_tokens if self.able.along_replies else 1
        written = Sampling.at(job.protocol.temperature, job.longest, answer.stop)
        every: Mapping[Readout, Sampling] = {
            "sampled": written,
            "stated": written,
            "exact": Sampling.at(job.protocol.temperature if whole else 1.0, longest),
            "decision": Sampling.at(None, max_tokens=0),
        }
        return {readout: every[readout] for readout in job.protocol.readouts}

    def settings(self) -> Mapping[str, object]:
        """The set-up of the engine, for the manifest."""
        kept = self.model_dump(
            mode="json",
            exclude={
                *("title", "capabilities", "limits", "api_key_env", "prices", "first_answers"),
                *("retires", "variables"),
            },
            exclude_none=True,
        )
        return {**kept, "versions": installed_versions(self.packages)}

    def cannot_rate(
        self,
        name: str,
        dataset: str,
        modality: Modality,
        scales: Mapping[str, Scale],
        readouts: Collection[Readout] = (),
    ) -> Iterator[str]:
        """Reasons why the model cannot be shown the items of a dataset, or asked on its scales."""
        if modality not in self.able.modalities:
            yield (
                f"model {name!r} cannot be shown items of {dataset!r}: its card does not list "
                f"{modality!r} among capabilities.modalities"
            )
        if "exact" in readouts and self.able.along_replies and self.able.digits is None:
            yield from points_of_unknown_tokens(name, dataset, scales)
        if "decision" in readouts and self.able.decisions is not None:
            yield from too_many_levels(name, dataset, scales, self.able.decisions.levels)

    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterator[str]:
        """Reasons why the model cannot give the answers that a protocol asks for."""
        asks = f"protocol {protocol.name!r} asks model {name!r} for"
        for asked in prompts:
            for what in self._lacking(protocol, asked):
                yield f"{asks} {what}"

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from lacking(self.able, protocol, prompts, self.thinking_example)

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
        from emoalign.elicitation.remaining import remaining

        return remaining(task, self)

    def rate(self, tasks: Sequence[RatingTask], account: Account | None) -> list[pd.DataFrame]:
        """The ratings of each task, as rows of the ratings table: asked only what is missing."""
        from emoalign.elicitation.inquiry import asked_ratings

        return asked_ratings(tasks, self, account)
