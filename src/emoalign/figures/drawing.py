"""The jobs of the figures stage."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from emoalign.figures.correlations import draw_correlations
from emoalign.figures.means import draw_means
from emoalign.figures.spread import draw_spread
from emoalign.figures.style import model_colours, save, style
from emoalign.study.jobs import FigureJob
from emoalign.tables import ALIGNMENT, ITEMS, STIMULI


def draw_scale(
    job: FigureJob,
    dataset: str,
    scale: str,
    items: Path,
    stimuli: Path,
    alignment: Path,
    folder: Path,
) -> None:
    """Draw what concerns one scale of one dataset: means.* and spread.* in `folder`."""
    rows = ITEMS.read(items)
    rows = rows[rows["scale"] == scale]
    table = ALIGNMENT.read(alignment)
    table = table[(table["dataset"] == dataset) & (table["scale"] == scale)]
    colours = model_colours(list(job.models))
    entry = job.datasets[dataset]
    with style():
        labels = item_labels(STIMULI.read(stimuli), entry.show_items)
        means = draw_means(rows, table, labels, entry.scales[scale], colours, job.models)
        save(means, folder / "means")
        save(draw_spread(rows, colours, job.models), folder / "spread")


def draw_overview(job: FigureJob, alignment: Path, folder: Path) -> None:
    """Draw what concerns all cells: correlations.* in `folder`."""
    with style():
        figure = draw_correlations(
            ALIGNMENT.read(alignment), model_colours(list(job.models)), job.models
        )
        save(figure, folder / "correlations")


def item_labels(stimuli: pd.DataFrame, show_items: bool) -> pd.Series:
    """What an item is called in a figure: its text or the name of its image, or its id where the
    terms forbid that."""
    named = stimuli.set_index("item_id")
    if not show_items:
        return named.index.to_series()
    pictured = named["image_path"].dropna().map(lambda path: Path(path).stem)
    return named["text"].fillna(pictured)
