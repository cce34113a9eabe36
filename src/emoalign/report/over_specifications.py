"""Whether conclusions hold over all ways of asking, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.report.conditions import scale
from emoalign.report.nearest import SMALL
from emoalign.report.report_job import ReportJob
from emoalign.tables import groups, records
from emoalign.wording import coefficient, counted, out_of, with_p

Row = Mapping[str, Any]

FEW_ITEMS = 30
"""Of fewer items, the report says that an end of the range of r rests on them alone: the 95%
interval of r = 0 is wider than ±.36."""

FEW_ANSWERS = 10
"""Of fewer sampled answers an item, likewise: their noise lowers r."""


def over_specifications(
    ways: pd.DataFrame, curves: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob
) -> str | None:
    """Whether models keep their order over all ways of asking, or, where no two were asked alike,
    how far r depends on the way, and whether its ends rest on little; None where none has several.
    The tables are `SPECIFICATIONS`, `SPECIFICATION_CURVES` and `SPECIFICATION_CONTRASTS`."""
    pairs = records(contrasts[contrasts["n_specifications"] > 1])
    if len(pairs) == 1:
        return _pair(pairs[0], job)
    if pairs:
        return _pairs(pairs)
    alone = records(curves[curves["n_specifications"] > 1])
    return _alone(ways, alone, job) if alone else None


def _pair(row: Row, job: ReportJob) -> str:
    """Two models on one scale."""
    n, higher = row["n_specifications"], {"a": row["n_a_higher"], "b": row["n_b_higher"]}
    names = {side: job.short_names[row[side]] for side in higher}
    ahead, behind = ("b", "a") if row["difference"] < 0 else ("a", "b")
    where = "" if _one_scale(job) else f" on {scale(job, row)}"
    closer = f"{names[ahead]} is closer to people than {names[behind]}{where}"
    in_each = f"{closer} in {out_of(n, n)} ways of asking"
    split = "; ".join(
        f"{names[side]} is closer in {higher[side]}" for side in (ahead, behind) if higher[side]
    )
    if higher[ahead] == n:
        if math.isnan(row["p"]):
            return f"{in_each}; this could not be tested ({row['reason']})."
        if row["p_holm"] < SMALL:
            return f"{in_each} ({with_p(row['p'])})."
        return f"{in_each}, but chance may explain the difference ({with_p(row['p'])})."
    over = f"Over {out_of(n, n)} ways of asking"
    if row["p_holm"] < SMALL:
        return f"{over} together, {closer} ({with_p(row['p'])}), but not in each: {split}."
    tested = "" if math.isnan(row["p"]) else f" ({with_p(row['p'])})"
    told = f": {split}" if split else ""
    return f"{over}, {names['a']} and {names['b']} are not clearly apart{where}{tested}{told}."


def _pairs(pairs: Sequence[Row]) -> str:
    """Several comparisons of two models on a scale."""
    clear = [row for row in pairs if row["p_holm"] < SMALL]
    same = [row for row in clear if max(row["n_a_higher"], row["n_b_higher"]) == _n(row)]
    if not clear:
        return (
            f"None of {counted(len(pairs), 'comparison')} of two models is clear over all ways of "
            "asking together (Holm-adjusted p < .05)."
        )
    opening = (
        f"In {out_of(len(same), len(pairs))} comparisons of two models, the same model is closer "
        "to people in every way of asking, and clearly so over all together (Holm-adjusted "
        "p < .05)"
    )
    rest = {
        "clear over all together but not the same in each": len(clear) - len(same),
        "not clear": len(pairs) - len(clear),
    }
    told = "".join(f"; {n} {'is' if n == 1 else 'are'} {what}" for what, n in rest.items() if n)
    return f"{opening}{told}."


def _alone(ways: pd.DataFrame, curves: Sequence[Row], job: ReportJob) -> str:
    """Models of which no two were asked alike, or one."""
    if len(curves) == 1:
        [row] = curves
        n = row["n_specifications"]
        opening = (
            f"r with people depends on the way of asking even in its sign: over {n} ways, it is"
            if row["lowest"] < 0 < row["highest"]
            else f"Over {n} ways of asking, r with people is"
        )
        median = coefficient(row["median"])
        return f"{opening} {_span(row)} (median {median}); {_above(row)}.{_little(ways, row)}"
    widest = max(curves, key=lambda row: row["highest"] - row["lowest"])
    who = [] if len(job.models) == 1 else [job.short_names[widest["model"]]]
    of = ", ".join([*who, *([] if _one_scale(job) else [scale(job, widest)])])
    unsure = sum(row["n_above_0"] < _n(row) for row in curves)
    held = (
        "In every case, r is above 0 (95% interval) in all ways of asking."
        if not unsure
        else f"In {out_of(unsure, len(curves))} cases, there are ways of asking in which r is not "
        "above 0 (95% interval)."
    )
    return (
        f"r with people varies most between ways of asking for {of}: {_span(widest)} over "
        f"{_n(widest)} ways.{_little(ways, widest)} {held}"
    )


def _span(row: Row) -> str:
    least, most = coefficient(row["lowest"]), coefficient(row["highest"])
    return least if least == most else f"between {least} and {most}"


def _little(ways: pd.DataFrame, curve: Row) -> str:
    """Sentences, each after a space, about ends of a range that rest on few items or answers."""
    if curve["lowest"] == curve["highest"]:
        return ""
    about = ["model", "dataset", "scale"]
    of_curve = ways[about].eq([curve[name] for name in about]).all(axis=1)
    own = sorted(records(ways[of_curve].dropna(subset="r")), key=lambda way: float(way["r"]))
    return "".join(
        f" The {end} r rests on only {rests}."
        for end, way in zip(("lowest", "highest"), own[:1] + own[-1:], strict=False)
        if (rests := _rests_on_little(way, noisy=end == "lowest"))
    )


def _rests_on_little(way: Row, noisy: bool) -> str:
    """The few items that r rests on, and the few answers where these matter, as they are `noisy`;
    nothing where both are many. At a temperature of 0, one answer is as good as many."""
    n, each = int(way["n_items"]), way["n_ok"] / way["n_items"]
    sampled = noisy and way["readout"] == "sampled" and way["temperature"] != 0
    items = counted(n, "item") if n < FEW_ITEMS else ""
    if not sampled or each >= FEW_ANSWERS:
        return items
    answers = counted(max(1, round(each)), "answer")
    return f"{answers} to each {f'of {items}' if items else 'item'}, whose noise lowers it"


def _above(row: Row) -> str:
    ways = out_of(int(row["n_above_0"]), _n(row))
    return f"its 95% interval is above 0 in {ways}"


def _n(row: Row) -> int:
    return int(row["n_specifications"])


def _one_scale(job: ReportJob) -> bool:
    return sum(len(card.scales) for card in job.datasets.values()) == 1


def widest_first(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves by how far r depends on the way of asking, the widest first."""
    width = (curves["highest"] - curves["lowest"]).rename("width")
    return curves.loc[width.sort_values(ascending=False, kind="stable").index]


def orders(curves: pd.DataFrame) -> list[Row]:
    """One row for each scale on which ways of asking can agree on the order of models."""
    known = curves.dropna(subset="kendall_w")
    return [records(rows)[0] for _, rows in groups(known, ["dataset", "scale"], sort=False)]
