"""Are items alike for models that are alike for people?"""

from __future__ import annotations

from emoalign.report.grid import count, grid, model_column, p, reason, text, value
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import STRUCTURE


def _view(results: Results) -> View | Absent:
    rows = results.table(STRUCTURE)
    if rows.empty:
        return Absent(
            "Representational similarity compares the space of single emotions with that of "
            "dimensions, for people and models; it needs a dataset with human ratings on both."
        )
    columns = (
        model_column(results.job),
        text("Protocol", "protocol"),
        text("Data", "dataset"),
        text("Readout", "readout"),
        text("One space", "a"),
        text("The other", "b"),
        count("Items", "n_items"),
        value("ρ", "rho", "Rank correlation of the distances of all pairs of items."),
        p("p", "p", "One-sided, by permutation of items."),
        reason(),
    )
    shown = grid("structure-table", "Structure", rows, columns, STRUCTURE)
    settings = part(results.job, StatisticsSettings)
    method = (
        "Representational similarity [@kriegeskorte2008] is the rank correlation of the Euclidean "
        "distances between items in two spaces, with a one-sided p-value by permutation of items "
        f"({settings.permutations:,} permutations, at most {settings.structure_items:,} items) "
        "[@mantel1967]."
    )
    return View({"grid": shown}, methods=[method] if rows["rho"].notna().any() else [])


SECTION = Section(
    id="structure",
    heading="Are items alike for models that are alike for people?",
    label="Structure",
    view=_view,
    figures=("similarity",),
)
