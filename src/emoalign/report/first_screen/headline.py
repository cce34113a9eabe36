"""The headline: one condition of each model and scale, and how near it comes to people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from emoalign.report.conditions import one_readout_each
from emoalign.report.first_screen.claims import People
from emoalign.report.first_screen.ranks import Rank, Ranking
from emoalign.report.grid import (
    Column,
    Grid,
    Row,
    between,
    bounded,
    ceiling,
    cell_columns,
    count,
    grid,
    in_order,
    model_column,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.tables import BASELINE, CELL_KEY, records
from emoalign.wording import percent

OF_MODEL = ["dataset", "scale", "model"]
CONDITION = ["dataset", "scale", "protocol", "readout"]


def of_correlations(alignment: pd.DataFrame, job: ReportJob) -> pd.DataFrame:
    """The protocols of each model on scales of numbers, in the order of the study.

    Of each model and scale the one with the highest r is `chosen`, out of as many as were `tried`;
    `person` is how well one rater, or else one rating, agrees with the others.
    """
    rows = _chosen(alignment, "pearson_r", job, ascending=False)
    return rows.assign(person=rows["one_human_r"].fillna(rows["one_rating_r"]))


def one_of_them(rows: pd.DataFrame) -> str:
    """What `person` is of: a rater, or a rating where it is not known who rated."""
    raters = rows["one_human_r"].notna()
    if raters.any():
        return "rater" if raters.eq(rows["person"].notna()).all() else "rater or rating"
    return "rating"


def of_distances(distributions: pd.DataFrame, job: ReportJob) -> pd.DataFrame:
    """The same on scales of labels; the one with the least divergence from people is `chosen`."""
    labels = {(name, scale) for name, card in job.datasets.items() for scale in card.labels}
    rows = distributions[
        (distributions["metric"] == "jsd")
        & (distributions["stratum"] == "all")
        & (distributions["protocol"] != BASELINE)
    ]
    of_labels = [key in labels for key in zip(rows["dataset"], rows["scale"], strict=True)]
    return _chosen(rows.loc[of_labels], "value", job, ascending=True)


def _chosen(rows: pd.DataFrame, by: str, job: ReportJob, *, ascending: bool) -> pd.DataFrame:
    """A row for each protocol of each model and scale, of which the best is `chosen`.

    A protocol is judged by its exact probabilities where it has any: the better of these and its
    sampled answers is not chosen. Its decisions count as another way of asking.
    """
    one_each = one_readout_each(rows, [*OF_MODEL, "protocol"])
    tried = one_each.groupby(OF_MODEL)["protocol"].transform("size")
    ordered = in_order(one_each.assign(tried=tried), job)
    ranked = ordered.sort_values(by, ascending=ascending, kind="stable")
    return ordered.assign(chosen=ordered.index.isin(ranked.drop_duplicates(OF_MODEL).index))


def beside(
    rows: pd.DataFrame,
    usable: Mapping[tuple[str, ...], float],
    rankings: Sequence[Ranking],
) -> pd.DataFrame:
    """The rows with the share of ratings among what was said, and with ranks where all conditions
    of a scale are the same, so that the ranks are of what is shown."""
    found: dict[tuple[str, ...], Rank] = {
        (one.dataset, one.scale, one.protocol, one.readout, rank.name): rank
        for one in rankings
        if one.tells
        for rank in one.ranks
    }
    cells = records(rows)
    own = [found.get(tuple(str(cell[name]) for name in (*CONDITION, "model"))) for cell in cells]
    alike = len(rows[CONDITION].drop_duplicates()) == len(rows[CONDITION[:2]].drop_duplicates())
    ranked = [rank if alike else None for rank in own]
    return rows.assign(
        ratings=[
            usable.get(tuple(str(cell[name]) for name in CELL_KEY), math.nan) for cell in cells
        ],
        rank=[rank.shown if rank else "" for rank in ranked],
        best=[rank.best if rank else math.nan for rank in ranked],
    )


def correlations(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """The headline of scales of numbers."""
    single = bounded(
        f"Single {one_of_them(rows)}",
        "person",
        "Correlation of one person with the mean of the others; where it is not known who rated, "
        "of one rating per item with the mean of the item's other ratings.",
    )
    columns = (
        *_condition(job),
        between(
            "r [95% CI]",
            "pearson_r",
            "pearson_low",
            "pearson_high",
            "Correlation over items of the model's mean ratings with the human means.",
            bounded=True,
        ),
        _rank(),
        ceiling("The highest r to expect, given how reliable the norms are."),
        *([single] if rows["person"].notna().any() else []),
        _worth(),
        *_rest("Items that both the model and people rated."),
    )
    return grid("headline-table", "Models and people in short", rows, columns)


def distances(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """The headline of scales of labels."""
    columns = (
        *_condition(job),
        between(
            "JSD in bits [95% CI]",
            "value",
            "value_low",
            "value_high",
            "Jensen–Shannon divergence of the model's answers from people's: from 0, the same, to "
            "1, nothing in common.",
        ),
        _rank(),
        value("Perfect model", "perfect", "The JSD to expect of a perfect model."),
        value("Half of people", "human_halves", "The JSD of one half of an item's raters."),
        value("Uniform guess", "uniform", "The JSD if all answers were equally likely."),
        *_rest("Items with answers of the model and of enough people."),
    )
    return grid("headline-labels-table", "Models and people on labels in short", rows, columns)


def _condition(job: ReportJob) -> tuple[Column, ...]:
    *_, scale = cell_columns(job)
    return (
        model_column(job),
        scale,
        Column("Protocol", lambda row: f"{row['protocol']} ({row['readout']})", "protocol", False),
    )


def _rank() -> Column:
    return Column(
        "Rank",
        lambda row: str(row["rank"]),
        "best",
        meaning="Of the models on a scale, as far as paired contrasts tell them apart; a range "
        "spans the ranks that they leave open.",
        optional=True,
    )


def _worth() -> Column:
    def people(row: Row) -> str:
        return "" if math.isnan(row.get("k", math.nan)) else str(People.of(row, "k"))

    return Column(
        "Worth, in people [95% CI]",
        people,
        "k",
        meaning="The number of people whose mean rating would rank the items as well as the "
        "model's; below 1, the model ranks them less well than one person.",
        optional=True,
    )


def _rest(items: str) -> tuple[Column, ...]:
    return (
        Column(
            "Share of ratings",
            lambda row: "" if math.isnan(row["ratings"]) else percent(row["ratings"]),
            "ratings",
            meaning="Share of the sampled answers that were ratings; of exact probabilities, how "
            "much of the probability was on the scale; of decisions, how many were given. Empty "
            "where nothing but ratings was recorded.",
            optional=True,
        ),
        count("Items", "n_items", items),
    )
