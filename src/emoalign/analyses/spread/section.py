"""Do simulated participants differ as much as people?"""

from __future__ import annotations

import math

from emoalign.report.grid import CELL_ORDER, Row, between, cell_columns, gaps, grid, p, text, value
from emoalign.report.section import Results, Section, View
from emoalign.tables import ALIGNMENT

METHODS = [
    "Whether simulated participants differ as much as people was tested on the standard deviations "
    "of items by Wilcoxon's rank-sum and, respecting the pairing by item, signed-rank test "
    "[@wilcoxon1945], with the log ratio of the mean standard deviations and its bootstrap "
    "interval."
]


def _view(results: Results) -> View | None:
    rows = results.table(ALIGNMENT).sort_values(CELL_ORDER, ignore_index=True)
    if rows.empty:
        return None
    columns = (
        *cell_columns(results.job),
        text("Readout", "readout"),
        value("Median SD people", "sd_human_median", "Over items, in points of the scale."),
        value("Median SD model", "sd_model_median", "Over items, in points of the scale."),
        between(
            "ln ratio of mean SDs [95 % CI]",
            "log_sd_ratio",
            "log_sd_ratio_low",
            "log_sd_ratio_high",
            "Below 0: too homogeneous; above 0: too varied.",
        ),
        value("Rank-sum W", "ranksum_w", "Wilcoxon rank-sum test of item SDs.", 0),
        value("z", "ranksum_z", "Negative: the model's SDs are smaller."),
        p("p adj.", "ranksum_p_adjusted", "Benjamini–Hochberg over cells."),
        value("Signed-rank z", "signedrank_z", "Of paired item SDs."),
        p("p adj.", "signedrank_p_adjusted", "Benjamini–Hochberg over cells."),
    )
    shown = grid("spread-table", "Spread by cell", rows, columns, ALIGNMENT)
    return View(
        {
            "grid": shown,
            "gaps": gaps(rows, {"Spread of people": _people, "Spread of the model": _model}),
        },
        methods=METHODS,
    )


def _people(row: Row) -> str | None:
    if not math.isnan(row["sd_human_median"]):
        return None
    return "People's SDs are not known"


def _model(row: Row) -> str | None:
    if not math.isnan(row["sd_model_median"]):
        return None
    if not row["n_ok"] and row["readout"] == "sampled":
        return "no answer of the model was a rating"
    return "no item has two usable answers of the model"


SECTION = Section(
    id="spread",
    heading="Do simulated participants differ as much as people?",
    label="Spread",
    view=_view,
    figures=("spread",),
)
