"""Errors of arousal: their relation to arousal and valence, and the items of the largest."""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import (
    Column,
    between,
    count,
    datasets,
    grid,
    model_column,
    readout,
    reason,
    text,
    value,
)
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import AROUSAL, RESIDUALS

METHODS = {
    "v_human": "The V shape was measured by the correlation of arousal with the extremity of "
    "valence, its distance from the middle of the scale.",
    "error_arousal": "Errors of arousal, model minus human mean, were correlated with human "
    "arousal.",
    "residual_human": "Residuals of model arousal after regression on human arousal were "
    "correlated with the extremity of valence.",
}
"""The sentences on methods, each by a column that has a number where the method was used."""


def _view(results: Results) -> View | Absent:
    job, rows, worst = results.job, results.table(AROUSAL), results.table(RESIDUALS)
    if rows.empty:
        return Absent(
            "Errors of arousal, and its V shape (arousal rises towards both ends of valence), can "
            "only be assessed on a scale of arousal; this study has none."
        )

    def related(title: str, name: str, meaning: str) -> Column:
        return between(title, name, f"{name}_low", f"{name}_high", meaning, bounded=True)

    cell = (model_column(job), text("Protocol", "protocol"), datasets(job, "dataset"))
    shapes = (
        *cell,
        readout(),
        count("Items", "n_items", "Items with arousal and valence rated by model and people."),
        related(
            "V, people [95% CI]",
            "v_human",
            "Correlation of human arousal with the extremity of human valence, its distance from "
            "the middle of the scale. Above 0, arousal rises towards both ends of valence.",
        ),
        related("V, model [95% CI]", "v_model", "The same correlation of the model's own ratings."),
        related(
            "Residual × human extremity [95% CI]",
            "residual_human",
            "Correlation of the model's residual arousal with the extremity of human valence. "
            "Above 0, arousal is rated too high for items that people find extreme.",
        ),
        related(
            "Residual × model extremity [95% CI]",
            "residual_model",
            "The same correlation with the extremity of the model's own valence ratings.",
        ),
        related(
            "Error × arousal [95% CI]",
            "error_arousal",
            "Correlation of the error (model minus human arousal) with human arousal. Below 0, "
            "high arousal is rated too low and low arousal too high.",
        ),
        reason(),
    )
    said = Column(
        "Item", lambda row: results.item(row["dataset"], row["item_id"]), "item_id", False
    )
    items = (
        *cell,
        readout(),
        count("Rank", "rank", "By size of the residual."),
        said,
        value("Human arousal", "human_arousal", "Mean rating, in points of the scale."),
        value("Model arousal", "model_arousal", "Mean rating, in points of the scale."),
        value(
            "Residual",
            "residual",
            "Model arousal above (or below) the regression line of model on human arousal.",
        ),
        value(
            "Extremity of valence",
            "human_extremity",
            "Distance of the human valence rating from the middle of the scale.",
        ),
    )
    return View(
        {
            "shapes": grid("arousal-table", "Shape of arousal", rows, shapes, AROUSAL),
            "worst": grid("residuals-table", "Largest residuals", worst, items, RESIDUALS),
        },
        methods=_methods(rows),
    )


def _methods(rows: pd.DataFrame) -> list[str]:
    told = [text for column, text in METHODS.items() if rows[column].notna().any()]
    bootstrap = "All have 95% bootstrap intervals over items [@efron1987]."
    return [" ".join([*told, bootstrap])] if told else []


SECTION = Section(
    id="arousal",
    heading="Where do arousal ratings go wrong?",
    label="Arousal",
    view=_view,
    figures=("v-shape", "arousal-errors"),
)
