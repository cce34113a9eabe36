"""What the models answered: counts by status, and examples of answers that are no rating."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from emoalign.report.report_job import ReportJob
from emoalign.tables import STATUSES, intact
from emoalign.wording import percent

EXAMPLES = 5
"""Examples of each status and cell."""

NOT_SHOWN = "(not shown: it may quote the item)"

_COUNTS = f"""
SELECT model, protocol, dataset, scale,
    count(status) AS answers,
    {", ".join(f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES)},
    count(DISTINCT item_id) - count(DISTINCT item_id) FILTER (status = 'ok') AS items_without
FROM read_parquet($files)
WHERE readout = 'sampled'
GROUP BY ALL
ORDER BY dataset, scale, model, protocol
"""  # noqa: S608 - only names from the data contract

_UNUSED = """
SELECT * FROM (
    SELECT model, protocol, dataset, scale, status, text, count(*) AS answers
    FROM read_parquet($files)
    WHERE readout = 'sampled' AND status <> 'ok'
    GROUP BY ALL
)
QUALIFY row_number() OVER (
    PARTITION BY model, protocol, dataset, scale, status ORDER BY answers DESC, text
) <= $examples
ORDER BY model, protocol, dataset, scale, status, answers DESC, text
"""


@dataclass(frozen=True)
class Answers:
    """`counts` has a row per cell that was sampled, with answers, n_<status> and items_without;
    `unused` the most frequent answers of each cell and status that are no rating."""

    counts: pd.DataFrame
    unused: pd.DataFrame

    @classmethod
    def of(cls, job: ReportJob, ratings: Sequence[Path]) -> Answers:
        """What the rating files say."""
        hidden = [
            name
            for name, card in job.datasets.items()
            if card.modality != "image" and not card.show_items
        ]
        unused = _asked(_UNUSED, ratings, examples=EXAMPLES)
        unused["text"] = unused["text"].mask(unused["dataset"].isin(hidden), NOT_SHOWN)
        return cls(_asked(_COUNTS, ratings), unused)


def _asked(query: str, ratings: Sequence[Path], **bound: int) -> pd.DataFrame:
    """What a query says of all ratings."""
    with intact(ratings), duckdb.connect() as database:
        files = [str(path) for path in sorted(ratings)]
        return database.execute(query, {"files": files, **bound}).df()


def unusable(cell: Mapping[str, Any], wanted: str) -> list[str]:
    """That many answers of a cell were none, where they were."""
    share = _ok_share(cell)
    if not share < 0.9:
        return []
    return [
        f"With {cell['protocol']} only {percent(share)} of its sampled answers were {wanted}; "
        "the others are counted below and were neither repaired nor asked again."
    ]


def _ok_share(cell: Mapping[str, Any]) -> float:
    answers = sum(cell[f"n_{status}"] for status in STATUSES)
    return float(cell["n_ok"] / answers) if answers else math.nan
