"""Models beside groups of raters, groups beside each other, and what personas of groups do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from emoalign.analyses.groups.in_words import beside, findings
from emoalign.report.grid import (
    Column,
    Grid,
    between,
    bounded,
    ceiling,
    cell_columns,
    count,
    grid,
    model_column,
    p,
    readout,
    reason,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import GROUP_CONTRASTS, GROUP_PERSONAS, GROUPS, groups, records
from emoalign.wording import listed

FEW = 3
"""Mean number of ratings from which on a group's mean counts; see `measures.FEWEST_RATERS`."""

MEASURES = {
    "r": "r",
    "mae": "mean absolute difference",
    "mse": "mean squared difference",
}


def _view(results: Results) -> View | Absent:
    job = results.job
    rows, contrasts = results.table(GROUPS), results.table(GROUP_CONTRASTS)
    personas = results.table(GROUP_PERSONAS)
    compared = personas[personas["measure"].notna()]
    missing = personas[personas["measure"].isna()]
    if rows.empty:
        return Absent("No group of raters rated an item that a model rated.")
    if rows["r"].isna().all():
        return Absent(f"Not assessable: {listed(sorted(set(rows['reason'].dropna())))}.")
    wide = beside(contrasts)
    values = {
        "named": list(_named(rows, job)),
        "groups": grid("groups-table", "Groups of raters", rows, _group_columns(job), GROUPS),
        "contrasts": None if wide.empty else _contrasts(wide, job),
        "personas": None if compared.empty else _personas(compared, job),
        "no_personas": [
            f"for {row['attribute']} ({job.datasets[row['dataset']].title}), {row['reason']}"
            for row in records(missing)
        ],
    }
    return View(
        values,
        findings=list(findings(contrasts, compared, job)),
        methods=list(_methods(contrasts, compared)),
    )


def _named(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The groups of each dataset: In Words, raters are grouped by sex (men, women)."""
    for (dataset,), of_dataset in groups(rows, ["dataset"], sort=False):
        told = [
            f"{attribute} ({', '.join(sorted(set(of_attribute['group'])))})"
            for (attribute,), of_attribute in groups(of_dataset, ["attribute"])
        ]
        yield f"In {job.datasets[dataset].title}, raters are grouped by {listed(told)}."


def _group_columns(job: ReportJob) -> Sequence[Column]:
    return (
        *cell_columns(job),
        readout(),
        text("Raters", "group", "The group of raters, as the dataset's card names it."),
        count("Items", "n_items", f"Items with a rating by the model and {FEW} or more by them."),
        value("Ratings", "n_raters", "Mean number of the group's ratings per item.", 1),
        between(
            "r [95% CI]",
            "r",
            "r_low",
            "r_high",
            "Correlation of the model's item means with the group's. Bootstrap interval (BCa).",
            bounded=True,
        ),
        ceiling("√reliability of the group's means: the highest r to expect."),
        between(
            "r disattenuated [95% CI]",
            "r_disattenuated",
            "r_disattenuated_low",
            "r_disattenuated_high",
            "r/ceiling: r without the sampling error of the group's means. It may exceed 1 by "
            "chance.",
        ),
        between(
            "Bias [95% CI]",
            "bias",
            "bias_low",
            "bias_high",
            "Mean of the model's minus the group's means, in points; above 0: the model rates "
            "higher.",
        ),
        value("MAE", "mae", "Mean absolute difference of item means, in points."),
        between(
            "Log SD ratio [95% CI]",
            "log_rms_sd_ratio",
            "log_rms_sd_ratio_low",
            "log_rms_sd_ratio_high",
            "ln of the ratio of root mean square SDs of the ratings of an item, model over group; "
            "below 0: the model varies less.",
        ),
        reason(),
    )


def _difference(title: str, measure: str, meaning: str, *, is_bounded: bool = False) -> Column:
    name = f"{measure}_difference"
    return between(title, name, f"{name}_low", f"{name}_high", meaning, bounded=is_bounded)


def _contrasts(wide: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        *cell_columns(job),
        readout(),
        text("A", "a", "One group of raters."),
        text("B", "b", "The other."),
        count("Items", "n_items", f"Items with a rating by the model and {FEW} or more by both."),
        bounded("r with A", "r_value_a", "Correlation with the means of A on these items."),
        bounded("r with B", "r_value_b", "Correlation with the means of B on these items."),
        bounded("Ceiling A", "ceiling_a", "Highest r to expect with A on these items."),
        bounded("Ceiling B", "ceiling_b", "Highest r to expect with B on these items."),
        _difference(
            "r: A − B [95% CI]",
            "r",
            "Above 0: the model correlates more highly with A. Paired bootstrap interval (BCa).",
            is_bounded=True,
        ),
        p("p (Holm)", "r_p_holm", "Of this difference, adjusted over all of them."),
        _difference(
            "Disattenuated [95% CI]",
            "r_disattenuated",
            "The same difference of r/ceiling. If it is near 0, the different reliabilities of "
            "the groups explain the difference of r.",
        ),
        _difference(
            "Bias: A − B [95% CI]",
            "bias",
            "How much higher B rated than A, in points; it does not depend on the model.",
        ),
        p("p (Holm)", "bias_p_holm", "Of this difference, adjusted over all of them."),
        _difference(
            "MAE: A − B [95% CI]",
            "mae",
            "Below 0: the model's means are closer to A's. Means of fewer raters are farther from "
            "everything; the next column corrects for this.",
        ),
        p("p (Holm)", "mae_p_holm", "Of this difference, adjusted over all of them."),
        _difference(
            "MSE: A − B [95% CI]",
            "mse",
            "Difference of mean squared differences without the sampling error of the groups' "
            "means (SD²/n), in squared points. Below 0: the model is closer to A.",
        ),
        reason(),
    )
    return grid("group-contrasts-table", "Groups against each other", wide, columns)


def _personas(rows: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        model_column(job),
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False),
        readout(),
        text("Asked as A", "protocol_a", "The protocol whose personas are of group A."),
        text("Asked as B", "protocol_b", "The protocol whose personas are of group B."),
        text("A", "a", "One group of raters."),
        text("B", "b", "The other."),
        Column("Measure", lambda row: MEASURES[row["measure"]], "measure", numeric=False),
        count("Items", "n_items", "Items that the model rated as both and that both groups rated."),
        between(
            "Shift [95% CI]",
            "shift",
            "shift_low",
            "shift_high",
            "How much closer ratings by personas are to their own group than ratings by personas "
            "of the other group; above 0: personas move ratings towards their own group.",
        ),
        p("p", "p", "Two-sided, unadjusted."),
        p("p (Holm)", "p_holm", "Adjusted over all shifts in the same measure and readout."),
        reason(),
    )
    return grid("group-personas-table", "Personas", rows, columns, GROUP_PERSONAS)


def _methods(contrasts: pd.DataFrame, personas: pd.DataFrame) -> Iterator[str]:
    """How groups and personas were compared."""
    if contrasts["p"].notna().any():
        yield (
            "Item means were compared with those of groups of raters on items with "
            f"{FEW} or more ratings by the group. Groups were compared with each other on the "
            "items that both rated, by the paired bootstrap over items [@efron1987], also after "
            "correlations were divided by the root of the reliability of each group's means "
            "[@spearman1904]."
        )
    if personas["p"].notna().any():
        yield (
            "Whether personas move ratings towards their own group was tested by the difference "
            "between the two personas in how much closer ratings were to their own than to the "
            "other group."
        )


SECTION = Section(
    id="groups",
    heading="Whose ratings does the model give?",
    label="Groups",
    view=_view,
    figures=("groups",),
)
