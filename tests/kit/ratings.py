"""Ratings made by hand: of people, as norms, and of models, as answers or as items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from emoalign.study.fields import WRITTEN
from emoalign.tables import RATINGS, STATUSES, STIMULI, Status

from .words import SCALE


def item_ids(n: int) -> list[str]:
    """The ids of all items made by hand."""
    return [f"item-{number:03d}" for number in range(n)]


def norms(
    n: int = 30,
    raters: int = 8,
    seed: int = 0,
    scale: str = "valence",
    felt: np.ndarray | None = None,
    noise: float = 1.0,
) -> pd.DataFrame:
    """Norms of items from whole-number ratings of people, around what is `felt` of each, (n,)."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(2, 8, n) if felt is None else felt
    ratings = np.clip(np.rint(truth[:, None] + rng.normal(0, noise, (len(truth), raters))), 1, 9)
    return pd.DataFrame(
        {
            "item_id": item_ids(len(truth)),
            "scale": scale,
            "mean": ratings.mean(axis=1),
            "sd": ratings.std(axis=1, ddof=1),
            "n": raters,
            "ratings": ratings.tolist(),
            "labels": None,
            "raters": None,
        }
    )


def stimuli(
    item_ids: Sequence[str],
    texts: Sequence[str] | None = None,
    clusters: Sequence[str | None] | None = None,
) -> pd.DataFrame:
    """Words, each with its id as its text, and in no cluster, unless something else is said."""
    return pd.DataFrame(
        {
            **dict.fromkeys(STIMULI.schema.names),
            "item_id": list(item_ids),
            "modality": "word",
            "text": list(item_ids if texts is None else texts),
            "cluster": None if clusters is None else list(clusters),
            "shard": "0000",
        }
    )


def label_norms(choices: Sequence[Sequence[Sequence[str]] | None]) -> pd.DataFrame:
    """Norms of the labels that each of some people chose for each item; None is nobody."""
    return pd.DataFrame(
        {
            "item_id": item_ids(len(choices)),
            "scale": "emotions",
            "mean": np.nan,
            "sd": np.nan,
            "n": [0 if of_item is None else len(of_item) for of_item in choices],
            "ratings": None,
            "labels": list(choices),
            "raters": None,
        }
    )


def ratings(norm_rows: pd.DataFrame, noise: float = 1.0, seed: int = 1) -> np.ndarray:
    """Answers of ten participants who follow the norms, shape (items, 10)."""
    rng = np.random.default_rng(seed)
    means = norm_rows["mean"].to_numpy()[:, None]
    return np.clip(np.rint(means + rng.normal(0, noise, (len(norm_rows), 10))), 1, 9)


def cell(norm_rows: pd.DataFrame, answers: np.ndarray, **names: str) -> pd.DataFrame:
    """The item rows of a sampled cell; NaN in `answers` (items, participants) is a refusal."""
    answered = ~np.isnan(answers)
    with np.errstate(invalid="ignore"):
        shares = np.stack([(answers == point).sum(axis=1) for point in SCALE.points], axis=1)
    counts = answered.sum(axis=1)
    kept = [row[~np.isnan(row)] for row in answers]
    rows: dict[str, Any] = {
        "model": "m",
        "protocol": "p",
        "dataset": "words",
        "scale": "valence",
        "readout": "sampled",
        **names,
        "item_id": norm_rows["item_id"],
        "cluster": np.arange(len(norm_rows)),
        **dict.fromkeys((f"n_{status}" for status in STATUSES), 0),
        "mean": [row.mean() if len(row) else np.nan for row in kept],
        "sd": [row.std(ddof=1) if len(row) > 1 else np.nan for row in kept],
        "distribution": [
            (share / count).tolist() if count else None
            for share, count in zip(shares, counts, strict=True)
        ],
        **dict.fromkeys(("mean_low", "mean_high", "sd_low", "sd_high"), np.nan),
        **dict.fromkeys(
            ("raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass"), np.nan
        ),
        "human_mean": norm_rows["mean"],
        "human_sd": norm_rows["sd"],
        "human_n": norm_rows["n"],
        "human_distribution": None,
    }
    rows |= {"n_ok": counts, "n_refusal": answers.shape[1] - counts}
    rows |= {"n_distribution": None, "n_forms_left_out": 0}
    rows["mean_se"] = np.where(np.isnan(rows["mean"]), np.nan, 0.0)
    if rows["readout"] in WRITTEN:
        rows["mean_se"] = np.array(rows["sd"]) / np.sqrt(np.maximum(counts, 1))
    return pd.DataFrame(rows)


def rating_rows(answers: np.ndarray, text: str = "No.", **names: str) -> pd.DataFrame:
    """Sampled ratings of one cell: `answers` has shape (items, participants), NaN is a refusal."""
    n, participants = answers.shape
    said = answers.ravel()
    status: list[Status] = ["refusal" if np.isnan(one) else "ok" for one in said]
    return pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
            "readout": "sampled",
            **names,
            "item_id": np.repeat(item_ids(n), participants),
            "participant": np.tile(np.arange(participants), n),
            "status": status,
            "rating": said,
            "text": [text if np.isnan(one) else f"{one:.0f}" for one in said],
        }
    )


def label_rows(chosen: Iterable[Sequence[str] | None], **names: str) -> pd.DataFrame:
    """One answer about each item on a scale of labels; None is a refusal."""
    listed = list(chosen)
    rows = rating_rows(np.full((len(listed), 1), np.nan), scale="emotions", **names)
    return rows.assign(
        labels=[None if one is None else list(one) for one in listed],
        status=["refusal" if one is None else "ok" for one in listed],
    )
