"""Columns that many tables share, and short ways to write others."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import Column

TEXT = pa.string()
NUMBER = pa.float64()
COUNT = pa.int32()
NUMBERS = pa.list_(pa.float64())
TEXTS = pa.list_(TEXT)

MODEL = Column("model", TEXT, "Name of the model: its file in config/models.")
PROTOCOL = Column("protocol", TEXT, "Name of the protocol in the study.")
DATASET = Column("dataset", TEXT, "Name of the dataset: its file in config/datasets.")
SCALE = Column("scale", TEXT, "Name of the scale on the dataset's card.")
READOUT = Column("readout", TEXT, "sampled (answers) or exact (probabilities of the answers).")
ITEM = Column("item_id", TEXT, "The dataset's own id of the item.")
CELL = (MODEL, PROTOCOL, DATASET, SCALE, READOUT)
CELL_KEY = [column.name for column in CELL]
"""The names of the columns that tell cells apart, in one order everywhere."""

MISSING = "Why a number of the row is missing; null where all are there."


def numbers(**meanings: str) -> tuple[Column, ...]:
    """Columns of numbers, from their names and meanings."""
    return tuple(Column(name, NUMBER, meaning) for name, meaning in meanings.items())


def related(**meanings: tuple[str, str]) -> tuple[Column, ...]:
    """Correlations over items, each with the ends of its interval and the least-squares line.

    A name stands for its meaning, and for what its line is: this on that.
    """
    columns: list[Column] = []
    for name, (meaning, line) in meanings.items():
        interval = f"end of the 95 % interval of {name} (bootstrap over items, BCa)."
        columns += numbers(
            **{
                name: meaning,
                f"{name}_low": f"Lower {interval}",
                f"{name}_high": f"Upper {interval}",
                f"{name}_slope": f"Slope of the least-squares line of {line}, over the same items.",
                f"{name}_intercept": "Intercept of that line.",
            }
        )
    return tuple(columns)
