"""The results on groups of raters in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.report.conditions import condition
from emoalign.report.nearest import SMALL
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding
from emoalign.tables import groups, records
from emoalign.wording import ci, coefficient, number, out_of, with_p

PAIR = ["dataset", "attribute", "a", "b"]
"""What contrasts of the same two groups share."""

CELL = ["model", "protocol", "dataset", "scale", "readout", "attribute", "a", "b"]

VALUES = ["value_a", "value_b", "difference", "difference_low", "difference_high", "p_holm"]

Row = Mapping[str, Any]


def clear_side(low: float, high: float, p: float) -> int:
    """The side of 0 that a difference is clearly on, 1 or −1: by its interval and its Holm-adjusted
    p-value. 0 where it is clearly on neither."""
    if not p < SMALL or not (low > 0 or high < 0):
        return 0
    return 1 if low > 0 else -1


def beside(contrasts: pd.DataFrame) -> pd.DataFrame:
    """A row per condition and two groups, with the columns of each measure as measure_column."""
    if contrasts.empty:
        return pd.DataFrame(columns=CELL)
    by_measure = {name: rows for (name,), rows in groups(contrasts, ["measure"])}
    wide = by_measure["r"][[*CELL, "n_items", "n_texts", "ceiling_a", "ceiling_b", "reason"]]
    for measure, rows in by_measure.items():
        named = {name: f"{measure}_{name}" for name in VALUES}
        wide = wide.merge(rows[[*CELL, *VALUES]].rename(columns=named), on=CELL)
    ceilings = by_measure["r_disattenuated"].set_index(CELL)["reason"]
    of_ceilings = ceilings.reindex(pd.MultiIndex.from_frame(wide[CELL])).to_numpy()
    return wide.assign(reason=wide["reason"].where(wide["reason"].notna(), of_ceilings))


def findings(contrasts: pd.DataFrame, personas: pd.DataFrame, job: ReportJob) -> Iterator[Finding]:
    """What groups differ in: a finding for each two that differ, and one for a dataset's others;
    then what personas do."""
    for (dataset,), of_dataset in groups(beside(contrasts), ["dataset"], sort=False):
        alike: list[tuple[str, str]] = []
        tested = 0
        for (_, a, b), rows in groups(of_dataset, ["attribute", "a", "b"], sort=False):
            known = [row for row in records(rows) if not np.isnan(row["r_p_holm"])]
            told = list(_of_groups(known, a, b, job))
            if told:
                yield Finding(told, dataset=dataset)
            elif known:
                alike.append((a, b))
                tested = max(tested, len(known))
        if alike:
            yield Finding([_alike(alike, tested)], dataset=dataset)
    known_personas = personas[(personas["measure"] == "mse") & personas["p_holm"].notna()]
    for (dataset, _, a, b), rows in groups(known_personas, PAIR, sort=False):
        yield Finding(_of_personas(records(rows), a, b, job), dataset=dataset)


def _of_groups(rows: list[dict[str, Any]], a: str, b: str, job: ReportJob) -> Iterator[str]:
    """What two groups differ in; nothing where no difference is clear."""
    for side, (more, less) in ((1, (a, b)), (-1, (b, a))):
        clear = [row for row in rows if _decided(row, "r") == side]
        if clear:
            yield from _closer(clear, len(rows), side, more, less, job)
    yield from _closeness(rows, a, b)


def _alike(pairs: list[tuple[str, str]], tested: int) -> str:
    between = " nor between ".join(f"the means of {a} and of {b}" for a, b in pairs)
    where = {1: "", 2: " in either condition"}.get(tested, f" in any of the {tested} conditions")
    return f"Correlations did not differ significantly between {between}{where}."


def _closer(
    rows: list[dict[str, Any]], n: int, side: int, more: str, less: str, job: ReportJob
) -> Iterator[str]:
    """In how many conditions r is higher with one group, and whether reliability explains it."""
    most = max(rows, key=lambda row: abs(row["r_difference"]))
    of_more, of_less = ("a", "b") if side == 1 else ("b", "a")
    low, high = sorted(side * most[f"r_difference_{end}"] for end in ("low", "high"))
    where = "Ratings" if n == 1 else f"In {out_of(len(rows), n)} conditions, ratings"
    clearest = "" if len(rows) == 1 else "largest difference: "
    yield (
        f"{where} correlated more highly with the means of {more} than of {less} ({clearest}"
        f"r = {coefficient(most[f'r_value_{of_more}'])} against "
        f"{coefficient(most[f'r_value_{of_less}'])}, difference "
        f"{coefficient(abs(most['r_difference']))}, {ci(low, high, bounded=True)}; "
        f"{condition(job, most)})."
    )
    without = [row for row in rows if np.isnan(row["r_disattenuated_difference"])]
    if without:
        yield (
            "Whether the reliability of the two groups' means explains this could not be assessed"
            + ("." if len(without) == len(rows) else f" in {out_of(len(without), len(rows))}.")
        )
    known = [row for row in rows if row not in without]
    stays = [row for row in known if _excludes_0(row, "r_disattenuated", side)]
    if known:
        ceilings = " and ".join(
            f"{coefficient(most[f'ceiling_{one}'])} ({name})"
            for one, name in ((of_more, more), (of_less, less))
            if not np.isnan(most[f"ceiling_{one}"])
        )
        beside_ceilings = f" The ceilings there were {ceilings}." if ceilings else ""
        if len(stays) == len(known):
            yield (
                "The different reliabilities of the groups' means do not explain this: the "
                f"difference remained after correction for them.{beside_ceilings}"
            )
        elif stays:
            yield (
                f"In {out_of(len(stays), len(known))} of these, the difference remained after "
                "correction for the different reliabilities of the groups' means, which may "
                f"explain the others.{beside_ceilings}"
            )
        else:
            yield (
                "The different reliabilities of the groups' means may explain this: after "
                f"correction for them, no clear difference was left.{beside_ceilings}"
            )


def _closeness(rows: list[dict[str, Any]], a: str, b: str) -> Iterator[str]:
    """To which group ratings are closer in points, without the sampling error of means."""
    known = [row for row in rows if not np.isnan(row["mse_difference"])]
    nearer = {a: 0, b: 0}
    for row in known:
        side = _decided(row, "mse")
        if side:
            nearer[a if side < 0 else b] += 1
    for name, other in ((a, b), (b, a)):
        if nearer[name]:
            where = "" if len(known) == 1 else f" in {out_of(nearer[name], len(known))} conditions"
            yield (
                f"In points of the scale, ratings were closer to the means of {name} than of "
                f"{other}{where} (mean squared difference without sampling error)."
            )


def _decided(row: Row, measure: str) -> int:
    low, high = (row[f"{measure}_difference_{end}"] for end in ("low", "high"))
    return clear_side(low, high, row[f"{measure}_p_holm"])


def _excludes_0(row: Row, measure: str, side: int) -> bool:
    """Whether the interval of a difference lies on this side of 0."""
    low, high = (float(side * row[f"{measure}_difference_{end}"]) for end in ("low", "high"))
    return min(low, high) > 0


def _of_personas(rows: list[dict[str, Any]], a: str, b: str, job: ReportJob) -> Iterator[str]:
    n = len(rows)
    moved = [clear_side(row["shift_low"], row["shift_high"], row["p_holm"]) for row in rows]
    towards = [row for row, side in zip(rows, moved, strict=True) if side > 0]
    away = [row for row, side in zip(rows, moved, strict=True) if side < 0]
    if towards:
        yield _moved(towards, n, a, b, "towards", job)
    if away:
        yield _moved(away, n, a, b, "away from", job)
    if not towards and not away:
        where = {1: "", 2: " in either comparison"}.get(n, f" in any of {n} comparisons")
        yield (
            f"Personas of {a} and of {b} did not clearly move ratings towards their own group"
            f"{where}{_shift(max(rows, key=lambda row: abs(row['shift'])), n, job)}."
        )


def _moved(rows: list[dict[str, Any]], n: int, a: str, b: str, where: str, job: ReportJob) -> str:
    most = max(rows, key=lambda row: abs(row["shift"]))
    some = "Personas" if n == 1 else f"In {out_of(len(rows), n)} comparisons, personas"
    return f"{some} of {a} and of {b} moved ratings {where} their own group{_shift(most, n, job)}."


def _shift(row: Row, n: int, job: ReportJob) -> str:
    which = "shift" if n == 1 else "largest shift"
    ends = ci(row["shift_low"], row["shift_high"])
    cell = {**row, "protocol": f"{row['protocol_a']} and {row['protocol_b']}"}
    return (
        f" ({which} {number(row['shift'])} squared points, {ends}, {with_p(row['p_holm'])}; "
        f"{condition(job, cell)})"
    )
