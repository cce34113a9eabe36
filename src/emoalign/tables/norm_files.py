"""Tables beside estimated norms that people read: the codebook, and the items to have rated."""

from __future__ import annotations

from emoalign.tables.contract import DATASET, ITEM, SCALE, TEXT, Column, Table, numbers, shared

TO_RATE = Table(
    "estimates/to_rate.csv",
    "an item drawn at random to be rated by people next, on a scale",
    (
        DATASET,
        ITEM,
        Column("word", TEXT, "The text, or the name of the image."),
        SCALE,
        Column(
            "stratum",
            TEXT,
            "Third of the estimated means of unrated items in which it was drawn, from 1.",
        ),
        *numbers(inclusion="Probability of the draw, which an analysis weights by."),
    ),
)

CODEBOOK = Table(
    "estimates/codebook.csv",
    "a column of estimates/<dataset>.csv and .xlsx",
    (
        DATASET,
        Column("variable", TEXT, "Name of the column."),
        Column("label", TEXT, "What it holds."),
        Column("type", TEXT, "`text`, `number` or `integer`."),
        Column("unit", TEXT, "Unit of its numbers."),
        *shared("Smallest and largest possible number; null where open.", "minimum", "maximum"),
        Column("values", TEXT, "What its values mean, where they do not say so themselves."),
        Column("missing", TEXT, "What an empty cell means; null where none is empty."),
        Column("source", TEXT, "Dataset, or model with protocol and readout, it comes from."),
        Column("formula", TEXT, "How it was computed."),
        Column("citation", TEXT, "Publication of its data or method."),
    ),
)
