"""Item tables from rating files made by hand: rows of answers and of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.study.scales import HumanScale
from emoalign.tables import ITEMS, NORMS, RATINGS, STIMULI

from .ratings import stimuli

FIVE = HumanScale(min=1, max=5, direction="higher is better")
JOB = AggregationJob(dataset="mine", scales={"valence": FIVE})


def row(item_id: str, **fields: object) -> dict[str, object]:
    """A row of the ratings table; what is not said is null."""
    cell = {
        "model": "tiny",
        "protocol": "sheet",
        "dataset": "mine",
        "scale": "valence",
        "readout": "sampled",
        "item_id": item_id,
    }
    return dict.fromkeys(RATINGS.schema.names) | cell | fields


def answers(item_id: str, *ratings: float | str, **fields: object) -> list[dict[str, object]]:
    """Sampled answers of participants 0, 1, ...: ratings, or the status of those that are none."""
    return [
        row(item_id, participant=number, **{**_read(rating), **fields})
        for number, rating in enumerate(ratings)
    ]


def _read(rating: float | str) -> dict[str, object]:
    return {"status": rating} if isinstance(rating, str) else {"status": "ok", "rating": rating}


def exact(item_id: str, *probabilities: float, **fields: object) -> dict[str, object]:
    off_scale = 0.9 - sum(probabilities)
    return row(
        item_id,
        readout="exact",
        status="ok" if sum(probabilities) else "unparsable",
        probabilities=list(probabilities),
        off_scale_mass=off_scale,
        returned_mass=0.9,
        **fields,
    )


def items(
    folder: Path,
    files: Sequence[Sequence[dict[str, object]]],
    normed: Sequence[str] = ("a", "b"),
    job: AggregationJob = JOB,
    threads: int = 1,
) -> pd.DataFrame:
    """Aggregate rating files with norms for some items."""
    paths = [folder / f"{number:04d}.parquet" for number in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        table = pd.DataFrame(list(rows))
        RATINGS.write(table.assign(participant=table["participant"].astype("Int32")), path)
    norms = pd.DataFrame({"item_id": list(normed), "n": 10}).assign(
        scale="valence", mean=3.5, sd=1.25, ratings=None, labels=None, raters=None
    )
    NORMS.write(norms, folder / "norms.parquet")
    asked = {str(one["item_id"]) for rows in files for one in rows}
    STIMULI.write(stimuli(sorted(asked)), folder / "stimuli.parquet")
    aggregate(
        job,
        paths,
        folder / "norms.parquet",
        folder / "stimuli.parquet",
        folder / "items.parquet",
        threads,
    )
    return ITEMS.read(folder / "items.parquet")


def only(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]
