"""Tables of baselines: predictions for the items of a study, and trainings."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.columns import COUNT, DATASET, ITEM, NUMBERS, SCALE, TEXT, numbers
from emoalign.tables.contract import Column, Table

_MODEL = Column(
    "model",
    TEXT,
    "The baseline as a model beside the others: its name, and .seed-<number> where the study has "
    "trained it.",
)
BASELINE = "(baseline)"
"""The protocol of a cell that comes from a table of predictions: nobody was asked."""

_BASELINE = Column("baseline", TEXT, "Name of the baseline: its file in config/baselines.")
_SEED = Column("seed", COUNT, "Seed it was trained with; null for a published classifier.")

PREDICTIONS = Table(
    "baselines/<baseline>/<dataset>.parquet",
    "an item and what a baseline predicts of it; one for each seed it was trained with",
    (
        _MODEL,
        _BASELINE,
        _SEED,
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

_TRAINED = "null for a published classifier."

TRAININGS = Table(
    "statistics/trainings.parquet",
    "a baseline of the study, trained with one seed or published: what it has learned from, and "
    "what it is evaluated on",
    (
        _MODEL,
        _BASELINE,
        DATASET,
        SCALE,
        _SEED,
        Column("leakage", TEXT, "What a published classifier may have seen; null for others."),
        Column("n_items", COUNT, "Items of the study."),
        Column("n_evaluated", COUNT, "Those it predicts, and is compared with people on."),
        Column("n_in_training", COUNT, "Those it has learned from, or has seen the text of."),
        Column("n_other_split", COUNT, "Others that are not in the split it is evaluated on."),
        Column("held_out", COUNT, f"Items kept out of the training; {_TRAINED}"),
        Column("texts", COUNT, f"Texts it was trained on; {_TRAINED}"),
        Column("dev_texts", COUNT, f"Texts that told when to stop; {_TRAINED}"),
        Column("left_same_item", COUNT, f"Items left out of train and dev: held out; {_TRAINED}"),
        Column("left_same_text", COUNT, f"Others left out: the text of one held out; {_TRAINED}"),
        Column("left_text_in_dev", COUNT, f"Left out of train: the text of one in dev; {_TRAINED}"),
        Column("cut_texts", COUNT, f"Texts longer than max_tokens; {_TRAINED}"),
        Column("epochs", COUNT, f"Times it has seen every text; {_TRAINED}"),
        Column("best_epoch", COUNT, f"The epoch whose weights are used, from 1; {_TRAINED}"),
        Column(
            "stopped",
            TEXT,
            f"patience (no lower loss on dev) or max_epochs; {_TRAINED}",
        ),
        *numbers(
            train_loss=f"Loss on train in that epoch: KL divergence from people, nats; {_TRAINED}",
            dev_loss=f"Loss on dev after that epoch; {_TRAINED}",
            first_dev_loss=f"Loss on dev after the first epoch; {_TRAINED}",
            constant_dev_loss="Loss on dev of the mean shares of the train split, for every text; "
            f"{_TRAINED}",
        ),
        Column("device", TEXT, f"What it was trained on; {_TRAINED}"),
    ),
)
