"""The face of an engine: all that the rest of the program may ask of a model, however it is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from emoalign.elicitation.rating import UNTOLD, RatingJob, Sampling, Thoughts
from emoalign.study.fields import Entry, Modality, Readout
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol, Thinking
from emoalign.study.scales import Scale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.rating import RatingTask
    from emoalign.elicitation.remaining import Remaining

JOB_MB = 2000
"""Memory of a rating job without a model: on a cluster, two Snakemakes and the package."""


@dataclass(frozen=True)
class Resources:
    """Resources of a rating job: threads of the CPU, GPUs, main memory (MB), servers elsewhere."""

    memory_mb: int
    threads: int = 1
    gpus: int = 0
    api: int = 0


class ModelCard(Entry, ABC):
    """A model as a study knows it: its card, with the engine that runs it.

    An engine is a class of cards. What it says of itself is in its own module, and nobody else asks
    which engine a card has.
    """

    heading: ClassVar[str]
    """The heading of these cards in docs/configuration.md."""

    introduction: ClassVar[str]
    """The text on that page before their keys."""

    example: ClassVar[Path | str]
    """A card to begin with: a path in the project, or the text itself."""

    asked: ClassVar[bool] = True
    """Whether the model is asked for ratings; if not, they are recorded."""

    decided_by: ClassVar[str] = ""
    """The Decisions API of its provider, in the middle of a sentence of the methods."""

    together: ClassVar[bool] = False
    """Whether one job rates a whole dataset under a protocol, because the model is slow to load."""

    title: str = Field(description="Name in the report.")

    @classmethod
    def known_as(cls, said: Mapping[str, Any]) -> str:
        """Name and revision that the engine knows a model by, from what `answering` has said."""
        weights = said.get("weights") or {}
        names = (said.get("model") or weights.get("file"), said.get("revision"))
        return ", ".join(str(name) for name in names if name)

    @classmethod
    def reports(cls, said: Mapping[str, Any]) -> str | None:
        """The name that replies give the model, from what `answering` has said.

        None where it is not the model's own name, or the engine itself notes who answered.
        """
        return None

    @property
    def protocol_column(self) -> str | None:
        """The column of a table of ratings that says under which protocol each was given."""
        return None

    def models(self, name: str) -> Mapping[str, ModelCard]:
        """The models that the card called `name` stands for: itself, or several in one table.

        Raises DataError where they must be read from a table and cannot be.
        """
        return {name: self}

    @classmethod
    def read_as(cls, said: Mapping[str, Any]) -> str | None:
        """The rule by which answers are read, in words, from what `answering` has said; None for
        the rule for all answers."""
        return None

    @classmethod
    def reads_strictly(cls, said: Mapping[str, Any]) -> bool:
        """Tell whether only an answer that is exactly what was asked for is a rating, from what
        `answering` has said; otherwise somebody else has read the answers."""
        return True

    @abstractmethod
    def answering(self) -> Mapping[str, Any]:
        """The part of the card that decides what the model answers.

        Its title, address, key and limits are not in it, nor how to get its weights: they are read
        when the job runs.
        """

    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """The set-up of the engine, for the manifest."""

    def thoughts(self, thinking: Thinking) -> Thoughts:
        """The thinking at a level, as the card describes it."""
        return UNTOLD

    def reply_digits(self, readouts: Collection[Readout]) -> int | None:
        """The most digits of a token, where exact answers are read along the tokens of a reply;
        None where nothing is, or they are read from one token."""
        return None

    @property
    def sent(self) -> tuple[str, ...]:
        """The parameters of sampling that the engine sets where a protocol gives a temperature."""
        return ()

    def samplings(self, job: RatingJob) -> Mapping[Readout, Sampling]:
        """The drawing of an answer's tokens in each readout of the job, for the manifest."""
        return {}

    @abstractmethod
    def cannot_rate(
        self,
        name: str,
        dataset: str,
        modality: Modality,
        scales: Mapping[str, Scale],
        readouts: Collection[Readout] = (),
    ) -> Iterable[str]:
        """Reasons why the model, called `name`, has no ratings of a dataset on `scales`.

        `readouts` are those of the protocols that reach the dataset.
        """

    @abstractmethod
    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterable[str]:
        """Reasons why the model cannot be asked under a protocol with these prompt sets."""

    def tells_participants(self, protocol: Protocol) -> bool:
        """Tell whether it is known which answers under a protocol are of one participant."""
        return protocol.session is not None or protocol.personas is not None

    def tells_positions(self, protocol: Protocol) -> bool:
        """Tell whether it is known in which order a session went, under a protocol."""
        return protocol.session is not None

    def completes(self, scale: str) -> bool:
        """Tell whether it can complete a table of norms on a scale."""
        return True

    @property
    def destination(self) -> str | None:
        """The server that items are sent to; None where they stay on this machine."""
        return None

    @property
    def cost_unknown(self) -> bool:
        """Tell whether its answers may cost money and the card does not say how much."""
        return False

    def retiring(self, name: str, today: date) -> str | None:
        """A sentence about the end of the model, called `name`, where it is near or past."""
        return None

    def key_variables(self) -> frozenset[str]:
        """Environment variables that hold its API keys."""
        return frozenset()

    def files(self) -> list[Path]:
        """Files that its ratings are read from, so that Snakemake sees when one changes.

        None while they are missing: the job itself then says how to get them.
        """
        return []

    def resources(self, attempt: int = 1) -> Resources:
        """The resources of a rating job; `attempt` counts from 1 and grows after a failure."""
        return Resources(JOB_MB * attempt)

    @abstractmethod
    def remaining(self, task: RatingTask) -> Remaining | None:
        """The requests, tokens and cost that a task still needs; None for recorded ratings."""

    @abstractmethod
    def rate(self, tasks: Sequence[RatingTask], account: Account | None) -> list[pd.DataFrame]:
        """The ratings of each task, as rows of the ratings table; `account` limits the cost.

        Raises ElicitationError when the model cannot be asked; whatever had arrived is in the
        journals by then.
        """
