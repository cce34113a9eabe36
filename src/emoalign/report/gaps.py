"""What is missing in a table of cells, and why, each reason once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.report.wording import why_no_interval, why_undefined
from emoalign.tables import records

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Gap:
    """Something that could not be computed, why, and in which cells."""

    what: str
    why: str
    cells: tuple[str, ...]


def alignment_gaps(rows: pd.DataFrame) -> list[Gap]:
    """What is missing of correlations, their intervals and ceilings."""
    asked = {
        "Correlation with people": _correlation,
        "Interval of r": _interval,
        "Ceiling": _ceiling,
    }
    return _gaps(rows, asked)


def spread_gaps(rows: pd.DataFrame) -> list[Gap]:
    """What is missing of the comparison of spreads."""
    return _gaps(rows, {"Spread of people": _people, "Spread of the model": _model})


def _gaps(rows: pd.DataFrame, asked: Mapping[str, Callable[[Row], str | None]]) -> list[Gap]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in records(rows):
        for what, why in asked.items():
            reason = why(row)
            if reason is not None:
                found.setdefault((what, reason), []).append(_cell(row))
    return [Gap(what, why, tuple(cells)) for (what, why), cells in found.items()]


def _cell(row: Row) -> str:
    names: Iterable[str] = (row[name] for name in ("model", "protocol", "dataset", "scale"))
    return f"{', '.join(names)}, {row['readout']}"


def _correlation(row: Row) -> str | None:
    return why_undefined(row) if math.isnan(row["pearson_r"]) else None


def _interval(row: Row) -> str | None:
    if math.isnan(row["pearson_r"]) or not math.isnan(row["pearson_low"]):
        return None
    return why_no_interval(row)


def _ceiling(row: Row) -> str | None:
    if not math.isnan(row["ceiling"]):
        return None
    return (
        "the reliability of people's ratings cannot be estimated: that takes several items with "
        "single ratings, or with SDs and numbers of raters"
    )


def _people(row: Row) -> str | None:
    if not math.isnan(row["sd_human_median"]):
        return None
    return "People's SDs are not known"


def _model(row: Row) -> str | None:
    if not math.isnan(row["sd_model_median"]):
        return None
    if not row["n_ok"] and row["readout"] == "sampled":
        return "no answer of the model was a rating"
    return "no item has two usable answers of the model"
