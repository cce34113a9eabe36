"""What the jobs of a study need of a machine or a cluster, and which keys they hold."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from emoalign.elicitation.engines.cards import LlamaCppModel, OpenAIModel, VllmModel
from emoalign.errors import DataError
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.study.files import locate

_JOB_MB = 2000
"""What a rating job takes without a model: on a cluster, two Snakemakes and the package."""


@dataclass(frozen=True)
class Needs:
    """What jobs of models, baselines and embeddings need."""

    loaded: LoadedStudy

    def threads(self, model: str) -> int:
        """CPU threads a rating job of the model uses."""
        card = self.loaded.models[model]
        return card.threads if isinstance(card, LlamaCppModel) else 1

    def gpus(self, model: str) -> int:
        """How many GPUs a job computes on, so that a cluster gives it so many."""
        card = self.loaded.models[model]
        if isinstance(card, VllmModel):
            return card.tensor_parallel_size
        return int(isinstance(card, LlamaCppModel) and card.gpu_layers > 0)

    def memory_mb(self, model: str, attempt: int) -> int:
        """Memory to reserve for a rating job (MB): more for embedded weights and after a failure.

        Twice the size of the weights leaves room for what the model computes with them.
        """
        card = self.loaded.models[model]
        if isinstance(card, VllmModel):
            return round(1000 * card.memory_gb) * attempt
        weights = 0
        if isinstance(card, LlamaCppModel):
            with suppress(DataError):
                weights = locate(card.weights).stat().st_size // 10**6
        return (_JOB_MB + 2 * weights) * attempt

    def api_slots(self, model: str) -> int:
        """1 for a job that talks to a server elsewhere, so that a profile can limit them."""
        return int(isinstance(self.loaded.models[model], OpenAIModel))

    def key_variables(self) -> set[str]:
        """Environment variables that hold the API keys of the study's models."""
        cards = [card for card in self.loaded.models.values() if isinstance(card, OpenAIModel)]
        return {card.api_key_env for card in cards if card.api_key_env is not None}

    def baseline_gpus(self, baseline: str) -> int:
        """How many GPUs a job of a baseline computes on."""
        return self.loaded.baselines[baseline].gpus

    def baseline_mb(self, baseline: str, attempt: int) -> int:
        """Memory to reserve for a job of a baseline (MB), more after a failure."""
        return round(1000 * self.loaded.baselines[baseline].memory_gb) * attempt

    def embedding_threads(self) -> int:
        """CPU threads that the embedding model of the study uses."""
        return self.loaded.embedding.threads if self.loaded.embedding else 1
