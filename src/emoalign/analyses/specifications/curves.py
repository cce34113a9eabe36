"""The tables of specification curves: r of every way of asking, their medians, and the models
compared over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.specifications.analysis import SpecificationsJob
from emoalign.items.asked_items import AskedScale, Specification, Way, asked_scales, missing
from emoalign.items.form_means import form_means
from emoalign.items.rated_items import of_scales
from emoalign.items.rated_rows import rated_rows
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import UNDEFINED, Replicates, median, pearson_replicates
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.significance import holm
from emoalign.statistics.specifications import FEWEST, kendall_w, swap_test
from emoalign.study.fields import WRITTEN
from emoalign.tables import (
    ITEMS,
    SPECIFICATION_CONTRASTS,
    SPECIFICATION_CURVES,
    SPECIFICATIONS,
)
from emoalign.wording import only

Rows = list[dict[str, object]]


class Tables(NamedTuple):
    """The rows of the three tables."""

    specifications: pd.DataFrame
    curves: pd.DataFrame
    contrasts: pd.DataFrame


def trace_curves(job: SpecificationsJob, files: AnalysisFiles) -> None:
    """Write the three tables."""
    ratings = files.below("ratings", ".parquet")
    by_dataset = files.by_dataset("items")

    def scales() -> Iterator[AskedScale]:
        for dataset, ranges in job.scales.items():
            rated = rated_rows(ITEMS.read(by_dataset[dataset]))
            items = of_scales(rated, {dataset: ranges})
            if not items.empty:
                means = form_means(ratings, dataset, ranges, files.folder)
                yield from asked_scales(items, means)

    found = specification_tables(scales(), job)
    files.write(SPECIFICATIONS, found.specifications)
    files.write(SPECIFICATION_CURVES, found.curves)
    files.write(SPECIFICATION_CONTRASTS, found.contrasts)


def specification_tables(scales: Iterator[AskedScale], job: SpecificationsJob) -> Tables:
    """The rows of the three tables; scales on which no model was asked in two ways have none."""
    every: tuple[Rows, Rows, Rows] = ([], [], [])
    for scale in scales:
        curves = _Curves(scale, job)
        if curves.several:
            every[0].extend(curves.specifications())
            every[1].extend(curves.curves())
            every[2].extend(curves.contrasts())
    contracts = (SPECIFICATIONS, SPECIFICATION_CURVES, SPECIFICATION_CONTRASTS)
    tables = Tables(
        *(
            pd.DataFrame(rows, columns=contract.schema.names)
            for rows, contract in zip(every, contracts, strict=True)
        )
    )
    tables.contrasts["p_holm"] = holm(tables.contrasts["p"].to_numpy(dtype=float))
    return tables


class _Curves:
    """The curves of all models on one scale."""

    def __init__(self, scale: AskedScale, job: SpecificationsJob) -> None:
        self._scale, self._job = scale, job
        self._known: dict[bytes, Replicates] = {}
        self._ways: dict[str, list[Specification]] = {}
        self._asked = list(_once(scale.asked, job))
        for model, way in self._asked:
            self._ways.setdefault(model, []).append(way)

    @property
    def several(self) -> bool:
        """Whether any model was asked in two ways, or more."""
        return any(len(ways) >= FEWEST for ways in self._ways.values())

    def specifications(self) -> Iterator[dict[str, object]]:
        """A row for each way of asking each model."""
        for (model, way), r in self._found().items():
            yield {
                **self._about(model),
                **way._asdict(),
                **self._job.protocols[way.protocol].model_dump(),
                "n_ok": int(np.nansum(self._scale.values((model, way), "n_ok"))),
                "n_items": r.n_items,
                "n_clusters": r.n_clusters,
                **_estimated("r", r),
                "reason": missing(r),
            }

    def curves(self) -> Iterator[dict[str, object]]:
        """A row for each model."""
        found = self._found()
        agreement = self._agreement(found)
        for model, ways in self._ways.items():
            known = [r for way in ways if np.isfinite((r := found[model, way]).estimate)]
            rs = np.array([r.estimate for r in known])
            yield {
                **self._about(model),
                "n_specifications": len(known),
                "n_above_0": sum(r.interval().low > 0 for r in known),
                **_estimated("median", median(known) if known else None),
                **_ends(rs),
                "iqr": np.subtract(*np.quantile(rs, [0.75, 0.25])) if known else np.nan,
                "kendall_w": agreement,
                "reason": _too_few(len(known)),
            }

    def contrasts(self) -> Iterator[dict[str, object]]:
        """A row for each two models that share two ways of asking, or more."""
        for a, b in combinations(self._ways, 2):
            shared = [way for way in self._ways[a] if way in self._ways[b]]
            if len(shared) >= FEWEST:
                yield self._contrast(a, b, shared)

    def _contrast(self, a: str, b: str, shared: Sequence[Specification]) -> dict[str, object]:
        human, clusters = self._scale.human, self._scale.clusters
        first, second = (
            np.stack([self._means((model, way)) for way in shared]) for model in (a, b)
        )
        present = np.isfinite(first) & np.isfinite(second)
        first, second = (np.where(present, means, np.nan) for means in (first, second))
        test = swap_test(
            first,
            second,
            human,
            self._job.permutations,
            seed_of(self._job.seed, self._scale.dataset, "swaps"),
            clusters,
        )
        apart = [
            one - other
            for one, other in zip(
                self._correlations(first), self._correlations(second), strict=True
            )
            if np.isfinite(one.estimate - other.estimate)
        ]
        n_a, n_b = test.n_higher
        return {
            "dataset": self._scale.dataset,
            "scale": self._scale.scale,
            "a": a,
            "b": b,
            "n_specifications": len(test.differences),
            "n_a_higher": n_a,
            "n_b_higher": n_b,
            "n_items": test.n_items,
            "n_clusters": test.n_clusters,
            **_estimated("difference", median(apart) if apart else None),
            **_ends(np.array(test.differences)),
            "p": test.p,
            "reason": _too_few(len(test.differences)) or _untested(test.n_clusters),
        }

    def _means(self, way: Way) -> FloatArray:
        """Means of the items that people rated as well, shape (items,)."""
        return np.where(np.isfinite(self._scale.human), self._scale.values(way), np.nan)

    def _found(self) -> dict[Way, Replicates]:
        """r of every way of asking."""
        found = self._correlations([self._means(way) for way in self._asked])
        return dict(zip(self._asked, found, strict=True))

    def _agreement(self, found: Mapping[Way, Replicates]) -> float:
        """Kendall's W over the ways of asking that all models with several share."""
        models = [model for model, ways in self._ways.items() if len(ways) >= FEWEST]
        shared = [way for way in self._ways[models[0]] if all((m, way) in found for m in models)]
        rows = [[found[model, way].estimate for model in models] for way in shared]
        return kendall_w(np.array(rows, dtype=float).reshape(len(shared), len(models)))

    def _correlations(self, means: Sequence[FloatArray] | FloatArray) -> list[Replicates]:
        """r of each, from the resamples of all that is correlated; equal ones are computed once."""
        new = {key: one for one in means if (key := one.tobytes()) not in self._known}
        if new:
            made = pearson_replicates(
                np.stack(list(new.values())),
                self._scale.human,
                self._job.bootstrap_resamples,
                seed_of(self._job.seed, self._scale.dataset, "items"),
                self._scale.clusters,
            )
            self._known |= dict(zip(new, made, strict=True))
        return [self._known[one.tobytes()] for one in means]

    def _about(self, model: str) -> dict[str, object]:
        return {"model": model, "dataset": self._scale.dataset, "scale": self._scale.scale}


def _once(asked: Iterable[Way], job: SpecificationsJob) -> Iterator[Way]:
    """Ways of asking without those that repeat an earlier one: probabilities of the same form under
    a protocol that differs in nothing else either, which are one answer, read once.

    Sampled answers are others where their number is; in sessions, so is what stands in view.
    """
    told: set[tuple[object, ...]] = set()
    for model, way in asked:
        factors = job.protocols[way.protocol]
        if way.readout in WRITTEN or way.form is None or factors.session is not None:
            yield model, way
            continue
        question = (model, way.form, way.readout, factors.model_dump_json())
        if question not in told:
            told.add(question)
            yield model, way


def _estimated(name: str, found: Replicates | None) -> dict[str, object]:
    ends = UNDEFINED if found is None else found.interval()
    estimate = np.nan if found is None else found.estimate
    return {name: estimate, f"{name}_low": ends.low, f"{name}_high": ends.high}


def _ends(values: FloatArray) -> dict[str, object]:
    known = len(values) > 0
    return {
        "lowest": values.min() if known else np.nan,
        "highest": values.max() if known else np.nan,
    }


def _too_few(n: int) -> str | None:
    if n >= FEWEST:
        return None
    return f"{only(n, 'specification')} with a correlation; {FEWEST} are needed"


def _untested(n_clusters: int) -> str | None:
    if n_clusters >= FEWEST_CLUSTERS:
        return None
    return f"{only(n_clusters, 'cluster')} of items; {FEWEST_CLUSTERS} are needed"
