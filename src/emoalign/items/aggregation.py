"""Aggregation of ratings into items, streamed by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from emoalign.errors import DataError
from emoalign.items.cells import as_lists
from emoalign.items.item_jobs import AggregationJob
from emoalign.items.queries import items
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import DatasetScale, LabelScale
from emoalign.tables import ITEMS

MEMORY_LIMIT = "600MB"
ROWS_AT_ONCE = 50_000

_TWICE = "SELECT item_id, scale FROM read_parquet($norms) GROUP BY ALL HAVING count(*) > 1 LIMIT 1"


def aggregate(
    job: AggregationJob, ratings: Sequence[Path], norms: Path, output: Path, threads: int = 1
) -> None:
    """Write the item table of a dataset: its ratings by cell and item, joined with the norms.

    The result is the same to the last byte whatever the order or number of the files the ratings
    are in. What does not fit into memory waits on disk beside the output.
    Raises DataError when an item has two norms on a scale.
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
        query = items([scale for _, scale in scales])
        rows = database.sql(query, params=bound)
        ITEMS.write_batches(rows.to_arrow_reader(ROWS_AT_ONCE), output)


def _human_shares(norms: Path, scales: Sequence[tuple[str, DatasetScale]]) -> pa.Table:
    """People's distributions on each scale, of the items that have one."""
    table = pq.read_table(norms, columns=["item_id", "scale", "ratings", "labels"])
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
