"""The tables of a small study that is calibrated: one scale of numbers and one of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.calibration.analysis import (
    CalibrationJob,
    CalibrationReviewJob,
    CalibrationSettings,
)
from emoalign.items.cells import Tables
from emoalign.statistics.pairs import FloatArray
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import ITEMS, NORMS, STATUSES, STIMULI

from .analysed import run
from .planted import LABELS, POINTS, drawn, truths

FIVE = HumanScale(min=1, max=POINTS, direction="higher is more")
NAMED = LabelScale(kind="labels", labels=tuple("abcdefgh"[:LABELS]))
SETTINGS = CalibrationSettings()


def written(
    folder: Path,
    n: int = 60,
    rated: int | None = None,
    raters: int = 10,
    copies: int = 1,
    models: Sequence[str] = ("m",),
    dataset: str = "d",
    reverse: bool = False,
) -> Tables:
    """Items of two scales: the model says the square of the truth, in ten answers.

    The first `rated` items have human ratings; each text is shown by so many items.
    """
    rated = n if rated is None else rated
    ids = [f"i{number:04d}" for number in range(n)]
    rng = np.random.default_rng(0)
    points, labels = truths(n, "ordinal", 1), truths(n, "labels", 2)
    stimuli = pd.DataFrame(
        {
            "item_id": ids,
            "modality": "sentence",
            "text": [f"text {number // copies}" for number in range(n)],
            **dict.fromkeys(("image_path", "image_sha256", "strata", "split")),
            "shard": "0000",
        }
    )
    counts = rng.multinomial(raters, points)
    chosen = rng.random((n, raters, LABELS)) < labels[:, None, :]
    norms = pd.DataFrame(
        [
            _norm(ids[item], "valence", ratings=np.repeat(FIVE.points, counts[item]).tolist())
            for item in range(rated)
        ]
        + [
            _norm(ids[item], "emotions", labels=[_names(one) for one in chosen[item]])
            for item in range(rated)
        ]
    )
    items = pd.concat(
        _items(ids, scale, drawn(_squared(shares, kind), 10, kind, seed), model, dataset)
        for seed, model in enumerate(models)
        for scale, shares, kind in (
            ("emotions", labels, "labels"),
            ("valence", points, "ordinal"),
        )
    )
    tables: Tables = {}
    for name, kind, rows in (
        ("items", ITEMS, items),
        ("norms", NORMS, norms),
        ("stimuli", STIMULI, stimuli),
    ):
        path = folder / name / f"{dataset}.parquet"
        kind.write(rows[::-1] if reverse else rows, path)
        tables = {**tables, name: path}
    return tables


def calibrated(folder: Path, *datasets: str, settings: CalibrationSettings = SETTINGS) -> Path:
    """Run both computations on datasets that were written; the folder of their results."""
    scales = {"valence": FIVE, "emotions": NAMED}
    for dataset in datasets:
        job = CalibrationJob(
            dataset=dataset, scales=scales, min_raters=3, seed=7, settings=settings
        )
        run(job, "calibrate", folder)
    judging = CalibrationReviewJob(
        datasets=dict.fromkeys(datasets, scales),
        min_raters=3,
        seed=7,
        bootstrap_resamples=300,
        settings=settings,
    )
    run(judging, "review", folder)
    return folder


def _squared(shares: FloatArray, kind: str) -> FloatArray:
    squares: FloatArray = shares**2
    return squares if kind == "labels" else squares / squares.sum(axis=1, keepdims=True)


def _names(chosen: Sequence[bool]) -> list[str]:
    return [label for label, one in zip(NAMED.labels, chosen, strict=True) if one]


def _norm(item_id: str, scale: str, **answers: object) -> dict[str, object]:
    row = {"item_id": item_id, "scale": scale, "mean": 3.0, "sd": 1.0, "n": 10}
    return row | {"ratings": None, "labels": None} | answers


def _items(
    ids: Sequence[str], scale: str, shares: FloatArray, model: str, dataset: str
) -> pd.DataFrame:
    rows: dict[str, object] = dict.fromkeys(ITEMS.schema.names)
    rows |= dict.fromkeys((f"n_{status}" for status in STATUSES), 0)
    rows |= {"model": model, "protocol": "p", "dataset": dataset, "scale": scale}
    rows |= {"readout": "sampled", "item_id": list(ids), "distribution": shares.tolist()}
    return pd.DataFrame(rows | {"n_ok": 10})
