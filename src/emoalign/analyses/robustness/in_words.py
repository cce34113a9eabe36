"""What the checks of correlations say, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.robustness.analysis import HALF
from emoalign.report.report_job import ReportJob
from emoalign.statistics.robustness import range_corrected
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import CELL_KEY, records
from emoalign.wording import counted, interval, number, percent

WHOLE = (
    ("thirds", "pooled"),
    ("sides", "pooled"),
    ("answers", ""),
    ("weighted", ""),
    ("common", ""),
    ("mass", ""),
)
"""The checks that all items of a cell have a say in, or all that a rule leaves."""

CHECKS = "every check with an interval (thirds and sides pooled)"
"""Those of `WHOLE`, in words: r within a single third or side says too little of a cell."""

SAME_RANGE = 0.02
"""A ratio of SDs this close to 1 changes no r in its second decimal."""

UNSEEN = 0.005
"""A smaller change of r does not show in its second decimal."""

FEW = 3
"""Cells that are named one by one."""


def _of(rows: pd.DataFrame, check: str, of_part: str = "") -> pd.DataFrame:
    """The rows of one check, beside them r over all items as r_all, with its interval."""
    of_all = rows.loc[rows["check"] == "all", [*CELL_KEY, "r", "low"]]
    beside = of_all.rename(columns={"r": "r_all", "low": "low_all"})
    chosen = rows[(rows["check"] == check) & (rows["part"] == of_part)]
    return chosen.merge(beside, on=CELL_KEY)


def verdict(rows: pd.DataFrame) -> str:
    """The answer: of the correlations above 0, those that stay above 0 in every check, and those
    that are lower within parts of the items than the range explains."""
    clear = _of(rows, "all").query("low > 0")
    if clear.empty:
        return (
            "No correlation has a 95% interval above 0, so there is none to look at more closely."
        )
    checked = pd.concat([_of(rows, *check) for check in WHOLE]).query("low_all > 0 and low == low")
    if checked.empty:
        return (
            "That cannot be told: no check of a correlation above 0 (95% interval) has an interval."
        )
    lost = checked.query("low <= 0").drop_duplicates(CELL_KEY)
    held, lower = len(clear) - len(lost), len(_between(rows))
    answer = "Yes" if held == len(clear) and not lower else "In part" if held else "No"
    if len(clear) == 1:
        stay = "stays" if held else "does not stay"
        told = f"the one correlation above 0 (95% interval) {stay} above 0 in {CHECKS}"
        are = "it is"
    else:
        stay = "stays" if held == 1 else "stay"
        some = _part(held, len(clear))
        told = f"{some} correlations above 0 (95% interval) {stay} above 0 in {CHECKS}"
        are = f"{_part(lower, len(clear))} {'is' if lower == 1 else 'are'}"
    if lower:
        told += (
            f", {'but' if held else 'and'} {are} lower within negative and within positive items "
            "than restriction of range explains"
        )
    return f"{answer}: {told}."


def answers(rows: pd.DataFrame, job: ReportJob) -> dict[str, str]:
    """What each check says, by what it is about."""
    parted_by = sorted(rows["parted_by"].dropna().unique())
    by = parted_by[0] if len(parted_by) == 1 else "valence, or by the scale itself without it"
    told = {
        f"Within thirds of the items (by {by})": _within(_of(rows, "thirds", "pooled"), job),
        "Within negative and within positive items": _within(_of(rows, "sides", "pooled"), job),
        "Number of answers": _by_answers(rows, job),
        "Common items": _common(_of(rows, "common"), job),
        "Items without a rating": _missing(rows, job),
        "Range of the items": _range(_of(rows, "all")),
        "Exact means": _mass(_of(rows, "all"), job),
    }
    return {name: sentences for name, sentences in told.items() if sentences}


def _part(some: int, every: int) -> str:
    """So many of several: both, all 5, 3 of 5, none of 5."""
    if some == every:
        return "both" if every == 2 else f"all {every}"
    return f"{some or 'none'} of {every}"


def _within(pooled: pd.DataFrame, job: ReportJob) -> str:
    """How much of the correlations is left within parts."""
    if pooled.empty:
        return ""
    above = pooled.query("low_all > 0")
    if above.empty:
        return "No r over all items has a 95% interval above 0."
    clear = above.query("low == low")
    if clear.empty:
        return "No r that is above 0 over all items (95% interval) has an interval within parts."
    held = int((clear["low"] > 0).sum())
    furthest = records(clear.sort_values("difference", kind="stable"))[0]
    stay = "stays" if held == 1 else "stay"
    unknown = len(above) - len(clear)
    others = f" ({unknown} more {'has' if unknown == 1 else 'have'} no interval within parts)"
    told = f"{_part(held, len(clear))} correlations above 0 {stay} above 0"
    told += f"{others if unknown else ''}."
    sentences = [told[0].upper() + told[1:]]
    if len(clear) == 1:
        stays = "stays" if held else "does not stay"
        one = "One correlation" if unknown else "The one correlation"
        sentences = [f"{one} above 0 {stays} above 0{others if unknown else ''}."]
    if furthest["difference"] <= -UNSEEN:
        sentences.append(
            f"The largest fall is from {number(furthest['r_all'])} over all items to "
            f"{number(furthest['r'])} {interval(furthest['low'], furthest['high'])} "
            f"({_named(furthest, job)}){_corrected(furthest)}."
        )
    return " ".join(sentences)


def _corrected(cell: Mapping[str, Any]) -> str:
    if math.isnan(cell["r_corrected"]):
        return ""
    return f"; corrected for restriction of range, r is {number(cell['r_corrected'])} there"


def _by_answers(rows: pd.DataFrame, job: ReportJob) -> str:
    few, weighted = _of(rows, "answers"), _of(rows, "weighted")
    if few.empty:
        return ""
    least = part(job, StatisticsSettings).min_answers
    wanted = counted(least, "usable answer")
    left_out = int(few["n_left_out"].sum())
    if not left_out:
        first = f"Every item that is compared has at least {wanted}."
    else:
        first = (
            f"Without items that have fewer than {wanted} ({left_out} in "
            f"{counted(int((few['n_left_out'] > 0).sum()), 'cell')}), {_changes(few, job)}"
        )
    return f"{first} With items weighted by their number of answers, {_changes(weighted, job)}"


def _common(common: pd.DataFrame, job: ReportJob) -> str:
    if not common["n_left_out"].any():
        return (
            "Cells of one scale and readout that are compared with people are compared on the same "
            "items."
        )
    return f"On the items that all cells of a scale and readout have, {_changes(common, job)}"


def _changes(rows: pd.DataFrame, job: ReportJob) -> str:
    """By how much a check changes r at most."""
    known = rows.dropna(subset="difference")
    if known.empty:
        return "no r can be computed."
    most = records(known.sort_values("difference", key=np.abs, kind="stable"))[-1]
    if abs(most["difference"]) < UNSEEN:
        return "r stays the same."
    before, after = number(most["r_all"]), number(most["r"])
    ends = f", from {before} to {after}" if before != after else ""
    return f"r changes by {number(abs(most['difference']))} at most{ends} ({_named(most, job)})."


def _missing(rows: pd.DataFrame, job: ReportJob) -> str:
    """Which items were refused, and what that leaves open."""
    every = _of(rows, "all")
    lacking = every.query("n_missing > 0")
    if lacking.empty:
        return "Every cell has a rating of every item that people rated."
    sentences = [f"In {len(lacking)} of {counted(len(every), 'cell')} some items have no rating."]
    widest = lacking.assign(width=lacking["r_most"] - lacking["r_least"])
    known = records(widest.dropna(subset=["r", "width"]).sort_values("width", kind="stable"))
    if known:
        cell = known[-1]
        sentences.append(
            f"Had the model rated them, r could be anywhere from {number(cell['r_least'])} to "
            f"{number(cell['r_most'])} in the cell that is least certain ({_named(cell, job)}: "
            f"{cell['n_missing']} of {cell['n_missing'] + cell['n_items']} items)."
        )
    sentences += _refusals(rows, job)
    return " ".join(sentences)


def _refusals(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The cell whose share of answers that are no rating differs most between thirds."""
    thirds = rows[(rows["check"] == "thirds") & (rows["part"] != "pooled")]
    wide = thirds.pivot(index=CELL_KEY, columns="part", values=["no_rating", "refused"]).dropna()
    if wide.empty:
        return
    shares = wide["no_rating"].to_numpy(dtype=float)
    if not np.ptp(shares, axis=1).any():
        return
    cell = wide.index[int(np.argmax(np.ptp(shares, axis=1)))]
    named = dict(zip(CELL_KEY, cell, strict=True))
    said, refused = (
        ", ".join(percent(wide.loc[cell, (name, third)]) for third in ("low", "middle", "high"))
        for name in ("no_rating", "refused")
    )
    yield (
        f"Thirds differ most in {_named(named, job)}: of the answers to items of the lowest, "
        f"middle and highest third, {said} are no rating and {refused} were refused, "
        "blocked or rejected."
    )


def _range(every: pd.DataFrame) -> str:
    ratios = every["sd_ratio"].dropna()
    if ratios.empty:
        return ""
    least, most = ratios.min(), ratios.max()
    shown = number(least) if number(least) == number(most) else f"{number(least)} to {number(most)}"
    if least > 1 - SAME_RANGE:
        return (
            "Human means vary no less over the items compared than over all rated items of the "
            f"study (ratio of SDs: {shown}): range is not restricted."
        )
    return (
        f"The SD of human means over the items compared is {shown} times that over all rated items "
        "of the study; the second table has r corrected for restriction of range."
    )


def _mass(every: pd.DataFrame, job: ReportJob) -> str:
    exact = every.dropna(subset="on_scale_mass")
    if exact.empty:
        return ""
    off = records(exact[exact["mostly_off_scale"].astype(bool)])
    if not off:
        return (
            "In every cell, at least half of the probability is on the scale, on average and for "
            "at least half of the items."
        )
    named = "; ".join(
        f"{_named(cell, job)}: {percent(cell['on_scale_mass'])}" for cell in off[:FEW]
    )
    more = f"; and {len(off) - FEW} more" if len(off) > FEW else ""
    on_average = all(cell["on_scale_mass"] < HALF for cell in off)
    where = "" if on_average else ", on average or for most items,"
    whose = "the means of this cell" if len(off) == 1 else "the means of these cells"
    return (
        f"In {len(off)} of {counted(len(exact), 'cell')} less than half of the probability is"
        f"{where} on the scale ({named}{more}): {whose} are of answers that the model is unlikely "
        "to give."
    )


def _between(rows: pd.DataFrame) -> pd.DataFrame:
    """Correlations above 0 that are lower within negative and within positive items, also if the
    narrower range is allowed for."""
    pooled = _of(rows, "sides", "pooled").query("low_all > 0 and difference_high < 0")
    highest = [range_corrected(row["high"], row["sd_ratio"]) for row in records(pooled)]
    return pooled[np.array(highest, dtype=float) < pooled["r_all"].to_numpy(dtype=float)]


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """That part of the correlation lies between negative and positive items, where it is."""
    told = _between(rows)
    if told.empty:
        return
    cell = records(told.sort_values(["r_all", *CELL_KEY], ascending=[False] + [True] * 5))[0]
    things = f"{job.datasets[cell['dataset']].modality}s"
    clear = len(_of(rows, "all").query("low > 0"))
    yield [
        f"Part of the correlation lies between negative and positive {things}: r of "
        f"{_named(cell, job)} is {number(cell['r_all'])} over all, but {number(cell['r'])} "
        f"{interval(cell['low'], cell['high'])} within negative and within positive ones.",
        f"Corrected for restriction of range, it is {number(cell['r_corrected'])}, still lower."
        + (f" This holds for {_part(len(told), clear)} correlations above 0." if clear > 1 else ""),
    ]


def _named(cell: Mapping[str, str], job: ReportJob) -> str:
    model = job.models[cell["model"]].title
    return f"{model}, {cell['protocol']}, {cell['dataset']} {cell['scale']}, {cell['readout']}"
