"""Names of items in figures and in the report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def item_names(stimuli: pd.DataFrame, show_items: bool) -> dict[str, str]:
    """The text of each item, or the name of its image, by id; the id if the terms forbid that.

    `stimuli` is a table of stimuli.
    """
    named = stimuli.set_index("item_id")
    if not show_items:
        return {str(item): str(item) for item in named.index}
    pictured = named["image_path"].dropna().map(lambda path: Path(path).stem)
    return {str(item): str(name) for item, name in named["text"].fillna(pictured).items()}
