"""On which items do models and people disagree most?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow.parquet as pq

from emoalign.report.grid import CELL_ORDER, Column, cell_columns, grid, text, value
from emoalign.report.section import Absent, Results, Section, View

MOST = 20
"""Items listed of each cell."""

READ = ["model", "protocol", "dataset", "scale", "readout", "item_id", "mean", "sd"]
READ += ["human_mean", "human_sd"]


def _view(results: Results) -> View | Absent | None:
    if not any(card.scales for card in results.job.datasets.values()):
        return None
    rows = pd.concat(_largest(results), ignore_index=True)
    if rows.empty:
        return Absent(
            "No item has both a mean of a model and a mean of people, so there is nothing to "
            "agree or disagree about."
        )
    rows = rows.sort_values(["size", *CELL_ORDER, "item_id"], ascending=[False] + 6 * [True])
    said = Column(
        "Item", lambda row: results.item(row["dataset"], row["item_id"]), "item_id", False
    )
    columns = (
        said,
        *cell_columns(results.job),
        text("Readout", "readout"),
        value("People", "human_mean", "Mean human rating."),
        value("SD", "human_sd", "Standard deviation over human raters."),
        value("Model", "mean", "Mean rating of the model."),
        value("SD", "sd", "Standard deviation of the model's ratings."),
        value("Difference", "difference", "Model minus people, in points of the scale."),
        Column(
            "Share of the scale",
            lambda row: f"{100 * row['size']:.0f} %",
            "size",
            meaning="Size of the difference, where the whole scale is 100 %.",
        ),
    )
    return View({"grid": grid("disagreements-table", "Disagreements", rows, columns), "most": MOST})


def _largest(results: Results) -> Iterator[pd.DataFrame]:
    """The items of each cell with the largest differences, of every dataset."""
    for dataset, card in results.job.datasets.items():
        if not card.scales:
            continue
        rows = pq.read_table(
            results.folder / f"items/{dataset}.parquet",
            columns=READ,
            filters=[("scale", "in", list(card.scales))],
        ).to_pandas()
        ranges = rows["scale"].map(
            {name: scale.max - scale.min for name, scale in card.scales.items()}
        )
        rows["difference"] = rows["mean"] - rows["human_mean"]
        rows["size"] = rows["difference"].abs() / ranges.astype(float)
        rows = rows.dropna(subset="size").sort_values(["size", "item_id"], ascending=[False, True])
        yield rows.groupby(CELL_ORDER, sort=False).head(MOST)


SECTION = Section(
    id="disagreements",
    heading="On which items do models and people disagree most?",
    label="Disagreements",
    view=_view,
)
