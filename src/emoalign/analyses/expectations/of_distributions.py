"""Expectations about distributions, beside what was found.

Inoshita et al. (2026, arXiv 2604.27345) report that models asked without examples diverge more from
people than a model fine-tuned on people's labels, that their uncertainty follows people's only
loosely, that three light methods of calibration reduce the divergence by up to 14%, and that models
agree better with people on labels that texts express outright. How loosely, and how a reduction
"up to 14%" is tested, is our reading: see LOOSE and GAIN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.expectations.expectation import (
    INOSHITA,
    Checked,
    Expectation,
    Finding,
    scorecard,
)
from emoalign.statistics.replicates import Interval
from emoalign.tables import BASELINE, groups, records
from emoalign.wording import coefficient, number

LOOSE = 0.5
"""A rank correlation of entropies below this is called loose: our threshold, none is published."""

GAIN = 0.14
"""The largest relative reduction of the divergence: "up to 14%" in the published abstract. We read
this as: the best of METHODS reduces it, by no more than this."""

METHODS = {
    "temperature": "temperature scaling",
    "bias": "a bias for each label",
    "isotonic": "isotonic regression",
}
"""The three published methods, as the scorecard calls them."""

EXPECTED = {
    "asked above fine-tuned": Expectation(
        "A prompted model diverges more from people (JSD) than one fine-tuned on their labels.",
        INOSHITA,
    ),
    "entropies related": Expectation(
        "The entropies of model and human distributions correlate positively on every scale.",
        INOSHITA,
    ),
    "entropies loosely related": Expectation(
        "The entropies of model and human distributions correlate only loosely on every scale "
        f"(in our reading, ρ below {coefficient(LOOSE)}).",
        INOSHITA,
    ),
    "calibration gain": Expectation(
        "Temperature scaling, a bias for each label or isotonic regression reduces JSD, by up to "
        f"{GAIN:.0%}.",
        INOSHITA,
    ),
    "transparent labels": Expectation(
        "The more openly texts state a label, the more closely a model follows people on it.",
        INOSHITA,
    ),
}


@dataclass(frozen=True, eq=False)
class DistributionTables:
    """The tables of a study that the expectations are checked on.

    Attributes:
        entropy: ENTROPY, a row for every cell.
        contrasts: DISTRIBUTION_CONTRASTS.
        calibration: CALIBRATION.
        gradient: TRANSPARENCY_GRADIENT; without rows in a study without labels.
    """

    entropy: pd.DataFrame
    contrasts: pd.DataFrame
    calibration: pd.DataFrame
    gradient: pd.DataFrame


def distribution_scorecard(
    labels: Mapping[str, Sequence[str]], tables: DistributionTables
) -> pd.DataFrame:
    """One row per expectation, model, protocol, readout and dataset (or scale of labels)."""
    rows: list[dict[str, object]] = []
    asked = tables.entropy[tables.entropy["protocol"] != BASELINE]
    for key, cells in groups(asked, ["model", "protocol", "dataset", "readout"]):
        model, protocol, dataset, readout = key
        checked = Checked((model, protocol), dataset, readout)
        checks = [
            ("entropies related", _entropies(cells, loose=False)),
            ("entropies loosely related", _entropies(cells, loose=True)),
        ]
        for scale in sorted(labels.get(dataset, ())):
            cell = Cell(model, protocol, dataset, scale, readout)
            checks += [
                ("asked above fine-tuned", _above_fine_tuned(cell, tables.contrasts)),
                ("calibration gain", _gain(cell, tables.calibration)),
                ("transparent labels", _transparent(cell, tables.gradient)),
            ]
        rows += [checked.row(name, EXPECTED[name], finding) for name, finding in checks]
    return scorecard(rows, EXPECTED)


@dataclass(frozen=True)
class Cell:
    """A cell of a scale of labels, by the names it has in the tables."""

    model: str
    protocol: str
    dataset: str
    scale: str
    readout: str

    def rows(self, table: pd.DataFrame, **wanted: str) -> list[dict[str, Any]]:
        """The rows of a table about this cell that have these texts too."""
        keys = {name: value for name, value in vars(self).items() if name in table} | wanted
        same = [table[name] == value for name, value in keys.items()]
        return records(table[np.all(same, axis=0)])


def _entropies(cells: pd.DataFrame, *, loose: bool) -> Finding | str:
    """A test of ρ above 0 on every scale, or below LOOSE on every scale."""
    unknown = cells[cells["spearman_rho_low"].isna()]
    if len(unknown):
        first = records(unknown.sort_values("scale"))[0]
        return (
            f"no correlation of entropies for {first['scale']}: {first['reason'] or 'no interval'}"
        )
    rho, low, high = (
        cells[f"spearman_rho{end}"].to_numpy(dtype=np.float64) for end in ("", "_low", "_high")
    )
    place = int(rho.argmax() if loose else rho.argmin())
    which = (
        "" if len(cells) == 1 else f"{'highest' if loose else 'lowest'} of {len(cells)} scales: "
    )
    words = f"{which}ρ = {coefficient(rho[place])} for {cells['scale'].iloc[place]}"
    if loose:
        words += f" (estimate: {coefficient(LOOSE)} minus ρ)"
        return Finding(LOOSE - rho.max(), Interval(LOOSE - high.max(), LOOSE - low.max()), words)
    return Finding(rho.min(), Interval(low.min(), high.min()), words)


def _above_fine_tuned(cell: Cell, contrasts: pd.DataFrame) -> Finding | str:
    """A test against the fine-tuned baseline to which it is closest, on the same items."""
    rows = cell.rows(contrasts, kind="baseline", within=cell.protocol, a=cell.model, metric="jsd")
    if not rows:
        return f"the study has no fine-tuned baseline for {cell.scale}"
    with_intervals = [row for row in rows if not np.isnan(row["difference_low"])]
    if not with_intervals:
        return str(rows[0]["reason"] or "no interval")
    row = min(with_intervals, key=lambda row: (row["difference"], row["b"]))
    words = (
        f"JSD = {number(row['mean_a'])} bits, {row['b']} {number(row['mean_b'])} bits, for "
        f"{row['n_items']:.0f} items of {cell.scale}"
    )
    return Finding(
        row["difference"], Interval(row["difference_low"], row["difference_high"]), words
    )


def _gain(cell: Cell, calibration: pd.DataFrame) -> Finding | str:
    """A test of the largest gain of METHODS between 0 and GAIN: its distance to the nearer end."""
    rows = [row for method in METHODS for row in cell.rows(calibration, method=method)]
    if not rows:
        return f"{cell.scale} was not calibrated by any of the published methods"
    judged = [row for row in rows if not np.isnan(row["gain_low"])]
    if not judged:
        return str(rows[0]["reason"] or "no interval")
    best = max(judged, key=lambda row: float(row["gain"]))
    gain, low, high = (best["gain"], best["gain_low"], best["gain_high"])
    # As expected if the whole interval is within; not if all of it is on one side.
    surely, possibly = min(low, GAIN - high), min(high, GAIN - low)
    words = (
        f"reduction of the JSD for {cell.scale} by {METHODS[best['method']]}: {_percent(gain)}, "
        f"95% CI [{_percent(low)}, {_percent(high)}], from {number(best['jsd_before'])} to "
        f"{number(best['jsd_after'])} bits in cross-validation (estimate: the distance of this "
        f"reduction to 0% or {GAIN:.0%}, whichever is nearer)"
    )
    return Finding(min(gain, GAIN - gain), Interval(surely, possibly), words)


def _percent(share: float) -> str:
    return f"{number(100 * share, 1)}%"


def _transparent(cell: Cell, gradient: pd.DataFrame) -> Finding | str:
    row = next(iter(cell.rows(gradient, predictor="t")), None)
    if row is None:
        return f"the transparency of the labels of {cell.scale} is not known"
    if np.isnan(row["rho_low"]):
        return str(row["reason"] or "no interval")
    words = f"ρ = {coefficient(row['rho'])} over {row['n_labels']:.0f} labels of {cell.scale}"
    return Finding(row["rho"], Interval(row["rho_low"], row["rho_high"]), words)
