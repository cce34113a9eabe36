"""Distributions that people and models are drawn from, and known distortions of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from emoalign.planning.studies import LoadedStudy
from emoalign.statistics.calibrators.family import Sample
from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray
from emoalign.tables import ITEMS, NORMS, STATUSES, STIMULI

from .stages import calibrate_cells
from .words import study

POINTS = 5
LABELS = 6
NAMES = tuple("abcdefgh"[:LABELS])

Distortion = Callable[[FloatArray], FloatArray]


def truths(n: int, kind: Kind, seed: int = 0) -> FloatArray:
    """What people would say of `n` items if there were infinitely many of them."""
    rng = np.random.default_rng(seed)
    if kind == "labels":
        return special.expit(rng.normal(-1.0, 1.5, (n, LABELS)))
    centre, width = rng.uniform(0, POINTS - 1, (n, 1)), rng.uniform(0.6, 1.5, (n, 1))
    heights = np.exp(-(((np.arange(POINTS) - centre) / width) ** 2) / 2) + 0.02
    shares: FloatArray = heights / heights.sum(axis=1, keepdims=True)
    return shares


def drawn(shares: FloatArray, raters: int, kind: Kind, seed: int) -> FloatArray:
    """Shares of so many raters, or answers."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(raters, shares) if kind == "ordinal" else rng.binomial(raters, shares)
    observed: FloatArray = counts / raters
    return observed


def planted(
    kind: Kind,
    distortion: Distortion,
    n: int = 1500,
    raters: int = 20,
    answers: int | None = None,
    seed: int = 0,
) -> tuple[Sample, FloatArray]:
    """Items whose model says a distortion of the truth, exactly or in so many answers; the
    truth as well."""
    truth = truths(n, kind, seed)
    said = distortion(truth)
    model = said if answers is None else drawn(said, answers, kind, seed + 1)
    return Sample.of(model, drawn(truth, raters, kind, seed + 2), kind), truth


def written(
    folder: Path,
    n: int = 60,
    rated: int | None = None,
    raters: int = 10,
    copies: int = 1,
    models: Sequence[str] = ("m",),
    dataset: str = "d",
    reverse: bool = False,
) -> dict[str, Path]:
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
            **dict.fromkeys(
                ("image_path", "image_sha256", "strata", "split", "cluster", "covariates")
            ),
            "shard": "0000",
        }
    )
    counts = rng.multinomial(raters, points)
    chosen = rng.random((n, raters, LABELS)) < labels[:, None, :]
    norms = pd.DataFrame(
        [
            _norm(
                ids[item],
                "valence",
                ratings=np.repeat(np.arange(1.0, POINTS + 1), counts[item]).tolist(),
            )
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
    tables = {}
    for name, kind, rows in (
        ("items", ITEMS, items),
        ("norms", NORMS, norms),
        ("stimuli", STIMULI, stimuli),
    ):
        path = folder / name / f"{dataset}.parquet"
        kind.write(rows[::-1] if reverse else rows, path)
        tables[name] = path
    return tables


def planted_study(dataset: str = "d", **told: Any) -> LoadedStudy:
    """The study that `written` writes the tables of; `told` are keys of it."""
    return study(
        scales={"valence": {"min": 1, "max": POINTS, "direction": "higher is more"}},
        labels={"emotions": {"kind": "labels", "labels": NAMES}},
        datasets=[dataset],
        **{"calibration": {}} | told,
    )


def calibrated(folder: Path, dataset: str = "d", **settings: Any) -> Path:
    """Calibrate what was written of a dataset, and review it; the folder of the results."""
    calibrate_cells(folder, planted_study(dataset, calibration=settings))
    return folder


def _squared(shares: FloatArray, kind: str) -> FloatArray:
    squares: FloatArray = shares**2
    return squares if kind == "labels" else squares / squares.sum(axis=1, keepdims=True)


def _names(chosen: Sequence[bool]) -> list[str]:
    return [label for label, one in zip(NAMES, chosen, strict=True) if one]


def _norm(item_id: str, scale: str, **answers: object) -> dict[str, object]:
    row = {"item_id": item_id, "scale": scale, "mean": 3.0, "sd": 1.0, "n": 10}
    return row | {"ratings": None, "labels": None, "raters": None} | answers


def _items(
    ids: Sequence[str], scale: str, shares: FloatArray, model: str, dataset: str
) -> pd.DataFrame:
    rows: dict[str, object] = dict.fromkeys(ITEMS.schema.names)
    rows |= dict.fromkeys((f"n_{status}" for status in STATUSES), 0)
    rows |= {"model": model, "protocol": "p", "dataset": dataset, "scale": scale}
    rows |= {"readout": "sampled", "item_id": list(ids), "distribution": shares.tolist()}
    return pd.DataFrame(rows | {"n_ok": 10})
