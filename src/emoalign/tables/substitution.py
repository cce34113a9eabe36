"""Tables on whether ratings may be used instead of people's: worth, replaceable raters, margins."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    N_ITEMS,
    NUMBER,
    REASON,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

RATERS_WORTH = Table(
    "statistics/raters_worth.parquet",
    "a condition, or an average of several models, on a scale of numbers: the number of people "
    "whose mean would do as well (inf: better than that of any number)",
    (
        *CELL,
        Column("n_models", COUNT, "1; models averaged where `model` is null."),
        Column(
            "answers",
            COUNT,
            "Sampled answers averaged per item, expected over all choices of so many; null: all "
            "of them, or not sampled.",
        ),
        N_ITEMS,
        Column("n_raters", NUMBER, "Ratings per item behind the human means, harmonic mean."),
        *numbers(
            reliability="Reliability of the human means of these items.",
            phi="Variance within items over variance between: n_raters·(1 − rel)/rel.",
            r="Pearson correlation of item means with the human means.",
        ),
        *estimate(
            "k", "For ranking items: φt²/(1 − t²), t² = r²/reliability; percentile interval."
        ),
        *estimate(
            "k_error",
            "For predicting human means after a linear transformation: variance within items over "
            "mean squared error; null for `answers`. Percentile interval.",
        ),
        *estimate(
            "k_limit",
            "k that ever more sampled answers approach, by the reliability of the model's means; "
            "null unless sampled. Percentile interval.",
        ),
        Column(
            "k_drawn",
            COUNT,
            "Fewest other raters whose mean correlates with that of half of the raters as highly "
            "as the model; null: more than k_drawn_most.",
        ),
        Column("k_drawn_most", COUNT, "Most raters that could be tried; null without two ratings."),
        Column("reason", TEXT, "Why k is missing."),
    ),
)

_LABEL = Column("label", TEXT, "The label; null for numbers and for the whole set of labels.")

ALTERNATIVE_ANNOTATOR = Table(
    "statistics/alternative_annotator.parquet",
    "a condition on a scale, or on one label of it, and an ε: the alternative annotator test",
    (
        *CELL,
        _LABEL,
        Column(
            "epsilon", NUMBER, "Lead over the model that a rater is allowed, as a share of items."
        ),
        Column("stated", pa.bool_(), "Whether the study states this ε."),
        Column("n_raters", COUNT, "Raters compared with the model, each on 30 items or more."),
        Column("n_items", COUNT, "Items with an answer of the model and two raters."),
        *numbers(
            winning_rate="ω: share of the raters whom the model may replace.",
            advantage="ρ: share of items on which the model agrees with the other raters at least "
            "as well as the rater, mean over raters.",
        ),
        Column("passed", pa.bool_(), "Whether ω ≥ .5; null unless stated."),
        REASON,
    ),
)

ALTERNATIVE_ANNOTATOR_RATERS = Table(
    "statistics/alternative_annotator_raters.parquet",
    "a rater beside a condition on a scale, or on one label of it, at the ε of the study",
    (
        *CELL,
        _LABEL,
        Column("epsilon", NUMBER, "The ε that the study states; null without."),
        Column("rater", COUNT, "A number for the rater, from 1, on this scale."),
        N_ITEMS,
        *numbers(
            model_wins="Share of items on which the model agrees with the others at least as well.",
            rater_wins="Share of items on which the rater does.",
            t="One-sided t of rater_wins − model_wins against ε; null without ε or variation.",
            p="Its p, unadjusted; small: the model may replace the rater.",
            p_adjusted="Adjusted by Benjamini–Yekutieli over the raters of the condition.",
        ),
        Column(
            "replaceable",
            pa.bool_(),
            "Whether p_adjusted ≤ .05; null without ε.",
        ),
    ),
)

EQUIVALENCE = Table(
    "statistics/equivalence.parquet",
    "a condition on a scale and a margin that the study states: two one-sided tests",
    (
        Column("kind", TEXT, "`bias` (of means) or `r` (of two conditions)."),
        *CELL,
        *(
            Column(f"other_{name}", TEXT, f"For r: {name} of the condition compared with.")
            for name in ("model", "protocol", "readout")
        ),
        N_ITEMS,
        Column("n_units", COUNT, "Independent units: items, or clusters of items."),
        *numbers(
            margin="The margin: points of the scale, or of r.",
            estimate="Bias (of cluster means), or r minus the other r.",
        ),
        *shared("90% CI: t, or Zou's for dependent correlations.", "low", "high"),
        *numbers(p="Of the worse of both one-sided tests; small: equivalent."),
        Column("equivalent", pa.bool_(), "Whether the interval lies within ±margin."),
        REASON,
    ),
)
