"""Readers: one per file format, from a file to all its items with their human ratings."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoalign.errors import DataError
from emoalign.stimuli.goemotions import read_goemotions
from emoalign.stimuli.source_items import HumanRatings, SourceItem, from_ratings
from emoalign.stimuli.text import utf8


def read_vader_lexicon(path: Path) -> list[SourceItem]:
    """The VADER lexicon (Hutto & Gilbert 2014): `token, mean, SD, [ratings]`, tab-separated.

    Mean and SD are recomputed from the single ratings because the file states an SD with ddof 0
    and states some wrongly. Tokens may hold quotes and spaces, and some occur twice with other
    ratings, so an item is known by its line: vader-00001 is the first.
    """
    items = []
    for number, line in enumerate(utf8(path).split("\n"), 1):
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


_OASIS_SCALES = {"valence": "Valence", "arousal": "Arousal"}


def read_oasis(path: Path) -> list[SourceItem]:
    """The norms of OASIS (Kurdi, Lozano & Banaji 2017): an image per row, means, SDs (ddof 1), Ns.

    The image of a row is `<Theme>.jpg`; some themes end in a space, their files do not.
    """
    rows = csv.reader(utf8(path).splitlines())
    header = next(rows, [])
    needed = ["Theme"] + [
        f"{name}_{part}" for name in _OASIS_SCALES.values() for part in ("mean", "SD", "N")
    ]
    lacking = [name for name in needed if name not in header]
    if lacking:
        raise DataError(f"{path}, line 1: lacks the columns {', '.join(lacking)}")
    items = []
    for number, values in enumerate(rows, 2):
        if len(values) != len(header):
            raise DataError(
                f"{path}, line {number}: expected {len(header)} fields, found {len(values)}"
            )
        row = dict(zip(header, values, strict=True))
        ratings: Mapping[str, HumanRatings] = {
            scale: HumanRatings(
                mean=_number(row[f"{name}_mean"], path, number, f"{name}_mean"),
                sd=_number(row[f"{name}_SD"], path, number, f"{name}_SD"),
                n=int(_number(row[f"{name}_N"], path, number, f"{name}_N")),
                ratings=None,
            )
            for scale, name in _OASIS_SCALES.items()
        }
        image = f"{row['Theme'].strip()}.jpg"
        items.append(SourceItem(item_id=values[0], text=None, ratings=ratings, image=image))
    return items


def _number(text: str, path: Path, line: int, column: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(
            f"{path}, line {line}, column {column}: expected a number, found {text[:40]!r}"
        ) from None


READERS: Mapping[str, Callable[[Path], list[SourceItem]]] = {
    "vader-lexicon": read_vader_lexicon,
    "oasis": read_oasis,
    "goemotions": read_goemotions,
}
