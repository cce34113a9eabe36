"""The resources and files of rules, and the names of rules that a loop makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import orjson

from emoalign.elicitation.rating import SESSIONS
from emoalign.errors import DataError
from emoalign.planning.studies import LoadedStudy
from emoalign.study.fields import FileSource
from emoalign.study.source_files import folder_files, locate_all


@dataclass(frozen=True)
class Needs:
    """Needs of the jobs of models and baselines."""

    loaded: LoadedStudy

    def threads(self, model: str) -> int:
        """CPU threads a rating job of the model uses."""
        return self.loaded.models[model].resources().threads

    def gpus(self, model: str) -> int:
        """The number of GPUs of a job, to be requested from a cluster."""
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


@dataclass(frozen=True)
class TogetherRule:
    """A rule that rates a whole dataset with a model under a protocol."""

    name: str
    protocol: str
    dataset: str
    asked: tuple[str, ...]
    recites: bool = False
    in_sessions: bool = False

    @property
    def part(self) -> str:
        """The name of its files: that of a shard of items, unless sessions go through all."""
        return SESSIONS if self.in_sessions else "{shard}"

    def files(self, results: str) -> list[str]:
        """The outputs: a file for each scale, or scales asked about jointly; then their trials."""
        stage = "completions" if self.recites else "ratings"
        place = "{model}/{protocol}/{dataset}"
        answers = [f"{results}/{stage}/{place}/{asked}/{self.part}.parquet" for asked in self.asked]
        trials = [f"{results}/trials/{place}/{asked}.parquet" for asked in self.asked]
        return [*answers, *(trials if self.in_sessions else [])]


def together_rules(loaded: LoadedStudy) -> Iterator[TogetherRule]:
    """The rules for models that rate a whole dataset in one job, by protocol and dataset.

    There are none if the study has no such model.
    """
    if not _asked_together(loaded, True):
        return
    protocols = [*loaded.protocol_names(), *loaded.recitation_names()]
    places = [
        (protocol, dataset)
        for protocol, dataset in product(protocols, sorted(loaded.datasets))
        if loaded.asked(protocol, dataset)
    ]
    names = rule_names(f"rate_together_{protocol}_{dataset}" for protocol, dataset in places)
    for name, (protocol, dataset) in zip(names, places, strict=True):
        entry = loaded.protocol(protocol)
        yield TogetherRule(
            name,
            protocol,
            dataset,
            tuple(loaded.asked(protocol, dataset)),
            entry.recites,
            entry.session is not None,
        )


def rule_names(wanted: Iterable[str]) -> list[str]:
    """A name for each of some rules, all different, of the letters that rules may have."""
    names: list[str] = []
    for text in wanted:
        name = re.sub(r"\W", "_", text)
        while name in names:
            name += "_"
        names.append(name)
    return names


def models_pattern(loaded: LoadedStudy, together: bool) -> str:
    """The models that rate in one job, or scale by scale, as a pattern for a wildcard."""
    return "|".join(map(re.escape, _asked_together(loaded, together))) or "(?!)"


def _asked_together(loaded: LoadedStudy, together: bool) -> list[str]:
    models = sorted(loaded.models.items())
    return [name for name, card in models if card.together == together]


@dataclass(frozen=True)
class Files:
    """Paths of files of a study, in an order that does not depend on its YAML.

    `results` is the folder of its results.
    """

    loaded: LoadedStudy
    results: str

    # What rules make

    def ratings(self, dataset: str, shards: str | Path) -> list[str]:
        """The rating files of one dataset; `shards` is the file with the names of its shards.

        Raises DataError where that is no such list.
        """
        return self._answers("ratings", self.loaded.protocol_names(), dataset, shards)

    def completions(self, dataset: str, shards: str | Path) -> list[str]:
        """The files of one dataset with completions of its norms, likewise."""
        return self._answers("completions", self.loaded.recitation_names(), dataset, shards)

    def _answers(
        self, stage: str, protocols: Sequence[str], dataset: str, shards: str | Path
    ) -> list[str]:
        try:
            names = orjson.loads(Path(shards).read_bytes())
        except orjson.JSONDecodeError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(
                f"{shards}: the list of shards is incomplete. Delete it and run again; the list "
                f"is rebuilt, and nothing is asked again: rm '{shards}'"
            )
        return [
            f"{self.results}/{stage}/{model}/{protocol}/{dataset}/{asked}/{shard}.parquet"
            for model in sorted(self.loaded.raters(dataset))
            for protocol in protocols
            for asked in self.loaded.asked_of(model, protocol, dataset)
            for shard in ([SESSIONS] if self.loaded.protocol(protocol).session else names)
        ]

    def predictions(self) -> list[str]:
        """The predictions of the study's baselines: a file for each."""
        return [
            f"{self.results}/baselines/{name}/{card.dataset}.parquet"
            for name, card in sorted(self.loaded.baselines.items())
        ]

    def trainings(self, *baselines: str) -> list[str]:
        """The records of all trainings of these baselines, or of those of the study."""
        return [
            f"{self.results}/baselines/{name}/seed-{seed}.training.json"
            for name in sorted(baselines or self.loaded.baselines)
            for seed in sorted(self.loaded.baselines[name].seeds)
        ]

    def held_out(self, baseline: str) -> list[str]:
        """The items of the study, where they are to be kept out of a training."""
        card = self.loaded.baselines[baseline]
        held_out = card.evaluate == "held_out"
        return [f"{self.results}/stimuli/{card.dataset}.parquet"] if held_out else []

    # What jobs read by themselves, so that Snakemake sees when it changes

    def tables(self, dataset: str) -> list[str]:
        """The files of a dataset that have no checksum."""
        return watched(self.loaded.datasets[dataset].files().values())

    def prepared_from(self, dataset: str) -> list[str]:
        """The files that decide which items a dataset has in the study."""
        if self.loaded.dataset_entry(dataset).items == "all":
            return self.tables(dataset)
        recorded = {
            path for model in self.loaded.raters(dataset) for path in self.recordings(model)
        }
        return [*self.tables(dataset), *sorted(recorded)]

    def recordings(self, model: str) -> list[str]:
        """The files with the recorded ratings of a model; none for a model that is asked."""
        return [str(path) for path in self.loaded.models[model].files()]

    def baseline_weights(self, baseline: str) -> list[str]:
        """The files of a baseline's weights in a folder without a checksum."""
        return watched(self.loaded.baselines[baseline].weight_files())


def watched(sources: Iterable[FileSource]) -> list[str]:
    """The files without a checksum: one with it never changes."""
    return _there(source for source in sources if source.sha256 is None)


def _there(sources: Iterable[FileSource]) -> list[str]:
    """The files that exist; for a missing one, the job itself says how to get it."""
    paths: list[str] = []
    for source in sources:
        with suppress(DataError):
            for path in locate_all(source):
                paths += map(str, folder_files(path) if path.is_dir() else [path])
    return paths
