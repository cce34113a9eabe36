"""The table of planning in words: how precise a study will be, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from emoalign.tables import records

NOT_REACHABLE = "not reachable"

NAMES = {
    "r": "r with people",
    "log_rms_sd_ratio": "ln of the ratio of SDs",
    "jsd": "mean JSD (bits)",
}
"""Measures, as readers of the plan know them."""

SPREADS = {
    "alike": "if the model's SDs follow people's over items",
    "unrelated": "if they do not",
}
"""What is assumed of a model's SDs."""


def in_words(rows: pd.DataFrame) -> list[str]:
    """How precise a study will be, in a few lines per scale and way of asking.

    Of the half-widths that were asked for, the one in the middle is told; all are in the table.
    """
    lines = []
    way = ["dataset", "scale", "readout", "participants"]
    for _, of_way in rows.groupby(way, sort=False, dropna=False):
        first = records(of_way)[0]
        asked = "exact" if first["readout"] == "exact" else f"{first['participants']} participants"
        lines.append(
            f"{first['dataset']} {first['scale']}, {first['n_items']:,} items, {asked}: "
            "half-widths of 95% intervals"
        )
        for measure, of_measure in of_way.groupby("measure", sort=False):
            lines += [f"  {line}" for line in _lines(str(measure), of_measure)]
    if rows["participants_needed"].isna().any():
        lines.append("Why something is not reachable, and other half-widths: precision.csv.")
    return lines


def _lines(measure: str, rows: pd.DataFrame) -> Iterator[str]:
    if rows["planned"].isna().all() and rows["items_needed"].isna().all():
        yield f"{NAMES[measure]}: {rows['reason'].iloc[0]}."
        return
    widths = list(dict.fromkeys(rows["half_width"]))
    width = widths[len(widths) // 2]
    planned = records(rows[rows["half_width"] == width])
    yield f"{NAMES[measure]}: " + ", ".join(
        f"±{row['planned']:.3f} {_assumption(measure, row)}" for row in planned
    )
    need = f"for ±{width:g}: items {_counts([row['items_needed'] for row in planned])}"
    if planned[0]["readout"] == "sampled":
        need += f"; or participants {_counts([row['participants_needed'] for row in planned])}"
    yield need


def _assumption(measure: str, row: dict[str, Any]) -> str:
    if measure == "r":
        return f"if it is {row['assumed']} (seen as {row['expected']:.2f})"
    if measure == "log_rms_sd_ratio":
        return SPREADS[row["assumed"]]
    return f"for a {row['assumed']} model ({row['expected']:.2f})"


def _counts(counts: Sequence[Any]) -> str:
    words = [NOT_REACHABLE if pd.isna(count) else f"{count:,}" for count in counts]
    return words[0] if len(set(words)) == 1 else " / ".join(words)
