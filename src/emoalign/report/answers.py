"""The models' answers: counts by status, examples of those that are no ratings, and their days."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from emoalign.elicitation.doubts import Asked, doubts
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.report.grid import in_order
from emoalign.report.report_job import ReportJob, is_asked, only_ratings
from emoalign.tables import CELL_KEY, STATUSES, Status, records
from emoalign.tables.ratings_database import ratings_database
from emoalign.wording import percent

EXAMPLES = 5
"""Examples of each status and cell."""

MOST = 0.9
"""A smaller share of usable answers, or of probability on the scale, is reported with a result."""

IN_WORDS: dict[Status, str] = {
    "off_scale": "off the scale",
    "unparsable": "unreadable",
    "refusal": "refused by the model",
    "content_filter": "blocked by a content filter",
    "rejected": "rejected by the provider",
    "truncated": "cut off",
    "error": "failed",
}
"""Kinds of answers that are no ratings, after their number."""

TITLES: dict[Status, tuple[str, str]] = {
    "ok": ("Ratings", "Answers that are ratings."),
    "off_scale": ("Off the scale", "A number that is not on the scale."),
    "unparsable": ("Unreadable", "Not what was asked for: no number, or more than that."),
    "refusal": ("Refused", "The model declined to answer."),
    "content_filter": ("Blocked", "Stopped by a content filter."),
    "rejected": ("Rejected", "The provider did not accept the request."),
    "truncated": (
        "Cut off",
        "The answer reached the limit of tokens, or ended with the model's thoughts.",
    ),
    "error": ("Failed", "No answer arrived, or a decision that cannot be one."),
}
"""What tables call each status, and what it means."""

ALWAYS: frozenset[Status] = frozenset({"ok", "off_scale", "unparsable"})
"""Statuses that are counted in the table even where there is no such answer."""

NOT_SHOWN = "(not shown: it may quote the item)"

_COUNTS = f"""
SELECT model, protocol, dataset, scale, readout,
    count(status) AS answers,
    count(DISTINCT item_id) AS items,
    count(DISTINCT item_id) FILTER (status IS NOT NULL) AS answered,
    {", ".join(f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES)},
    count(DISTINCT item_id) - count(DISTINCT item_id) FILTER (status = 'ok') AS items_without
FROM read_parquet($files)
WHERE readout IN ('sampled', 'stated')
GROUP BY ALL
"""  # noqa: S608 - only names from the data contract

_RECEIVED = """
SELECT model, min(received) AS first, max(received) AS last
FROM read_parquet($files)
WHERE received IS NOT NULL
GROUP BY ALL
"""

_UNUSED = """
SELECT * FROM (
    SELECT model, protocol, dataset, scale, status, text, count(*) AS answers
    FROM read_parquet($files)
    WHERE readout IN ('sampled', 'stated') AND status <> 'ok'
    GROUP BY ALL
)
QUALIFY row_number() OVER (
    PARTITION BY model, protocol, dataset, scale, status ORDER BY answers DESC, text
) <= $examples
ORDER BY model, protocol, dataset, scale, status, answers DESC, text
"""


@dataclass(frozen=True)
class Answers:
    """`counts` has a row per cell of written answers (sampled, stated), with answers, items, those
    of them that were answered, n_<status> and items_without; `unused` the most frequent answers of
    each cell and status that are no rating; `doubts` are sentences about signs that the model has
    not given each answer by itself; `received` has the first and the last day on which answers of a
    model arrived (UTC), where that is known."""

    counts: pd.DataFrame
    unused: pd.DataFrame
    doubts: Sequence[str] = ()
    received: Mapping[str, tuple[date, date]] = field(default_factory=dict)

    @classmethod
    def of(cls, job: ReportJob, ratings: Sequence[Path]) -> Answers:
        """The content of the rating files."""
        hidden = [
            name
            for name, card in job.datasets.items()
            if card.modality != "image" and not card.show_items
        ]
        unused = _asked(_UNUSED, ratings, examples=EXAMPLES)
        unused["text"] = unused["text"].mask(unused["dataset"].isin(hidden), NOT_SHOWN)
        days = {
            str(row["model"]): (date.fromisoformat(row["first"]), date.fromisoformat(row["last"]))
            for row in records(_asked(_RECEIVED, ratings))
        }
        counts = in_order(_asked(_COUNTS, ratings), job)
        return cls(counts, in_order(unused, job), _doubts(job, ratings), days)


def _doubts(job: ReportJob, ratings: Sequence[Path]) -> list[str]:
    """Signs that something is wrong, cell by cell; nothing without ratings."""
    models = {
        name: ENGINES[model.card["engine"]].reports(model.card)
        for name, model in job.models.items()
        if ENGINES[model.card["engine"]].asked
    }
    temperatures = {name: each.temperature for name, each in job.protocols.items()}
    return doubts(sorted(ratings), Asked(models, temperatures, job.short_names)) if ratings else []


def _asked(query: str, ratings: Sequence[Path], **bound: int) -> pd.DataFrame:
    """The result of a query about all ratings."""
    with ratings_database(ratings) as database:
        files = [str(path) for path in sorted(ratings)]
        return database.execute(query, {"files": files, **bound}).df()


def unusable(cell: Mapping[str, Any], wanted: str, job: ReportJob) -> list[str]:
    """The kinds of answers of a cell that were no ratings, where these were many."""
    share = ok_share(cell)
    if not share < MOST:
        return []
    others = [f"{cell[f'n_{name}']:,} {IN_WORDS[name]}" for name in STATUSES if name in IN_WORDS]
    others = [one for one in others if not one.startswith("0 ")]
    under = f" under {cell['protocol']}" if len(job.protocols) > 1 else ""
    kind = "sampled answers" if is_asked(job.models[cell["model"]]) else "answers"
    kind = "decisions" if cell.get("readout") == "decision" else kind
    if cell.get("readout") == "stated":
        wanted, kind = "a distribution", "answers"
    return [
        f"{job.short_names[cell['model']]} gave {wanted} in only {percent(share)} of its "
        f"{kind}{under} ({', '.join(others)})."
    ]


def ok_share(cell: Mapping[str, Any]) -> float:
    """Share of the answers of a cell that are ratings, or of its decisions that were given; NaN
    without any."""
    answers = sum(cell[f"n_{status}"] for status in STATUSES)
    return float(cell["n_ok"] / answers) if answers else math.nan


def usable_shares(
    alignment: pd.DataFrame, counts: pd.DataFrame, job: ReportJob
) -> dict[tuple[str, ...], float]:
    """The usable part of a model's answers by cell (`CELL_KEY`): the share of its written answers
    that are ratings, or distributions, of the probability returned that is on the scale, or of the
    decisions that were given; NaN where unknown, such as where nothing but ratings was recorded."""
    written = {
        tuple(str(cell[name]) for name in CELL_KEY): (
            math.nan if only_ratings(job.models[cell["model"]]) else ok_share(cell)
        )
        for cell in records(counts)
    }
    shares = {"exact": on_scale, "decision": ok_share}
    return written | {
        tuple(str(cell[name]) for name in CELL_KEY): shares[cell["readout"]](cell)
        for cell in records(alignment[alignment["readout"].isin(list(shares))])
    }


def on_scale(cell: Mapping[str, Any]) -> float:
    """Exact: the share of the probability returned in a cell that is of ratings; NaN where unknown.

    What was not returned may be of ratings or not, and is told of its own.
    """
    returned = cell["returned_mass"]
    return float(1 - cell["off_scale_mass"] / returned) if returned > 0 else math.nan


def little(share: float, readout: str) -> str | None:
    """The usable part of the answers of a cell in words, where it is less than `MOST`."""
    if not share < MOST:
        return None
    if readout == "exact":
        return f"{percent(share)} of the returned probability is on the scale"
    if readout == "decision":
        return f"{percent(share)} of the decisions were given"
    if readout == "stated":
        return f"{percent(share)} of the answers are distributions"
    return f"{percent(share)} of the answers are ratings"
