"""Ratings by item and form: what a form (a prompt set) does is seen before forms are averaged.

Streamed by DuckDB, so that memory does not grow with the ratings; neither the order of the rows nor
the number of files changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from emoalign.study.fields import Range
from emoalign.tables import CELL_KEY
from emoalign.tables.ratings_database import ratings_database

_CELL = ", ".join(CELL_KEY)
_FORM = f"{_CELL}, form, item_id"

# Equal ratings are counted first and then summed in ascending order: sums of mapped ratings, which
# have decimals, would depend on the order of the rows in their last digit.
_SAMPLED = f"""
SELECT {_FORM}, n_answers, n_ok, mean,
    CASE WHEN n_ok > 1 THEN sqrt(list_dot_product(
        times, list_transform(ratings, lambda rating: power(rating - mean, 2))
    ) / (n_ok - 1)) END AS sd
FROM (
    SELECT *, CASE WHEN len(ratings) > 0 THEN list_dot_product(times, ratings) / n_ok END AS mean
    FROM (
        SELECT {_FORM},
            sum(answers) AS n_answers,
            sum(usable) AS n_ok,
            list(rating ORDER BY rating) FILTER (rating IS NOT NULL) AS ratings,
            list(usable ORDER BY rating) FILTER (rating IS NOT NULL) AS times
        FROM (
            SELECT {_FORM}, rating,
                count(status)::DOUBLE AS answers,
                count(*) FILTER (status = 'ok')::DOUBLE AS usable
            FROM read_parquet($files)
            WHERE readout = 'sampled' AND dataset = $dataset
            GROUP BY ALL
        )
        GROUP BY ALL
    )
)"""

# Raw probabilities of several rows, such as those of sessions, are added up before they are
# renormalised, as in item tables. Points are those shown, mapped: at equal distances from end to
# end of the card's scale.
_OF_PROBABILITIES = f"""
SELECT {_FORM}, n_answers, n_ok, mean,
    CASE WHEN mass > 0 THEN sqrt(list_dot_product(
        shares, list_transform(points, lambda point: power(point - mean, 2))
    ) / mass) END AS sd
FROM (
    SELECT *, CASE WHEN mass > 0 THEN list_dot_product(shares, points) / mass END AS mean
    FROM (
        SELECT *, list_sum(shares) AS mass, list_transform(
            range(len(shares)),
            lambda place: lowest + (highest - lowest) * place / (len(shares) - 1)
        )::DOUBLE[] AS points
        FROM (
            SELECT *, list_transform(
                range(1, len(given[1]) + 1),
                lambda place: list_sum(list_transform(given, lambda row: row[place]))
            ) AS shares
            FROM (
                SELECT {_FORM},
                    count(status)::DOUBLE AS n_answers,
                    count(*) FILTER (status = 'ok')::DOUBLE AS n_ok,
                    list(probabilities ORDER BY participant, probabilities)
                        FILTER (probabilities IS NOT NULL) AS given
                FROM read_parquet($files)
                WHERE readout <> 'sampled' AND dataset = $dataset
                GROUP BY ALL
            )
        ) JOIN ends USING (scale)
    )
)"""

_MEANS = f"{_SAMPLED}\nUNION ALL BY NAME\n{_OF_PROBABILITIES}\nORDER BY {_FORM}"

# Of several labels chosen, each counts in part, so that all answers weigh the same; forms weigh the
# same too, whatever the number of their usable answers, so that each label is at each place equally
# often.
_PLACES = f"""
WITH answers AS (
    SELECT {_FORM}, labels, label_order
    FROM read_parquet($files)
    WHERE dataset = $dataset AND status = 'ok' AND label_order IS NOT NULL AND len(labels) > 0
),
chosen AS (
    SELECT {_FORM}, list_position(label_order, label) AS place, weight
    FROM (SELECT *, 1 / len(labels) AS weight, unnest(labels) AS label FROM answers)
),
of_form AS (
    SELECT {_FORM}, place, total / n AS share
    FROM (SELECT {_FORM}, place, sum(weight ORDER BY weight) AS total FROM chosen GROUP BY ALL)
    JOIN (SELECT {_FORM}, count(*) AS n FROM answers GROUP BY ALL) USING ({_FORM})
)
SELECT {_CELL}, item_id, place, n_labels, n_answers, sum(share ORDER BY share) / n_forms AS share
FROM of_form JOIN (
    SELECT {_CELL}, item_id, count(*) AS n_answers, count(DISTINCT form) AS n_forms,
        max(len(label_order)) AS n_labels
    FROM answers
    GROUP BY ALL
) USING ({_CELL}, item_id)
GROUP BY {_CELL}, item_id, place, n_labels, n_answers, n_forms
ORDER BY {_CELL}, item_id, place"""


def form_means(
    ratings: Sequence[Path], dataset: str, scales: Mapping[str, Range], near: Path
) -> pd.DataFrame:
    """A row per cell, form and item of a dataset, in this order.

    Args:
        ratings: rating files, of this and other datasets.
        dataset: its name.
        scales: its scales of numbers; on others there are counts alone.
        near: a folder beside which DuckDB may put what does not fit into memory.

    Returns:
        `form` is the name of the form, null where nobody asked; `n_answers` and `n_ok` count
        answers (exact, decision, stated: distributions) and those that are ratings; `mean` and `sd`
        are of ratings, or of the mean distribution, in points of the card's scale; NaN without any.
    """
    ends = pa.table(
        {
            "scale": pa.array(list(scales), pa.string()),
            "lowest": pa.array([scale.min for scale in scales.values()], pa.float64()),
            "highest": pa.array([scale.max for scale in scales.values()], pa.float64()),
        }
    )
    return _rows(_MEANS, ratings, dataset, near, ends=ends)


def place_shares(ratings: Sequence[Path], dataset: str, near: Path) -> pd.DataFrame:
    """A row per cell, item and place at which a chosen label was shown.

    Only answers that chose among labels in a rotated or random order count. `place` is from 1 to
    `n_labels`; `share` is the share of the item's choices at this place, which over places sum to
    1: each answer counts alike, and each form; places without any have no row. `n_answers` are
    those behind the item.
    """
    return _rows(_PLACES, ratings, dataset, near)


def _rows(
    query: str, ratings: Sequence[Path], dataset: str, near: Path, **relations: pa.Table
) -> pd.DataFrame:
    with ratings_database(ratings, near) as database:
        for name, table in relations.items():
            database.register(name, table)
        bound = {"files": [str(path) for path in ratings], "dataset": dataset}
        rows: pd.DataFrame = database.sql(query, params=bound).df()
    return rows
