"""The table of planned precision in words: a few lines per scale and way of asking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from emoalign.analyses.precision.reasons import NO_NORMS
from emoalign.tables import records
from emoalign.wording import ABSENT, READOUTS, coefficient, number

NAMES = {
    "r": "r with human means",
    "log_rms_sd_ratio": "ln of the SD ratio (model/human)",
    "jsd": "mean JSD (bits)",
}
"""Measures, as the plan names them."""

SPREADS = {
    "alike": "if the model's SDs follow the human SDs over items",
    "unrelated": "if they do not",
}
"""What is assumed of a model's SDs."""

SIMULATED = {
    "perfect": "for a model that knows each item's true distribution",
    "marginal": "for one that ignores the item",
}
"""The models whose JSD is simulated."""


def in_words(rows: pd.DataFrame) -> list[str]:
    """The planned widths in a few lines per scale and way of asking.

    They are about the middle one of the wanted half-widths; the table has all of them.
    """
    if rows.empty:
        return ["No model is asked, so no interval widths are planned: all ratings are recorded."]
    lines = []
    for (dataset, scale), of_scale in rows.groupby(["dataset", "scale"], sort=False):
        if (of_scale["reason"] == NO_NORMS).all():
            lines.append(f"{dataset}, {scale}: no interval widths, because {NO_NORMS}.")
            continue
        for _, of_way in of_scale.groupby(["readout", "participants"], sort=False, dropna=False):
            n_items = int(of_way["n_items"].max())
            lines.append(
                f"{dataset}, {scale}: {_several(n_items, 'item')}, {_asked(records(of_way)[0])}. "
                "Expected half-widths of 95% intervals:"
            )
            for measure, of_measure in of_way.groupby("measure", sort=False):
                lines += [f"  {line}" for line in _lines(str(measure), of_measure, n_items)]
    return lines


def _asked(row: dict[str, Any]) -> str:
    if row["readout"] != "sampled":
        return READOUTS[row["readout"]]
    return _several(row["participants"], "participant")


def _lines(measure: str, rows: pd.DataFrame, n_items: int) -> Iterator[str]:
    """The widths of a measure, and what brings the wanted one; or why there are none."""
    widths = list(dict.fromkeys(rows["half_width"]))
    width = widths[len(widths) // 2]
    planned = records(rows[rows["half_width"] == width])
    fewer = int(rows["n_items"].iloc[0])
    name = f"{NAMES[measure]}, {_several(fewer, 'item')}" if fewer < n_items else NAMES[measure]
    there = [row for row in planned if not pd.isna(row["planned"])]
    if there:
        yield f"{name}: " + ", ".join(_width(row, row is there[0]) for row in there)
    else:
        yield f"{name}: none, because {planned[0]['reason']}."
    needed = [row for row in planned if not pd.isna(row["items_needed"])]
    if needed:
        yield f"  {_needs(measure, width, needed, fewer)}"
    if measure == "r" and there and pd.isna(there[0]["reliability_human"]):
        yield f"  {_sentence(there[0]['reason'])}"


def _width(row: dict[str, Any], first: bool) -> str:
    measure, assumed = row["measure"], row["assumed"]
    if measure == "r":
        true, seen = coefficient(float(assumed)), coefficient(row["expected"])
        if pd.isna(row["reliability_human"]):
            about = f"if r is {true}" if first else f"if {true}"
        else:
            about = f"if the true r is {true} (observed {seen})" if first else f"if {true} ({seen})"
        return f"±{coefficient(row['planned'], 3)} {about}"
    if measure == "log_rms_sd_ratio":
        return f"±{number(row['planned'], 3)} {SPREADS[assumed]}"
    return f"±{number(row['planned'], 3)} {SIMULATED[assumed]} (mean {number(row['expected'])})"


def _needs(measure: str, width: float, rows: Sequence[dict[str, Any]], n_items: int) -> str:
    """What brings a half-width: "±.05 takes 259 / 265 items, or 6 / 9 participants"."""
    wanted = f"{width:g}".removeprefix("0") if measure == "r" else f"{width:g}"
    need = f"±{wanted} takes {_counts([row['items_needed'] for row in rows])} items"
    participants = [row["participants_needed"] for row in rows]
    told = measure != "r" or not pd.isna(rows[0]["reliability_human"])
    if rows[0]["readout"] != "sampled" or pd.isna(rows[0]["planned"]) or not told:
        return need
    if pd.isna(participants).all():
        return f"{need}; with {_several(n_items, 'item')}, no number of participants is enough"
    unreachable = f" ({ABSENT}: no number is enough)" if pd.isna(participants).any() else ""
    several = "s" * (_counts(participants) != "1")
    return f"{need}, or {_counts(participants)} participant{several}{unreachable}"


def _sentence(reason: str) -> str:
    said = reason.removeprefix("participants: ")
    return f"{said[0].upper()}{said[1:]}."


def _counts(counts: Sequence[Any]) -> str:
    words = [ABSENT if pd.isna(count) else f"{count:,}" for count in counts]
    return words[0] if len(set(words)) == 1 else " / ".join(words)


def _several(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'s' * (n != 1)}"
