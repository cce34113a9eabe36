"""Are single emotions met better than dimensions?"""

from __future__ import annotations

from emoalign.report.grid import between, count, grid, model_column, p, reason, text, value
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import FRAMEWORK


def _view(results: Results) -> View | Absent:
    rows = results.table(FRAMEWORK)
    if rows.empty:
        return Absent(
            "To compare single emotions (happiness, fear, …) with dimensions (valence, arousal) "
            "a study needs scales of both kinds, named as such in the cards of its datasets, with "
            "human ratings; this study does not have both."
        )
    columns = (
        model_column(results.job),
        text("Protocol", "protocol"),
        text("Data", "datasets"),
        text("Readout", "readout"),
        count("Items", "n_items"),
        value("r of emotions", "r_emotions", "Mean over the scales of single emotions."),
        value("r of dimensions", "r_dimensions", "Mean over the scales of dimensions."),
        between(
            "Difference [95% CI]",
            "difference",
            "difference_low",
            "difference_high",
            "Above 0: emotions are met better.",
        ),
        p("p Holm", "p_holm", "Holm over the rows of a readout."),
        reason(),
    )
    shown = grid("framework-table", "Emotions against dimensions", rows, columns, FRAMEWORK)
    method = (
        "Single emotions were compared with dimensions by the difference of the mean correlations, "
        "with a bootstrap over items in which scales of one dataset share the resamples "
        "[@efron1987]; p-values were adjusted over the rows of a readout [@holm1979]."
    )
    return View({"grid": shown}, methods=[method] if rows["difference"].notna().any() else [])


SECTION = Section(
    id="framework",
    heading="Are single emotions met better than dimensions?",
    label="Frameworks",
    view=_view,
    figures=("frameworks",),
)
