"""Tables of distributions of ratings: distance of models from people, beside reference values."""

from __future__ import annotations

from emoalign.tables.alignment import LABEL, RATES
from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    N_ITEMS,
    N_TEXTS,
    READOUT,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

_BESIDE = {
    "uniform": "The metric if all points, or sets of labels, were equally likely.",
    "marginal": "The metric of people's mean distribution on the items of the other folds.",
    "point_mass": "The metric if the model always gave its mean (nearest point), or its most "
    "frequent labels.",
    "shuffled": "The metric of the model's distributions of other items.",
    "human_halves": "The metric between random halves of the raters.",
    "perfect": "The metric of a simulated perfect model with as many answers.",
}


def _beside(of: str) -> tuple[Column, ...]:
    """The same number for everything a model is compared with."""
    meaning = f"The same references as in distributions, for {of}."
    return shared(meaning, *(f"{of}_{name}" for name in _BESIDE))


DISTRIBUTIONS = Table(
    "statistics/distributions.parquet",
    "a metric in a condition on a scale: distance of the model's distributions from people's. "
    "Intervals are over texts.",
    (
        *CELL,
        Column(
            "stratum",
            TEXT,
            "`all`, or items by human agreement: `high`, `moderate`, `low` (mean SD below .075, "
            "below .175, or more of the scale's length); labels: `full`, `partial`, `none`.",
        ),
        Column(
            "metric",
            TEXT,
            "`jsd`, `kl`, `nll` (bits), `tvd`, `top1`, `kendall`, `entropy_difference` (bits); "
            "ordinal: `rps`, `rps_debiased`, `w1` (points), `w1_normalised`; labels: "
            "`bernoulli_jsd`, `brier`.",
        ),
        Column("best", TEXT, "The best value: `lowest`, `highest` or `zero`."),
        N_ITEMS,
        N_TEXTS,
        *numbers(
            n_raters="Mean number of human raters.",
            n_answers="Mean number of usable answers; null for probabilities.",
        ),
        *estimate("value", "Mean of the metric over items."),
        *numbers(**_BESIDE),
        *(
            Column(
                name,
                COUNT,
                "Items left out: no single ratings; fewer than min_raters; no answer on points of "
                "the scale.",
            )
            for name in ("n_no_ratings", "n_few_raters", "n_no_answer")
        ),
        REASON,
    ),
)

ENTROPY = Table(
    "statistics/entropy.parquet",
    "a condition on a scale: whether the model is uncertain where people disagree. Intervals are "
    "over texts.",
    (
        *CELL,
        N_ITEMS,
        N_TEXTS,
        *shared("Mean entropy over items, in bits.", "human_entropy", "model_entropy"),
        *estimate("entropy_difference", "model_entropy − human_entropy."),
        *estimate("spearman_rho", "Spearman correlation of the two over items (percentile CI)."),
        *shared(
            "The same between halves of the raters; for a simulated perfect model.",
            "rho_human_halves",
            "rho_perfect",
        ),
        REASON,
    ),
)

ITEM_ENTROPIES = Table(
    "statistics/item_entropies.parquet",
    "an item behind a row of entropy",
    (*CELL, ITEM, *shared("Entropy in bits.", "human_entropy", "model_entropy")),
)

CATEGORIES = Table(
    "statistics/categories.parquet",
    "a label in a condition, over the items whose distributions are compared. Intervals are over "
    "texts.",
    (
        *CELL,
        LABEL,
        N_ITEMS,
        *RATES,
        *estimate("rate_difference", "model_rate − human_rate."),
        *estimate("spearman_rho", "Spearman correlation of the two shares (percentile CI)."),
        *shared(
            "The same between halves of the raters; for a simulated perfect model.",
            "rho_human_halves",
            "rho_perfect",
        ),
        *estimate("jsd", "Mean divergence of chosen or not, in bits."),
        *_beside("jsd"),
        *estimate("brier", "Mean squared difference of the shares."),
        *_beside("brier"),
        REASON,
    ),
)

DISTRIBUTION_CONTRASTS = Table(
    "statistics/distribution_contrasts.parquet",
    "two conditions, or a condition and a guess, compared on the same items. Intervals are over "
    "texts.",
    (
        Column(
            "kind",
            TEXT,
            "`model`, `protocol`, `baseline` (a model and a baseline) or `guess` (a model and a "
            "guess that ignores the item).",
        ),
        Column("within", TEXT, "What the two share: the protocol, or the model."),
        Column("a", TEXT, "A model or protocol."),
        Column("b", TEXT, "The other; of guesses `uniform` or `marginal`, as in distributions."),
        DATASET,
        SCALE,
        READOUT,
        Column("metric", TEXT, "`jsd`; ordinal: `rps`, `rps_debiased`, `w1`; labels: `brier`."),
        N_ITEMS,
        N_TEXTS,
        *shared("Mean of the metric.", "mean_a", "mean_b"),
        *estimate("difference", "mean_a − mean_b; below 0: a is closer to people."),
        *shared(
            "Wilcoxon signed-rank test of the differences over texts; z below 0: a is closer.",
            "signedrank_z",
            "p",
        ),
        *numbers(
            p_holm="Adjusted by Holm over the rows of the kind, readout and metric.",
            rank_biserial="Matched-pairs rank-biserial correlation, from −1 (a closer on every "
            "text) to 1.",
            d_z="Mean difference over its SD, over texts.",
        ),
        REASON,
    ),
)
