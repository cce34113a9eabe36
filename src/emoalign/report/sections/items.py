"""Item by item: what readers explore with the mouse, a finger or the keyboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emoalign.report.packing import Numbers, fractions, packed, packed_json, shares
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import LabelScale, Scale
from emoalign.tables.ratings import ITEMS

Places = npt.NDArray[np.int64]
CELL = ("model", "protocol", "readout")
READ = [*CELL, "item_id", "n_ok", "mean", "sd", "distribution"]
READ += ["human_mean", "human_sd", "human_n", "human_distribution"]
MOST_POINTS = 21
"""Points of a scale whose shares are kept apart; of longer scales, neighbours are put together."""


@dataclass(frozen=True)
class Block:
    """All ratings on one scale of a dataset: `about` says what is where in `content`."""

    id: str
    about: Mapping[str, Any]
    content: str


def _view(results: Results) -> View | Absent:
    blocks = list(_blocks(results))
    if not any(block.about["cells"] for block in blocks):
        return Absent("No model has rated any item, so there is none to look at.")
    job = results.job
    index = {
        "datasets": {name: _items(results, name) for name in job.datasets},
        "models": {name: {"title": model.title} for name, model in job.models.items()},
        "scales": [block.about for block in blocks],
    }
    hidden = [card.title for card in job.datasets.values() if not card.show_items]
    return View({"index": packed_json(index), "blocks": blocks, "hidden": hidden})


def _items(results: Results, dataset: str) -> dict[str, Any]:
    card = results.job.datasets[dataset]
    ids = sorted(results.stimuli(dataset)["item_id"].astype(str))
    names = [results.item(dataset, item) for item in ids] if card.show_items else None
    return {"title": card.title, "modality": card.modality, "ids": ids, "names": names}


def _blocks(results: Results) -> Iterator[Block]:
    for dataset, card in results.job.datasets.items():
        scales: dict[str, Scale] = {**card.scales, **card.labels}
        for name, scale in scales.items():
            file = results.folder / f"items/{dataset}.parquet"
            rows = pq.read_table(file, columns=READ, filters=[("scale", "=", name)])
            ids = sorted(results.stimuli(dataset)["item_id"].astype(str))
            yield _block(f"{dataset}-{name}", dataset, name, scale, rows, ids)


def _block(
    id: str,  # noqa: A002 - it is the id of an element of the page
    dataset: str,
    name: str,
    scale: Scale,
    rows: pa.Table,
    ids: list[str],
) -> Block:
    about: dict[str, Any] = {"id": id, "dataset": dataset, "scale": name, "n": len(ids)}
    labelled = isinstance(scale, LabelScale)
    points = list(scale.labels) if labelled else list(scale.points)
    groups = [[place] for place in range(len(points))]
    if not labelled and len(points) > MOST_POINTS:
        groups = [list(some) for some in np.array_split(np.arange(len(points)), MOST_POINTS)]
        points = [float(np.mean([points[place] for place in some])) for some in groups]
    low, high = (0.0, 1.0) if labelled else (float(scale.min), float(scale.max))
    about |= {"kind": "labels" if labelled else "numbers", "points": points}
    about |= {"min": low, "max": high, "cells": []}

    place = {item: number for number, item in enumerate(ids)}
    at = np.array([place[item] for item in rows["item_id"].to_pylist()], dtype=np.int64)
    keys = list(zip(*(rows[name].to_pylist() for name in CELL), strict=True))
    columns = _Columns(rows, groups, len(ids), low, high)
    content = [columns.rater("human_", at, np.arange(len(keys)))]
    belongs: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(keys):
        belongs.setdefault(key, []).append(row)
    for key in sorted(belongs):
        chosen = np.array(belongs[key], dtype=np.int64)
        content.append(columns.rater("", at, chosen))
        about["cells"].append(dict(zip(CELL, key, strict=True)))
    return Block(id, about, packed(b"".join(content)))


class _Columns:
    """The columns of item rows, as the page holds them."""

    def __init__(
        self, rows: pa.Table, groups: list[list[int]], n: int, low: float, high: float
    ) -> None:
        self.rows, self.groups, self.n, self.low, self.high = rows, groups, n, low, high
        self.width = sum(map(len, groups))

    def rater(self, of: str, at: Places, chosen: Places) -> bytes:
        """Mean, SD, number of ratings and shares, item after item, of people or a cell."""
        number = "n_ok" if not of else "human_n"
        mean, sd = (self._spread(f"{of}{one}", at, chosen) for one in ("mean", "sd"))
        counts = np.nan_to_num(self._spread(number, at, chosen))
        found = self._shares(f"{of}distribution", at, chosen)
        return (
            fractions(mean, self.low, self.high)
            + fractions(sd, 0, self.high - self.low)
            + np.minimum(counts, 65534).astype("<u2").tobytes()
            + shares(found.T)
        )

    def _spread(self, name: str, at: Places, chosen: Places) -> Numbers:
        values = self.rows[name].cast(pa.float64()).to_numpy()
        spread = np.full(self.n, np.nan)
        spread[at[chosen]] = values[chosen]
        return spread

    def _shares(self, name: str, at: Places, chosen: Places) -> Numbers:
        lists = self.rows[name].take(pa.array(chosen)).combine_chunks()
        known = pc.is_valid(lists).to_numpy(zero_copy_only=False)
        flat = np.asarray(pc.list_flatten(lists)).reshape(-1, self.width)
        grouped = np.stack([flat[:, some].sum(axis=1) for some in self.groups], axis=1)
        found = np.full((self.n, len(self.groups)), np.nan)
        found[at[chosen][known]] = grouped
        return found


SECTION = Section(
    id="items",
    heading="Item by item",
    label="Items",
    view=_view,
)
