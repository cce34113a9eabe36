"""Rules that ask a model all that a protocol asks about a dataset, so as to load it once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emoalign.planning.loaded_study import LoadedStudy


@dataclass(frozen=True)
class TogetherRule:
    """A rule that asks a model all that a protocol asks about a dataset."""

    name: str
    protocol: str
    dataset: str
    asked: tuple[str, ...]

    def files(self, results: str) -> list[str]:
        """What it makes: a file for each scale, or scales asked about jointly."""
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
