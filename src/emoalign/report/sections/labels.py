"""Do models choose labels as people do?"""

from __future__ import annotations

from emoalign.report.grid import cell_columns, count, grid, share, text, value
from emoalign.report.section import Results, Section, View
from emoalign.report.sections.alignment import CELL_ORDER
from emoalign.report.wording import label_findings
from emoalign.tables import LABELS

METHODS = [
    "For scales of labels, the share of a label for an item is that of the usable answers, or of "
    "the human raters, that chose it; rates are means of these shares over items, and their rank "
    "correlation over items was computed for each label [@inoshita2026]."
]


def _view(results: Results) -> View | None:
    job = results.job
    rows = results.table(LABELS).sort_values(CELL_ORDER, kind="stable")
    if rows.empty:
        return None
    columns = (
        *cell_columns(job),
        text("Label", "label"),
        count("Items", "n_items", "Items with a usable answer of the model and human raters."),
        share("People", "human_rate", "Mean share of an item's human raters who chose it."),
        share("Model", "model_rate", "Mean share of the model's usable answers that chose it."),
        value("Difference", "rate_difference", "Above 0: the model says it more often.", 3),
        value("ρ over items", "spearman_rho", "Of the shares; a dash where one is constant."),
    )
    shown = grid("labels-table", "Use of labels", rows, columns, LABELS)
    return View({"grid": shown}, label_findings(rows, results.answers.counts, job), METHODS)


SECTION = Section(
    id="labels",
    heading="Do models choose labels as people do?",
    label="Labels",
    view=_view,
    tables=(LABELS,),
)
