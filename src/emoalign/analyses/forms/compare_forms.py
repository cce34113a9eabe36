"""The table of forms: a row for each, for the direction of numbers, and for places of labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import ShownForm
from emoalign.analyses.forms.analysis import FormsJob
from emoalign.items.asked_items import AskedScale, Specification, asked_scales, missing
from emoalign.items.form_means import form_means, place_shares
from emoalign.items.rated_items import drawn_items, of_scales
from emoalign.items.rated_rows import rated_rows
from emoalign.statistics.forms import of_others, pull, shifts
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import (
    Replicates,
    calibration_slope_replicates,
    log_sd_ratio_replicates,
    mean_replicates,
    pearson_replicates,
)
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.study.fields import Range
from emoalign.tables import CELL_KEY, FORMS, ITEMS, groups
from emoalign.wording import only

ESTIMATES = ("r", "r_others", "shift", "slope", "log_sd_ratio", "effect")
"""The numbers of a row, each with its interval."""

KINDS = ("form", "direction", "place")
"""What rows are about, in their order."""


def compare_forms(job: FormsJob, files: AnalysisFiles) -> None:
    """Write the table of forms."""
    ratings, items = files.below("ratings", ".parquet"), files.by_dataset("items")
    rows: list[dict[str, object]] = []
    for dataset, protocols in job.forms.items():
        own = ITEMS.read(items[dataset])
        means = form_means(ratings, dataset, job.scales[dataset], files.folder)
        means = means[means["protocol"].isin(list(protocols))]
        rated = of_scales(rated_rows(own), {dataset: job.scales[dataset]})
        for scale in asked_scales(rated, means):
            rows += scale_rows(scale, protocols, job)
        of_labels = means[~means["scale"].isin(list(job.scales[dataset]))]
        rows += label_rows(of_labels)
        rows += place_rows(place_shares(ratings, dataset, files.folder), own, job)
    files.write(FORMS, forms_table(rows))


def forms_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows in order; what one does not have is missing."""
    blank: dict[str, object] = dict.fromkeys(("form", "place", "reason"))
    blank |= {f"{name}{end}": np.nan for name in ESTIMATES for end in ("", "_low", "_high")}
    table = pd.DataFrame([{**blank, **row} for row in rows], columns=FORMS.schema.names)
    kinds = table["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    ordered = table.assign(order=kinds).sort_values([*CELL_KEY, "order"], kind="stable")
    return ordered.drop(columns="order").reset_index(drop=True)


def scale_rows(
    scale: AskedScale, forms: Mapping[str, Mapping[str, Sequence[ShownForm]]], job: FormsJob
) -> Iterator[dict[str, object]]:
    """Rows of all cells on a scale of numbers that have several forms."""
    every = (way for way in scale.asked if way[1].form is not None)
    for (model, protocol, readout), ways in groupby(
        sorted(every, key=lambda way: (way[0], way[1].protocol, way[1].readout)),
        key=lambda way: (way[0], way[1].protocol, way[1].readout),
    ):
        names = [str(way.form) for _, way in ways]
        if len(names) > 1:
            about = dict(
                zip(CELL_KEY, (model, protocol, scale.dataset, scale.scale, readout), strict=True)
            )
            cell = _Cell(scale, about, names, job)
            yield from cell.forms()
            yield from cell.direction(forms.get(protocol, {}).get(scale.scale, ()))


class _Cell:
    """A cell on a scale of numbers, form by form."""

    def __init__(
        self, scale: AskedScale, about: Mapping[str, str], names: Sequence[str], job: FormsJob
    ) -> None:
        self._scale, self._about, self._names = scale, about, names
        self._drawn = job.bootstrap_resamples, seed_of(job.seed, scale.dataset, "items")
        self._means = self._columns("mean")

    def forms(self) -> Iterator[dict[str, object]]:
        """A row for each form."""
        human, clusters = self._scale.human, self._scale.clusters
        beside = pearson_replicates(self._means, human, *self._drawn, clusters)
        usable = np.isfinite(self._means).any(axis=1)
        others, moved = (np.full_like(self._means, np.nan) for _ in range(2))
        if usable.sum() > 1:
            others[usable] = of_others(self._means[usable])
            moved[usable] = shifts(self._means[usable])
        found = {
            "r": beside,
            "r_others": pearson_replicates(self._means, others, *self._drawn, clusters),
            "shift": mean_replicates(moved, *self._drawn, clusters),
            "slope": calibration_slope_replicates(human, self._means, *self._drawn, clusters),
            "log_sd_ratio": log_sd_ratio_replicates(
                self._columns("sd"), self._scale.human_sd, *self._drawn, clusters
            ),
        }
        answers, usable_answers = (
            np.nansum(self._columns(name), axis=1) for name in ("n_answers", "n_ok")
        )
        for place, name in enumerate(self._names):
            row: dict[str, object] = {
                **self._about,
                "kind": "form",
                "form": name,
                "n_answers": int(answers[place]),
                "n_ok": int(usable_answers[place]),
                "n_items": beside[place].n_items,
                "reason": missing(beside[place]) or _alone(found["shift"][place]),
            }
            for column, replicates in found.items():
                row |= _estimated(column, replicates[place])
            yield row

    def direction(self, forms: Sequence[ShownForm]) -> Iterator[dict[str, object]]:
        """The row of the pull towards higher numbers: the mean over ranges shown in both ways."""
        by_range: dict[Range | None, tuple[list[int], list[int]]] = {}
        for form in forms:
            if form.name in self._names:
                upward_and_downward = by_range.setdefault(form.shown, ([], []))
                upward_and_downward[form.reversed].append(self._names.index(form.name))
        pairs = [pair for pair in by_range.values() if all(pair)]
        if not pairs:
            return
        pulls = [pull(self._means[upward], self._means[downward]) for upward, downward in pairs]
        pulled = np.mean(pulls, axis=0)[np.newaxis]
        [found] = mean_replicates(pulled, *self._drawn, self._scale.clusters)
        used = [place for upward, downward in pairs for place in (*upward, *downward)]
        yield {
            **self._about,
            "kind": "direction",
            "n_answers": int(np.nansum(self._columns("n_answers")[used])),
            "n_ok": int(np.nansum(self._columns("n_ok")[used])),
            "n_items": found.n_items,
            **_estimated("effect", found),
            "reason": _of_mean(found),
        }

    def _columns(self, name: str) -> FloatArray:
        """A column of each form, shape (forms, items)."""
        model, protocol, readout = (self._about[key] for key in ("model", "protocol", "readout"))
        return np.stack(
            [
                self._scale.values((model, Specification(protocol, form, readout)), name)
                for form in self._names
            ]
        )


def label_rows(means: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Rows of the forms of cells on scales of labels, which have no means: counts alone."""
    for key, cell in groups(means, CELL_KEY):
        of_forms = [(form, rows) for (form,), rows in groups(cell, ["form"])]
        if len(of_forms) < 2:
            continue
        for form, rows in sorted(of_forms, key=lambda entry: _turned(entry[0])):
            yield {
                **dict(zip(CELL_KEY, key, strict=True)),
                "kind": "form",
                "form": form,
                "n_answers": int(rows["n_answers"].sum()),
                "n_ok": int(rows["n_ok"].sum()),
                "n_items": int((rows["n_ok"] > 0).sum()),
                "reason": "labels have no mean; the rows of places have the effect of their order",
            }


def place_rows(
    shares: pd.DataFrame, items: pd.DataFrame, job: FormsJob
) -> Iterator[dict[str, object]]:
    """Rows of the places of labels, of cells whose labels were shown in several orders."""
    own = items[items["scale"].isin(shares["scale"].unique())]
    if own.empty:
        return
    item_ids, clusters = drawn_items(own)
    for key, cell in groups(shares, CELL_KEY):
        n_labels = int(cell["n_labels"].max())
        found = _beyond_chance(cell, item_ids, n_labels)
        drawn = job.bootstrap_resamples, seed_of(job.seed, key[2], "items")
        answers = int(cell.drop_duplicates("item_id")["n_answers"].sum())
        for place, effect in enumerate(mean_replicates(found, *drawn, clusters), start=1):
            yield {
                **dict(zip(CELL_KEY, key, strict=True)),
                "kind": "place",
                "place": place,
                "n_answers": answers,
                "n_ok": answers,
                "n_items": effect.n_items,
                **_estimated("effect", effect),
                "reason": _of_mean(effect),
            }


def _beyond_chance(cell: pd.DataFrame, item_ids: NDArray[np.str_], n_labels: int) -> FloatArray:
    """Share of the choices at each place minus 1/L, shape (places, items); NaN for items that
    nothing was chosen of."""
    item = np.searchsorted(item_ids, cell["item_id"].to_numpy(dtype=str))
    found = np.full((n_labels, len(item_ids)), np.nan)
    found[:, item] = 0
    found[cell["place"].to_numpy(dtype=int) - 1, item] = cell["share"].to_numpy(dtype=float)
    return found - 1 / n_labels


def _turned(form: str) -> tuple[str, int]:
    prompts, _, turned = form.partition("/")
    return prompts, int(turned) if turned else -1


def _estimated(name: str, found: Replicates) -> dict[str, object]:
    ends = found.interval()
    return {name: found.estimate, f"{name}_low": ends.low, f"{name}_high": ends.high}


def _alone(shift: Replicates) -> str | None:
    return None if shift.n_items else "no item has a rating in every form"


def _of_mean(found: Replicates) -> str | None:
    """Why a mean over items, or its interval, is not known."""
    if not found.n_items:
        return "no item has a rating in every form"
    if found.n_clusters < FEWEST_CLUSTERS:
        clusters = only(found.n_clusters, "cluster")
        return f"{clusters} of items; an interval needs {FEWEST_CLUSTERS}"
    if np.isnan(found.interval().low):
        return "no interval: all items are alike"
    return None
