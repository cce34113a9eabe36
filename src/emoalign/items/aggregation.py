"""Aggregation of ratings into items, streamed by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from emoalign.errors import DataError
from emoalign.items.cells import as_lists
from emoalign.items.clusters import ItemClusters
from emoalign.items.item_jobs import AggregationJob
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import DatasetScale, LabelScale, OrdinalScale
from emoalign.tables import ITEMS, STATUSES, intact, read_parquet

MEMORY_LIMIT = "600MB"
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
    output.parent.mkdir(parents=True, exist_ok=True)
    with (
        intact([norms, *ratings]),
        TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}.") as spill,
        duckdb.connect(
            config={"threads": threads, "memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        ) as database,
    ):
        twice = database.execute(_TWICE, {"norms": str(norms)}).fetchone()
        if twice:
            raise DataError(f"{norms}: item {twice[0]} has more than one norm of {twice[1]!r}")
        database.execute("SET enable_progress_bar = false")
        database.register("human_shares", _human_shares(norms, scales))
        database.register("clusters", ItemClusters.read(stimuli).table())
        query = items([scale for _, scale in scales])
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
_ONE_DISTRIBUTION = "NULL::DOUBLE AS sd_of_means"
_NO_PROBABILITIES = (
    _ONE_DISTRIBUTION + ", " + ", ".join(f"NULL::DOUBLE AS {name}" for name in _OF_PROBABILITIES)
)


def sampled_numbers(place: int, scale: OrdinalScale) -> str:
    """Items of the scale bound as $scale_<place>: counts, mean, SD and share of each point.

    Ratings are counted as numbers of steps above the lowest point. Sums of whole numbers are exact,
    so the result does not depend on the order in which rows are read, and answers that are all the
    same have an SD of exactly 0.
    """
    steps = [float(step) for step in range(len(scale.points))]
    squares = [step**2 for step in steps]
    return f"""
SELECT {_KEYS}, {", ".join(f"n_{status}" for status in STATUSES)},
    CASE WHEN n_ok > 0 THEN {scale.min!r} + {scale.step!r} * (total / n_ok) END AS mean,
    CASE WHEN n_ok > 1 THEN
        {scale.step!r} * sqrt((n_ok * squares - total * total) / (n_ok * (n_ok - 1)))
    END AS sd,
    CASE WHEN n_ok > 0 THEN list_transform(counts, lambda count: count / n_ok) END AS distribution,
    {_NO_PROBABILITIES}
FROM (
    SELECT *,
        list_dot_product(counts, {steps!r}::DOUBLE[]) AS total,
        list_dot_product(counts, {squares!r}::DOUBLE[]) AS squares
    FROM (
        SELECT {_KEYS},
    {_COUNTS},
            {_counts_of_steps(len(steps))}::DOUBLE[] AS counts
        FROM (
            SELECT *, round((rating - {scale.min!r}) / {scale.step!r})::BIGINT AS steps
            FROM read_parquet($files)
            WHERE readout = 'sampled' AND scale = $scale_{place}
        )
        GROUP BY ALL
    )
)"""


def _counts_of_steps(points: int) -> str:
    """A count for each point: one by one where there are few, which is many times faster."""
    if points <= FEW_POINTS:
        one_by_one = (f"count(*) FILTER (steps = {step})" for step in range(points))
        return f"[{', '.join(one_by_one)}]"
    return f"list_transform(range({points}), lambda step: coalesce(histogram(steps)[step], 0))"


def sampled_labels(place: int) -> str:
    """Items of the scale bound as $scale_<place>: counts, and share of each of $labels_<place>."""
    return f"""
SELECT asked.*, NULL::DOUBLE AS mean, NULL::DOUBLE AS sd,
    CASE WHEN n_ok > 0 THEN
        list_transform($labels_{place}, lambda label: coalesce(counts[label], 0) / n_ok)
    END AS distribution,
    {_NO_PROBABILITIES}
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


def distributions(place: int, scale: OrdinalScale) -> str:
    """Items of the scale bound as $scale_<place>: moments, raw and over the mass on the scale.

    The SD is of distances from the mean: the square of the mean, taken from the mean of squares,
    would leave 1e-7 where all of the mass is on one point.

    What an exact answer did not return may be on any points or on none. The mean is furthest off
    with all of it on an end of the scale. The variance is concave in the mixture, so that it is
    least with all of it on one point, the nearest to the mean, or on none; it is highest with all
    of it on both ends, `lowest` of it on the lower one. At a temperature below 1, where
    probabilities are powers of those returned, it weighs at most as much beside them as at 1.
    """
    points = [float(point) for point in scale.points]
    squares = [point**2 for point in points]
    nearest = f"list_min({_squared_distances(points)})"
    return f"""
SELECT {_KEYS}, {", ".join(f"n_{status}" for status in STATUSES)}, mean, sd,
    CASE WHEN mass > 0 THEN mean - undecided * below / whole
        WHEN undecided > 0 THEN {points[0]!r} END AS mean_low,
    CASE WHEN mass > 0 THEN mean + undecided * above / whole
        WHEN undecided > 0 THEN {points[-1]!r} END AS mean_high,
    CASE WHEN mass > 0 THEN
        least(sd, sqrt(squared / whole + undecided * mass / power(whole, 2) * {nearest}))
        WHEN undecided > 0 THEN 0 END AS sd_low,
    CASE WHEN mass > 0 THEN
        sqrt(greatest(0,
            (squared + lowest * power(below, 2) + (undecided - lowest) * power(above, 2)) / whole
            - power(((undecided - lowest) * above - lowest * below) / whole, 2)
        ))
        WHEN undecided > 0 THEN {(points[-1] - points[0]) / 2!r} END AS sd_high,
    CASE WHEN mass > 0 THEN
        list_transform(probabilities, lambda probability: probability / mass)
    END AS distribution,
    raw_moment_1, raw_moment_2, off_scale_mass, returned_mass, {_ONE_DISTRIBUTION}
FROM (
    SELECT *, sqrt(squared / mass) AS sd,
        least(undecided, greatest(0,
            (undecided * above + (below - above) * whole / 2) / (below + above)
        )) AS lowest
    FROM (
        SELECT *, mean - {points[0]!r} AS below, {points[-1]!r} - mean AS above,
            mass + undecided AS whole,
            CASE WHEN mass > 0 THEN
                list_dot_product(probabilities, {_squared_distances(points)})
            END AS squared
        FROM (
            SELECT *,
                CASE WHEN mass > 0 THEN raw_moment_1 / mass END AS mean,
                CASE WHEN readout = 'decision' THEN 0
                    WHEN returned_mass > 0 THEN greatest(0, 1 - returned_mass)
                        * (mass + off_scale_mass) / returned_mass
                    WHEN returned_mass = 0 THEN 1
                END AS undecided
            FROM (
                SELECT *,
                    list_sum(probabilities) AS mass,
                    list_dot_product(probabilities, {points!r}::DOUBLE[]) AS raw_moment_1,
                    list_dot_product(probabilities, {squares!r}::DOUBLE[]) AS raw_moment_2
                FROM (
                    SELECT {_KEYS},
    {_COUNTS},
                        any_value(probabilities) AS probabilities,
                        any_value(off_scale_mass) AS off_scale_mass,
                        any_value(returned_mass) AS returned_mass
                    FROM read_parquet($files)
                    WHERE readout IN ('exact', 'decision') AND scale = $scale_{place}
                    GROUP BY ALL
                )
            )
        )
    )
)"""


def stated(place: int, scale: OrdinalScale | LabelScale) -> str:
    """Items of the scale bound as $scale_<place>: the mean of their stated distributions.

    Statements count alike. The SD is that of all of them together: of people as the model sees
    them, with what its statements differ by. Statements are ordered before they are added, so that
    the result does not depend on the order in which rows are read.
    """
    if isinstance(scale, LabelScale):
        n, moments = len(scale.labels), _NO_MOMENTS
    else:
        n, moments = len(scale.points), _moments_of_statements(scale)
    averaged = "list_sum(list_transform(statements, lambda each: each[place])) / n_ok"
    return f"""
SELECT {_KEYS}, {", ".join(f"n_{status}" for status in STATUSES)}, mean, sd, sd_of_means,
    CASE WHEN n_ok > 0 THEN
        list_transform(range(1, {n + 1}), lambda place: {averaged})
    END AS distribution,
    {", ".join(f"NULL::DOUBLE AS {name}" for name in _OF_PROBABILITIES)}
FROM (
    SELECT *, {moments}
    FROM (
        SELECT {_KEYS},
    {_COUNTS},
            list_sort(list(probabilities) FILTER (status = 'ok')) AS statements
        FROM read_parquet($files)
        WHERE readout = 'stated' AND scale = $scale_{place}
        GROUP BY ALL
    )
)"""


_NO_MOMENTS = "NULL::DOUBLE AS mean, NULL::DOUBLE AS sd, NULL::DOUBLE AS sd_of_means"


def _moments_of_statements(scale: OrdinalScale) -> str:
    """Mean and SD of the statements of an item, and the SD of their means."""
    points = [float(point) for point in scale.points]
    squares = f"list_dot_product(each, {_squared_distances(points)})"
    return f"""
        list_transform(statements, lambda each: list_dot_product(each, {points!r}::DOUBLE[]))
            AS means,
        list_sum(means) / n_ok AS mean,
        sqrt(list_sum(list_transform(statements, lambda each: {squares})) / n_ok) AS sd,
        CASE WHEN n_ok > 1 THEN
            sqrt(list_sum(list_transform(means, lambda each: power(each - mean, 2))) / (n_ok - 1))
        END AS sd_of_means"""


def _squared_distances(points: Sequence[float]) -> str:
    return f"list_transform({points!r}::DOUBLE[], lambda point: power(point - mean, 2))"


def items(scales: list[OrdinalScale | LabelScale]) -> str:
    """All items of the scales, beside their norms, in order.

    `human_shares` is a relation of item_id, scale and human_distribution, of the items that have a
    distribution of single human answers; `clusters` is one of item_id and cluster.
    """
    models = []
    for place, scale in enumerate(scales):
        models.append(stated(place, scale))
        if isinstance(scale, LabelScale):
            models.append(sampled_labels(place))
        else:
            models += [sampled_numbers(place, scale), distributions(place, scale)]
    union = "\nUNION ALL BY NAME\n"
    return f"""
WITH model AS ({union.join(models)}),
human AS (
    SELECT item_id, scale, mean AS human_mean, sd AS human_sd, n AS human_n, human_distribution
    FROM read_parquet($norms) LEFT JOIN human_shares USING (item_id, scale)
)
SELECT model.*, cluster, human_mean, human_sd, human_n, human_distribution
FROM model LEFT JOIN human USING (item_id, scale) LEFT JOIN clusters USING (item_id)
ORDER BY model, protocol, scale, readout, item_id"""
