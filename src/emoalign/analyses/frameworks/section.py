"""Frameworks: the correlations on discrete emotions beside those on dimensions."""

from __future__ import annotations

from emoalign.report.grid import (
    between,
    bounded,
    count,
    datasets,
    grid,
    model_column,
    p,
    readout,
    reason,
    text,
)
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import FRAMEWORK


def _view(results: Results) -> View | Absent:
    rows = results.table(FRAMEWORK)
    if rows.empty:
        return Absent(
            "Comparing discrete emotions (happiness, fear, …) with dimensions (valence, arousal, "
            "…) requires human ratings on scales of both kinds; this study does not have both. "
            "(The card of a dataset says under frameworks which of its scales are of which kind.)"
        )
    columns = (
        model_column(results.job),
        text("Protocol", "protocol"),
        datasets(results.job, "datasets"),
        readout(),
        count("Items", "n_items", "Items behind any of the correlations."),
        bounded(
            "Mean r, emotions",
            "r_emotions",
            "Mean correlation with human means over the scales of discrete emotions.",
        ),
        bounded(
            "Mean r, dimensions",
            "r_dimensions",
            "Mean correlation with human means over the scales of dimensions.",
        ),
        between(
            "Difference [95% CI]",
            "difference",
            "difference_low",
            "difference_high",
            "Mean r of emotions minus mean r of dimensions. Above 0, the model matches people "
            "better on discrete emotions. Bootstrap interval over items (BCa).",
            bounded=True,
        ),
        p("p (Holm)", "p_holm", "Adjusted over all rows with the same readout."),
        reason(),
    )
    shown = grid("framework-table", "Discrete emotions and dimensions", rows, columns, FRAMEWORK)
    method = (
        "Discrete emotions were compared with dimensions by the difference between their mean "
        "correlations with human means, with a bootstrap over items in which all scales of a "
        "dataset share the same resamples [@efron1987]."
    )
    return View({"grid": shown}, methods=[method] if rows["difference"].notna().any() else [])


SECTION = Section(
    id="framework",
    heading="Do models match people better on discrete emotions than on dimensions?",
    label="Frameworks",
    view=_view,
    figures=("frameworks",),
)
