"""Tables of what models write in place of published means."""

from __future__ import annotations

from dataclasses import replace

from emoalign.tables.contract import (
    COUNT,
    DATASET,
    ITEM,
    MODEL,
    NUMBER,
    PROTOCOL,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
)
from emoalign.tables.ratings import RATINGS

_WRITTEN = "The mean that the model wrote, in the numbers of the dataset's file; null unless ok."

COMPLETIONS = Table(
    "completions/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet",
    "an answer under a protocol of kind `recitation`, in the columns of ratings",
    tuple(
        replace(column, meaning=_WRITTEN) if column.name == "rating" else column
        for column in RATINGS.columns
    ),
)

RECITATION = Table(
    "statistics/recitation.parquet",
    "a model under a protocol of kind `recitation`, on a scale of numbers",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        Column("n_asked", COUNT, "Items whose published mean the model was asked for."),
        Column("n_completions", COUNT, "Answers that are a number on the scale."),
        Column("n_unreadable", COUNT, "Answers that are not; they count for nothing."),
        Column("decimals", COUNT, "Decimals with which the means are printed."),
        *numbers(tolerance="Distance up to which a completion hits the norm, in points."),
        Column("exact", COUNT, "Completions that are the norm as it is printed."),
        Column("hits", COUNT, "Completions within the tolerance of the norm."),
        *numbers(
            hits_by_chance="Mean hits when norms are permuted among items whose completions have "
            "the same whole part (9,999 permutations).",
            hits_by_chance_sd="SD of these hits.",
            p="Share of permutations with at least as many hits.",
        ),
        *estimate("r_decimals", "Correlation of the parts behind the decimal point."),
        *estimate("r_norm", "Correlation of completions with norms."),
        Column(
            "rated_under",
            TEXT,
            "Protocol of the model's own ratings: the one with most rated items, exact "
            "probabilities first; null without any.",
        ),
        Column("rated_readout", TEXT, "Readout of these ratings."),
        Column("n_rated", COUNT, "Completed items that have one."),
        *numbers(
            r_rating_norm="Correlation of these ratings with norms, over completed items.",
            r_rating="Correlation of completions with these ratings.",
        ),
        *estimate(
            "r_beyond",
            "Correlation of completions with norms, the model's own ratings partialled out.",
        ),
        REASON,
    ),
)

RECITATION_ITEMS = Table(
    "statistics/recitation_items.parquet",
    "an item whose published mean a model was asked for",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        ITEM,
        Column("norm", NUMBER, "The published mean, in the numbers of the dataset's file."),
        Column("status", TEXT, "Status of the answer; null if a recorded table has none."),
        Column("completion", NUMBER, "The mean that the model wrote; null unless ok."),
        Column("rating", NUMBER, "The model's own mean rating, likewise; null without any."),
    ),
)
