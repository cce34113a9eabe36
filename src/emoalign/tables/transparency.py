"""Tables of how outright texts say what people see in them, label by label."""

from __future__ import annotations

from emoalign.tables.columns import CELL, COUNT, DATASET, MISSING, SCALE, TEXT, numbers
from emoalign.tables.contract import Column, Table

TRANSPARENCY = Table(
    "statistics/transparency.parquet",
    "a label of a scale of labels: how outright do texts say it?",
    (
        DATASET,
        SCALE,
        Column("label", TEXT, "The label."),
        *numbers(prevalence="Mean over texts of the share of human raters who chose the label."),
        Column("n_texts", COUNT, "Texts of the label: those for which enough raters chose it."),
        *numbers(
            e="Cosine of the embedding of the label's name with the mean embedding of its texts.",
            l="Share of its texts that have one of its seed words, as a whole word.",
            t="Transparency: mean of e and l, each stretched from 0 (lowest label) to 1 (highest).",
            probe_auc="Area under the ROC curve of a logistic regression on the words of texts it "
            "has not learned from: do mere words tell the texts of the label? .5: no.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

TRANSPARENCY_GRADIENT = Table(
    "statistics/transparency_gradient.parquet",
    "a cell and a predictor: does the model follow people better on labels that are said outright?",
    (
        *CELL,
        Column(
            "predictor",
            TEXT,
            "t, e, l or probe_auc: the column of the table of transparency that is compared with "
            "spearman_rho of the table of labels.",
        ),
        Column("n_labels", COUNT, "Labels that have both."),
        *numbers(
            rho="Spearman correlation of the two over labels; above 0: better where said outright.",
            rho_low="Lower end of its 95 % interval (bootstrap over labels, BCa).",
            rho_high="Upper end of its 95 % interval.",
            p_permutation="Its two-sided p by permutation of the labels.",
            partial_rho="The same correlation at equal prevalence: the logarithm of prevalence is "
            "held constant.",
            partial_p="Its two-sided p (t distribution).",
        ),
        Column("reason", TEXT, MISSING),
    ),
)
