"""Resources that rules take, and the rules that ask a model all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emoalign.planning.loaded_study import LoadedStudy


@dataclass(frozen=True)
class Needs:
    """Needs of the jobs of models, baselines and embeddings."""

    loaded: LoadedStudy

    def threads(self, model: str) -> int:
        """CPU threads a rating job of the model uses."""
        return self.loaded.models[model].resources().threads

    def gpus(self, model: str) -> int:
        """The number of GPUs a job computes on, so that a cluster gives it so many."""
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
        """The number of GPUs a job of a baseline computes on."""
        return self.loaded.baselines[baseline].gpus

    def baseline_mb(self, baseline: str, attempt: int) -> int:
        """Memory to reserve for a job of a baseline (MB), more after a failure."""
        return round(1000 * self.loaded.baselines[baseline].memory_gb) * attempt

    def embedding_threads(self) -> int:
        """CPU threads that the embedding model of the study uses."""
        return self.loaded.embedding.threads if self.loaded.embedding else 1


@dataclass(frozen=True)
class TogetherRule:
    """A rule that asks a model all that a protocol asks about a dataset."""

    name: str
    protocol: str
    dataset: str
    asked: tuple[str, ...]

    def files(self, results: str) -> list[str]:
        """The outputs: a file for each scale, or scales asked about jointly."""
        folder = f"{results}/ratings/{{model}}/{{protocol}}/{{dataset}}"
        return [f"{folder}/{asked}/{{shard}}.parquet" for asked in self.asked]


def together_rules(loaded: LoadedStudy) -> Iterator[TogetherRule]:
    """The rules for models that are asked all in one job: one for each protocol and dataset.

    Their files are known by name. There are none where the study has no such model.
    """
    names: set[str] = set()
    if not _asked_together(loaded, True):
        return
    for protocol in loaded.protocol_names():
        for dataset in sorted(loaded.datasets):
            name = re.sub(r"\W", "_", f"rate_together_{protocol}_{dataset}")
            while name in names:
                name += "_"
            names.add(name)
            yield TogetherRule(name, protocol, dataset, tuple(loaded.asked(protocol, dataset)))


def models_pattern(loaded: LoadedStudy, together: bool) -> str:
    """The models asked all in one job, or scale by scale, as a pattern for a wildcard."""
    return "|".join(map(re.escape, _asked_together(loaded, together))) or "(?!)"


def _asked_together(loaded: LoadedStudy, together: bool) -> list[str]:
    models = sorted(loaded.models.items())
    return [name for name, card in models if card.together == together]
