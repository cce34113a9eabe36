"""Tables of ratings by groups of raters, such as women and men."""

from __future__ import annotations

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    MODEL,
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

ATTRIBUTE = Column("attribute", TEXT, "What tells groups apart, as on the card, such as sex.")
GROUP = Column("group", TEXT, "Group of raters, as named on the card.")

GROUP_NORMS = Table(
    "statistics/group_norms.parquet",
    "an item on a scale, as rated by a group of people",
    (
        DATASET,
        ITEM,
        SCALE,
        ATTRIBUTE,
        GROUP,
        *shared("Mean and SD (n − 1) of the group's ratings.", "mean", "sd"),
        Column("n", COUNT, "Number of its ratings; null if unknown."),
    ),
)

GROUPS = Table(
    "statistics/groups.parquet",
    "a condition on a scale, beside a group of people",
    (
        *CELL,
        ATTRIBUTE,
        GROUP,
        N_ITEMS,
        N_TEXTS,
        *numbers(n_raters="Mean number of the group's ratings of these items; null if unknown."),
        *estimate("r", "Correlation (Pearson) of item means with the group's."),
        Column("reliability_source", TEXT, "Kind of reliability, as in alignment."),
        *numbers(reliability="Reliability of the group's item means."),
        *estimate("ceiling", "√reliability, the highest r to expect with the group's means."),
        *estimate("r_disattenuated", "r/√reliability: without the error of the group's means."),
        *estimate("bias", "Mean of the model's minus the group's means, in points."),
        *numbers(mae="Mean absolute difference of the two, in points."),
        *estimate(
            "log_rms_sd_ratio",
            "ln of the ratio of root mean square SDs of items, model over group; below 0: the "
            "model varies less.",
        ),
        REASON,
    ),
)

MEASURE = Column(
    "measure",
    TEXT,
    "`r`, `r_disattenuated`, `bias`, `mae` (as in groups), or `mse`: mean squared difference of "
    "item means less the sampling variance of the group's, SD²/n.",
)

GROUP_CONTRASTS = Table(
    "statistics/group_contrasts.parquet",
    "a condition on a scale, two groups and a measure, on the items that both groups rated",
    (
        *CELL,
        ATTRIBUTE,
        Column("a", TEXT, "One group."),
        Column("b", TEXT, "The other."),
        MEASURE,
        N_ITEMS,
        N_TEXTS,
        *shared("The measure beside each group, on these items.", "value_a", "value_b"),
        *shared("Ceiling of r with each group on these items.", "ceiling_a", "ceiling_b"),
        *estimate(
            "difference",
            "value_a − value_b. For r above 0, and for mae and mse below 0, the model is closer "
            "to a. For bias it is how much higher b rated than a, whatever the model.",
        ),
        *numbers(
            p="Two-sided, by paired bootstrap over items.",
            p_holm="Holm-adjusted over rows with the same readout and measure.",
        ),
        REASON,
    ),
)

GROUP_PERSONAS = Table(
    "statistics/group_personas.parquet",
    "a model on a scale, two groups, a protocol that asks as each, and a measure; or a comparison "
    "that cannot be made, with the reason",
    (
        MODEL,
        DATASET,
        SCALE,
        READOUT,
        ATTRIBUTE,
        Column("a", TEXT, "One group."),
        Column("b", TEXT, "The other."),
        Column("protocol_a", TEXT, "The protocol whose personas are of group a."),
        Column("protocol_b", TEXT, "The protocol whose personas are of group b."),
        Column("measure", TEXT, "`r`, `mae`, or `mse` (mean squared difference)."),
        N_ITEMS,
        N_TEXTS,
        *estimate(
            "shift",
            "Above 0, personas move ratings towards their own group. For r (r_aa − r_ab) − (r_ba − "
            "r_bb), persona before people; for distances d (d_ab − d_aa) − (d_bb − d_ba).",
        ),
        *numbers(
            p="Two-sided, by paired bootstrap over items.",
            p_holm="Holm-adjusted over rows with the same readout and measure.",
        ),
        REASON,
    ),
)
