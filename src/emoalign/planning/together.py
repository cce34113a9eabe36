"""Rules that ask a model all that a protocol asks about a dataset, so as to load it once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

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
    if not _asked_together(loaded, True):
        return
    places = list(product(loaded.protocol_names(), sorted(loaded.datasets)))
    names = rule_names(f"rate_together_{protocol}_{dataset}" for protocol, dataset in places)
    for name, (protocol, dataset) in zip(names, places, strict=True):
        yield TogetherRule(name, protocol, dataset, tuple(loaded.asked(protocol, dataset)))


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
    """The models asked all in one job, or scale by scale, as a pattern for a wildcard."""
    return "|".join(map(re.escape, _asked_together(loaded, together))) or "(?!)"


def _asked_together(loaded: LoadedStudy, together: bool) -> list[str]:
    models = sorted(loaded.models.items())
    return [name for name, card in models if card.together == together]
