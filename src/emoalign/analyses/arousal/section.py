"""Where is arousal wrong?"""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import Column, between, count, grid, model_column, reason, text, value
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import AROUSAL, RESIDUALS

METHODS = {
    "v_human": "The V shape is the correlation of arousal with the distance of valence from the "
    "middle of its scale.",
    "error_arousal": "Errors of arousal, model minus people, were correlated with human arousal.",
    "residual_human": "Residuals from the least-squares line of model means on human means were "
    "correlated with the extremity of valence.",
}
"""What was done, by the column that has a number where it was."""


def _view(results: Results) -> View | Absent:
    job, rows, worst = results.job, results.table(AROUSAL), results.table(RESIDUALS)
    if rows.empty:
        return Absent(
            "The V shape (extreme valence goes with arousal) and the errors of arousal need a "
            "scale of arousal; this study has none."
        )

    def related(title: str, name: str, meaning: str) -> Column:
        return between(title, name, f"{name}_low", f"{name}_high", meaning)

    cell = (model_column(job), text("Protocol", "protocol"), text("Data", "dataset"))
    shapes = (
        *cell,
        text("Readout", "readout"),
        count("Items", "n_items"),
        related("V of people", "v_human", "r of valence extremity and arousal, for people."),
        related("V of the model", "v_model", "The same, from the model's own ratings."),
        related(
            "Residual × human extremity",
            "residual_human",
            "Above 0: too much arousal for items that people find extreme.",
        ),
        related("Residual × its own extremity", "residual_model", "The same by its own valence."),
        related("Error × arousal", "error_arousal", "Below 0: compressed towards the middle."),
        reason(),
    )
    said = Column(
        "Item", lambda row: results.item(row["dataset"], row["item_id"]), "item_id", False
    )
    items = (
        *cell,
        text("Readout", "readout"),
        count("Rank", "rank"),
        said,
        value("People", "human_arousal"),
        value("Model", "model_arousal"),
        value("Residual", "residual", "From the line through all items of the cell."),
        value("Extremity of valence", "human_extremity", "For people, from the middle."),
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
    bootstrap = "Intervals are bootstrapped over items [@efron1987]."
    return [" ".join([*told, bootstrap])] if told else []


SECTION = Section(
    id="arousal",
    heading="Where is arousal wrong?",
    label="Arousal",
    view=_view,
    figures=("v-shape", "arousal-errors"),
)
