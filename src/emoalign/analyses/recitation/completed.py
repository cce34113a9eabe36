"""The tables of recitation: completions beside norms and ratings, by item and over items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.recitation.analysis import RecitationJob, RecitedDataset
from emoalign.items.human_agreement import Drawing
from emoalign.items.rated_items import drawn_items
from emoalign.items.rated_rows import rated_rows
from emoalign.statistics.correlation import pearson
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.recitation import FEWEST_COMPLETIONS, partial_sums, recitation
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.stimuli.published import PublishedMeans, in_file, published_means
from emoalign.study.scales import HumanScale
from emoalign.tables import (
    COMPLETIONS,
    ITEMS,
    NORMS,
    RECITATION,
    RECITATION_ITEMS,
    groups,
)
from emoalign.wording import only

_SUBJECT = ["model", "protocol", "dataset", "scale"]
_COUNTS = ("n_asked", "n_completions", "n_unreadable", "decimals", "exact", "hits", "n_rated")


def compare_completions(job: RecitationJob, files: AnalysisFiles) -> None:
    """Write the tables of recitation and of its items."""
    read = [COMPLETIONS.read(path) for path in files.below("completions", ".parquet")]
    completions = pd.concat(read, ignore_index=True) if read else pd.DataFrame(columns=_SUBJECT)
    rows, items = [], []
    for name, dataset in sorted(job.datasets.items()):
        rated = rated_rows(ITEMS.read(files.by_dataset("items")[name]))
        norms = NORMS.read(files.by_dataset("norms")[name])
        of_dataset = completions[completions["dataset"] == name]
        for subject in subjects(dataset, name, rated, of_dataset):
            row, of_items = subject.compared(job, rated, norms)
            rows.append(row)
            items.append(of_items)
    table = pd.DataFrame(rows, columns=RECITATION.schema.names)
    table = table.astype(dict.fromkeys(_COUNTS, "Int32"))
    files.write(RECITATION, table)
    columns = RECITATION_ITEMS.schema.names
    listed = pd.concat(items, ignore_index=True) if items else pd.DataFrame(columns=columns)
    files.write(RECITATION_ITEMS, listed[columns])


@dataclass(frozen=True, eq=False)
class Subject:
    """A model under a protocol of kind recitation, on a scale of a dataset, and its answers."""

    model: str
    protocol: str
    dataset: str
    scale: str
    bounds: HumanScale
    answers: pd.DataFrame
    reason: str | None

    @property
    def named(self) -> dict[str, object]:
        """Its columns in both tables."""
        return {name: getattr(self, name) for name in _SUBJECT}

    def compared(
        self, job: RecitationJob, rated: pd.DataFrame, norms: pd.DataFrame
    ) -> tuple[dict[str, object], pd.DataFrame]:
        """Its row in the table of recitation, and its rows in that of items.

        `rated` are the items of the dataset with all ratings, `norms` its norms.
        """
        published = published_means(norms, self.scale, self.bounds)
        own, told = own_ratings(rated, self.model, self.scale, self.bounds)
        items = self._items(published, own)
        readable = items["completion"].notna()
        row: dict[str, object] = {
            **dict.fromkeys(RECITATION.schema.names),
            **self.named,
            "n_asked": int(items["status"].notna().sum()),
            "n_completions": int(readable.sum()),
            "n_unreadable": int((items["status"].notna() & ~readable).sum()),
            "decimals": published.decimals,
            "tolerance": job.tolerance,
            "reason": self.reason,
            **told,
        }
        if self.reason is None:
            row |= self._numbers(job, rated, items)
        return row, items

    def _items(self, published: PublishedMeans, own: pd.Series[float]) -> pd.DataFrame:
        answers = self.answers.sort_values("item_id")
        ids = answers["item_id"].astype(str)
        return pd.DataFrame(
            {
                **self.named,
                "item_id": ids,
                "norm": ids.map(published.means).astype(float),
                "status": answers["status"],
                "completion": answers["rating"].astype(float),
                "rating": ids.map(own).astype(float),
            }
        ).reset_index(drop=True)

    def _numbers(
        self, job: RecitationJob, rated: pd.DataFrame, items: pd.DataFrame
    ) -> dict[str, object]:
        item_ids, clusters = drawn_items(rated)
        placed = items.set_index("item_id").reindex(item_ids)
        norms, completions, ratings = (
            placed[name].to_numpy(dtype=float) for name in ("norm", "completion", "rating")
        )
        seed = seed_of(job.seed, self.dataset, "permutations")
        found = recitation(norms, completions, ratings, seed, job.tolerance)
        known = np.isfinite(norms) & np.isfinite(completions)
        if found is None:
            n = int(known.sum())
            few = f"{only(n, 'completion')}; at least {FEWEST_COMPLETIONS} are needed"
            alike = (
                "completions with the same whole part, or their norms, are the same number, so "
                "that hits by memory cannot be told from hits by chance"
            )
            return {"reason": few if n < FEWEST_COMPLETIONS else alike}
        drawing = Drawing(job.seed, self.dataset, clusters, job.bootstrap_resamples, 0)
        pairs = np.stack((norms % 1, norms))
        decimals, with_norms = pearson_replicates(
            np.stack((completions % 1, completions)),
            np.where(known, pairs, np.nan),
            drawing.resamples,
            drawing.items,
            clusters,
        )
        of_rated = known & np.isfinite(ratings)
        beyond = drawing.replicates(partial_sums(completions, norms, ratings))
        return {
            "exact": found.exact,
            "hits": found.hits,
            "hits_by_chance": found.hits_by_chance,
            "hits_by_chance_sd": found.hits_by_chance_sd,
            "p": found.p,
            **_with_interval("r_decimals", found.decimals, decimals),
            **_with_interval("r_norm", found.with_norms, with_norms),
            "n_rated": int(of_rated.sum()),
            "r_rating_norm": _r(ratings[of_rated], norms[of_rated]),
            "r_rating": _r(ratings[of_rated], completions[of_rated]),
            **_with_interval("r_beyond", found.beyond_judgement, beyond),
        }


def subjects(
    dataset: RecitedDataset, name: str, rated: pd.DataFrame, completions: pd.DataFrame
) -> Iterator[Subject]:
    """All that may have completions, in ascending order, with the reason of what has none."""
    answers = dict(groups(completions, _SUBJECT))
    models = sorted({*rated["model"].astype(str), *completions["model"].astype(str)})
    for model in models:
        for protocol in dataset.protocols:
            for scale, bounds in sorted(dataset.scales.items()):
                of_subject = answers.get((model, protocol, name, scale))
                reason = None
                if dataset.modality == "image":
                    reason = "its items are images, which no row of a table can show"
                elif of_subject is None:
                    reason = "its ratings are recorded, without completions of the norms"
                empty = pd.DataFrame(columns=COMPLETIONS.schema.names)
                there = empty if of_subject is None else of_subject
                yield Subject(model, protocol, name, scale, bounds, there, reason)


_FIRST = ("exact", "sampled", "stated", "decision")
"""Readouts, the one whose mean ratings are taken first."""


def own_ratings(
    rated: pd.DataFrame, model: str, scale: str, bounds: HumanScale
) -> tuple[pd.Series[float], dict[str, object]]:
    """The mean ratings of a model by item, in the numbers of the file, and where they are from.

    Of several conditions the one with exact probabilities, then of sampled answers the one with
    most rated items, then the first protocol; stated distributions and decisions come last. Empty
    without any.
    """
    of_scale = rated[(rated["model"] == model) & (rated["scale"] == scale) & rated["mean"].notna()]
    conditions = sorted(
        (_FIRST.index(readout), -len(rows), protocol, readout)
        for (protocol, readout), rows in groups(of_scale, ["protocol", "readout"])
    )
    if not conditions:
        return pd.Series(dtype=float), {}
    *_, protocol, readout = conditions[0]
    rows = of_scale[(of_scale["protocol"] == protocol) & (of_scale["readout"] == readout)]
    means = in_file(rows["mean"].to_numpy(dtype=float), bounds)
    return pd.Series(means, index=rows["item_id"].astype(str)), {
        "rated_under": protocol,
        "rated_readout": readout,
    }


def _r(x: FloatArray, y: FloatArray) -> float:
    return pearson(x, y).r if len(x) else np.nan


def _with_interval(name: str, value: float, replicates: Replicates) -> dict[str, object]:
    ends = replicates.interval()
    return {name: value, f"{name}_low": ends.low, f"{name}_high": ends.high}
