"""Items that a model rated, and people in part, as tables for `emoalign correct`."""

from __future__ import annotations

import numpy as np
import pandas as pd


def items(n: int = 200, rated: int = 80, seed: int = 1) -> pd.DataFrame:
    """Items with two groups and two predictors; the model knows a good part of people's ratings."""
    rng = np.random.default_rng(seed)
    kind, z, length = rng.integers(2, size=n), rng.normal(size=n), rng.integers(3, 9, n)
    human = 5 + 0.8 * kind + 0.4 * z + rng.normal(size=n)
    model = 0.8 * human + 1.5 + rng.normal(0, 0.4, n)
    asked = np.isin(np.arange(n), rng.permutation(n)[:rated])
    return pd.DataFrame(
        {
            "word": [f"word{place}" for place in range(n)],
            "gpt": model.round(2),
            "people": np.where(asked, human.round(2), np.nan),
            "kind": np.where(kind == 1, "animal", "tool"),
            "z": z.round(3),
            "length": length,
        }
    )


def with_outcome(rows: pd.DataFrame | None = None, seed: int = 1) -> pd.DataFrame:
    """Items with an outcome to regress on ratings, and estimates of people's ratings."""
    rows = items() if rows is None else rows
    rng = np.random.default_rng(seed)
    noise, length = rng.normal(size=(2, len(rows))), rows["length"]
    rt = 600 + 15 * rows["gpt"] + 4 * length + 10 * noise[0]
    return rows.assign(rt=rt.round(1), estimate=(rows["gpt"] + 0.5 * noise[1]).round(2))


def drawn(seed: int = 3) -> pd.DataFrame:
    """Items of which people were given some three times as often as others."""
    rows = items(400, 400, seed)
    probability = np.where(rows["kind"] == "tool", 0.6, 0.2)
    asked = np.random.default_rng(seed).random(400) < probability
    return rows.assign(people=rows["people"].where(asked), p=probability)


def rated_csv() -> str:
    """The table that help and pages speak of, as CSV."""
    rows = with_outcome().assign(drawn=0.4)
    names = {"gpt": "gpt_valence", "people": "human_valence", "kind": "category"}
    names |= {"z": "concreteness", "estimate": "estimated_valence"}
    return rows.rename(columns=names).to_csv(index=False)
