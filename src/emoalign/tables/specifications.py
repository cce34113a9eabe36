"""The tables of specification curves: every way of asking, their summary, models against models."""

from __future__ import annotations

from emoalign.tables.contract import (
    COUNT,
    DATASET,
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

_N_CLUSTERS = Column("n_clusters", COUNT, "Clusters of these items.")
_N_SPECIFICATIONS = Column("n_specifications", COUNT, "Specifications with a correlation.")
_ENDS = ("lowest", "highest")

SPECIFICATIONS = Table(
    "statistics/specifications.parquet",
    "a model on a scale under a specification: a protocol, form and readout; probabilities that "
    "several protocols share stand once, under the first by name",
    (
        MODEL,
        DATASET,
        SCALE,
        PROTOCOL,
        Column("form", TEXT, "Prompt set; null if recorded."),
        READOUT,
        Column("temperature", NUMBER, "Of the protocol; null for the provider's."),
        Column("thinking", TEXT, "Level of thinking of the protocol."),
        Column("personas", TEXT, "Persona table of the protocol."),
        Column("wave", COUNT, "Wave of the protocol."),
        Column("session", TEXT, "Items in a session and visible turns; null for single items."),
        Column("n_ok", COUNT, "Answers that are ratings; forms share those of a protocol."),
        N_ITEMS,
        _N_CLUSTERS,
        *estimate("r", "Correlation of item means with human means."),
        REASON,
    ),
)

SPECIFICATION_CURVES = Table(
    "statistics/specification_curves.parquet",
    "a model on a scale over all specifications",
    (
        MODEL,
        DATASET,
        SCALE,
        _N_SPECIFICATIONS,
        Column("n_above_0", COUNT, "Specifications whose 95% interval is above 0."),
        *estimate("median", "Median of r."),
        *shared("Lowest and highest r.", *_ENDS),
        *numbers(
            iqr="Interquartile range of r.",
            kendall_w="Kendall's W: agreement of specifications on the order of models, 0 to 1; "
            "the same for all models of a scale.",
        ),
        REASON,
    ),
)

SPECIFICATION_CONTRASTS = Table(
    "statistics/specification_contrasts.parquet",
    "two models on a scale over all specifications that both have",
    (
        DATASET,
        SCALE,
        Column("a", TEXT, "The first model, alphabetically."),
        Column("b", TEXT, "The second."),
        _N_SPECIFICATIONS,
        Column("n_a_higher", COUNT, "Specifications in which r of a is higher."),
        Column("n_b_higher", COUNT, "Specifications in which r of b is higher."),
        N_ITEMS,
        _N_CLUSTERS,
        *estimate("difference", "Median of r_a − r_b."),
        *shared("Lowest and highest r_a − r_b.", *_ENDS),
        *numbers(
            p="Two-sided, from swapping the models' ratings of items in all specifications at "
            "once.",
            p_holm="Adjusted by Holm over all rows.",
        ),
        REASON,
    ),
)
