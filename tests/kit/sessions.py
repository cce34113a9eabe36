"""Sessions in which order has a known effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from emoalign.statistics.sessions import Sessions
from emoalign.tables import RATINGS

from .ratings import item_ids

SESSION_SD, NOISE_SD, ITEM_SD = 0.5, 1.2, 1.5


def planted_sessions(
    rng: np.random.Generator,
    *,
    n_items: int = 200,
    length: int = 50,
    sweeps: int = 10,
    carry_over: float = 0.0,
    echo: float = 0.0,
    drift: float = 0.0,
    history: float = 0.0,
    item_sd: float = ITEM_SD,
    rounded: bool = True,
) -> Sessions:
    """Every sweep deals all items in random order into sessions of `length`, which are rated from 1
    to 9, rounded and cut unless `rounded` is false."""
    item_means = item_sd * rng.standard_normal(n_items)
    items = np.concatenate([rng.permutation(n_items) for _ in range(sweeps)])
    lists = items.reshape(-1, length)
    rated = np.empty(lists.shape)
    for number, shown in enumerate(lists):
        means = item_means[shown]
        level = 5 + SESSION_SD * rng.standard_normal()
        for turn in range(length):
            r = level + means[turn] + NOISE_SD * rng.standard_normal()
            r += drift * (turn - (length - 1) / 2) / 10
            if turn > 0:
                beyond = rated[number, turn - 1] - 5 - means[turn - 1]
                r += carry_over * means[turn - 1] + echo * beyond
            if turn > 1:
                r += history * means[: turn - 1].mean()
            rated[number, turn] = np.clip(np.rint(r), 1, 9) if rounded else r
    session = np.repeat(np.arange(len(lists)), length)
    position = np.tile(np.arange(1, length + 1), len(lists))
    return Sessions.of(lists.ravel(), session, position, rated.ravel())


def session_rows(of: Sessions, **names: Any) -> pd.DataFrame:
    """The answers of sessions as sampled ratings of one cell; NaN is a refusal."""
    refused = np.isnan(of.value)
    return pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
            "readout": "sampled",
            **names,
            "item_id": np.array(item_ids(int(of.item.max()) + 1))[of.item],
            "participant": of.session,
            "session": of.session,
            "position": of.position.astype(int),
            "status": np.where(refused, "refusal", "ok"),
            "rating": of.value,
            "text": ["No." if np.isnan(one) else f"{one:.0f}" for one in of.value],
        }
    )
