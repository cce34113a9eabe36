"""What the jobs of a study need of a machine or a cluster, and which keys they hold."""

from __future__ import annotations

from dataclasses import dataclass

from emoalign.planning.loaded_study import LoadedStudy


@dataclass(frozen=True)
class Needs:
    """What jobs of models and baselines need."""

    loaded: LoadedStudy

    def threads(self, model: str) -> int:
        """CPU threads a rating job of the model uses."""
        return self.loaded.models[model].resources().threads

    def gpus(self, model: str) -> int:
        """How many GPUs a job computes on, so that a cluster gives it so many."""
        return self.loaded.models[model].resources().gpus

    def memory_mb(self, model: str, attempt: int) -> int:
        """Memory to reserve for a rating job (MB), more after a failure."""
        return self.loaded.models[model].resources(attempt).memory_mb

    def api_slots(self, model: str) -> int:
        """1 for a job that talks to a server elsewhere, so that a profile can limit them."""
        return self.loaded.models[model].resources().api

    def key_variables(self) -> set[str]:
        """Environment variables that hold the API keys of the study's models."""
        return {key for card in self.loaded.models.values() for key in card.key_variables()}

    def baseline_gpus(self, baseline: str) -> int:
        """How many GPUs a job of a baseline computes on."""
        return self.loaded.baselines[baseline].gpus

    def baseline_mb(self, baseline: str, attempt: int) -> int:
        """Memory to reserve for a job of a baseline (MB), more after a failure."""
        return round(1000 * self.loaded.baselines[baseline].memory_gb) * attempt
