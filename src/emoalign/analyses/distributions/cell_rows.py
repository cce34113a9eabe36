"""The tables of single cells: metrics with their references, entropies, labels one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.distributions.reference_predictors import REFERENCES
from emoalign.items.cells import DistributionCell
from emoalign.statistics import distances
from emoalign.statistics.clustered import clustered_means, clustered_spearman
from emoalign.statistics.correlation import spearman
from emoalign.statistics.distances import METRICS, best, entropies, scores
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.predictors import Reached
from emoalign.statistics.raters import agreement_on_labels, agreement_on_points
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.tables import CELL_KEY

Row = dict[str, object]


@dataclass(frozen=True, eq=False)
class Scored:
    """A cell with all that is known of it: values of shape (metrics, items), references, and the
    resamples its intervals come from."""

    cell: DistributionCell
    values: FloatArray
    references: Mapping[str, Reached]
    n_resamples: int
    seed: int

    @classmethod
    def of(
        cls,
        cell: DistributionCell,
        references: Mapping[str, Reached],
        n_resamples: int,
        seed: int,
    ) -> Scored:
        """The metrics of a cell's own distributions, with the references."""
        human, model, raters, answers = cell.beside(cell.model_shares, cell.answers)
        values = scores(cell.kind, human, model, cell.step, raters=raters, answers=answers)
        return cls(cell, values, references, n_resamples, seed)

    @property
    def named(self) -> Row:
        """The columns that name the cell."""
        return dict(zip(CELL_KEY, self.cell.key, strict=True))


def strata(cell: DistributionCell) -> dict[str, NDArray[np.bool_]]:
    """All items, and those of each degree of agreement, by name: masks of shape (items,).

    Labels: full, partial, none. Ordinal: high, moderate, low by the mean SD of the dataset's
    scales; items without one are in none of them.
    """
    choices = cell.people.choices
    agreement = (
        agreement_on_points(cell.spread)
        if choices is None
        else agreement_on_labels(choices, cell.human_n)
    )
    return {"all": np.ones(len(cell.item_ids), dtype=np.bool_)} | agreement


def distribution_rows(scored: Scored) -> Iterator[Row]:
    """A row for each stratum and metric; see `tables.DISTRIBUTIONS`."""
    cell, left_out = scored.cell, scored.cell.left_out
    masks = strata(cell)
    names = METRICS[cell.kind]
    columns = np.concatenate([np.where(mask, scored.values, np.nan) for mask in masks.values()])
    means = clustered_means(columns.T, cell.groups, scored.n_resamples, scored.seed)
    places = [(stratum, number) for stratum in masks for number in range(len(names))]
    for column, (stratum, number) in enumerate(places):
        used = masks[stratum] & np.isfinite(scored.values[number])
        beside = {name: mean(scored.references[name].values[number, used]) for name in REFERENCES}
        interval = means.intervals[column]
        numbers: Row = {
            "value": float(means.means[column]),
            "value_low": interval.low,
            "value_high": interval.high,
            **beside,
        }
        yield {
            **scored.named,
            "stratum": stratum,
            "metric": names[number],
            "best": best(names[number]),
            "n_items": int(means.n_items[column]),
            "n_texts": int(means.n_texts[column]),
            "n_raters": mean(cell.human_n[used].astype(np.float64)),
            "n_answers": mean(np.where(np.isinf(cell.answers), np.nan, cell.answers)[used]),
            **numbers,
            "n_no_ratings": left_out.no_ratings,
            "n_few_raters": left_out.few_raters,
            "n_no_answer": left_out.no_answer,
            "reason": why(cell, numbers, int(means.n_items[column]), int(means.n_texts[column])),
        }


def entropy_row(scored: Scored) -> Row:
    """The entropies of people and model, and their correlation; see `tables.ENTROPY`."""
    cell = scored.cell
    of_people, of_model = (
        entropies(cell.kind, shares) for shares in (cell.human_shares, cell.model_shares)
    )
    defined = np.isfinite(of_people) & np.isfinite(of_model)
    difference = np.where(defined, of_model - of_people, np.nan)
    means = clustered_means(difference[:, np.newaxis], cell.groups, scored.n_resamples, scored.seed)
    rho = clustered_spearman(of_model, of_people, cell.groups, scored.n_resamples, scored.seed)
    numbers: Row = {
        "human_entropy": mean(of_people[defined]),
        "model_entropy": mean(of_model[defined]),
        "entropy_difference": float(means.means[0]),
        "entropy_difference_low": means.intervals[0].low,
        "entropy_difference_high": means.intervals[0].high,
        "spearman_rho": spearman(of_model, of_people).r,
        "spearman_rho_low": rho.low,
        "spearman_rho_high": rho.high,
        "rho_human_halves": scored.references["human_halves"].entropy_rho,
        "rho_perfect": scored.references["perfect"].entropy_rho,
    }
    n_items, n_texts = int(means.n_items[0]), int(means.n_texts[0])
    return {
        **scored.named,
        "n_items": n_items,
        "n_texts": n_texts,
        **numbers,
        "reason": why(cell, numbers, n_items, n_texts),
    }


def item_entropies(scored: Scored) -> pd.DataFrame:
    """A row for each item that has an entropy of people and of the model; see
    `tables.ITEM_ENTROPIES`."""
    cell = scored.cell
    rows = pd.DataFrame(
        {
            **scored.named,
            "item_id": cell.item_ids,
            "human_entropy": entropies(cell.kind, cell.human_shares),
            "model_entropy": entropies(cell.kind, cell.model_shares),
        }
    )
    return rows.dropna()


def category_rows(scored: Scored) -> Iterator[Row]:
    """A row for each label; see `tables.CATEGORIES`. None for ordinal scales."""
    cell = scored.cell
    if cell.kind != "labels":
        return
    human, model = cell.human_shares, cell.model_shares
    apart = np.hstack(
        (model - human, distances.bernoulli_jsd(human, model), distances.brier(human, model))
    )
    means = clustered_means(apart, cell.groups, scored.n_resamples, scored.seed)
    n_labels, n_texts = len(cell.labels), int(cell.groups.max(initial=-1)) + 1
    for place, label in enumerate(cell.labels):
        numbers: Row = {"human_rate": mean(human[:, place]), "model_rate": mean(model[:, place])}
        for number, name in enumerate(("rate_difference", "jsd", "brier")):
            column = number * n_labels + place
            interval = means.intervals[column]
            numbers |= {
                name: float(means.means[column]),
                f"{name}_low": interval.low,
                f"{name}_high": interval.high,
            }
        rho = clustered_spearman(
            model[:, place], human[:, place], cell.groups, scored.n_resamples, scored.seed
        )
        numbers |= {
            "spearman_rho": spearman(model[:, place], human[:, place]).r,
            "spearman_rho_low": rho.low,
            "spearman_rho_high": rho.high,
        }
        for name in REFERENCES:
            of_labels = scored.references[name].labels
            numbers |= {
                f"jsd_{name}": float(of_labels.jsd[place]),
                f"brier_{name}": float(of_labels.brier[place]),
            }
            if name in ("human_halves", "perfect"):
                numbers[f"rho_{name}"] = float(of_labels.rho[place])
        yield {
            **scored.named,
            "label": label,
            "n_items": len(cell.item_ids),
            **numbers,
            "reason": why(cell, numbers, len(cell.item_ids), n_texts),
        }


def why(cell: DistributionCell, numbers: Row, n_items: int, n_texts: int) -> str | None:
    """The reason why a number of a row is missing; None where all are there."""
    missing = [name for name, value in numbers.items() if np.isnan(float(str(value)))]
    if not missing:
        return None
    if not len(cell.item_ids):
        return "no item has both a usable answer and enough single human ratings"
    if n_items == 0:
        return "no item of this kind, or none for which the metric is defined"
    reasons = []
    if any(name.endswith("_low") for name in missing):
        reasons.append(
            f"only {n_texts} texts (or clusters), but an interval needs {FEWEST_CLUSTERS}"
            if n_texts < FEWEST_CLUSTERS
            else "no interval: the values do not vary over texts, or depend on a single text"
        )
    rhos = [name for name in missing if name == "spearman_rho" or name.startswith("rho_")]
    if rhos:
        reasons.append("no correlation: one of the two is the same for all items")
    others = [name for name in missing if not name.endswith(("_low", "_high")) and name not in rhos]
    if others:
        reasons.append(f"undefined for {', '.join(others)}")
    return "; ".join(reasons)


def mean(values: FloatArray) -> float:
    """The mean of what is there; NaN without any."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else np.nan
