"""The number of people that a model's mean ratings are worth, beside their correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from emoalign.report.conditions import one_readout_each
from emoalign.report.grid import Row
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding
from emoalign.report.worth_in_words import as_good_as, people
from emoalign.tables import records
from emoalign.wording import READOUTS


def with_worth(
    findings: Sequence[list[str]], worth: pd.DataFrame, job: ReportJob
) -> list[list[str]]:
    """The findings about a model on a scale, each with what its ratings are worth after its
    message; `worth` is the table of raters' worth."""
    conditions = worth[worth["answers"].isna() & worth["k"].notna()]
    return [_with_worth(finding, conditions, job) for finding in findings]


def _with_worth(finding: list[str], worth: pd.DataFrame, job: ReportJob) -> list[str]:
    if not isinstance(finding, Finding) or not {"dataset", "scale", "model"} <= set(finding.about):
        return finding
    about = [worth[name] == finding.about[name] for name in ("dataset", "scale", "model")]
    own = one_readout_each(worth[about[0] & about[1] & about[2]], ["protocol"])
    # Of each protocol the exact probabilities, as in the message; of these the highest r.
    told = own.sort_values("r", ascending=False, kind="stable")
    if told.empty:
        return finding
    message, *others = finding
    return Finding(
        [message, _sentence(records(told)[0], len(told) > 1, job), *others], **finding.about
    )


def _sentence(row: Row, several: bool, job: ReportJob) -> str:
    """What the ratings are as good as, for ranking and, where that is known, for predicting."""
    items = f"{job.datasets[row['dataset']].modality}s"
    whose = "these ratings"
    if several:
        whose = f"those under {row['protocol']} ({READOUTS[row['readout']]}), the best of them,"
    ranking = as_good_as(row["k"], row["k_low"], row["k_high"])
    told = f"For ranking {items}, {whose} are {ranking}"
    # A model that reverses the order can be turned round, but nobody would use it so.
    if math.isnan(row["k_error"]) or row["r"] <= 0:
        return f"{told}."
    predicting = as_good_as(row["k_error"], row["k_error_low"], row["k_error_high"])
    return (
        f"{told}. For predicting mean ratings, they are {predicting}; the same rating for all "
        f"{items} would be worth k = {people(row['phi'])}."
    )
