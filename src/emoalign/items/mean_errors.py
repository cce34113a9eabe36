"""Standard errors of a model's item means, as queries for DuckDB.

Forms are strata: a protocol deals its participants evenly over them, so that another run would have
as many of each, and differences between forms are no error of the mean. The mean of n answers, n_f
of them to form f with variance s_f², has the squared standard error Σ(n_f/n)²·s_f²/n_f (Cochran
1977, Sampling techniques, chapter 5). With one form this is s²/n.
"""

from __future__ import annotations

from collections.abc import Sequence


def answers_to_forms(keys: str) -> str:
    """The sampled ratings, as `value`, of the protocols that ask in several forms."""
    return f"""
SELECT {keys}, form, rating AS value
FROM read_parquet($files)
WHERE readout = 'sampled' AND status = 'ok' AND rating IS NOT NULL AND protocol IN (
    SELECT protocol FROM read_parquet($files)
    WHERE readout = 'sampled'
    GROUP BY protocol HAVING count(DISTINCT form) > 1
)"""


def mean_errors(keys: str, values: Sequence[str]) -> str:
    """The standard error `mean_se` of the mean of the values of each item, in points.

    `keys` name an item, `values` are relations of keys, form and value: a rating, or the mean of a
    distribution. A form with a single value is taken to vary as the others do (their variances,
    pooled). Where no form has two, the variance is that of all values, so that differences between
    forms count as error: too much rather than too little. A single value has no standard error.

    Sums are of whole billionths of a point, which are exact: the result does not depend on the
    order of rows, and no list of values is kept in memory.
    """
    union = "\nUNION ALL BY NAME\n"
    return f"""
SELECT {keys}, CASE WHEN n > 1 THEN
        sqrt(CASE WHEN freedom > 0 THEN (known + alone * within / freedom) / (n * n)
            ELSE {_variance()} / n END) / {_UNIT}
    END AS mean_se
FROM (
    SELECT {keys},
        sum(n) AS n,
        sum(total) AS total,
        sum(squares) AS squares,
        sum(n - 1) AS freedom,
        count(*) FILTER (n = 1) AS alone,
        sum(n * variance ORDER BY form) AS known,
        sum((n - 1) * variance ORDER BY form) AS within
    FROM (
        SELECT *, CASE WHEN n > 1 THEN {_variance()} END AS variance
        FROM (
            SELECT {keys}, form,
                count(*) AS n,
                sum(units) AS total,
                sum(units * units) AS squares
            FROM (
                SELECT *, round(value * {_UNIT})::HUGEINT AS units FROM ({union.join(values)})
            )
            GROUP BY ALL
        )
    )
    GROUP BY ALL
)"""


_UNIT = 1_000_000_000


def _variance() -> str:
    """The variance of n numbers with this total and these squares, exact up to the division."""
    return "(n * squares - total * total)::DOUBLE / (n * (n - 1))"
