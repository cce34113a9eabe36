"""Tables of estimated norms: of every item, how good they are, what they are made of, and what
more ratings would buy."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    COUNT,
    DATASET,
    ITEM,
    NUMBERS,
    REASON,
    SCALE,
    TEXT,
    TEXTS,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

FLAGS = {
    "beyond_rated": "estimated outside the range of the rated items' means",
    "far": "farther from its nearest rated items, by the embedding, than 95% of these are",
    "extreme_source": "a model's mean is beyond all that it gave to rated items",
    "few_answers": "fewer than half of a model's answers are ratings",
    "cut": "the interval was cut at an end of the scale",
    "imputed": "a model's mean is missing and was replaced by that of the rated items",
}
"""The flags of an estimate, and what each of them says."""

ESTIMATES = Table(
    "estimates/<dataset>.parquet",
    "an item on a scale of numbers, with its estimated norm; none where a scale has no estimates",
    (
        DATASET,
        SCALE,
        ITEM,
        *numbers(
            mean="Estimated human mean, in points; of rated items, out of fold.",
        ),
        *shared(
            "Ends of the interval for the mean that other people would give, in points.",
            "low",
            "high",
        ),
        *numbers(sd="Estimated SD of people, in points; null where theirs are unknown."),
        Column(
            "distribution",
            NUMBERS,
            "Estimated share of each point, ascending; null without single ratings.",
        ),
        Column("rated", pa.bool_(), "Whether people rated the item on the scale."),
        Column("fold", COUNT, "Fold the item was held out in, from 0; null unless rated."),
        Column("region", COUNT, "Third of the estimated means, from 1 (lowest)."),
        Column("flags", TEXTS, f"What speaks against the estimate: {', '.join(FLAGS)}."),
        Column("to_rate", pa.bool_(), "Whether it was drawn to be rated by people next."),
        Column(
            "stratum",
            COUNT,
            "Third of the estimated means in which it was drawn, from 1; null for rated items.",
        ),
        *numbers(inclusion="Probability of that draw; null for rated items."),
    ),
)

ESTIMATION = Table(
    "statistics/estimation.parquet",
    "a scale, a method of estimating human means, and a region of the estimated means",
    (
        DATASET,
        SCALE,
        Column(
            "method",
            TEXT,
            "`stack` (as in the files), `models` (without embedding), `best` model, `average`, "
            "`embedding` or `constant`; `sd`: of people's SDs.",
        ),
        Column("region", TEXT, "`all`, or the third of the estimated means: `1`, `2` or `3`."),
        Column("n_rated", COUNT, "Items that people rated."),
        Column("n_unrated", COUNT, "Items that nobody rated."),
        Column("n_clusters", COUNT, "Clusters of the rated items, none of which is in two folds."),
        *estimate("r", "Correlation of out-of-fold estimates with human means."),
        *estimate("rmse", "Root mean squared error of out-of-fold estimates, in points."),
        *estimate("mae", "Mean absolute error, in points."),
        *estimate("ccc", "Lin's concordance."),
        *estimate("coverage", "Share of rated items whose human mean the interval contains."),
        *numbers(
            width="Mean width of the intervals of rated items, in points.",
            noise_share="Share of the squared error that is due to the number of raters.",
            domain_auc="How well rated items are told from unrated ones; .5: not at all.",
        ),
        REASON,
    ),
)

ESTIMATION_WEIGHTS = Table(
    "statistics/estimation_weights.parquet",
    "a predictor of human means on a scale",
    (
        DATASET,
        SCALE,
        Column("model", TEXT, "Model, or `embedding`."),
        Column("protocol", TEXT, "Its protocol; null for the embedding."),
        Column("readout", TEXT, "Its readout; null for the embedding."),
        *numbers(weight="Points that the estimate rises for an SD of the predictor, at least 0."),
        Column("reason", TEXT, "Why it was left out."),
    ),
)

ESTIMATION_CURVE = Table(
    "statistics/estimation_curve.parquet",
    "a number of rated items to learn from on a scale",
    (
        DATASET,
        SCALE,
        Column("n_rated", COUNT, "Rated items that are learnt from."),
        Column("draws", COUNT, "Random draws of these items."),
        *shared(
            "Correlation with human means of the other rated items: mean, and 10th and 90th "
            "percentile over draws.",
            "r",
            "r_low",
            "r_high",
        ),
        *shared(
            "Width of the intervals in points: mean, and 10th and 90th percentile over draws.",
            "width",
            "width_low",
            "width_high",
        ),
        *numbers(coverage="Share of intervals that contain the human mean, over the draws."),
        REASON,
    ),
)
