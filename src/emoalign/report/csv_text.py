"""Tables as readers download them from the page."""

from __future__ import annotations

import pandas as pd

from emoalign.tables import inert

DIGITS = 6
"""Significant digits of tables in the page; the files of the study have all of them."""


def csv_text(rows: pd.DataFrame) -> bytes:
    """Rows as CSV with DIGITS significant digits; empty cells for what is not there.

    Texts that a spreadsheet would carry out as formulas are made inert.
    """
    text: str = inert(rows).to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
    return text.encode()
