"""The order of labels in figure and report; without matplotlib, so that dry runs stay fast."""

from __future__ import annotations

import pandas as pd


def ordered_by(transparency: pd.DataFrame) -> str:
    """The column that labels are ordered by: T where it is known, else that of the probe."""
    return "t" if transparency["t"].notna().any() else "probe_auc"
