"""The sheet that says how estimated norms came about, how good they are, and who may have them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from emoalign import __version__
from emoalign.analyses.estimates.codebook import cited_as
from emoalign.analyses.estimates.filed import FiledDataset
from emoalign.analyses.estimates.in_words import Verdict, relative_width, verdict
from emoalign.study.fields import Range
from emoalign.tables import records
from emoalign.wording import ci, correlation, number, percent, sentence

READING = (
    "Open this file in a spreadsheet rather than the CSV, which spreadsheets read with guesses: "
    "1-2 becomes a date, 007 a 7. For R there is read.R, which reads the CSV."
)

ESTIMATED = (
    "The mean rating of people was estimated from models' ratings, with weights of at least 0 "
    "learnt from the items that people rated (stacking, Breiman, 1996). Estimates of rated items "
    "come from folds without them. Intervals (CV+, Barber et al., 2021) are for the mean that "
    "other people, as many as before, would give; they are meant to contain {coverage} of these "
    "means if unrated items are like rated ones."
)

VERDICTS: dict[Verdict, str] = {
    "narrow": " They are narrow enough to use for single items.",
    "wide": " They are too wide to use for single items.",
    "broken": " They contain fewer means than they should: do not use them.",
    "unknown": "",
}


def methods(
    name: str,
    dataset: FiledDataset,
    estimation: pd.DataFrame,
    weights: pd.DataFrame,
    coverage: float,
) -> list[tuple[str, str]]:
    """Sentences on the file of a dataset, each with what it is about.

    `estimation` and `weights` are the tables of the study.
    """
    return [
        ("Dataset", dataset.title),
        ("Citation", cited_as(dataset.citation)),
        ("Licence of the dataset", dataset.licence),
        ("Passing it on", _passing_on(dataset)),
        ("Estimates", ESTIMATED.format(coverage=f"{100 * coverage:g}%")),
        *_of_scales(dataset, estimation[estimation["dataset"] == name], coverage),
        *_of_weights(weights[weights["dataset"] == name]),
        ("Reading", READING),
        ("Columns", "The sheet codebook says what each column holds."),
        ("Software", f"emoalign {__version__}"),
    ]


def _passing_on(dataset: FiledDataset) -> str:
    if dataset.redistribute:
        return (
            "The dataset's items and norms may be passed on under its licence. `snakemake "
            "publication` makes a folder for that."
        )
    return (
        "Do not pass this file on: the dataset's items may not be shown to others, and estimates "
        "learnt from its norms would give these away."
    )


def _of_scales(
    dataset: FiledDataset, estimation: pd.DataFrame, coverage: float
) -> Iterator[tuple[str, str]]:
    """Sentences on how good the estimates on each scale are."""
    for scale, ends in dataset.in_order():
        rows = estimation[(estimation["scale"] == scale) & (estimation["region"] == "all")]
        by_method = {row["method"]: row for row in records(rows)}
        if "stack" in by_method:
            constant = by_method.get("constant", {}).get("width", math.nan)
            yield scale, _quality(by_method["stack"], constant, ends, coverage)


def _quality(row: dict[str, Any], constant: float, ends: Range, coverage: float) -> str:
    """Sentences on a scale; `constant` is the width of intervals that know nothing of the item."""
    if pd.isna(row["coverage"]):
        return sentence(f"Not estimated: {row['reason']}")
    rated, unrated = int(row["n_rated"]), int(row["n_unrated"])
    ratio = relative_width(row["width"], constant)
    share = ci(row["coverage_low"], row["coverage_high"], bounded=True)
    return (
        f"People rated {rated:,} of {rated + unrated:,} items. Estimates made without them: "
        f"{correlation(row, 'r')}, RMSE {number(row['rmse'])}. The {100 * coverage:g}% intervals "
        f"contained {percent(row['coverage'])} of people's means{f' ({share})' if share else ''} "
        f"and were {number(row['width'])} points wide on average, on a scale from {ends.min:g} to "
        f"{ends.max:g}.{VERDICTS[verdict(row, ratio, coverage)]}"
    )


def _of_weights(weights: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for scale, rows in weights.groupby("scale", sort=True):
        told = [_weight(row) for row in records(rows)]
        yield f"{scale}: weights", f"Points for an SD of each predictor: {'; '.join(told)}."


def _weight(row: dict[str, Any]) -> str:
    parts = (row["model"], row["protocol"], row["readout"])
    source = " ".join(str(part) for part in parts if not pd.isna(part))
    if pd.isna(row["weight"]):
        return f"{source}: {row['reason']}"
    return f"{source}: {number(row['weight'])}"
