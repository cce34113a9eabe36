"""Readers: one per file format, from a file to all its items with their human ratings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoalign.errors import DataError


@dataclass(frozen=True)
class HumanRatings:
    """What people said of one item on one scale, in the numbers of the source file."""

    mean: float
    sd: float
    n: int
    ratings: tuple[float, ...] | None


@dataclass(frozen=True)
class SourceItem:
    """One item of a dataset, under the dataset's own id."""

    item_id: str
    text: str
    ratings: Mapping[str, HumanRatings]


def from_ratings(ratings: NDArray[np.float64]) -> HumanRatings:
    """Mean, SD (ddof 1) and n recomputed from single ratings; NaN where they are undefined."""
    n = len(ratings)
    return HumanRatings(
        mean=float(ratings.mean()) if n else float("nan"),
        sd=float(ratings.std(ddof=1)) if n > 1 else float("nan"),
        n=n,
        ratings=tuple(ratings.tolist()),
    )


def read_vader_lexicon(path: Path) -> list[SourceItem]:
    """The VADER lexicon (Hutto & Gilbert 2014): `token, mean, SD, [ratings]`, tab-separated.

    Mean and SD are recomputed from the single ratings because the file states an SD with ddof 0
    and states some wrongly. Tokens may hold quotes and spaces, and some occur twice with other
    ratings, so an item is known by its line: vader-00001 is the first.
    """
    items = []
    for number, line in enumerate(_utf8(path).split("\n"), 1):
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) != 4:
            raise DataError(
                f"{path}, line {number}: expected 4 tab-separated fields (token, mean, SD, list of "
                f"ratings), found {len(fields)}"
            )
        items.append(
            SourceItem(
                item_id=f"vader-{number:05d}",
                text=fields[0],
                ratings={"valence": from_ratings(_rating_list(fields[3], path, number))},
            )
        )
    return items


def _utf8(path: Path) -> str:
    """The text of a file, without the mark that some programs put before it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error


def _rating_list(field: str, path: Path, line: int) -> NDArray[np.float64]:
    try:
        values = ast.literal_eval(field)
    except (ValueError, SyntaxError):
        values = None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise DataError(
            f"{path}, line {line}: expected a list of whole numbers such as [-1, 0, 2], "
            f"found {field[:60]!r}"
        )
    return np.array(values, dtype=np.float64)


READERS: Mapping[str, Callable[[Path], list[SourceItem]]] = {"vader-lexicon": read_vader_lexicon}
