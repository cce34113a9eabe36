"""Tables of cells against each other, and the scorecard."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    COUNT,
    DATASET,
    ITEM,
    MISSING,
    MODEL,
    PROTOCOL,
    READOUT,
    SCALE,
    TEXT,
    Column,
    Table,
    numbers,
    related,
)

CONTRASTS = Table(
    "statistics/contrasts.parquet",
    "two models of one protocol, or two protocols of one model, on the same items",
    (
        Column("kind", TEXT, "model (two models are compared) or protocol (two protocols)."),
        Column("within", TEXT, "What the two share: the protocol, or the model."),
        Column("a", TEXT, "Name of the one model or protocol, first in alphabetical order."),
        Column("b", TEXT, "Name of the other."),
        DATASET,
        SCALE,
        READOUT,
        Column("n_items", COUNT, "Items with means of both and of people; all else is on these."),
        Column(
            "n_clusters",
            COUNT,
            "Clusters of these items, which resamples draw; as many as items if each stands alone.",
        ),
        *numbers(
            r_a="Pearson correlation of the item means of a with the human ones.",
            r_b="The same of b.",
            r_between="Correlation of the item means of a with those of b.",
            difference="r_a - r_b; above 0: a is closer to people.",
            difference_low="Lower end of its 95% interval (paired bootstrap over items, BCa).",
            difference_high="Upper end of its 95% interval (paired bootstrap over items, BCa).",
            zou_low="Lower end of its 95% interval by Zou (2007), which takes items to be "
            "independent.",
            zou_high="Upper end of the same.",
            williams_t="Williams' t for overlapping dependent correlations, n_items - 3 degrees of "
            "freedom (Steiger 1980).",
            p="Its two-sided p.",
            p_holm="The same, Holm over all rows of this kind and readout.",
            p_adjusted="The same, Benjamini-Hochberg over all rows of this kind and readout.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

FRAMEWORK = Table(
    "statistics/framework.parquet",
    "a model and protocol: single emotions against dimensions, on one dataset or on all of a "
    "modality",
    (
        MODEL,
        PROTOCOL,
        Column("datasets", TEXT, "Names of the datasets, joined with +."),
        READOUT,
        Column("n_items", COUNT, "Items behind any of the correlations."),
        Column("n_emotions", COUNT, "Scales that are single emotions."),
        Column("n_dimensions", COUNT, "Scales that are dimensions."),
        *numbers(
            r_emotions="Mean of the Pearson correlations with people over the emotions.",
            r_dimensions="Mean over the dimensions.",
            difference="r_emotions - r_dimensions.",
            difference_low="Lower end of its 95% interval (bootstrap over items, BCa; scales of a "
            "dataset share the resampled items, datasets are resampled each on its own).",
            difference_high="Upper end of its 95% interval.",
            p="Two-sided p against 0 from the same resamples.",
            p_holm="The same, Holm over all rows of this readout.",
        ),
        Column("reason", TEXT, MISSING),
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
            "item, prompts, temperature, persona, item x prompts, item x temperature, or residual "
            "(what is left: sampling, and how items differ between personas).",
        ),
        Column("n_ratings", pa.int64(), "Sampled answers with status ok."),
        Column("n_levels", COUNT, "Different levels of the source among them."),
        *numbers(
            variance="Its variance component (method of moments), in squared points of the scale; "
            "below 0: the source makes no difference that can be seen.",
            share="The component (0 where it is below) of the sum of all; null where one of them "
            "cannot be told.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

STRUCTURE = Table(
    "statistics/structure.parquet",
    "two spaces of the same items: are items that are alike in one alike in the other?",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        Column("a", TEXT, "One space: human or model, emotions or dimensions."),
        Column("b", TEXT, "The other."),
        Column("n_items", COUNT, "Items with a mean of people and model on all of these scales."),
        *numbers(
            rho="Spearman correlation of the distances of items in the two spaces.",
            p="One-sided p by permutation of items; small: more alike than by chance.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

SIMILARITY = Table(
    "statistics/similarity.parquet",
    "a pair of the items shown in the similarity figure, for people or one cell",
    (
        Column("model", TEXT, "Name of the model; null for people."),
        Column("protocol", TEXT, "Name of the protocol in the study; null for people."),
        DATASET,
        Column("readout", TEXT, "sampled or exact; null for people."),
        Column(
            "place_a",
            COUNT,
            "Place of the one item, from 1, in an order in which items that "
            "are alike for people are neighbours.",
        ),
        Column("place_b", COUNT, "Place of the other item, always larger."),
        Column("item_a", TEXT, "The dataset's own id of the one item."),
        Column("item_b", TEXT, "That of the other."),
        *numbers(
            dimensions="Rank of the distance of the pair in the space of the dimensions among all "
            "pairs shown, from 0 (nearest) to 1; null where a mean is missing.",
            emotions="The same in the space of the single emotions.",
        ),
    ),
)

AROUSAL = Table(
    "statistics/arousal.parquet",
    "a cell of arousal: where it is wrong, and whether it follows the extremity of valence",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        READOUT,
        Column("n_items", COUNT, "Items with arousal and valence of both people and model."),
        *related(
            v_human=(
                "Correlation of |valence - middle of the scale| with arousal, for people; above "
                "0: the V shape.",
                "people's arousal on |valence - middle of the scale|",
            ),
            v_model=(
                "The same for the model, from its own valence and arousal.",
                "the model's arousal on its own |valence - middle of the scale|",
            ),
            residual_human=(
                "Correlation of the model's arousal residual with the extremity of human valence; "
                "above 0: too much arousal for extreme items.",
                "the residual on the extremity of human valence",
            ),
            residual_model=(
                "The same with the extremity of the model's valence.",
                "the residual on the extremity of the model's valence",
            ),
            error_arousal=(
                "Correlation of model minus human arousal with human arousal; below 0: high "
                "arousal is rated too low and low arousal too high.",
                "model minus human arousal on human arousal",
            ),
        ),
        Column("reason", TEXT, MISSING),
    ),
)

_OF_ITEM = (
    ITEM,
    *numbers(
        human_arousal="Mean human arousal.",
        model_arousal="Mean arousal of the model.",
        error="model_arousal - human_arousal, in points of the scale.",
        residual="What the least-squares line of model means on human means leaves.",
        human_extremity="|human valence - middle of its scale|; null without valence.",
        model_extremity="The same of the model's valence.",
    ),
)

AROUSAL_ITEMS = Table(
    "statistics/arousal_items.parquet",
    "an item of a cell whose arousal both people and model rated",
    (MODEL, PROTOCOL, DATASET, READOUT, *_OF_ITEM),
)

RESIDUALS = Table(
    "statistics/residuals.parquet",
    "one of the items of a cell whose arousal is furthest from the line through all",
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
    Column("datasets", TEXT, "Names of the datasets, joined with +."),
    READOUT,
    Column("check", TEXT, "Short name of the expectation."),
    Column("expected", TEXT, "The expectation in words."),
    Column("source", TEXT, "The study that leads one to expect it."),
    Column(
        "found",
        TEXT,
        "as expected or not as expected (where the 95% interval of the deciding number says "
        "so), unclear (where it does not), or cannot be told.",
    ),
    *numbers(
        estimate="The deciding number; above 0: as expected.",
        low="Lower end of its 95% interval.",
        high="Upper end of its 95% interval.",
    ),
    Column("evidence", TEXT, "The numbers in words, or why it cannot be told."),
)

SCORECARD = Table(
    "statistics/scorecard.parquet",
    "an expectation from the literature about correlations and spread, and what was found",
    SCORED,
)

DISTRIBUTION_SCORECARD = Table(
    "statistics/distribution_scorecard.parquet",
    "an expectation from the literature about distributions, and what was found",
    SCORED,
)
