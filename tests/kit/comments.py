"""Comments with raters and splits, in the formats of the authors of GoEmotions."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoalign.baselines.baseline_cards import BaselineData, TrainingJob
from emoalign.stimuli.dataset_cards import DatasetCard

LABELS = ("joy", "anger", "neutral")
WORDS = {"joy": "lovely", "anger": "awful", "neutral": "grey"}
RATERS = 4


@dataclass(frozen=True)
class Comment:
    item_id: str
    text: str
    split: str | None
    choices: tuple[tuple[str, ...], ...]


def made(seed: int = 1, **sizes: int) -> list[Comment]:
    """Comments whose words tell most of what raters chose: sizes by split, such as train=40."""
    draw = random.Random(seed)
    found = []
    for split, size in (sizes or {"train": 96, "dev": 24, "test": 24}).items():
        for number in range(size):
            label = LABELS[number % len(LABELS)]
            text = f"What a {WORDS[label]} thing, {split} {draw.choice(list(WORDS))} {number}!"
            other = draw.choice(LABELS)
            choices = [(label,)] * (RATERS - 1) + [tuple(sorted({label, other}))]
            found.append(Comment(f"{split}{number:04d}", text, split, tuple(choices)))
    return found


def written(folder: Path, comments: Sequence[Comment]) -> dict[str, Any]:
    """The source of a dataset card with these comments in its files."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "raw.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "id", "author", "rater_id", "example_very_unclear", *LABELS])
        for comment in comments:
            for rater, chosen in enumerate(comment.choices):
                marks = [int(label in chosen) for label in LABELS]
                rows.writerow([comment.text, comment.item_id, "nobody", rater, "False", *marks])
    splits = sorted({comment.split for comment in comments if comment.split})
    for split in splits:
        lines = [f"{c.text}\t0\t{c.item_id}\n" for c in comments if c.split == split]
        (folder / f"{split}.tsv").write_text("".join(lines), encoding="utf-8", newline="")
    return {
        "reader": "goemotions",
        "ratings": [{"file": str(folder / "raw.csv")}],
        "splits": {split: {"file": str(folder / f"{split}.tsv")} for split in splits},
    }


def card(folder: Path, comments: Sequence[Comment]) -> DatasetCard:
    return DatasetCard.model_validate(
        {
            "title": "Comments",
            "modality": "sentence",
            "source": written(folder, comments),
            "scales": {"emotions": {"kind": "labels", "labels": LABELS}},
            "licence": "CC0-1.0",
            "citation": "@misc{comments}",
            "redistribute": True,
        }
    )


def data(folder: Path, comments: Sequence[Comment], **changes: Any) -> BaselineData:
    """What a baseline is told of these comments."""
    made_card = card(folder, comments)
    told = {
        "dataset": "comments",
        "source": made_card.source,
        "keep": None,
        "scale_name": "emotions",
        "scale": made_card.scales["emotions"],
        "splits": {},
        "evaluate": "test_split",
    }
    return BaselineData.model_validate(told | changes)


def training(
    known: BaselineData, weights: Path, settings: Mapping[str, Any] | None = None, seed: int = 1
) -> TrainingJob:
    """A training that takes a few seconds."""
    quick = {"batch_size": 8, "learning_rate": 1e-2, "max_epochs": 6, "patience": 6}
    return TrainingJob.model_validate(
        {
            "data": known,
            "weights": str(weights),
            "revision": None,
            "max_tokens": 32,
            "training": quick | dict(settings or {}),
            "seed": seed,
        }
    )
