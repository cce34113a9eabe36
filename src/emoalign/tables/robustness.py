"""The table of correlations over other items, or other weights."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    N_ITEMS,
    REASON,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

ROBUSTNESS = Table(
    "statistics/robustness.parquet",
    "a condition on a scale and a check: r over some of the items, or over weighted ones",
    (
        *CELL,
        Column(
            "check",
            TEXT,
            "`all`, `thirds` (by human mean), `sides` (of the midpoint of valence), `answers` (at "
            "least min_answers), `weighted` (by answers), `common` (to all conditions) or `mass` "
            "(half on the scale).",
        ),
        Column(
            "part",
            TEXT,
            "Of thirds `low`, `middle`, `high`; of sides `below`, `above`; of both `pooled`; else "
            "null.",
        ),
        Column("parted_by", TEXT, "The scale that defines thirds and sides: valence, if rated."),
        N_ITEMS,
        Column("n_left_out", COUNT, "Items with both means that the row leaves out."),
        Column("n_missing", COUNT, "Items of the row without a usable answer."),
        *shared("Correlation of item means; pooled: within parts.", "r", "low", "high"),
        *estimate("difference", "r minus r over all items; null for `all`."),
        *numbers(
            sd_ratio="SD of the row's human means over that of all; below 1: restricted range.",
            r_corrected="r corrected for restriction of range (Thorndike 1949, case 2).",
            no_rating="Share of answers that are no rating; null if exact.",
            refused="Share that are refusals (`refusal`, `content_filter`, `rejected`).",
        ),
        *shared(
            "For `all`: bounds of r over any ratings the model could have given its missing items.",
            "r_least",
            "r_most",
        ),
        *numbers(
            on_scale_mass="Exact: mean probability of a rating.",
            below_half="Exact: share of items with less than half of the probability on the scale.",
        ),
        Column(
            "mostly_off_scale",
            pa.bool_(),
            "Exact: whether less than half is on the scale, on average or for most items.",
        ),
        REASON,
    ),
)
