"""The decomposition stage: shares of the variance of a model's ratings by source."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.statistics.components import Levels, variance_components
from emoalign.tables import VARIANCE, groups, intact

MEMORY_LIMIT = "600MB"

# Equal ratings are counted first and then summed in ascending order: sums of numbers with decimals
# would depend on the order of the files in their last digit.
_SUMMED = """
SELECT
    model, protocol, dataset, scale, item_id, persona,
    sum(n ORDER BY rating) AS n,
    sum(n * rating ORDER BY rating) AS total,
    sum(n * rating * rating ORDER BY rating) AS squares
FROM (
    SELECT model, protocol, dataset, scale, item_id, persona, rating, count(*)::DOUBLE AS n
    FROM read_parquet($files)
    WHERE readout = 'sampled' AND status = 'ok' AND rating IS NOT NULL
    GROUP BY ALL
)
GROUP BY ALL ORDER BY ALL
"""


def decompose(job: DecompositionJob, files: AnalysisFiles) -> None:
    """Write the table of variance, whatever the number of the files the ratings are in."""
    ratings = files.below("ratings", ".parquet")
    with (
        intact(ratings),
        TemporaryDirectory(dir=files.folder, prefix=".variance.") as spill,
        duckdb.connect(
            config={"threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        ) as database,
    ):
        database.execute("SET enable_progress_bar = false")
        summed = database.sql(_SUMMED, params={"files": [str(path) for path in ratings]}).df()
    files.write(VARIANCE, variance_rows(summed, job))


def variance_rows(summed: pd.DataFrame, job: DecompositionJob) -> pd.DataFrame:
    """One row per model, dataset, scale and source; see `tables.VARIANCE`.

    `summed` has the number `n` of ratings, their `total` and the sum of their `squares` of every
    model, protocol, dataset, scale, item and persona.
    """
    rows = [
        {
            "model": key[0],
            "dataset": key[1],
            "scale": key[2],
            "source": source,
            "n_ratings": int(group["n"].sum()),
            "n_levels": component.levels,
            "variance": component.variance,
            "share": component.share,
            "reason": component.reason,
        }
        for key, group in groups(summed, ["model", "dataset", "scale"])
        for source, component in variance_components(
            sources(group, job),
            *(group[column].to_numpy(dtype=float) for column in ("n", "total", "squares")),
        ).items()
    ]
    return pd.DataFrame(rows, columns=VARIANCE.schema.names)


def sources(rows: pd.DataFrame, job: DecompositionJob) -> dict[str, Levels]:
    """The levels of every source, shape (rows,): of ratings of one model, dataset and scale.

    Thinking is a source only of studies that ask for it at more than one level.
    """
    asked = [job.protocols[protocol] for protocol in rows["protocol"]]
    item = _levels(rows["item_id"])
    prompts = _levels(
        pd.Series(
            [each.prompts[dataset] for each, dataset in zip(asked, rows["dataset"], strict=True)]
        )
    )
    temperature = _levels(pd.Series([_place(each.temperature) for each in asked]))
    main = {"item": item, "prompts": prompts, "temperature": temperature}
    crossed = {
        "item x prompts": _crossed(item, prompts),
        "item x temperature": _crossed(item, temperature),
    }
    if len({each.thinking for each in job.protocols.values()}) > 1:
        thinking = _levels(pd.Series([each.thinking for each in asked]))
        main["thinking"] = thinking
        crossed["item x thinking"] = _crossed(item, thinking)
    return {**main, "persona": _levels(rows["persona"]), **crossed}


def _place(temperature: float | None) -> float:
    """A level of its own, below all others, for the provider's sampling."""
    return -1.0 if temperature is None else temperature


def _levels(values: pd.Series) -> Levels:
    """Numbers of the levels in ascending order; -1 for none."""
    return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.intp)


def _crossed(first: Levels, second: Levels) -> Levels:
    """Levels of an interaction. Where one of the sources has one level, it is no source of its own,
    and has one level as well."""
    if min(first.max(initial=0), second.max(initial=0)) == 0:
        return np.zeros_like(first)
    return np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]
