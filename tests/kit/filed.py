"""Tables of a dataset whose estimated norms are filed, with words that tools mangle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.estimates.filed import FiledDataset
from emoalign.analyses.estimates.wide import Sources
from emoalign.study.fields import Range
from emoalign.tables import (
    ESTIMATES,
    ESTIMATION,
    ESTIMATION_WEIGHTS,
    ITEMS,
    NORMS,
    STIMULI,
    Table,
)

HOSTILE = (
    "NA", "TRUE", "FALSE", "T", "1e5", "=sum", "null", "NULL", "nan", "-", "--", "007", "1-2", "@x",
    "+1", "#N/A", "N/A", "None", "true", "0x1F", "1,5", "a,b", "a;b", 'say "hi"', '"', "'", "'tis",
    "'=x", "''-", "=1+1", "two\nlines", "\tindented", " padded ", "😀", "حب", "عشق‌", "café",
    "Ünder", "ünder", "http://a.org", "mailto:me", "_x0041_", "\\n", "3/4", "1.50", "Inf", "-Inf",
    "=HYPERLINK(\"http://a.org\")", "<b>&amp;", "%d", "{=1}", "２", "I", "ı",
)  # fmt: skip
"""Words that spreadsheets, R, pandas or databases take for something else."""

WORDS = (*HOSTILE, *(f"word{place:02d}" for place in range(30)))
"""The words of the dataset."""

CELLS = (("SmolLM.2", "plain", "exact"), ("gpt-4", "plain", "sampled"))

CITATION = (
    "@article{a2013, author = {Warriner, Amy Beth and Kuperman, Victor}, year = {2013}, "
    "title = {Norms of valence}, journal = {Behavior Research Methods}}"
)


def dataset(
    *, redistribute: bool = True, scales: tuple[str, ...] = ("arousal", "valence")
) -> FiledDataset:
    """The dataset; estimates are there of valence alone."""
    return FiledDataset(
        title="Norms of 84 words",
        modality="word",
        licence="CC-BY-4.0",
        citation=CITATION,
        redistribute=redistribute,
        scales={scale: Range(min=1, max=9) for scale in scales},
    )


def sources(seed: int = 1) -> Sources:
    """Its tables, whose rows are in a random order: every third item was not rated."""
    rng = np.random.default_rng(seed)
    numbers = np.random.default_rng(5)
    n = len(WORDS)
    ids = [f"w{place:03d}" for place in range(n)]
    ids[:3] = ["=1", "-2", "007"]
    rated = np.arange(n) % 3 > 0
    human = numbers.uniform(1, 9, n)
    mean = np.clip(human + numbers.normal(0, 0.7, n), 1, 9)
    frames = {
        ESTIMATES: pd.DataFrame(
            {
                "scale": "valence",
                "item_id": ids,
                "mean": mean,
                "low": np.maximum(mean - 1 / 3, 1),
                "high": np.minimum(mean + 1 / 3, 9),
                "sd": numbers.uniform(0.5, 2, n),
                "rated": rated,
                "flags": [["far", "cut"] if place % 5 == 0 else [] for place in range(n)],
                "region": 1 + (mean > 4).astype(int) + (mean > 6),
                "to_rate": ~rated & (np.arange(n) % 2 == 0),
                "stratum": pd.Series(1 + np.arange(n) % 3).where(~rated).astype("Int32"),
                "inclusion": np.where(rated, np.nan, 1 / 3),
            }
        ),
        ITEMS: pd.concat(
            [
                pd.DataFrame(
                    {
                        "model": model,
                        "protocol": protocol,
                        "scale": scale,
                        "readout": readout,
                        "item_id": ids,
                        "mean": np.where(np.arange(n) % 11 == 10, np.nan, numbers.uniform(1, 9, n)),
                    }
                )
                for scale in ("arousal", "valence")
                for model, protocol, readout in CELLS
            ]
        ),
        NORMS: pd.concat(
            [
                pd.DataFrame(
                    {
                        "item_id": ids,
                        "scale": scale,
                        "mean": human,
                        "sd": numbers.uniform(0.5, 2, n),
                        "n": 20,
                    }
                )[rated]
                for scale in ("arousal", "valence")
            ]
        ),
        STIMULI: pd.DataFrame({"item_id": ids, "modality": "word", "text": WORDS}),
    }
    frames = {
        table: rows.assign(**{"dataset": "d"} if "dataset" in table.schema.names else {})
        .reindex(columns=table.schema.names)
        .iloc[rng.permutation(len(rows))]
        for table, rows in frames.items()
    }
    return Sources(frames[ESTIMATES], frames[ITEMS], frames[NORMS], frames[STIMULI])


def estimation() -> pd.DataFrame:
    """How good the estimates are: of valence known, of arousal none."""
    known = {"r": 0.81, "rmse": 0.7, "coverage": 0.893, "width": 2.2}
    known |= {"r_low": 0.7, "r_high": 0.88, "coverage_low": 0.8, "coverage_high": 0.95}
    same = {"dataset": "d", "method": "stack", "region": "all"}
    rows = [
        same | {"scale": "valence", "n_rated": 56, "n_unrated": 28} | known,
        same | {"scale": "arousal", "n_rated": 9, "n_unrated": 75, "reason": "9 items were rated"},
    ]
    return pd.DataFrame(rows, columns=ESTIMATION.schema.names)


def weights() -> pd.DataFrame:
    """What the estimates of valence are made of."""
    rows = [
        {"model": "gpt-4", "protocol": "plain", "readout": "sampled", "weight": 0.9},
        {
            "model": "SmolLM.2",
            "protocol": "plain",
            "readout": "exact",
            "reason": "left out: too few",
        },
        {"model": "embedding", "weight": 0.25},
    ]
    rows = [{"dataset": "d", "scale": "valence", **row} for row in rows]
    return pd.DataFrame(rows, columns=ESTIMATION_WEIGHTS.schema.names)


def written(folder: Path, seed: int = 1) -> Path:
    """The results of a study that has the tables; its folder."""
    made = sources(seed)
    for table, rows in (
        (ESTIMATES, made.estimates),
        (ITEMS, made.items),
        (NORMS, made.norms),
        (STIMULI, made.stimuli),
    ):
        _write(table, rows, folder / table.path.replace("<dataset>", "d"))
    ESTIMATION.write_both(estimation().astype(_COUNTS), folder / "statistics")
    ESTIMATION_WEIGHTS.write_both(weights(), folder / "statistics")
    return folder


_COUNTS = dict.fromkeys(("n_rated", "n_unrated", "n_clusters"), "Int32")


def _write(table: Table, rows: pd.DataFrame, path: Path) -> None:
    counts = {field.name: "Int32" for field in table.schema if str(field.type) == "int32"}
    empty = {name: None for name in rows if rows[name].isna().all() and name not in counts}
    table.write(rows.astype(counts).assign(**empty), path)
