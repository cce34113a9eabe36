"""Tables of distributions: how near models come to how people spread, beside what is as near."""

from __future__ import annotations

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    MISSING,
    NUMBER,
    READOUT,
    SCALE,
    TEXT,
    Column,
    Table,
    numbers,
)

_BESIDE = {
    "uniform": "who takes every point for equally likely, and every set of labels",
    "marginal": "who knows only people's mean distribution on the items of the other folds",
    "point_mass": "the model if it always gave the point nearest to its mean, or of labels the one "
    "it chose most often",
    "shuffled": "the model on other items than its own (mean over permutations)",
    "human_halves": "half of an item's raters, beside the other half (mean over random halves)",
    "perfect": "a perfect model with as many answers, beside the same raters (mean over draws)",
}


def _beside(of: str = "") -> tuple[Column, ...]:
    """The same number for everything a model is set beside."""
    prefix, same = (f"{of}_", f"{of} of ") if of else ("", "The same for ")
    return tuple(Column(prefix + name, NUMBER, f"{same}{who}.") for name, who in _BESIDE.items())


def _interval(of: str, how: str) -> dict[str, str]:
    return {
        f"{of}_low": f"Lower end of its 95% interval ({how}).",
        f"{of}_high": f"Upper end of its 95% interval ({how}).",
    }


_OVER_TEXTS = "bootstrap over texts, BCa"
_RANKS_OVER_TEXTS = "bootstrap over texts, percentiles"

DISTRIBUTIONS = Table(
    "statistics/distributions.parquet",
    "a metric on items of a kind, in a cell: how far the model's distributions are from people's",
    (
        *CELL,
        Column(
            "stratum",
            TEXT,
            "all, or the items on which people agree so much: high, moderate, low by the mean SD "
            "of the dataset's ordinal scales (below .075 of the length of the scale, below .175, "
            "from there), or full, partial, none for labels.",
        ),
        Column(
            "metric",
            TEXT,
            "jsd, kl, nll (bits), tvd (DistCE), top1, kendall, entropy_difference (EntCE, bits), "
            "of labels between shares divided by their sum; ordinal: rps, rps_debiased, w1 "
            "(points), w1_normalised; labels: bernoulli_jsd, brier (means over labels). See "
            "docs/distributions.md.",
        ),
        Column("best", TEXT, "lowest, highest or zero: which value would be best."),
        Column("n_items", COUNT, "Items behind the value."),
        Column(
            "n_texts",
            COUNT,
            "Different texts (or images) among them; clusters where the card names some.",
        ),
        *numbers(
            n_raters="Mean number of human raters of these items.",
            n_answers="Mean number of usable answers of the model; null for probabilities.",
            value="Mean over items of the metric.",
            value_low=f"Lower end of its 95% interval ({_OVER_TEXTS}).",
            value_high=f"Upper end of its 95% interval ({_OVER_TEXTS}).",
        ),
        *_beside(),
        Column("n_no_ratings", COUNT, "Items of the cell left out: single ratings are unknown."),
        Column("n_few_raters", COUNT, "Items left out: fewer raters than min_raters."),
        Column("n_no_answer", COUNT, "Items left out: no usable answer of the model."),
        Column("reason", TEXT, MISSING),
    ),
)

ENTROPY = Table(
    "statistics/entropy.parquet",
    "a cell: is the model unsure where people disagree?",
    (
        *CELL,
        Column("n_items", COUNT, "Items with an entropy of people and of the model."),
        Column(
            "n_texts",
            COUNT,
            "Different texts (or images) among them; clusters where the card names some.",
        ),
        *numbers(
            human_entropy="Mean over items of the entropy of people's distribution, in bits.",
            model_entropy="Mean over items of that of the model.",
            entropy_difference="model_entropy - human_entropy; above 0: the model spreads more.",
            **_interval("entropy_difference", _OVER_TEXTS),
            spearman_rho="Rank correlation over items of the two entropies.",
            **_interval("spearman_rho", _RANKS_OVER_TEXTS),
            rho_human_halves="The same between random halves of the raters.",
            rho_perfect="The same between a perfect model with as many answers and the raters.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

ITEM_ENTROPIES = Table(
    "statistics/item_entropies.parquet",
    "an item behind a row of the table of entropy",
    (
        *CELL,
        ITEM,
        *numbers(
            human_entropy="Entropy of people's distribution, in bits.",
            model_entropy="That of the model's.",
        ),
    ),
)

CATEGORIES = Table(
    "statistics/categories.parquet",
    "a label of a scale of labels, in a cell, over the items whose distributions are compared",
    (
        *CELL,
        Column("label", TEXT, "The label."),
        Column("n_items", COUNT, "Items with a usable answer and at least min_raters raters."),
        *numbers(
            human_rate="Mean over items of the share of raters who chose the label.",
            model_rate="Mean over items of the share of the model's answers that chose it.",
            rate_difference="model_rate - human_rate; above 0: the model says it more often.",
            **_interval("rate_difference", _OVER_TEXTS),
            spearman_rho="Rank correlation over items of these shares.",
            **_interval("spearman_rho", _RANKS_OVER_TEXTS),
            rho_human_halves="The same between random halves of the raters.",
            rho_perfect="The same between a perfect model with as many answers and the raters.",
            jsd="Mean over items of the divergence of chosen / not chosen, in bits.",
            **_interval("jsd", _OVER_TEXTS),
        ),
        *_beside("jsd"),
        *numbers(
            brier="Mean over items of the squared difference of the shares.",
            **_interval("brier", _OVER_TEXTS),
        ),
        *_beside("brier"),
        Column("reason", TEXT, MISSING),
    ),
)

DISTRIBUTION_CONTRASTS = Table(
    "statistics/distribution_contrasts.parquet",
    "two cells, or a cell and a guess, on the same items: which distributions are nearer to "
    "people's?",
    (
        Column(
            "kind",
            TEXT,
            "model (two models under one protocol), protocol (two protocols of one model), "
            "baseline (a model, and predictions of a baseline) or guess (a cell, and a guess that "
            "ignores the item).",
        ),
        Column(
            "within",
            TEXT,
            "What the two share: the protocol, or the model; of a baseline or a "
            "guess, the protocol of the other.",
        ),
        Column(
            "a", TEXT, "Name of the one model or protocol; beside a baseline or a guess, the model."
        ),
        Column(
            "b",
            TEXT,
            "Name of the other; of guesses uniform (all points equally likely, or all sets of "
            "labels) or marginal (people's mean distribution on the items of the other folds).",
        ),
        DATASET,
        SCALE,
        READOUT,
        Column(
            "metric", TEXT, "jsd; rps, rps_debiased and w1 for ordinal scales, brier for labels."
        ),
        Column("n_items", COUNT, "Items with a value of both; all else is on these."),
        Column(
            "n_texts",
            COUNT,
            "Different texts among them, or clusters where the card names some: the units of tests "
            "and effects.",
        ),
        *numbers(
            mean_a="Mean over items of the metric of a.",
            mean_b="The same of b.",
            difference="mean_a - mean_b; below 0: a is nearer to people.",
            **_interval("difference", _OVER_TEXTS),
            signedrank_z="z of Wilcoxon's signed-rank test of the differences, mean over the items "
            "of a text; negative: a is nearer.",
            p="Its two-sided p.",
            p_holm="The same, Holm over all rows of this kind, readout and metric.",
            rank_biserial="Matched-pairs rank-biserial correlation, from -1 (a nearer on every "
            "text) to 1.",
            d_z="Mean difference over its standard deviation, over texts.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)
