"""Do sampled answers and exact probabilities agree?"""

from __future__ import annotations

from emoalign.report.grid import cell_columns, count, grid, p, share, value
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import READOUTS


def _view(results: Results) -> View | Absent:
    rows = results.table(READOUTS)
    if rows.empty:
        return Absent("No protocol was asked in both readouts, so there is nothing to compare.")
    columns = (
        *cell_columns(results.job),
        count("Items", "n_items"),
        value("r of means", "r_means"),
        value("Mean difference", "mean_abs_difference", "Absolute, in points of the scale."),
        share("Answers that are ratings", "ok_share_sampled"),
        share("Exact mass on scale", "on_scale_mass_exact"),
        share("Items with p < .05", "share_below_05", "5 % are expected when the readouts agree."),
        p("G pooled p", "p_pooled", "Counts against exact probabilities, all items."),
        p("Sharpness p", "p_sharpness", "Whether the server sampled as sharply as asked."),
    )
    shown = grid("readouts-table", "Agreement of readouts", rows, columns, READOUTS)
    simulations = part(results.job, StatisticsSettings).simulations
    method = (
        "For every item sampled answers were compared with the exact distribution by a G-test "
        f"whose p-value was simulated ({simulations:,} draws)."
    )
    return View({"grid": shown}, methods=[method])


SECTION = Section(
    id="readouts",
    heading="Do sampled answers and exact probabilities agree?",
    label="Readouts",
    view=_view,
)
