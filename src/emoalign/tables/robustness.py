"""The table of correlations looked at more closely."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import CELL, COUNT, MISSING, TEXT, Column, Table, numbers

ROBUSTNESS = Table(
    "statistics/robustness.parquet",
    "a cell, a readout and a check: r on some of the items, or on weighted ones.",
    (
        *CELL,
        Column(
            "check",
            TEXT,
            "Which items: all (with both means, as in alignment); thirds (by rank of their human "
            "means); sides (of the middle of the scale of valence); answers (at least min_answers "
            "usable ones; sampled); weighted (all, by number of usable answers; sampled); common "
            "(to all cells of the dataset, scale and readout that have any); mass (at least half "
            "of the probability is on the scale; exact).",
        ),
        Column(
            "part",
            TEXT,
            "Of thirds: low, middle or high; of sides: below or above; pooled: within all of them "
            "together; null for other checks.",
        ),
        Column(
            "parted_by",
            TEXT,
            "Thirds and sides: the scale whose human means part the items: valence where people "
            "rated it, else the scale itself.",
        ),
        Column("n_items", COUNT, "Items with both means that r is over."),
        Column("n_left_out", COUNT, "Items with both means that r is not over."),
        Column(
            "n_missing",
            COUNT,
            "Items of the row with a human mean that the model gave no usable answer to.",
        ),
        *numbers(
            r="Pearson correlation of the model's item means with the human ones; pooled: after "
            "the means of each part are centred.",
            low="Lower end of its 95% interval (bootstrap over items, BCa).",
            high="Upper end of its 95% interval.",
            difference="r minus r over all items of the cell; null in the row of all.",
            difference_low="Lower end of its 95% interval (paired bootstrap over items, BCa).",
            difference_high="Upper end of its 95% interval.",
            sd_ratio="SD of the human means of the row's items, divided by that of all items of "
            "the study with a human mean on the scale; pooled: SD within parts. Below 1: the range "
            "is restricted.",
            r_corrected="r corrected for restriction of range (Thorndike 1949, case 2).",
            no_rating="Share of answers to the row's items that are no rating; null if exact.",
            refused="Share of answers that are refusals: the model's own, by a content filter, or "
            "by a provider that does not accept the question (refusal, content_filter, rejected); "
            "null if exact.",
            r_least="Row of all: the lowest r possible if the model had rated its missing items, "
            "whatever means within the scale it had given them.",
            r_most="Row of all: the highest r possible, likewise.",
            on_scale_mass="Exact: mean probability of ratings among all answers.",
            below_half="Exact: share of the items with less than half of the mass on the scale.",
        ),
        Column(
            "mostly_off_scale",
            pa.bool_(),
            "Exact: whether less than half of the mass is on the scale, on average or for most "
            "items, so that means are those of unlikely answers; null if sampled.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)
