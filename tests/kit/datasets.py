"""Datasets made by hand, in the formats their authors use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emoalign.errors import StudyError
from emoalign.statistics.agreement import split_half
from emoalign.stimuli.dataset_cards import DatasetCard, PreparationJob
from emoalign.stimuli.preparation import prepare
from emoalign.stimuli.readers.base import HumanLabels, HumanRatings, SourceItem
from emoalign.study.reading import read_card, validate
from emoalign.tables import NORMS, STIMULI

ROOT = Path(__file__).parents[2]


def shipped(name: str) -> DatasetCard:
    """A card that comes with emoalign."""
    return read_card(ROOT / f"src/emoalign/catalogue/datasets/{name}.yaml", DatasetCard)


def items(name: str, files: Mapping[str, Path], **changes: Any) -> list[SourceItem]:
    """What the reader of a shipped card makes of other files, with changes to its source."""
    return shipped(name).source.model_copy(update=changes).read(files)


CARD: dict[str, Any] = {
    "title": "Words of mine",
    "modality": "word",
    "source": {"reader": "table", "id": "id", "text": "word"},
    "scales": {"valence": {"min": 1, "max": 7, "direction": "higher is more pleasant"}},
    "licence": "CC-BY-4.0",
    "citation": "@misc{mine}",
    "redistribute": True,
}
MEAN = {"scales": {"valence": {"mean": "v"}}}


def table_card(table: Path, source: Mapping[str, Any] = MEAN, **changes: Any) -> DatasetCard:
    """A card of a table with the columns id, word and what `source` says."""
    told = CARD | {"source": CARD["source"] | {"table": {"file": str(table)}} | source} | changes
    card, problems = validate(DatasetCard, told, "config/datasets/mine.yaml")
    if card is None:
        raise StudyError(problems)
    return card


def prepared(folder: Path, card: DatasetCard, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stimuli and norms of a card, all items and all scales."""
    told = {
        "dataset": "mine",
        "modality": card.modality,
        "source": card.source,
        "images": card.images,
        "keep": None,
        "scales": card.scales,
        "sample": None,
        "seed": 1,
        "excluded_texts": (),
        "shard_items": None,
    }
    job = PreparationJob.model_validate(told | changes)
    stimuli, norms = folder / "stimuli.parquet", folder / "norms.parquet"
    prepare(job, stimuli, norms, folder / "shards.json", card.files())
    return STIMULI.read(stimuli), NORMS.read(norms)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding, newline="")
    return path


def rated(item: SourceItem, scale: str) -> HumanRatings:
    found = item.ratings[scale]
    assert isinstance(found, HumanRatings)
    return found


def chosen(item: SourceItem) -> tuple[tuple[str, ...], ...]:
    found = item.ratings["emotions"]
    assert isinstance(found, HumanLabels)
    return found.choices


def real(shared: Path, name: str, **files: str) -> list[SourceItem]:
    return items(name, {place: shared / file for place, file in files.items()})


def spearman_brown(ratings: list[tuple[float, ...]]) -> float:
    most = max(map(len, ratings))
    padded = [(*one, *[np.nan] * (most - len(one))) for one in ratings]
    return split_half(np.array(padded), 1000, seed=1).spearman_brown
