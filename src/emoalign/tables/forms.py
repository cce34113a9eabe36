"""The table of forms: what each wording, direction or order of labels does to the ratings."""

from __future__ import annotations

from emoalign.tables.contract import (
    CELL,
    COUNT,
    N_ITEMS,
    REASON,
    TEXT,
    Column,
    Table,
    estimate,
)

FORMS = Table(
    "statistics/forms.parquet",
    "a condition with several forms, and one of them (`form`), the direction of the numbers or a "
    "place of labels",
    (
        *CELL,
        Column("kind", TEXT, "`form`, `direction` (of the numbers) or `place` (of labels)."),
        Column("form", TEXT, "The form; null for the other kinds."),
        Column("place", COUNT, "Place of labels in the order shown, from 1; else null."),
        Column("n_answers", COUNT, "Answers (exact, decision, stated: distributions)."),
        Column("n_ok", COUNT, "Answers that are ratings; place: that chose a label."),
        N_ITEMS,
        *estimate("r", "Correlation of the form's item means with human means."),
        *estimate("r_others", "Correlation with the mean of the other forms, without people."),
        *estimate("shift", "Mean of the form minus the mean over all forms, in points."),
        *estimate(
            "slope", "Points that the form's item means rise for a point of human item means."
        ),
        *estimate("log_sd_ratio", "ln(mean SD of the form / mean human SD)."),
        *estimate(
            "effect",
            "Direction: pull towards higher numbers, in points. Place: share of choices there "
            "minus 1/L, for L labels.",
        ),
        REASON,
    ),
)
