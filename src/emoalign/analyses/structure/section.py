"""Similarity of items: representational similarity between people and models."""

from __future__ import annotations

from emoalign.report.grid import (
    Column,
    Row,
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
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import STRUCTURE

FRAMEWORKS = {"emotions": "discrete emotions", "dimensions": "dimensions"}
"""The kinds of scales that span a space, as the page calls them."""


def _view(results: Results) -> View | Absent:
    rows = results.table(STRUCTURE)
    if rows.empty:
        return Absent(
            "Representational similarity compares distances between items on discrete emotions "
            "(happiness, fear, …) and on dimensions (valence, arousal, …). It requires a dataset "
            "with human ratings on both; this study has none."
        )
    columns = (
        model_column(results.job),
        text("Protocol", "protocol"),
        datasets(results.job, "dataset"),
        readout(),
        _space("Space 1", "a"),
        _space("Space 2", "b"),
        count("Items", "n_items", "Items with all ratings in both spaces."),
        bounded(
            "ρ",
            "rho",
            "Rank correlation of the distances between all pairs of items in the two spaces: 1 if "
            "the same items are similar in both.",
        ),
        p("p", "p", "One-sided, by permutation of items, unadjusted."),
        reason(),
    )
    shown = grid("structure-table", "Similarity of items", rows, columns, STRUCTURE)
    settings = part(results.job, StatisticsSettings)
    method = (
        "Representational similarity [@kriegeskorte2008] was measured by the rank correlation of "
        "the Euclidean distances between items in two spaces, whose axes are the scales of "
        "discrete emotions or of dimensions. Its one-sided p-value comes from "
        f"{settings.permutations:,} permutations of at most {settings.structure_items:,} items "
        "[@mantel1967]."
    )
    return View({"grid": shown}, methods=[method] if rows["rho"].notna().any() else [])


def _space(title: str, name: str) -> Column:
    """A space in words: human, discrete emotions."""

    def shown(row: Row) -> str:
        who, framework = str(row[name]).split()
        return f"{who}, {FRAMEWORKS[framework]}"

    return Column(title, shown, name, numeric=False, meaning="Whose ratings, on which scales.")


SECTION = Section(
    id="structure",
    heading="Do models find the same items similar as people do?",
    label="Structure",
    view=_view,
    figures=("similarity",),
)
