"""Tables of conditions compared with each other, of arousal, and of published expectations."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    COUNT,
    DATASET,
    ITEM,
    MODEL,
    N_ITEMS,
    NUMBER,
    PROTOCOL,
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

CONTRASTS = Table(
    "statistics/contrasts.parquet",
    "two models under one protocol, or two protocols of one model, on the same items",
    (
        Column("kind", TEXT, "`model` or `protocol`: what is compared."),
        Column("within", TEXT, "What the two share: the protocol, or the model."),
        Column("a", TEXT, "The first, alphabetically."),
        Column("b", TEXT, "The second."),
        DATASET,
        SCALE,
        READOUT,
        N_ITEMS,
        Column("n_clusters", COUNT, "Clusters of these items; n_items if all are independent."),
        *shared("Correlation of the item means with people's.", "r_a", "r_b"),
        *numbers(r_between="Correlation of the item means of a and b."),
        *estimate("difference", "r_a − r_b, paired."),
        *shared("95% CI by Zou (2007), for independent items.", "zou_low", "zou_high"),
        *shared("Williams' t with n_items − 3 df, and its two-sided p.", "williams_t", "p"),
        *shared(
            "Adjusted over all rows of the kind and readout: Holm; Benjamini–Hochberg.",
            "p_holm",
            "p_adjusted",
        ),
        REASON,
    ),
)

_DATASETS = Column("datasets", TEXT, "Names of the datasets, joined with +.")

FRAMEWORK = Table(
    "statistics/framework.parquet",
    "a model and protocol: discrete emotions against dimensions, on one dataset or all of a "
    "modality",
    (
        MODEL,
        PROTOCOL,
        _DATASETS,
        READOUT,
        N_ITEMS,
        Column("n_emotions", COUNT, "Scales of each kind."),
        Column("n_dimensions", COUNT, "Scales of each kind."),
        *shared(
            "Mean correlation with people over the scales of each kind.",
            "r_emotions",
            "r_dimensions",
        ),
        *estimate("difference", "r_emotions − r_dimensions."),
        *shared(
            "Two-sided bootstrap p, and adjusted by Holm over the rows of the readout.",
            "p",
            "p_holm",
        ),
        REASON,
    ),
)

VARIANCE = Table(
    "statistics/variance.parquet",
    "a source of variance of a model's sampled ratings on a scale, over all protocols",
    (
        MODEL,
        DATASET,
        SCALE,
        Column(
            "source",
            TEXT,
            "`item`, `form`, `temperature`, `persona`, `item x form`, `item x temperature`, "
            "`residual`; where they differ `thinking`, `wave`, both x item; in sessions "
            "`participant`.",
        ),
        Column(
            "n_ratings",
            pa.int64(),
            "Sampled ratings; one that several protocols share counts once.",
        ),
        Column("n_levels", COUNT, "Levels of the source among them."),
        *numbers(
            variance="Variance component, in squared points; can be negative.",
            share="Its share of the sum, negatives counted as 0; null if any is not identified.",
        ),
        REASON,
    ),
)

STRUCTURE = Table(
    "statistics/structure.parquet",
    "two spaces of the same items: similarity of their distances",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        *(
            Column(name, TEXT, "The spaces: human or model, emotions or dimensions.")
            for name in ("a", "b")
        ),
        N_ITEMS,
        *shared(
            "Spearman correlation of the distances of items, and its one-sided permutation p.",
            "rho",
            "p",
        ),
        REASON,
    ),
)

SIMILARITY = Table(
    "statistics/similarity.parquet",
    "a pair of items in the similarity figure; model, protocol and readout are null for people",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        *(
            Column(name, COUNT, "Places from 1, in an order of similarity for people.")
            for name in ("place_a", "place_b")
        ),
        *(Column(name, TEXT, "Ids of the two items.") for name in ("item_a", "item_b")),
        *shared(
            "Rank of their distance among all pairs shown, from 0 (nearest) to 1, in each space.",
            "dimensions",
            "emotions",
        ),
    ),
)


def _related(**meanings: str) -> tuple[Column, ...]:
    """Correlations over items, each with its interval and least-squares line."""
    return tuple(
        Column(name + end, NUMBER, meaning)
        for name, meaning in meanings.items()
        for end in ("", "_low", "_high", "_slope", "_intercept")
    )


AROUSAL = Table(
    "statistics/arousal.parquet",
    "a condition rated for arousal and valence; extremity is |valence − midpoint|, slopes and "
    "intercepts are those of the first variable on the second",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        N_ITEMS,
        *_related(
            v_human="Arousal with extremity, in people; above 0: V shape.",
            v_model="Arousal with extremity, in the model's own ratings.",
            residual_human="The model's arousal residual with the extremity of human valence.",
            residual_model="The same residual with the extremity of the model's valence.",
            error_arousal="Model minus human arousal, with human arousal.",
        ),
        REASON,
    ),
)

_OF_ITEM = (
    ITEM,
    *shared("Mean arousal.", "human_arousal", "model_arousal"),
    *numbers(
        error="model_arousal − human_arousal, in points.",
        residual="Residual from the least-squares line of model means on human means.",
    ),
    *shared(
        "|valence − midpoint|; null without valence.",
        "human_extremity",
        "model_extremity",
    ),
)

AROUSAL_ITEMS = Table(
    "statistics/arousal_items.parquet",
    "an item whose arousal both people and a model rated",
    (MODEL, PROTOCOL, DATASET, READOUT, *_OF_ITEM),
)

RESIDUALS = Table(
    "statistics/residuals.parquet",
    "an item with one of the largest arousal residuals",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        Column("rank", COUNT, "1 for the largest residual in size."),
        *_OF_ITEM,
    ),
)

SCORED = (
    MODEL,
    PROTOCOL,
    _DATASETS,
    READOUT,
    Column("check", TEXT, "Short name of the expectation."),
    Column("expected", TEXT, "The expectation in words."),
    Column("source", TEXT, "The study it is taken from."),
    Column(
        "found",
        TEXT,
        "`as expected` or `not as expected` if the interval excludes 0, else `unclear`; `cannot "
        "be told` without the data.",
    ),
    *shared(
        "Test statistic; above 0: as expected.",
        "estimate",
        "low",
        "high",
    ),
    Column("evidence", TEXT, "The numbers in words, or why there are none."),
)

SCORECARD = Table(
    "statistics/scorecard.parquet",
    "an expectation from the literature about correlations and spread, and the result",
    SCORED,
)

DISTRIBUTION_SCORECARD = Table(
    "statistics/distribution_scorecard.parquet",
    "an expectation from the literature about distributions, and the result",
    SCORED,
)
