"""The decomposition stage: shares of the variance of a model's ratings by source."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.items.summed_ratings import Levels, cells, crossed, levels, sessions, summed_ratings
from emoalign.statistics.components import variance_components
from emoalign.tables import VARIANCE


def decompose(job: DecompositionJob, files: AnalysisFiles) -> None:
    """Write the table of variance, whatever the number of the files the ratings are in."""
    ratings = files.below("ratings", ".parquet")
    rows = [
        {"model": model, "dataset": dataset, "scale": scale, **row}
        for (model, dataset, scale), summed in summed_ratings(
            ratings, files.folder, [tuple(job.protocols)]
        )
        for row in _of_scale(summed[summed["n"] > 0], job)
    ]
    files.write(VARIANCE, pd.DataFrame(rows, columns=VARIANCE.schema.names))


def _of_scale(summed: pd.DataFrame, job: DecompositionJob) -> Iterator[dict[str, object]]:
    """One row for each source; see `tables.VARIANCE`."""
    sums = [summed[column].to_numpy(dtype=float) for column in ("n", "total", "squares")]
    of = sources(summed, job)
    for source, component in variance_components(of, *sums, cells=cells(of)).items():
        yield {
            "source": source,
            "n_ratings": int(summed["n"].sum()),
            "n_levels": component.levels,
            "variance": component.variance,
            "share": component.share,
            "reason": component.reason,
        }


def sources(rows: pd.DataFrame, job: DecompositionJob) -> dict[str, Levels]:
    """The levels of every source, shape (rows,): of ratings of one model, dataset and scale.

    Thinking and wave are sources only of studies that have more than one level of them,
    participants only where sessions tell them apart from each other and from their personas.
    """
    asked = rows["protocol"].map(job.protocols)
    item, persona, participant = levels(rows["item_id"]), levels(rows["persona"]), sessions(rows)
    main = {
        "form": levels(rows["form"]),
        "temperature": levels(asked.map(lambda each: _place(each.temperature))),
    }
    for name in ("thinking", "wave"):
        if len({getattr(each, name) for each in job.protocols.values()}) > 1:
            main[name] = levels(asked.map(lambda each, name=name: getattr(each, name)))
    people = {"persona": persona}
    if participant.max(initial=-1) >= 0 and not _same(participant, persona):
        people["participant"] = participant
    interactions = {f"item x {name}": _with_items(item, of) for name, of in main.items()}
    return {"item": item, **main, **people, **interactions}


def _place(temperature: float | None) -> float:
    """A level of its own, below all others, for the provider's sampling."""
    return -1.0 if temperature is None else temperature


def _with_items(item: Levels, of: Levels) -> Levels:
    """Levels of an interaction. Where one of the sources has one level, it is no source of its own,
    and has one level as well; where the other is not used, it is not either."""
    if min(item.max(initial=0), of.max(initial=-1)) < 1:
        return np.full_like(item, min(0, of.max(initial=-1)))
    return crossed(item, of)


def _same(first: Levels, second: Levels) -> bool:
    """Whether two sources always change together."""
    pairs = len(np.unique(np.stack((first, second)), axis=1).T)
    return pairs == len(np.unique(first)) == len(np.unique(second))
