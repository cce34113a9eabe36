"""Tables of what would be found again: in another wave, and under other forms."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    COUNT,
    DATASET,
    MODEL,
    N_ITEMS,
    NUMBER,
    READOUT,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    shared,
)

GENERALIZABILITY = Table(
    "statistics/generalizability.parquet",
    "a way of asking a model on a scale: how well its sampled item means would generalise",
    (
        MODEL,
        DATASET,
        SCALE,
        Column(
            "protocols",
            TEXT,
            "Protocols that the components are from, joined with ` + `: alike but for forms, waves "
            "and numbers of answers.",
        ),
        Column("protocol", TEXT, "The protocol that asks this way; null for one that could."),
        N_ITEMS,
        Column("n_forms", COUNT, "Forms per item."),
        Column("n_waves", COUNT, "Waves per item."),
        Column(
            "n_answers",
            NUMBER,
            "Answers per form and wave; of a protocol the harmonic mean over items.",
        ),
        *estimate(
            "g",
            "Generalizability of item means: expected correlation with those of other forms, waves "
            "and answers.",
        ),
        Column("phi", NUMBER, "The same, but what shifts all items alike counts as error, too."),
        *shared(
            "Variance components, in squared points; null if not varied or unknown.",
            "item",
            "form",
            "wave",
            "participant",
            "item_x_form",
            "item_x_wave",
            "residual",
        ),
        REASON,
    ),
)

RETEST = Table(
    "statistics/retest.parquet",
    "two protocols that differ in nothing but `wave`, with a model and readout: item means of both",
    (
        MODEL,
        Column("first", TEXT, "Protocol with the lower number of the wave."),
        Column("second", TEXT, "Protocol with the higher one."),
        DATASET,
        SCALE,
        READOUT,
        N_ITEMS,
        *estimate("r", "Correlation of the item means of both waves."),
        *estimate(
            "icc_consistency", "ICC(C,1): agreement that ignores a shift of all items alike."
        ),
        *estimate("icc_agreement", "ICC(A,1): agreement that counts such a shift."),
        *estimate("change", "Mean of the second wave minus the first, in points."),
        *estimate("sem", "Standard error of measurement of an item mean, in points."),
        Column(
            "days",
            COUNT,
            "Days from the middle answer of the first wave to that of the second; null if unknown.",
        ),
        Column(
            "model_changed",
            pa.bool_(),
            "Whether the server reported other models or fingerprints in the second wave; null if "
            "it reported none.",
        ),
        REASON,
    ),
)
