"""How every figure looks, and how it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from emoalign.tables import atomic

COLUMN_INCHES = 3.5
PAGE_INCHES = 7.2
PEOPLE = "#5f6368"
FAINT = "#c7cacd"

# Okabe & Ito (2008), told apart by readers with any common colour vision.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a800")

READOUT_NAMES = {"sampled": "sampled answers", "exact": "exact probabilities"}

_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,
    "text.parse_math": False,
}


def model_colours(models: Sequence[str]) -> dict[str, str]:
    """A colour for each model; it does not depend on the order they are named in."""
    return {model: PALETTE[place % len(PALETTE)] for place, model in enumerate(sorted(models))}


@contextmanager
def style() -> Iterator[None]:
    """The common look, inside the block."""
    with mpl.rc_context(_STYLE):
        yield


def save(figure: Figure, path: Path) -> None:
    """Write a figure beside each other as `path`.pdf and `path`.png, without a date in them."""
    for suffix, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
        with atomic(path.with_suffix(f".{suffix}")) as partial:
            figure.savefig(partial, format=suffix, metadata=metadata, bbox_inches="tight")
