"""What forms do to ratings, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.report.conditions import condition
from emoalign.report.report_job import ReportJob
from emoalign.tables import CELL_KEY, groups, records
from emoalign.wording import ci, coefficient, counted, number, out_of, percent, span

Row = Mapping[str, Any]


def answers(rows: pd.DataFrame, job: ReportJob) -> dict[str, str]:
    """What the forms of the study change, by subject, as far as it is known."""
    of = dict(list(rows.groupby("kind")))
    none = rows.iloc[:0]
    forms = of.get("form", none)
    means = _least_noisy(forms)
    told = {
        "Level of the ratings": _levels(forms, job),
        "Order of the items": _agreement(means, job),
        "Agreement with people": _people(means, job),
        "Direction of the scale": _direction(of.get("direction", none), job),
        "Order of the labels": _places(of.get("place", none), job),
    }
    return {name: sentences for name, sentences in told.items() if sentences}


def _least_noisy(forms: pd.DataFrame) -> pd.DataFrame:
    """Forms without sampled answers where the same model has probabilities under the protocol: few
    answers in each form lower correlations, whatever the form does."""
    cell = [name for name in CELL_KEY if name != "readout"]
    sampled = forms["readout"].eq("sampled")
    known = set(forms.loc[~sampled & forms["r"].notna(), cell].itertuples(index=False, name=None))
    also = [of_cell in known for of_cell in forms[cell].itertuples(index=False, name=None)]
    return forms[~(sampled & np.array(also, dtype=bool))]


def _noisy(row: Row) -> str:
    """What else than the form lowers a correlation of sampled means."""
    if row["readout"] != "sampled" or not row["n_items"] > 0:
        return ""
    each = counted(round(row["n_ok"] / row["n_items"]), "answer")
    return f" Chance in {each} to an item lowers r as well."


def _levels(forms: pd.DataFrame, job: ReportJob) -> str:
    """The two forms of one condition whose means are farthest apart."""
    apart = []
    for _, cell in groups(forms.dropna(subset="shift"), CELL_KEY, sort=False):
        ordered = records(cell.sort_values("shift", kind="stable"))
        apart.append((ordered[-1]["shift"] - ordered[0]["shift"], ordered[0], ordered[-1]))
    if not apart:
        return ""
    most, low, high = max(apart, key=lambda found: found[0])
    of_all = "" if len(apart) == 1 else " at most"
    if number(most) == number(0):
        return "Mean ratings were the same in all forms."
    return (
        f"Between forms, mean ratings differed by{of_all} {number(most)} points: they were lowest "
        f"with {low['form']} and highest with {high['form']} ({condition(job, low)})."
    )


def _agreement(forms: pd.DataFrame, job: ReportJob) -> str:
    """How well the forms order items alike."""
    known = forms.dropna(subset="r_others")
    if known.empty:
        return ""
    least = records(known.sort_values("r_others", kind="stable"))[0]
    told = span(known["r_others"], bounded=True)
    ends = ci(least["r_others_low"], least["r_others_high"], bounded=True)
    where = f"{least['form']}, {condition(job, least)}"
    return (
        f"Item means of a form correlated {told} with the mean of the other forms; least with "
        f"{where}{f', {ends}' if ends else ''}.{_noisy(least)}"
    )


def _people(forms: pd.DataFrame, job: ReportJob) -> str:
    """The condition whose agreement with people depends most on the form."""
    apart = []
    for _, cell in groups(forms.dropna(subset="r"), CELL_KEY, sort=False):
        if len(cell) > 1:
            ordered = records(cell.sort_values("r", kind="stable"))
            apart.append((ordered[-1]["r"] - ordered[0]["r"], ordered[0], ordered[-1]))
    if not apart:
        return ""
    _, low, high = max(apart, key=lambda found: found[0])
    least, most = coefficient(low["r"]), coefficient(high["r"])
    if least == most:
        return (
            f"r with people was the same in all forms ({least})."
            if len(apart) == 1
            else ("r with people was the same in all forms of a condition.")
        )
    of_all = "" if len(apart) == 1 else ", where forms differ most"
    return (
        f"r with people was between {least} ({low['form']}) and {most} ({high['form']}; "
        f"{condition(job, low)}{of_all}).{_noisy(low)}"
    )


def _direction(pulls: pd.DataFrame, job: ReportJob) -> str:
    """What reversing the scale did, most of all where its interval excludes 0."""
    known = pulls.dropna(subset="effect")
    if known.empty:
        return ""
    clear = known[(known["effect_low"] > 0) | (known["effect_high"] < 0)]
    shown = clear if len(clear) else known
    size = shown["effect"].abs().sort_values(ascending=False, kind="stable")
    row = records(shown.loc[[size.index[0]]])[0]
    if len(known) == 1:
        return f"{_reversed(row)}."
    largest = "clear and largest" if 0 < len(clear) < len(known) else "largest"
    return (
        f"{_reversed(row)}. This is for {condition(job, row)}, where the pull is {largest}. Its "
        f"interval excludes 0 in {out_of(len(clear), len(known))} conditions."
    )


def _reversed(row: Row) -> str:
    """Reversing changes means on the card's scale by twice the pull."""
    effect, ends = row["effect"], [row["effect_low"], row["effect_high"]]
    upward = effect > 0
    interval = ci(*(ends if upward else (-ends[1], -ends[0])))
    towards = f"towards {'higher' if upward else 'lower'} numbers"
    told = f"a pull of {number(abs(effect))} points {towards}{f', {interval}' if interval else ''}"
    if not (ends[0] > 0 or ends[1] < 0):
        return f"Reversing the scale did not clearly move mean ratings ({told})"
    moved = "lowered" if upward else "raised"
    return f"Reversing the scale {moved} mean ratings by {number(2 * abs(effect))} points: {told}"


def _places(places: pd.DataFrame, job: ReportJob) -> str:
    """The place of labels that drew most choices beyond chance in one condition."""
    known = places.dropna(subset="effect")
    if known.empty:
        return ""
    row = records(known.loc[[known["effect"].abs().idxmax()]])[0]
    same = known
    for name in CELL_KEY:
        same = same[same[name] == row[name]]
    chance = 1 / len(same)
    share = chance + row["effect"]
    ends = [chance + row[f"effect_{end}"] for end in ("low", "high")]
    interval = (
        "" if any(map(math.isnan, ends)) else f" (95% CI [{percent(ends[0])}, {percent(ends[1])}])"
    )
    return (
        f"The label shown at place {int(row['place'])} of {len(same)} got {percent(share)} of the "
        f"choices{interval}, where {percent(chance)} would be expected if place did not matter "
        f"({condition(job, row)}{', most of all' if _conditions(known) > 1 else ''})."
    )


def _conditions(rows: pd.DataFrame) -> int:
    return len(rows[CELL_KEY].drop_duplicates())
