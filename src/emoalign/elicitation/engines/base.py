"""The face of an engine: all that the rest of the program may ask of a model, however it is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.requests import Sampling
from emoalign.study.fields import Entry, Modality, Readout
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.scales import Scale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.cells import Cell
    from emoalign.elicitation.remaining import Remaining

JOB_MB = 2000
"""What a rating job takes without a model: on a cluster, two Snakemakes and the package."""


@dataclass(frozen=True)
class Resources:
    """What a rating job may use: threads of the CPU, GPUs, main memory (MB), servers elsewhere."""

    memory_mb: int
    threads: int = 1
    gpus: int = 0
    api: int = 0


class ModelCard(Entry, ABC):
    """A model as a study knows it, config/models/<name>.yaml, with the engine that runs it.

    An engine is a class of cards. What it says of itself is in its own module, and nobody else asks
    which engine a card has.
    """

    heading: ClassVar[str]
    """What these cards are called in docs/configuration.md."""

    introduction: ClassVar[str]
    """What that page says of them before their keys."""

    example: ClassVar[Path | str]
    """A card to begin with: a path in the project, or the text itself."""

    asked: ClassVar[bool] = True
    """Whether ratings are asked of it; they are there already where not."""

    together: ClassVar[bool] = False
    """Whether one job rates all that a protocol asks about a dataset: where loading costs most."""

    title: str = Field(description="Name of the model as the report shows it.")

    @classmethod
    def known_as(cls, said: Mapping[str, Any]) -> str:
        """Name and revision that the engine knows a model by, from what `answering` has said."""
        weights = said.get("weights") or {}
        names = (said.get("model") or weights.get("file"), said.get("revision"))
        return ", ".join(str(name) for name in names if name)

    @abstractmethod
    def answering(self) -> Mapping[str, Any]:
        """The part of the card that decides what the model answers.

        Its title, address, key and limits are not in it, nor how to get its weights: they are read
        when the job runs.
        """

    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """How the engine is set up, for the manifest."""

    def samplings(self, job: RatingJob) -> Mapping[Readout, Sampling]:
        """How the tokens of an answer are drawn in each readout of the job, for the manifest."""
        return {}

    @abstractmethod
    def cannot_rate(
        self, name: str, dataset: str, modality: Modality, scales: Mapping[str, Scale]
    ) -> Iterable[str]:
        """Why the model, called `name`, has no ratings of a dataset on `scales`: sentences."""

    @abstractmethod
    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterable[str]:
        """Why the model cannot be asked under a protocol with these prompt sets: sentences."""

    @property
    def destination(self) -> str | None:
        """Where items are sent when it is asked; None where they stay on this machine."""
        return None

    @property
    def cost_unknown(self) -> bool:
        """Whether its answers may cost money and the card does not say how much."""
        return False

    def key_variables(self) -> frozenset[str]:
        """Environment variables that hold its API keys."""
        return frozenset()

    def files(self) -> list[Path]:
        """Files that its ratings are read from, so that Snakemake sees when one changes.

        None while they are missing: the job itself then says how to get them.
        """
        return []

    def resources(self, attempt: int = 1) -> Resources:
        """What a rating job may use; `attempt` counts from 1 and grows after a failure."""
        return Resources(JOB_MB * attempt)

    @abstractmethod
    def remaining(self, cell: Cell) -> Remaining | None:
        """What a cell still takes until it is complete; None of a model that nobody asks."""

    @abstractmethod
    def rate(self, cells: Sequence[Cell], account: Account | None) -> list[pd.DataFrame]:
        """The ratings of each cell, as rows of the ratings table; `account` limits the cost.

        Raises ElicitationError when the model cannot be asked; whatever had arrived is in the
        journals by then.
        """
