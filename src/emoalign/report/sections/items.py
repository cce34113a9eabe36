"""Item by item: ratings to explore by mouse, finger or keyboard, and the largest disagreements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoalign.report.carried import Numbers, fractions, packed, packed_json, shares
from emoalign.report.grid import CELL_ORDER, Column, Row, cell_columns, count, grid, text, value
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.scales import LabelScale, Scale
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import read_parquet
from emoalign.wording import number

Places = npt.NDArray[np.int64]
CELL = ("model", "protocol", "readout")
READ = [*CELL, "item_id", "n_ok", "mean", "sd", "distribution"]
READ += ["human_mean", "human_sd", "human_n", "human_distribution"]
MOST_POINTS = 21
"""Points of a scale whose shares are kept apart; of longer scales, neighbours are put together."""

MOST = 20
"""Items listed of each cell."""

MEANS_READ = ["model", "protocol", "dataset", "scale", "readout", "item_id", "mean", "sd"]


@dataclass(frozen=True)
class Block:
    """All ratings on one scale of a dataset: `about` says what is where in `content`."""

    id: str
    about: Mapping[str, Any]
    content: str


def _explorer(results: Results) -> View | Absent:
    blocks = list(_blocks(results))
    if not any(block.about["cells"] for block in blocks):
        return Absent("No model has rated any item, so there is nothing to show.")
    # Drawing needs matplotlib, which the workflow's start should not wait for.
    from emoalign.figures.style import model_marks

    job = results.job
    marks = model_marks(list(job.models))
    index = {
        "datasets": {name: _items(results, name) for name in job.datasets},
        "models": {
            name: {"title": job.short_names[name], "colour": marks[name].colour}
            for name in job.models
        },
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
            rows = read_parquet(file, columns=READ, filters=[("scale", "=", name)])
            ids = sorted(results.stimuli(dataset)["item_id"].astype(str))
            yield _block(f"{dataset}-{name}", dataset, name, scale, rows, ids, results.job)


def _block(
    id: str,
    dataset: str,
    name: str,
    scale: Scale,
    rows: pa.Table,
    ids: list[str],
    job: ReportJob,
) -> Block:
    shown = _points(scale)
    about: dict[str, Any] = {"id": id, "dataset": dataset, "scale": name, "n": len(ids)}
    about |= {"kind": shown.kind, "points": shown.points, "min": shown.low, "max": shown.high}
    about["cells"] = []

    place = {item: number for number, item in enumerate(ids)}
    at = np.array([place[item] for item in rows["item_id"].to_pylist()], dtype=np.int64)
    keys = list(zip(*(rows[name].to_pylist() for name in CELL), strict=True))
    columns = _Columns(rows, len(ids), shown)
    content = [columns.rater("human_", at, np.arange(len(keys)))]
    places = [{one: place for place, one in enumerate(job.order[name])} for name in CELL]
    belongs: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(keys):
        belongs.setdefault(key, []).append(row)
    for key in sorted(
        belongs,
        key=lambda key: [of.get(name, len(of)) for of, name in zip(places, key, strict=True)],
    ):
        chosen = np.array(belongs[key], dtype=np.int64)
        content.append(columns.rater("", at, chosen))
        about["cells"].append(dict(zip(CELL, key, strict=True)))
    return Block(id, about, packed(b"".join(content)))


@dataclass(frozen=True)
class _Points:
    """What an answer can be, as the page shows it: `groups` are the places, among the points or
    labels of the scale, that go into each of `points`; `low` and `high` are the ends of means."""

    kind: str
    points: list[float] | list[str]
    groups: list[list[int]]
    low: float
    high: float


def _points(scale: Scale) -> _Points:
    if isinstance(scale, LabelScale):
        labels = list(scale.labels)
        return _Points("labels", labels, [[place] for place in range(len(labels))], 0.0, 1.0)
    points = [float(point) for point in scale.points]
    several = np.array_split(np.arange(len(points)), min(len(points), MOST_POINTS))
    middles = [float(np.mean([points[place] for place in some])) for some in several]
    groups = [[int(place) for place in some] for some in several]
    return _Points("numbers", middles, groups, float(scale.min), float(scale.max))


class _Columns:
    """The columns of item rows, as the page holds them."""

    def __init__(self, rows: pa.Table, n: int, shown: _Points) -> None:
        self.rows, self.n, self.shown = rows, n, shown
        self.width = sum(map(len, shown.groups))

    def rater(self, of: str, at: Places, chosen: Places) -> bytes:
        """Mean, SD, number of ratings and shares, item after item, of people or a cell."""
        number = "n_ok" if not of else "human_n"
        mean, sd = (self._spread(f"{of}{name}", at, chosen) for name in ("mean", "sd"))
        counts = np.nan_to_num(self._spread(number, at, chosen))
        of_points = self._shares(f"{of}distribution", at, chosen)
        return (
            fractions(mean, self.shown.low, self.shown.high)
            + fractions(sd, 0, self.shown.high - self.shown.low)
            + np.minimum(counts, 65534).astype("<u2").tobytes()
            + shares(of_points.T)
        )

    def _spread(self, name: str, at: Places, chosen: Places) -> Numbers:
        values = self.rows[name].cast(pa.float64()).to_numpy()
        spread = np.full(self.n, np.nan)
        spread[at[chosen]] = values[chosen]
        return spread

    def _shares(self, name: str, at: Places, chosen: Places) -> Numbers:
        lists = self.rows[name].take(pa.array(chosen)).combine_chunks()
        given = pc.is_valid(lists).to_numpy(zero_copy_only=False)
        flat = np.asarray(pc.list_flatten(lists)).reshape(-1, self.width)
        grouped = np.stack([flat[:, some].sum(axis=1) for some in self.shown.groups], axis=1)
        spread = np.full((self.n, len(self.shown.groups)), np.nan)
        spread[at[chosen][given]] = grouped
        return spread


ITEMS = Section(
    id="items",
    heading="Item by item",
    label="Items",
    view=_explorer,
)


MEANS_READ += ["n_ok", "human_mean", "human_sd", "human_n"]


def _disagreements(results: Results) -> View | Absent | None:
    if not any(card.scales for card in results.job.datasets.values()):
        return None
    rows = pd.concat(_largest(results), ignore_index=True)
    if rows.empty:
        return Absent(
            "No item has both a model's mean and a human mean, so there is no disagreement to "
            "measure."
        )
    rows = rows.sort_values(
        ["place", "few", "size", *CELL_ORDER, "item_id"], ascending=[True, True, False] + 6 * [True]
    ).drop(columns=["place", "few"])
    rows["item"] = [
        results.item(dataset, item)
        for dataset, item in zip(rows["dataset"], rows["item_id"], strict=True)
    ]
    said = Column("Item", lambda row: str(row["item"]), "item_id", False)
    columns = (
        said,
        *cell_columns(results.job),
        text("Readout", "readout"),
        value("People", "human_mean", "Mean human rating."),
        value("Model", "mean", "Mean rating of the model."),
        value("Difference", "difference", "Model minus people, in points of the scale."),
        Column(
            "Share of the scale",
            lambda row: f"{100 * row['size']:.0f}%",
            "size",
            meaning="Size of the difference, where the whole scale is 100%.",
        ),
        value("SD of people", "human_sd", "Standard deviation over human raters."),
        count("Raters", "human_n", "People who rated the item, where it is known."),
        value("SD of model", "sd", "Standard deviation of the model's ratings."),
        Column("Answers", _n_answers, "n_ok", meaning="Answers of the model that are ratings."),
    )
    shown = grid("disagreements-table", "Disagreements", rows, columns, source="items/")
    return View({"grid": shown, "most": MOST})


def _n_answers(row: Row) -> str:
    """How many answers a mean is of; probabilities are not counted."""
    return number(row["n_ok"], 0) if row["readout"] == "sampled" else str(row["readout"])


def _largest(results: Results) -> Iterator[pd.DataFrame]:
    """The items of each cell with the largest differences, of every dataset, with their places in
    their cell.

    Items that rest on a single rating by people, or on fewer answers of the model than the study
    wants (`min_answers`), come last: the mean of few answers is often far off.
    """
    least = part(results.job, StatisticsSettings).min_answers
    for dataset, card in results.job.datasets.items():
        if not card.scales:
            continue
        rows = read_parquet(
            results.folder / f"items/{dataset}.parquet",
            columns=MEANS_READ,
            filters=[("scale", "in", list(card.scales))],
        ).to_pandas()
        ranges = rows["scale"].map(
            {name: scale.max - scale.min for name, scale in card.scales.items()}
        )
        rows["difference"] = rows["mean"] - rows["human_mean"]
        rows["size"] = rows["difference"].abs() / ranges.astype(float)
        few_answers = rows["n_ok"].lt(max(least, 2)) & rows["readout"].eq("sampled")
        rows["few"] = rows["human_n"].eq(1) | few_answers
        rows = rows.dropna(subset="size").sort_values(
            ["few", "size", "item_id"], ascending=[True, False, True]
        )
        rows["place"] = rows.groupby(CELL_ORDER, sort=False).cumcount()
        yield rows[rows["place"] < MOST]


DISAGREEMENTS = Section(
    id="disagreements",
    heading="On which items do models and people disagree most?",
    label="Disagreements",
    view=_disagreements,
)
