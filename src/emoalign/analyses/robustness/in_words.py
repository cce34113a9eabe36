"""The results of the checks of correlations, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.robustness.analysis import HALF
from emoalign.report.conditions import condition, nothing_asked
from emoalign.report.report_job import ReportJob
from emoalign.statistics.robustness import range_corrected
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import CELL_KEY, records
from emoalign.wording import ci, coefficient, counted, listed, out_of, percent, span

WHOLE = (
    ("thirds", "pooled"),
    ("sides", "pooled"),
    ("answers", ""),
    ("weighted", ""),
    ("common", ""),
    ("mass", ""),
)
"""The checks on all items of a condition, or on all that a rule leaves."""

CHECKS = (
    "every check with an interval (within thirds, and within negative and positive items, pooled)"
)
"""Those of `WHOLE` in words: r within a single third or side rests on few items."""

PARTED = (
    ("thirds", "within thirds"),
    ("sides", "within negative and within positive items"),
)
"""The checks within parts of the items, in words."""

SAME_RANGE = 0.02
"""A ratio of SDs this close to 1 changes no r in its second decimal."""

UNSEEN = 0.005
"""A smaller change of r does not show in its second decimal."""

FEW = 3
"""The most conditions that are named one by one."""


def _of(rows: pd.DataFrame, check: str, of_part: str = "") -> pd.DataFrame:
    """The rows of one check, with r over all items as r_all and the lower end of its interval."""
    of_all = rows.loc[rows["check"] == "all", [*CELL_KEY, "r", "low"]]
    beside = of_all.rename(columns={"r": "r_all", "low": "low_all"})
    chosen = rows[(rows["check"] == check) & (rows["part"] == of_part)]
    return chosen.merge(beside, on=CELL_KEY)


def verdict(rows: pd.DataFrame) -> str:
    """The number of correlations above 0 that stay above 0 in every check, whether they do so in
    single parts of the items, and how many are lower within parts than restriction of range
    explains."""
    clear = _of(rows, "all").query("low > 0")
    if clear.empty:
        return "No correlation had a 95% interval above 0, so there was none to check."
    checked = pd.concat([_of(rows, *check) for check in WHOLE]).query("low_all > 0 and low == low")
    if checked.empty:
        return (
            "This could not be assessed: no positive correlation (95% interval above 0) has an "
            "interval in any check."
        )
    lost = checked.query("low <= 0").drop_duplicates(CELL_KEY)
    held = len(clear) - len(lost)
    lower = [len(_between(rows, check)) for check, _ in PARTED]
    answer = "Yes" if held == len(clear) and not any(lower) else "In part" if held else "No"
    if len(clear) == 1:
        stayed = "stayed" if held else "did not stay"
        told = f"the one positive correlation (95% interval above 0) {stayed} above 0 in {CHECKS}"
    else:
        some = out_of(held, len(clear))
        told = f"{some} positive correlations (95% interval above 0) stayed above 0 in {CHECKS}"
    sentences = [f"{answer}: {told}."]
    if held and (fell := _lost_alone(rows)):
        one = "it did not always do so" if len(clear) == 1 else "not all did"
        sentences.append(f"Within {' and within '.join(fell)} alone, where items are fewer, {one}.")
    explained = [
        f"{within}{'' if len(clear) == 1 else f' in {out_of(n, len(clear))} cases'}"
        for (_, within), n in zip(PARTED, lower, strict=True)
        if n
    ]
    if explained:
        sentences.append(
            f"Correlations were lower {listed(explained)} than restriction of range explains."
            if len(clear) > 1
            else f"It was lower {listed(explained)} than restriction of range explains."
        )
    return " ".join(sentences)


def _lost_alone(rows: pd.DataFrame) -> list[str]:
    """The kinds of single parts in some of which a correlation did not stay above 0."""
    kinds = {"single thirds": "thirds", "negative or positive items": "sides"}
    single = rows[rows["part"].ne("pooled") & rows["low"].notna()]
    return [
        name
        for name, check in kinds.items()
        if any(
            _of(rows, check, part).query("low_all > 0 and low <= 0").shape[0]
            for part in single.loc[single["check"] == check, "part"].unique()
        )
    ]


def answers(rows: pd.DataFrame, job: ReportJob) -> dict[str, str]:
    """The result of each check, by its subject."""
    parted_by = sorted(rows["parted_by"].dropna().unique())
    by = parted_by[0] if len(parted_by) == 1 else "valence, or by the scale itself without it"
    told = {
        f"Within thirds of the items (by {by})": _within(_of(rows, "thirds", "pooled"), job),
        "Within negative and within positive items": _within(_of(rows, "sides", "pooled"), job),
        "Number of answers": _by_answers(rows, job),
        "Items shared by all conditions": _common(_of(rows, "common"), job),
        "Items without a rating": _missing(rows, job),
        "Restriction of range": _range(_of(rows, "all")),
        "Probability on the scale": _mass(_of(rows, "all"), job),
    }
    return {name: sentences for name, sentences in told.items() if sentences}


def _within(pooled: pd.DataFrame, job: ReportJob) -> str:
    """The correlations that are left within parts."""
    if pooled.empty:
        return ""
    above = pooled.query("low_all > 0")
    if above.empty:
        return "No correlation over all items had a 95% interval above 0."
    clear = above.query("low == low")
    if clear.empty:
        return "No positive correlation has an interval within parts of the items."
    held = int((clear["low"] > 0).sum())
    furthest = records(clear.sort_values("difference", kind="stable"))[0]
    unknown = len(above) - len(clear)
    others = f" ({unknown} more {'has' if unknown == 1 else 'have'} no interval within parts)"
    told = f"{out_of(held, len(clear))} positive correlations stayed above 0"
    told += f"{others if unknown else ''}."
    sentences = [told[0].upper() + told[1:]]
    if len(clear) == 1:
        stayed = "stayed" if held else "did not stay"
        one = "One positive correlation" if unknown else "The one positive correlation"
        sentences = [f"{one} {stayed} above 0{others if unknown else ''}."]
    if furthest["difference"] <= -UNSEEN:
        sentences.append(
            f"The largest drop was from {coefficient(furthest['r_all'])} over all items to "
            f"{coefficient(furthest['r'])}, {ci(furthest['low'], furthest['high'], bounded=True)}, "
            f"within parts ({condition(job, furthest)}).{_corrected(furthest)}"
        )
    return " ".join(sentences)


def _corrected(cell: Mapping[str, Any]) -> str:
    if math.isnan(cell["r_corrected"]):
        return ""
    return (
        f" Corrected for restriction of range, it was {coefficient(cell['r_corrected'])} within "
        "parts."
    )


def _by_answers(rows: pd.DataFrame, job: ReportJob) -> str:
    few, weighted = _of(rows, "answers"), _of(rows, "weighted")
    if few.empty:
        return ""
    least = part(job, StatisticsSettings).min_answers
    wanted = counted(least, "usable answer")
    left_out = int(few["n_left_out"].sum())
    if not left_out:
        first = f"Every item has at least {wanted}."
    elif not few["n_items"].any():
        return f"No item has at least {wanted}, so this could not be checked."
    else:
        affected = counted(int((few["n_left_out"] > 0).sum()), "condition")
        items = f"{left_out:,} {'item' if left_out == 1 else 'items'}"
        first = (
            f"Without items that have fewer than {wanted} ({items} in {affected}), "
            f"{_changes(few, job)}"
        )
    return f"{first} With items weighted by their number of answers, {_changes(weighted, job)}"


def _common(common: pd.DataFrame, job: ReportJob) -> str:
    if not common["n_left_out"].any():
        alike = "scale" if nothing_asked(job) else "scale and readout"
        return f"All correlations for the same {alike} rest on the same items."
    return f"On {shared_items(job)}, {_changes(common, job)}"


def shared_items(job: ReportJob) -> str:
    """The items that comparisons between conditions are made on."""
    if nothing_asked(job):
        return "the items that all models rated on the same scale"
    return "the items that all conditions with the same scale and readout share"


def _changes(rows: pd.DataFrame, job: ReportJob) -> str:
    """The largest change of r in a check."""
    known = rows.dropna(subset="difference")
    if known.empty:
        return "no correlation could be computed."
    most = records(known.sort_values("difference", key=np.abs, kind="stable"))[-1]
    if abs(most["difference"]) < UNSEEN:
        return "correlations stayed the same."
    before, after = coefficient(most["r_all"]), coefficient(most["r"])
    ends = f", from {before} to {after}" if before != after else ""
    return (
        f"correlations changed by at most {coefficient(abs(most['difference']))}{ends} "
        f"({condition(job, most)})."
    )


def _missing(rows: pd.DataFrame, job: ReportJob) -> str:
    """The items without a rating, and the range of r that they leave possible."""
    every = _of(rows, "all")
    lacking = every.query("n_missing > 0")
    if lacking.empty:
        return "Every condition has a rating of every item that people rated."
    some = "" if len(every) == 1 else f"In {len(lacking)} of {len(every)} conditions, "
    sentences = [f"{some}{'some' if some else 'Some'} items have no rating."]
    widest = lacking.assign(width=lacking["r_most"] - lacking["r_least"])
    known = records(widest.dropna(subset=["r", "width"]).sort_values("width", kind="stable"))
    if known:
        cell = known[-1]
        where = "" if len(known) == 1 else "in the least certain condition "
        sentences.append(
            "Had the model rated them, r could lie anywhere between "
            f"{coefficient(cell['r_least'])} and {coefficient(cell['r_most'])} {where}"
            f"({condition(job, cell)}; {cell['n_missing']} of "
            f"{cell['n_missing'] + cell['n_items']} items without a rating)."
        )
    sentences += _refusals(rows, job)
    return " ".join(sentences)


def _refusals(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The condition whose share of answers that are no rating differs most between thirds."""
    thirds = rows[(rows["check"] == "thirds") & (rows["part"] != "pooled")]
    wide = thirds.pivot(index=CELL_KEY, columns="part", values=["no_rating", "refused"]).dropna()
    if wide.empty:
        return
    shares = wide["no_rating"].to_numpy(dtype=float)
    if not np.ptp(shares, axis=1).any():
        return
    cell = wide.index[int(np.argmax(np.ptp(shares, axis=1)))]
    named = dict(zip(CELL_KEY, cell, strict=True))
    shown, refused = (
        [percent(wide.loc[cell, (name, third)]) for third in ("low", "middle", "high")]
        for name in ("no_rating", "refused")
    )
    if len(set(shown)) == 1:
        return
    which = "" if len(wide) == 1 else ", where thirds differ most"
    yield (
        f"In the lowest, middle and highest third of the items, {listed(shown)} of the answers "
        f"were not ratings, and {listed(refused)} were refused, blocked or rejected "
        f"({condition(job, named)}{which})."
    )


def _range(every: pd.DataFrame) -> str:
    ratios = every["sd_ratio"].dropna()
    if ratios.empty:
        return ""
    if ratios.min() > 1 - SAME_RANGE:
        return (
            "The range is not restricted: human means vary no less over the compared items than "
            f"over all rated items of the study (ratio of SDs: {span(ratios)})."
        )
    return (
        f"The SD of human means over the compared items was {span(ratios)} times that over all "
        "rated items of the study. The table “Every check” below has r corrected for restriction "
        "of range."
    )


def _mass(every: pd.DataFrame, job: ReportJob) -> str:
    exact = every.dropna(subset="on_scale_mass")
    if exact.empty:
        return ""
    off = records(exact[exact["mostly_off_scale"].astype(bool)])
    if not off:
        return (
            "At least half of the model's probability is on the ratings of the scale in every "
            "condition, both on average and for at least half of the items."
        )
    named = "; ".join(
        f"{condition(job, cell)}: {percent(cell['on_scale_mass'])}" for cell in off[:FEW]
    )
    more = f"; and {len(off) - FEW} more" if len(off) > FEW else ""
    on_average = all(cell["on_scale_mass"] < HALF for cell in off)
    where = "" if on_average else ", on average or for most items"
    whose = "this condition" if len(off) == 1 else "these conditions"
    less = "less than half of the model's probability is on the ratings of the scale"
    less = (
        less.capitalize()
        if len(exact) == 1
        else f"In {len(off)} of {len(exact)} conditions, {less}"
    )
    return (
        f"{less}{where} ({named}{more}). The means of {whose} rest on answers that the model is "
        "unlikely to give."
    )


def _between(rows: pd.DataFrame, check: str) -> pd.DataFrame:
    """Correlations above 0 that are lower within the parts of a check, also if the narrower range
    is allowed for: the whole interval of the corrected r is below r over all items."""
    pooled = _of(rows, check, "pooled").query("low_all > 0 and difference_high < 0")
    highest = [range_corrected(row["high"], row["sd_ratio"]) for row in records(pooled)]
    return pooled[np.array(highest, dtype=float) < pooled["r_all"].to_numpy(dtype=float)]


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """The part of the correlation that lies between negative and positive items, where it does."""
    told = _between(rows, "sides")
    if told.empty:
        return
    cell, *others = records(told.sort_values(["r_all", *CELL_KEY], ascending=[False] + [True] * 5))
    things = f"{job.datasets[cell['dataset']].modality}s"
    clear = len(_of(rows, "all").query("low > 0"))
    yield [
        f"Part of the correlation reflects the difference between negative and positive {things}: "
        f"r was {coefficient(cell['r_all'])} over all {things}, but {coefficient(cell['r'])}, "
        f"{ci(cell['low'], cell['high'], bounded=True)}, within negative and within positive ones "
        f"({condition(job, cell)}).",
        f"Corrected for restriction of range, the correlation within negative and within positive "
        f"{things} was {coefficient(cell['r_corrected'])}, still below "
        f"{coefficient(cell['r_all'])}.",
        *_likewise(others, clear - 1, job),
    ]


def _likewise(cells: list[dict[str, Any]], others: int, job: ReportJob) -> Iterator[str]:
    """For how many of the other positive correlations the same is true."""
    if others == 1 and cells:
        yield f"The same is true of the other positive correlation ({condition(job, cells[0])})."
    elif others == 1:
        yield "The same is not true of the other positive correlation."
    elif others:
        yield f"The same is true of {out_of(len(cells), others)} other positive correlations."
