"""The files of a study: what its rules read, and what they make."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from emoalign.errors import DataError
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate


@dataclass(frozen=True)
class Files:
    """Paths of files of a study, in an order that does not depend on its YAML.

    `results` is the folder of its results.
    """

    loaded: LoadedStudy
    results: str

    # What rules make

    def ratings(self, dataset: str, shards: str | Path) -> list[str]:
        """The rating files of one dataset; `shards` is the file with the names of its shards."""
        names = orjson.loads(Path(shards).read_bytes())
        return [
            f"{self.results}/ratings/{model}/{protocol}/{dataset}/{asked}/{shard}.parquet"
            for model in sorted(self.loaded.raters(dataset))
            for protocol in self.loaded.protocol_names()
            for asked in self.loaded.asked(protocol, dataset)
            for shard in names
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

    def recordings(self, model: str) -> list[str]:
        """The files that the ratings of a model are read from, where nobody asks it."""
        return [str(path) for path in self.loaded.models[model].files()]

    def baseline_weights(self, baseline: str) -> list[str]:
        """The files of a baseline's weights in a folder."""
        return [str(path) for path in self.loaded.baselines[baseline].weight_files()]


def watched(sources: Iterable[FileSource]) -> list[str]:
    """The files without a checksum: one with it never changes."""
    return _there(source for source in sources if source.sha256 is None)


def _there(sources: Iterable[FileSource]) -> list[str]:
    """Those that are there: the job itself says how to get one that is missing."""
    paths = []
    for source in sources:
        with suppress(DataError):
            paths.append(str(locate(source)))
    return paths
