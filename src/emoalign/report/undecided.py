"""Probability that servers did not return, and how far it leaves results open, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from emoalign.report.conditions import named
from emoalign.report.nearest import FEW
from emoalign.report.report_job import ReportJob
from emoalign.tables import records
from emoalign.wording import coefficient, number, out_of, percent

OPEN = 0.05
"""Means are open if their bounds are farther apart, on average, as a share of the scale."""

METHOD = (
    "Where a server did not return all probabilities, means, SDs and distributions are those of "
    "the probabilities that it returned. The bounds of means and SDs allow the rest to be on any "
    "points of the scale, or on none."
)


def undecided(alignment: pd.DataFrame, job: ReportJob) -> list[str]:
    """Sentences on conditions with items of which more than .01 of the probability is missing."""
    known = alignment[alignment["readout"] == "exact"].dropna(subset="undecided_mass")
    lacking = known[known["share_undecided_above_01"] > 0]
    most_first = records(lacking.sort_values("undecided_mass", ascending=False, kind="stable"))
    told = [_told(row, job) for row in most_first]
    if len(told) <= FEW:
        return told
    where = f"{out_of(len(told), len(known))} conditions with exact probabilities"
    return [
        f"In {where}, more than 1% of the probability was not returned for some items. "
        f"Where most is missing: {told[0][:1].lower()}{told[0][1:]}"
    ]


def _told(row: Mapping[str, Any], job: ReportJob) -> str:
    things = f"{job.datasets[row['dataset']].modality}s"
    return (
        f"For {named(job, row)}, {percent(row['undecided_mass'])} of the probability was not "
        f"returned on average, and more than 1% for {percent(row['share_undecided_above_01'])} of "
        f"the {things}: {how_far(row)}."
    )


def how_far(row: Mapping[str, Any]) -> str:
    """How far what was not returned leaves the means of a condition, and r, open."""
    told = f"bounds of item means are {number(row['mean_width'])} points apart on average"
    if math.isnan(row["pearson_least"]):
        return told
    least, most = (coefficient(row[f"pearson_{end}"]) for end in ("least", "most"))
    return f"{told}, and r with human means is between {least} and {most}"


def most_open(alignment: pd.DataFrame, job: ReportJob) -> Iterator[Mapping[str, Any]]:
    """The condition whose means are left open most, if any are open."""
    found = []
    for row in records(alignment.dropna(subset="mean_width")):
        scale = job.datasets[row["dataset"]].scales[row["scale"]]
        width = row["mean_width"] / (scale.max - scale.min)
        found += [(width, row)] if width > OPEN else []
    if found:
        yield max(found, key=lambda one: one[0])[1]
