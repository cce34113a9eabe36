"""What trained classifiers predict of the items of a study."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.columns import COUNT, DATASET, ITEM, NUMBERS, SCALE, TEXT
from emoalign.tables.contract import Column, Table

PREDICTIONS = Table(
    "baselines/<baseline>/<dataset>.parquet",
    "an item and what a baseline predicts of it; one for each seed it was trained with",
    (
        Column(
            "model",
            TEXT,
            "The baseline as a model beside the others: its name, and .seed-<number> where the "
            "study has trained it.",
        ),
        Column("baseline", TEXT, "Name of the baseline: its file in config/baselines."),
        Column("seed", COUNT, "Seed it was trained with; null for a published classifier."),
        DATASET,
        SCALE,
        ITEM,
        Column("split", TEXT, "Split of the source the item belongs to; null without splits."),
        Column(
            "in_training",
            pa.bool_(),
            "Whether the baseline has learned from the item or from another with its text, or was "
            "chosen by one: such items say nothing of it.",
        ),
        Column(
            "distribution",
            NUMBERS,
            "Predicted share of the people who chose each label, in the order of the card, each "
            "from 0 to 1; or of each point of the scale, ascending, which sums to 1. Null for "
            "items that it is not evaluated on.",
        ),
        Column("reason", TEXT, "Why it is not evaluated on the item; null where it is."),
    ),
)
