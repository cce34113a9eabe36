"""Item tables made by hand, for the stages after the ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import STATUSES

SCALE = HumanScale(min=1, max=9, direction="higher is more positive")
SETTINGS = StatisticsSettings(bootstrap_resamples=500, split_halves=50, simulations=99)
JOB = AlignmentJob(
    scales={"words": {"valence": SCALE}}, seed=3, bootstrap_resamples=500, split_halves=50
)


def norms(n: int = 30, raters: int = 8, seed: int = 0) -> pd.DataFrame:
    """Norms of `n` items from whole-number ratings of `raters` people."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(2, 8, n)
    ratings = np.clip(np.rint(truth[:, None] + rng.normal(0, 1, (n, raters))), 1, 9)
    return pd.DataFrame(
        {
            "item_id": [f"item-{index:03d}" for index in range(n)],
            "scale": "valence",
            "mean": ratings.mean(axis=1),
            "sd": ratings.std(axis=1, ddof=1),
            "n": raters,
            "ratings": ratings.tolist(),
            "labels": None,
        }
    )


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
        **dict.fromkeys((f"n_{status}" for status in STATUSES), 0),
        "mean": [row.mean() if len(row) else np.nan for row in kept],
        "sd": [row.std(ddof=1) if len(row) > 1 else np.nan for row in kept],
        "distribution": [
            (share / count).tolist() if count else None
            for share, count in zip(shares, counts, strict=True)
        ],
        **dict.fromkeys(
            ("raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass"), np.nan
        ),
        "human_mean": norm_rows["mean"],
        "human_sd": norm_rows["sd"],
        "human_n": norm_rows["n"],
        "human_distribution": None,
    }
    rows |= {"n_ok": counts, "n_refusal": answers.shape[1] - counts}
    return pd.DataFrame(rows)


def ratings(norm_rows: pd.DataFrame, noise: float = 1.0, seed: int = 1) -> np.ndarray:
    """Answers of ten participants who follow the norms, shape (items, 10)."""
    rng = np.random.default_rng(seed)
    means = norm_rows["mean"].to_numpy()[:, None]
    return np.clip(np.rint(means + rng.normal(0, noise, (len(norm_rows), 10))), 1, 9)
