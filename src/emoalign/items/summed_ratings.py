"""Sampled ratings summed by what they share, by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.tables.ratings_database import ratings_database

Levels = NDArray[np.intp]
"""The number of the level of each row, from 0; -1 for none."""

PEOPLE = ("persona", "participant")
"""Sources of variance that are who answers, rather than what is asked."""

# Protocols that ask a participant the same share the answer: one rating, of the first of them.
# Equal ratings are counted first and stand in order: sums of numbers with decimals would depend on
# the order of the files in their last digit. (Of a subquery, DuckDB would forget the order.)
_COUNTED = """
CREATE TABLE counted AS SELECT
    model, protocol, dataset, scale, item_id, persona, form, session, rating,
    count(*)::DOUBLE AS n_answers, count(*) FILTER (first)::DOUBLE AS n
FROM (
    SELECT *, request_id IS NULL OR protocol = min(protocol) OVER (
        PARTITION BY model, dataset, scale, together, request_id, participant
    ) AS first
    FROM read_parquet($files) JOIN protocols USING (protocol)
    WHERE readout = 'sampled' AND status = 'ok' AND rating IS NOT NULL
)
GROUP BY ALL ORDER BY ALL
"""

_SUMMED = """
CREATE TABLE summed AS SELECT
    model, protocol, dataset, scale, item_id, persona, form, session,
    sum(n_answers) AS n_answers, sum(n) AS n,
    sum(n * rating) AS total, sum(n * rating * rating) AS squares
FROM counted
GROUP BY ALL;
DROP TABLE counted;
"""

# As categories, so that a text takes a number in each row rather than itself.
_NAMED = """
CREATE TYPE protocol_name AS ENUM (SELECT DISTINCT protocol FROM summed ORDER BY ALL);
CREATE TYPE item_name AS ENUM (SELECT DISTINCT item_id FROM summed ORDER BY ALL);
CREATE TYPE persona_name AS ENUM
    (SELECT DISTINCT persona FROM summed WHERE persona IS NOT NULL ORDER BY ALL);
CREATE TYPE form_name AS ENUM
    (SELECT DISTINCT form FROM summed WHERE form IS NOT NULL ORDER BY ALL);
"""

_OF_SCALE = """
SELECT
    protocol::protocol_name AS protocol, item_id::item_name AS item_id,
    persona::persona_name AS persona, form::form_name AS form, session,
    n_answers, n, total, squares
FROM summed
WHERE (model, dataset, scale) = (?, ?, ?)
ORDER BY protocol, item_id, persona, form, session
"""


def summed_ratings(
    ratings: Sequence[Path], folder: Path, protocols: Sequence[Sequence[str]]
) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    """The sampled ratings of every model, dataset and scale, in ascending order.

    Args:
        ratings: rating files.
        folder: where what does not fit into memory goes.
        protocols: names of those whose ratings are looked at together, group by group; others are
            left out.

    Yields:
        Model, dataset and scale, with rows in ascending order of protocol, item_id, persona, form
        (categories, ascending) and session: the number `n_answers` of ratings that share these, the
        number `n` of those that no earlier protocol of the same group has as well (the same answer
        of the same participant), their `total` and the sum of their `squares`.
    """
    together = pd.DataFrame(
        [(name, number) for number, names in enumerate(protocols) for name in names],
        columns=["protocol", "together"],
    ).astype({"protocol": str, "together": int})
    with ratings_database(ratings, folder) as database:
        database.register("protocols", together)
        database.execute(_COUNTED, {"files": [str(path) for path in ratings]})
        database.execute(_SUMMED)
        database.execute(_NAMED)
        keys = database.sql("SELECT DISTINCT model, dataset, scale FROM summed ORDER BY ALL")
        for key in keys.fetchall():
            yield key, database.execute(_OF_SCALE, key).df()


def levels(values: pd.Series) -> Levels:
    """Numbers of the levels that occur, in ascending order; -1 for none."""
    return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.intp)


def sessions(rows: pd.DataFrame) -> Levels:
    """The session of each row, shape (rows,): those of each protocol are its own."""
    inside = rows["session"].notna()
    found = np.full(len(rows), -1, dtype=np.intp)
    number = rows.loc[inside, "session"].to_numpy(dtype=np.intp)
    protocol = levels(rows.loc[inside, "protocol"])
    found[inside.to_numpy()] = crossed(protocol, number)
    return found


def crossed(first: Levels, second: Levels) -> Levels:
    """Levels of an interaction, shape (rows,); -1 where one of both does not act."""
    width = int(second.max(initial=0)) + 1
    both = (first >= 0) & (second >= 0)
    found = np.full(len(first), -1, dtype=np.intp)
    found[both] = np.unique(first[both] * width + second[both], return_inverse=True)[1]
    return found


def cells(sources: Mapping[str, Levels]) -> Levels:
    """What each row answers, shape (rows,): levels of all sources together, but not of people.

    An item under a form, say, however many answers there are to it, and whoever gave them.
    """
    asked = [of + 1 for name, of in sources.items() if name not in PEOPLE]  # 0: does not act
    return reduce(crossed, asked)
