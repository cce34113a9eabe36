"""Aggregation of ratings into items, streamed by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from emoalign.errors import DataError
from emoalign.items.cells import as_lists
from emoalign.items.clusters import ItemClusters
from emoalign.items.item_jobs import AggregationJob
from emoalign.items.mean_errors import answers_to_forms, mean_errors
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import DatasetScale, LabelScale, OrdinalScale
from emoalign.tables import ITEMS, STATUSES, read_parquet
from emoalign.tables.ratings_database import ratings_database

ROWS_AT_ONCE = 50_000

_TWICE = "SELECT item_id, scale FROM read_parquet($norms) GROUP BY ALL HAVING count(*) > 1 LIMIT 1"


def aggregate(
    job: AggregationJob,
    ratings: Sequence[Path],
    norms: Path,
    stimuli: Path,
    output: Path,
    threads: int = 1,
) -> None:
    """Write the item table of a dataset: its ratings by cell and item, joined with the norms.

    The result is the same to the last byte, whatever the order or number of the rating files. What
    does not fit into memory goes to the disk, beside the output. Raises DataError if an item has
    two norms on a scale.
    """
    scales = sorted(job.scales.items())
    bound: dict[str, object] = {"files": [str(path) for path in ratings], "norms": str(norms)}
    bound |= {f"scale_{place}": name for place, (name, _) in enumerate(scales)}
    bound |= {
        f"labels_{place}": list(scale.labels)
        for place, (_, scale) in enumerate(scales)
        if isinstance(scale, LabelScale)
    }
    others = [job.other_points.get(name, {}) for name, _ in scales]
    for place, forms in enumerate(others):
        if forms:
            bound[f"mixed_{place}"] = list(forms)
            bound[f"others_{place}"] = [f"{of}/{name}" for of in forms for name in forms[of]]
    output.parent.mkdir(parents=True, exist_ok=True)
    with ratings_database([norms, *ratings], output.parent, threads) as database:
        twice = database.execute(_TWICE, {"norms": str(norms)}).fetchone()
        if twice:
            raise DataError(f"{norms}: item {twice[0]} has more than one norm of {twice[1]!r}")
        database.register("human_shares", _human_shares(norms, scales))
        database.register("clusters", ItemClusters.read(stimuli).table())
        query = items([scale for _, scale in scales], list(map(bool, others)))
        rows = database.sql(query, params=bound)
        ITEMS.write_batches(rows.to_arrow_reader(ROWS_AT_ONCE), output)


def _human_shares(norms: Path, scales: Sequence[tuple[str, DatasetScale]]) -> pa.Table:
    """People's distributions on each scale, of the items that have one."""
    table = read_parquet(norms, columns=["item_id", "scale", "ratings", "labels"])
    schema = pa.schema(
        [("item_id", pa.string()), ("scale", pa.string()), ITEMS.schema.field("human_distribution")]
    )
    parts = []
    for name, scale in scales:
        people = human_answers(table, name, scale)
        item_ids = pa.array(people.item_ids.tolist(), pa.string())
        names = pa.array([name] * len(item_ids), pa.string())
        parts.append(pa.table([item_ids, names, as_lists(people.shares)], schema=schema))
    return pa.concat_tables(parts)


FEW_POINTS = 50

_KEYS = "model, protocol, dataset, scale, readout, item_id"

_COUNTS = ",\n    ".join(
    f"count(*) FILTER (status = '{status}')::INTEGER AS n_{status}" for status in STATUSES
)
_BOUNDS = ("mean_low", "mean_high", "sd_low", "sd_high")
_OF_PROBABILITIES = (*_BOUNDS, "raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass")
_NO_PROBABILITIES = ", ".join(f"NULL::DOUBLE AS {name}" for name in _OF_PROBABILITIES)
_OF_ANSWERS = "sd / sqrt(n_ok) AS mean_se"
_ALL_IN = "NULL::INTEGER AS n_distribution, 0::INTEGER AS n_forms_left_out"
_STATUSES = ", ".join(f"n_{status}" for status in STATUSES)


def sampled_numbers(place: int, scale: OrdinalScale, mixed: bool = False) -> str:
    """Items of the scale bound as $scale_<place>: counts, mean, SD and share of each point.

    Ratings are counted as numbers of steps above the lowest point. Sums of whole numbers are exact,
    so the result does not depend on the order in which rows are read, and answers that are all the
    same have an SD of exactly 0. `mixed` leaves out the protocols of `mixed_numbers`.
    """
    steps = [float(step) for step in range(len(scale.points))]
    squares = [step**2 for step in steps]
    return f"""
SELECT {_KEYS}, {_STATUSES},
    CASE WHEN n_ok > 0 THEN {scale.min!r} + {scale.step!r} * (total / n_ok) END AS mean,
    CASE WHEN n_ok > 1 THEN
        {scale.step!r} * sqrt((n_ok * squares - total * total) / (n_ok * (n_ok - 1)))
    END AS sd,
    CASE WHEN n_ok > 0 THEN list_transform(counts, lambda count: count / n_ok) END AS distribution,
    {_OF_ANSWERS}, {_ALL_IN}, {_NO_PROBABILITIES}
FROM (
    SELECT *,
        list_dot_product(counts, {steps!r}::DOUBLE[]) AS total,
        list_dot_product(counts, {squares!r}::DOUBLE[]) AS squares
    FROM (
        SELECT {_KEYS},
    {_COUNTS},
            {_counts_of_steps(len(steps))}::DOUBLE[] AS counts
        FROM (
            SELECT *, {_steps(scale)} AS steps
            FROM read_parquet($files)
            WHERE readout = 'sampled' AND scale = $scale_{place}
                {f"AND NOT list_contains($mixed_{place}, protocol)" if mixed else ""}
        )
        GROUP BY ALL
    )
)"""


def mixed_numbers(place: int, scale: OrdinalScale) -> str:
    """The same for the protocols $mixed_<place>, of which some forms have other points.

    Those are $others_<place>, each after its protocol and a slash. Mean and SD are over all
    ratings, unrounded, from ascending values and their counts, so that they do not depend on the
    order of rows either. Shares are those of the other forms, which have the card's own points.
    """
    return f"""
SELECT {_KEYS}, {_STATUSES}, mean,
    CASE WHEN n_ok > 1 THEN
        sqrt(list_dot_product(
            numbers, list_transform(ratings, lambda rating: power(rating - mean, 2))
        ) / (n_ok - 1))
    END AS sd,
    CASE WHEN n_distribution > 0 THEN
        list_transform(counts, lambda count: count / n_distribution)
    END AS distribution,
    {_OF_ANSWERS}, n_distribution, n_forms_left_out, {_NO_PROBABILITIES}
FROM (
    SELECT *,
        CASE WHEN n_ok > 0 THEN ratings[1] + list_dot_product(
            numbers, list_transform(ratings, lambda rating: rating - ratings[1])
        ) / n_ok END AS mean
    FROM (
        SELECT *,
            list_transform(given, lambda each: each.key) AS ratings,
            list_transform(given, lambda each: each.value::DOUBLE) AS numbers
        FROM (
            SELECT {_KEYS},
    {_COUNTS},
                list_sort(map_entries(histogram(rating))) AS given,
                {_counts_of_steps(len(scale.points))}::DOUBLE[] AS counts,
                count(steps)::INTEGER AS n_distribution,
                {_LEFT_OUT} AS n_forms_left_out
            FROM (
                SELECT *, CASE WHEN own THEN {_steps(scale)} END AS steps
                FROM ({_with_own(place, True)})
                WHERE readout = 'sampled' AND scale = $scale_{place}
                    AND list_contains($mixed_{place}, protocol)
            )
            GROUP BY ALL
        )
    )
)"""


_LEFT_OUT = "count(DISTINCT form) FILTER (NOT own)::INTEGER"


def _with_own(place: int, mixed: bool) -> str:
    """Ratings with `own`: whether they are of a form with the card's own points."""
    others = f"NOT coalesce(list_contains($others_{place}, protocol || '/' || form), false)"
    return f"SELECT *, {others if mixed else 'true'} AS own FROM read_parquet($files)"


def _steps(scale: OrdinalScale) -> str:
    return f"round((rating - {scale.min!r}) / {scale.step!r})::BIGINT"


def _counts_of_steps(points: int) -> str:
    """A count for each point: one by one where there are few, which is many times faster."""
    if points <= FEW_POINTS:
        one_by_one = (f"count(*) FILTER (steps = {step})" for step in range(points))
        return f"[{', '.join(one_by_one)}]"
    return f"list_transform(range({points}), lambda step: coalesce(histogram(steps)[step], 0))"


def sampled_labels(place: int) -> str:
    """Items of the scale bound as $scale_<place>: counts, and share of each of $labels_<place>."""
    return f"""
SELECT asked.*, NULL::DOUBLE AS mean, NULL::DOUBLE AS sd, NULL::DOUBLE AS mean_se,
    CASE WHEN n_ok > 0 THEN
        list_transform($labels_{place}, lambda label: coalesce(counts[label], 0) / n_ok)
    END AS distribution,
    {_ALL_IN}, {_NO_PROBABILITIES}
FROM (
    SELECT {_KEYS},
    {_COUNTS}
    FROM read_parquet($files)
    WHERE readout = 'sampled' AND scale = $scale_{place}
    GROUP BY ALL
) AS asked
LEFT JOIN (
    SELECT {_KEYS}, histogram(label) AS counts
    FROM (
        SELECT {_KEYS}, unnest(labels) AS label
        FROM read_parquet($files)
        WHERE readout = 'sampled' AND scale = $scale_{place} AND status = 'ok'
    )
    GROUP BY ALL
) AS chosen USING ({_KEYS})"""


def distributions(place: int, scale: OrdinalScale, mixed: bool = False) -> str:
    """Items of the scale bound as $scale_<place>: moments, raw and over the mass on the scale.

    An item has a row of probabilities for each form, and for each participant who has some. Their
    raw probabilities are averaged, then renormalised, in the order of forms and participants, so
    that the result does not depend on that of rows. Points other than the card's, of `mixed` forms
    ($others_<place>), span the same range in equal steps; they count for all but the shares.

    The SD is of distances from the mean: the square of the mean, taken from the mean of squares,
    would leave 1e-7 where all of the mass is on one point.

    What an exact answer did not return may be on any points or on none. The mean is furthest off
    with all of it on an end of the scale. The variance is concave in the mixture, so that it is
    least with all of it on one point, the nearest to the mean, or on none; it is highest with all
    of it on both ends, `lowest` of it on the lower one. At a temperature below 1, where
    probabilities are powers of those returned, it weighs at most as much beside them as at 1.
    """
    first, last = float(scale.points[0]), float(scale.points[-1])
    squared_distances = "list_transform(points, lambda point: power(point - mean, 2))"
    return f"""
SELECT {_KEYS}, {_STATUSES}, mean, sd, mean_se, n_distribution, n_forms_left_out,
    CASE WHEN mass > 0 THEN mean - undecided * below / whole
        WHEN undecided > 0 THEN {first!r} END AS mean_low,
    CASE WHEN mass > 0 THEN mean + undecided * above / whole
        WHEN undecided > 0 THEN {last!r} END AS mean_high,
    CASE WHEN mass > 0 THEN
        least(sd, sqrt(squared / whole
            + undecided * mass / power(whole, 2) * list_min({squared_distances})))
        WHEN undecided > 0 THEN 0 END AS sd_low,
    CASE WHEN mass > 0 THEN
        sqrt(greatest(0,
            (squared + lowest * power(below, 2) + (undecided - lowest) * power(above, 2)) / whole
            - power(((undecided - lowest) * above - lowest * below) / whole, 2)
        ))
        WHEN undecided > 0 THEN {(last - first) / 2!r} END AS sd_high,
    CASE WHEN list_sum(own_sums) > 0 THEN
        list_transform(own_sums, lambda probability: probability / list_sum(own_sums))
    END AS distribution,
    raw_moment_1, raw_moment_2, off_scale_mass, returned_mass
FROM (
    SELECT *, sqrt(squared / mass) AS sd,
        least(undecided, greatest(0,
            (undecided * above + (below - above) * whole / 2) / (below + above)
        )) AS lowest
    FROM (
        SELECT *, mean - {first!r} AS below, {last!r} - mean AS above,
            mass + undecided AS whole,
            CASE WHEN mass > 0 THEN
                list_dot_product(probabilities, {squared_distances}) / n
            END AS squared
        FROM (
            SELECT *, CASE WHEN mass > 0 THEN raw_moment_1 / mass END AS mean,
                CASE WHEN mass > 0 AND once THEN 0.0::DOUBLE END AS mean_se
            FROM (
                SELECT *,
                    list_sum(probabilities) / n AS mass,
                    list_dot_product(probabilities, points) / n AS raw_moment_1,
                    list_dot_product(probabilities, squares) / n AS raw_moment_2,
                    list_transform(range(1, {len(scale.points) + 1}), lambda point:
                        list_sum(list_transform(own_rows, lambda each: each[point]))) AS own_sums
                FROM ({_rows_of_items(place, scale, mixed)})
            )
        )
    )
)"""


def stated_labels(place: int, scale: LabelScale) -> str:
    """Items of the scale bound as $scale_<place>: the mean of the shares stated for each label.

    They are added in ascending order, so that the result does not depend on that of rows.
    """
    return f"""
SELECT {_KEYS}, {_STATUSES}, NULL::DOUBLE AS mean, NULL::DOUBLE AS sd, NULL::DOUBLE AS mean_se,
    CASE WHEN n_ok > 0 THEN
        list_transform(range(1, {len(scale.labels) + 1}), lambda label:
            list_sum(list_transform(statements, lambda each: each[label])) / n_ok)
    END AS distribution,
    {_ALL_IN}, {_NO_PROBABILITIES}
FROM (
    SELECT {_KEYS},
    {_COUNTS},
        list_sort(list(probabilities) FILTER (status = 'ok')) AS statements
    FROM read_parquet($files)
    WHERE readout = 'stated' AND scale = $scale_{place}
    GROUP BY ALL
)"""


def _rows_of_items(place: int, scale: OrdinalScale, mixed: bool) -> str:
    """The rows with probabilities of each item, `n` of them, one after the other in lists.

    `once` tells that no participant has them: nothing but the question is behind them.
    """
    order, there = "ORDER BY form, participant", "probabilities IS NOT NULL"

    def averaged(name: str) -> str:
        return f"""CASE WHEN count({name}) FILTER ({there}) = count(probabilities) THEN
            list_sum(list({name} {order}) FILTER ({there})) / count(probabilities)
        END AS {name}"""

    return f"""
SELECT {_KEYS},
    {_COUNTS},
    {_LEFT_OUT} AS n_forms_left_out,
    CASE WHEN n_forms_left_out > 0 THEN
        count(*) FILTER (status = 'ok' AND own)
    END::INTEGER AS n_distribution,
    count(probabilities) AS n,
    count(participant) = 0 AS once,
    flatten(list(probabilities {order}) FILTER ({there})) AS probabilities,
    flatten(list(points {order}) FILTER ({there})) AS points,
    flatten(list(squares {order}) FILTER ({there})) AS squares,
    list(probabilities {order}) FILTER ({there} AND own) AS own_rows,
    {averaged("off_scale_mass")},
    {averaged("returned_mass")},
    {averaged("undecided")}
FROM (
    SELECT *,
        CASE WHEN readout IN ('decision', 'stated') THEN 0
            WHEN returned_mass > 0 THEN greatest(0, 1 - returned_mass)
                * (list_sum(probabilities) + off_scale_mass) / returned_mass
            WHEN returned_mass = 0 THEN 1
        END AS undecided
    FROM ({_with_points(place, scale, mixed)})
)
GROUP BY ALL"""


def _with_points(place: int, scale: OrdinalScale, mixed: bool) -> str:
    """Rows with probabilities, the points that these are of, and the squares of the points."""
    points = [float(point) for point in scale.points]
    squares = [point**2 for point in points]
    length = f"len(probabilities) = {len(points)}"
    place_of = f"{scale.min!r} + place * {scale.max - scale.min!r} / (len(probabilities) - 1)"
    spread = f"list_transform(range(len(probabilities)), lambda place: {place_of})"
    return f"""
SELECT *,
    CASE WHEN {length} THEN {points!r}::DOUBLE[] ELSE {spread} END AS points,
    CASE WHEN {length} THEN {squares!r}::DOUBLE[]
        ELSE list_transform({spread}, lambda point: point * point)
    END AS squares
FROM ({_with_own(place, mixed)})
WHERE readout IN ('exact', 'decision', 'stated') AND scale = $scale_{place}"""


def _means_of_rows(place: int, scale: OrdinalScale, mixed: bool) -> str:
    """The mean, as `value`, of each distribution that a participant has."""
    return f"""
SELECT {_KEYS}, form,
    list_sum(list_transform(probabilities, lambda each, place: each * points[place]))
        / list_sum(probabilities) AS value
FROM ({_with_points(place, scale, mixed)})
WHERE participant IS NOT NULL AND list_sum(probabilities) > 0"""


def items(scales: list[OrdinalScale | LabelScale], mixed: Sequence[bool]) -> str:
    """All items of the scales, beside their norms, in order.

    `mixed` tells for each scale whether some protocols show other points than its own.
    `human_shares` is a relation of item_id, scale and human_distribution, of the items that have a
    distribution of single human answers; `clusters` is one of item_id and cluster.
    """
    models, values = [], [answers_to_forms(_KEYS)]
    for place, scale in enumerate(scales):
        if isinstance(scale, LabelScale):
            models += [sampled_labels(place), stated_labels(place, scale)]
        else:
            models.append(sampled_numbers(place, scale, mixed[place]))
            models.append(distributions(place, scale, mixed[place]))
            models += [mixed_numbers(place, scale)] * mixed[place]
            values.append(_means_of_rows(place, scale, mixed[place]))
    union = "\nUNION ALL BY NAME\n"
    return f"""
WITH model AS ({union.join(models)}),
errors AS ({mean_errors(_KEYS, values)}),
human AS (
    SELECT item_id, scale, mean AS human_mean, sd AS human_sd, n AS human_n, human_distribution
    FROM read_parquet($norms) LEFT JOIN human_shares USING (item_id, scale)
)
SELECT model.* REPLACE (coalesce(errors.mean_se, model.mean_se) AS mean_se),
    cluster, human_mean, human_sd, human_n, human_distribution
FROM model LEFT JOIN errors USING ({_KEYS})
    LEFT JOIN human USING (item_id, scale) LEFT JOIN clusters USING (item_id)
ORDER BY model, protocol, scale, readout, item_id"""
