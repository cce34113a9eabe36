"""Expectations about correlations and spread, and the findings of this study.

Most are those of Ogg et al. (2025, arXiv 2508.14214); the order of valence, arousal and dominance
is that of Inoshita et al. (2026, arXiv 2604.27345).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.expectations.expectation import (
    INOSHITA,
    OGG,
    Checked,
    Expectation,
    Finding,
    scorecard,
)
from emoalign.items.rated_items import RatedItems, Rater
from emoalign.statistics.replicates import Interval, Replicates
from emoalign.study.scales import AROUSED, VALENCE
from emoalign.tables import records
from emoalign.wording import coefficient, counted, number

HAPPY = "happiness"
DOMINANT = "dominance"
OF_OGG = (VALENCE, AROUSED, HAPPY, "anger", "sadness", "fear", "disgust")
"""The scales of Ogg et al. (2025); their order says nothing about others."""

EXPECTED = {
    "all positive": Expectation(
        "Mean ratings correlate positively with human means on every scale.", OGG
    ),
    "arousal weakest": Expectation(
        "Of valence, arousal and five emotions, arousal has the lowest correlation with human "
        "means.",
        OGG,
    ),
    "happiness strongest": Expectation(
        "Of valence, arousal and five emotions, happiness has the highest correlation with human "
        "means.",
        OGG,
    ),
    "emotions above dimensions": Expectation(
        "Discrete emotions correlate more highly with human means than dimensions do.", OGG
    ),
    "less spread than people": Expectation(
        "The model's ratings of an item vary less than people's on every scale.", OGG
    ),
    "V shape of people": Expectation(
        "Human arousal ratings rise towards both ends of valence (a V shape).", OGG
    ),
    "V shape of the model": Expectation(
        "The model's arousal ratings rise towards both ends of valence (a V shape).", OGG
    ),
    "valence above arousal": Expectation(
        "Valence correlates more highly with human means than arousal does.", INOSHITA
    ),
    "arousal above dominance": Expectation(
        "Arousal correlates more highly with human means than dominance does.", INOSHITA
    ),
}


def scorecard_rows(
    rated: Sequence[RatedItems],
    correlations: Mapping[tuple[str, str, Rater], Mapping[str, Replicates]],
    tables: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """One row per expectation, model, protocol, readout and dataset; see `tables.SCORECARD`.

    `tables` are the alignment, the framework and the arousal of the same study.
    """
    rows = []
    for dataset in rated:
        for rater in dataset.raters:
            cells = correlations[dataset.dataset, dataset.readout, rater]
            scales = _rows_of(tables["alignment"], dataset, rater)
            shape = next(iter(_rows_of(tables["arousal"], dataset, rater)), None)
            checks = {
                "all positive": _all_positive(scales),
                "arousal weakest": _extreme(cells, AROUSED, strongest=False),
                "happiness strongest": _extreme(cells, HAPPY, strongest=True),
                "less spread than people": _less_spread(scales),
                "V shape of people": _v_shape(shape, "v_human"),
                "V shape of the model": _v_shape(shape, "v_model"),
                "valence above arousal": _above(cells, VALENCE, AROUSED),
                "arousal above dominance": _above(cells, AROUSED, DOMINANT),
            }
            checked = Checked(rater, dataset.dataset, dataset.readout)
            rows += [checked.row(name, EXPECTED[name], check) for name, check in checks.items()]
    rows += _framework(rated, tables["framework"])
    return scorecard(rows, EXPECTED)


def _all_positive(cells: Sequence[Mapping[str, Any]]) -> Finding | str:
    """A test of r above 0 on every scale; with one scale, its r as in the alignment."""
    unknown = sorted(cell["scale"] for cell in cells if np.isnan(cell["pearson_r"]))
    if unknown or not cells:
        return f"no correlation for {', '.join(unknown) or 'any scale'}"
    lowest = min(cells, key=lambda cell: (cell["pearson_r"], cell["scale"]))
    return _least_favourable(
        [
            (cell["pearson_r"], Interval(cell["pearson_low"], cell["pearson_high"]))
            for cell in cells
        ],
        f"{_of_scales('lowest', len(cells))}r = {coefficient(lowest['pearson_r'])} for "
        f"{lowest['scale']}",
    )


def _extreme(cells: Mapping[str, Replicates], scale: str, *, strongest: bool) -> Finding | str:
    """A test of the r of one scale above (or below) those of all others, paired by item."""
    if scale not in cells:
        return _unrated(scale)
    others = sorted({*cells} & {*OF_OGG} - {scale})
    if not others:
        return f"{scale} is the only one of these scales"
    if (scale, others, strongest) == (AROUSED, [VALENCE], False):
        return (
            f"{VALENCE} is the only other scale, so this is the same test as that of {VALENCE} "
            f"above {AROUSED}"
        )
    unknown = [name for name in (scale, *others) if np.isnan(cells[name].estimate)]
    if unknown:
        return f"no correlation for {', '.join(unknown)}"
    nearest = (max if strongest else min)(others, key=lambda name: cells[name].estimate)
    differences = [
        cells[scale] - cells[name] if strongest else cells[name] - cells[scale] for name in others
    ]
    words = (
        f"r = {coefficient(cells[scale].estimate)} for {scale}; "
        f"{'highest' if strongest else 'lowest'} of the others: "
        f"r = {coefficient(cells[nearest].estimate)} for {nearest}"
    )
    return _least_favourable([(apart.estimate, apart.interval()) for apart in differences], words)


def _above(cells: Mapping[str, Replicates], higher: str, lower: str) -> Finding | str:
    """A test of the r of one scale above that of another, paired by item."""
    missing = [scale for scale in (higher, lower) if scale not in cells]
    if missing:
        return _unrated(missing[0])
    unknown = [scale for scale in (higher, lower) if np.isnan(cells[scale].estimate)]
    if unknown:
        return f"no correlation for {', '.join(unknown)}"
    words = (
        f"r = {coefficient(cells[higher].estimate)} for {higher}, "
        f"{coefficient(cells[lower].estimate)} for {lower}"
    )
    difference = cells[higher] - cells[lower]
    return _least_favourable([(difference.estimate, difference.interval())], words)


def _unrated(scale: str) -> str:
    return f"the study has no {scale} ratings of these items"


def _of_scales(which: str, n: int) -> str:
    """The opening of a number that is the lowest or highest of several scales."""
    return "" if n == 1 else f"{which} of {n} scales: "


def _least_favourable(numbers: Sequence[tuple[float, Interval]], words: str) -> Finding | str:
    """The finding about several numbers: the least of them, with the least favourable ends.

    All are above 0 if the lowest of the lower ends is, and not all are if an upper end is below.
    """
    if any(np.isnan(interval.low) for _, interval in numbers):
        return f"{words}, without an interval"
    limits = Interval(
        min(interval.low for _, interval in numbers), min(interval.high for _, interval in numbers)
    )
    return Finding(min(estimate for estimate, _ in numbers), limits, words)


def _less_spread(cells: Sequence[Mapping[str, float]]) -> Finding | str:
    unknown = sorted(str(cell["scale"]) for cell in cells if np.isnan(cell["log_rms_sd_ratio_low"]))
    if unknown or not cells:
        return f"no ratio of SDs for {', '.join(unknown) or 'any scale'}"
    widest = max(cells, key=lambda cell: cell["log_rms_sd_ratio"])
    limits = Interval(
        -max(cell["log_rms_sd_ratio_high"] for cell in cells),
        -max(cell["log_rms_sd_ratio_low"] for cell in cells),
    )
    words = (
        f"{_of_scales('largest', len(cells))}SD of the model "
        f"{number(np.exp(widest['log_rms_sd_ratio']))} times the human SD for {widest['scale']} "
        "(estimate: minus the natural logarithm of this ratio)"
    )
    return Finding(-widest["log_rms_sd_ratio"], limits, words)


def _v_shape(row: Mapping[str, float] | None, name: str) -> Finding | str:
    if row is None:
        return _unrated(AROUSED)
    interval = Interval(row[f"{name}_low"], row[f"{name}_high"])
    if np.isnan(interval.low):
        return str(row["reason"] or "no interval")
    words = (
        f"r = {coefficient(row[name])} between arousal and the distance of valence from the middle "
        f"of its scale, {row['n_items']:.0f} items"
    )
    return Finding(row[name], interval, words)


def _framework(rated: Sequence[RatedItems], framework: pd.DataFrame) -> list[dict[str, object]]:
    check = "emotions above dimensions"
    rows, checked = [], set()
    for row in records(framework):
        datasets = row["datasets"]
        rater = row["model"], row["protocol"]
        checked |= {(name, row["readout"], rater) for name in datasets.split("+")}
        interval = Interval(row["difference_low"], row["difference_high"])
        finding: Finding | str = Finding(
            row["difference"],
            interval,
            f"mean r = {coefficient(row['r_emotions'])} over "
            f"{counted(row['n_emotions'], 'discrete emotion')}, "
            f"{coefficient(row['r_dimensions'])} over {counted(row['n_dimensions'], 'dimension')}",
        )
        if np.isnan(interval.low):
            finding = str(row["reason"])
        rows.append(Checked(rater, datasets, row["readout"]).row(check, EXPECTED[check], finding))
    rows += [
        Checked(rater, dataset.dataset, dataset.readout).row(
            check, EXPECTED[check], "the study does not have both discrete emotions and dimensions"
        )
        for dataset in rated
        for rater in dataset.raters
        if (dataset.dataset, dataset.readout, rater) not in checked
    ]
    return rows


def _rows_of(table: pd.DataFrame, rated: RatedItems, rater: Rater) -> list[dict[str, float]]:
    wanted = {
        "model": rater[0],
        "protocol": rater[1],
        "dataset": rated.dataset,
        "readout": rated.readout,
    }
    return records(table[np.all([table[name] == value for name, value in wanted.items()], axis=0)])
