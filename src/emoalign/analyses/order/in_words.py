"""Effects of order in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.report.conditions import condition
from emoalign.report.grid import CELL_ORDER
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.tables import records
from emoalign.wording import ci, coefficient, number, out_of, percent

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """What answers did where an effect is above 0, below 0 or unclear, and how much.

    `much` has places for the number with its sign (`signed`), or for its size and `way`.
    """

    above: str
    below: str
    unclear: str
    much: str

    def size(self, value: float) -> str:
        """An estimate in its unit."""
        way = "lower" if value < 0 else "higher"
        return self.much.format(signed=number(value), size=number(abs(value)), way=way)


EFFECTS = {
    "carry_over": Effect(
        "moved towards the item before (assimilation)",
        "moved away from the item before (contrast)",
        "did not clearly depend on the item before",
        "{signed} points per point of its mean",
    ),
    "echo": Effect(
        "followed the answer before (echo)",
        "moved away from the answer before (negative echo)",
        "did not clearly follow the answer before",
        "after an answer 1 point higher, the next was {size} points {way}",
    ),
    "drift": Effect(
        "rose during the session",
        "fell during the session",
        "neither clearly rose nor fell during the session",
        "{signed} points in ten positions",
    ),
    "history": Effect(
        "moved towards the earlier items of the session",
        "moved away from the earlier items of the session",
        "did not clearly depend on the earlier items of the session",
        "{signed} points per point of their mean",
    ),
}
"""The effects in the order of the table."""


def told(rows: pd.DataFrame, name: str, job: ReportJob) -> str:
    """One effect over all conditions that have it; nothing without any."""
    known = rows.dropna(subset=name)
    if known.empty:
        return ""
    effect = EFFECTS[name]
    above, below = (int(side.sum()) for side in _clear(known, name))
    size = known[name].abs().rename("size")
    ordered = known.assign(size=size).sort_values(
        ["size", *CELL_ORDER], ascending=[False] + [True] * len(CELL_ORDER), kind="stable"
    )
    largest = records(ordered)[0]
    much = f"{effect.size(largest[name])}, {_interval(largest, name)}"
    where = condition(job, largest)
    if len(known) == 1:
        did = effect.above if above else effect.below if below else effect.unclear
        return f"Answers {did}: {much} ({where})."
    if not above and not below:
        return (
            f"Answers {effect.unclear} in any of {len(known)} conditions; the largest estimate was "
            f"{much} ({where})."
        )
    counts = [(above, effect.above), (below, effect.below)]
    (often, first), (seldom, second) = sorted(counts, key=lambda pair: -pair[0])
    also = f" and {second} in {seldom}" if seldom else ""
    return (
        f"Answers {first} in {out_of(often, len(known))} conditions{also} (95% intervals). The "
        f"largest estimate: {much} ({where})."
    )


def _clear(rows: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """Where the interval of an effect is above 0, and where below."""
    return rows[f"{name}_low"].gt(0), rows[f"{name}_high"].lt(0)


def _interval(row: Row, name: str) -> str:
    return ci(row[f"{name}_low"], row[f"{name}_high"])


def later(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """What changed from the first to the last third of sessions, where it changed most."""
    for name, what, written in (
        ("ok", "the share of usable answers", percent),
        ("r", "the correlation of single ratings with human means", coefficient),
    ):
        change = rows[f"{name}_last"] - rows[f"{name}_first"]
        known = rows[change.notna()]
        if known.empty:
            continue
        row = records(known.loc[[change.abs().idxmax()]])[0]
        ends = [written(row[f"{name}_{part}"]) for part in ("first", "last")]
        where = f" ({condition(job, row)}, where it changed most)" if len(known) > 1 else ""
        went = f"stayed at {ends[0]}{where and ' in all conditions'}"
        if ends[0] != ends[1]:
            went = f"went from {ends[0]} to {ends[1]}{where}"
        yield f"From the first to the last third of a session, {what} {went}."


def sentences(rows: pd.DataFrame, job: ReportJob) -> list[str]:
    """All effects, of models that were asked before those of recorded ratings."""
    asked = rows["model"].map(lambda model: is_asked(job.models[model])).astype(bool)
    both = bool(asked.any() and not asked.all())
    return [
        _recorded(sentence) if both and not of_asked else sentence
        for of_asked, some in ((True, rows[asked]), (False, rows[~asked]))
        for name in EFFECTS
        if (sentence := told(some, name, job))
    ] + _untold(rows)


def without_means(rows: pd.DataFrame) -> pd.DataFrame:
    """The conditions whose echo and drift were estimated without the means of items."""
    return rows[rows["carry_over"].isna() & rows["drift"].notna()]


def _untold(rows: pd.DataFrame) -> list[str]:
    n, n_known = len(without_means(rows)), int(rows["drift"].notna().sum())
    if not n:
        return []
    where = f" in {out_of(n, n_known)} conditions" if n < n_known else ""
    return [
        f"What the items before do (carry-over, history) cannot be told{where}; the table says why."
    ]


def _recorded(sentence: str) -> str:
    return f"In recorded ratings, answers{sentence.removeprefix('Answers')}"


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """Carry-over where it is known, what else order clearly does, and the echo if neither is."""
    clear = [
        name for name in EFFECTS if name != "carry_over" and pd.concat(_clear(rows, name)).any()
    ]
    found = [sentence for name in ("carry_over", *clear) if (sentence := told(rows, name, job))]
    opening, *others = found or [told(rows, "echo", job)]
    if opening:
        yield [f"In sessions, answers{opening.removeprefix('Answers')}", *others]
