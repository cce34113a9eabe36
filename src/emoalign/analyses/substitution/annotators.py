"""The tables of the alternative annotator test: whom a model may replace, by ε and by rater."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.substitution.analysis import AnnotatorJob
from emoalign.items.rated_items import of_scales, read_items
from emoalign.statistics.alternative_annotator import (
    FEWEST_ITEMS,
    Compared,
    Similarity,
    alternative_annotator,
    compare,
    equality,
    overlap,
    squared_nearness,
)
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.stimuli.norms import single_ratings
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import (
    ALTERNATIVE_ANNOTATOR,
    ALTERNATIVE_ANNOTATOR_RATERS,
    CELL_KEY,
    NORMS,
    groups,
)

EPSILONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""What replacing a rater may save: the curve, beside the ε of the study."""

FEWEST_RATERS = 3
"""Raters that a verdict needs (Calderon et al. 2025)."""


def replace_annotators(job: AnnotatorJob, files: AnalysisFiles) -> None:
    """Write the tables of the alternative annotator test."""
    scales = {name: {**job.numbers[name], **job.labels[name]} for name in job.numbers}
    items = of_scales(read_items(files.by_dataset("items").values()), scales)
    norms = {dataset: NORMS.read(path) for dataset, path in files.by_dataset("norms").items()}
    tests, raters = annotator_rows(items, norms, job)
    files.write(ALTERNATIVE_ANNOTATOR, tests)
    files.write(ALTERNATIVE_ANNOTATOR_RATERS, raters)


def annotator_rows(
    items: pd.DataFrame, norms: Mapping[str, pd.DataFrame], job: AnnotatorJob
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per cell (or label) and ε, and a row per cell and rater; see the tables' columns."""
    tests: list[dict[str, object]] = []
    raters: list[dict[str, object]] = []
    for (dataset, scale), of_scale in groups(items, ["dataset", "scale"]):
        of_numbers = scale in job.numbers[dataset]
        card = job.numbers[dataset][scale] if of_numbers else job.labels[dataset][scale]
        people = _people(norms[dataset], scale, card)
        unknown = _why_unknown(norms[dataset], scale) if people is None else ""
        for key, cell in groups(of_scale, CELL_KEY):
            named = dict(zip(CELL_KEY, key, strict=True))
            if people is None:
                tests.append(_untested(named, unknown, job))
                continue
            for label, compared in _compared(cell, card, people):
                of = named | {"label": label}
                tests += _tests(of, compared, job)
                raters += _raters(of, compared, job)
    return (
        pd.DataFrame(tests, columns=ALTERNATIVE_ANNOTATOR.schema.names),
        pd.DataFrame(raters, columns=ALTERNATIVE_ANNOTATOR_RATERS.schema.names),
    )


@dataclass(frozen=True, eq=False)
class _Raters:
    """What identified people answered, padded: those who rated an item stand first in its row.

    Attributes:
        item_ids: the items, ascending.
        answers: ratings, shape (items, most raters), or labels chosen, (items, most raters, L).
        raters: the number of each, from 0, shape (items, most raters), −1 where there is none.
    """

    item_ids: NDArray[np.str_]
    answers: FloatArray
    raters: NDArray[np.int64]


def _people(norms: pd.DataFrame, scale: str, card: HumanScale | LabelScale) -> _Raters | None:
    """What people answered on a scale; None where it is not known who rated.

    Of several ratings of an item by one person the mean counts; of several choices, the labels
    chosen in at least half of them.
    """
    each = single_ratings(norms, scale)
    if each is None:
        return None
    item_ids, item = np.unique(each["item_id"].to_numpy(dtype=str), return_inverse=True)
    rater = pd.factorize(each["rater"], sort=True)[0].astype(np.int64)
    if isinstance(card, LabelScale):
        place = {label: number for number, label in enumerate(card.labels)}
        values = np.zeros((len(each), len(card.labels)))
        for row, chosen in enumerate(each["rating"]):
            values[row, [place[label] for label in chosen]] = 1
    else:
        values = each["rating"].to_numpy(dtype=float)[:, np.newaxis]
    pairs, at, count = np.unique(
        item * (int(rater.max()) + 1) + rater, return_inverse=True, return_counts=True
    )
    means = np.zeros((len(pairs), values.shape[1]))
    np.add.at(means, at, values)
    means /= count[:, np.newaxis]
    if isinstance(card, LabelScale):
        means = (means >= 0.5 - ROUNDING).astype(np.float64)
    item, rater = np.divmod(pairs, int(rater.max()) + 1)
    n = np.bincount(item, minlength=len(item_ids))
    column = np.arange(len(pairs)) - (np.cumsum(n) - n)[item]
    answers = np.full((len(item_ids), n.max(), values.shape[1]), np.nan)
    raters = np.full((len(item_ids), n.max()), -1)
    answers[item, column], raters[item, column] = means, rater
    return _Raters(item_ids, answers if isinstance(card, LabelScale) else answers[:, :, 0], raters)


def _why_unknown(norms: pd.DataFrame, scale: str) -> str:
    """The reason why raters cannot be told apart."""
    rows = norms[(norms["scale"] == scale) & (norms["mean"].notna() | norms["n"].gt(0))]
    if rows.empty:
        return "there are no human ratings"
    if rows[["ratings", "labels"]].isna().all(axis=None):
        return "single human ratings are unknown"
    return "it is unknown which ratings were given by the same person"


def _compared(
    cell: pd.DataFrame, card: HumanScale | LabelScale, people: _Raters
) -> Iterator[tuple[str | None, Compared]]:
    """The model beside each rater: on the scale, then on each label of it."""
    given = cell.set_index("item_id")["distribution"].reindex(people.item_ids)
    known = given.notna().to_numpy()
    size = len(card.labels) if isinstance(card, LabelScale) else len(card.points)
    shares = np.full((len(given), size), np.nan)
    if known.any():
        shares[known] = np.stack(given[known].to_list())

    def beside(model: FloatArray, answers: FloatArray, similarity: Similarity) -> Compared:
        return compare(model, answers, people.raters, similarity)

    if not isinstance(card, LabelScale):
        yield None, beside(medians(shares, np.array(card.points)), people.answers, squared_nearness)
        return
    chosen = usual_labels(shares, single=card.at_most == 1)
    yield None, beside(chosen, people.answers, overlap)
    for place, label in enumerate(card.labels):
        yield label, beside(chosen[:, place], people.answers[:, :, place], equality)


def medians(shares: FloatArray, points: FloatArray) -> FloatArray:
    """The median of each distribution over the points of a scale, shape (items,).

    Midway between two points where half of the answers, or of the probability, lies on either side.
    NaN where there is no distribution.
    """
    below = np.cumsum(shares, axis=1)
    total = below[:, -1:]
    lower = (below >= total / 2 - ROUNDING).argmax(axis=1)
    upper = (below > total / 2 + ROUNDING).argmax(axis=1)
    middle = (points[lower] + points[upper]) / 2
    return np.where(np.isfinite(total[:, 0]), middle, np.nan)


def usual_labels(shares: FloatArray, *, single: bool) -> FloatArray:
    """The labels in at least half of an item's answers, as 0 and 1, shape (items, labels).

    On scales of a single label it is the most frequent one, of equals the first on the card. NaN
    where there is no answer.
    """
    usual = shares >= 0.5 - ROUNDING
    if single:
        usual = (
            np.arange(shares.shape[1])
            == (shares >= shares.max(axis=1, keepdims=True) - ROUNDING).argmax(axis=1)[
                :, np.newaxis
            ]
        )
    return np.where(np.isfinite(shares), usual, np.nan)


def _tests(
    named: Mapping[str, object], compared: Compared, job: AnnotatorJob
) -> Iterator[dict[str, object]]:
    """A row for each ε of the curve, and that of the study."""
    n = np.bincount(compared.rater)
    if not (n >= FEWEST_ITEMS).any():
        yield _untested(named, _too_few(n), job)
        return
    for epsilon in sorted({*EPSILONS, *([] if job.epsilon is None else [job.epsilon])}):
        found = alternative_annotator(compared, epsilon)
        stated = epsilon == job.epsilon
        few = len(found.raters) < FEWEST_RATERS
        yield {
            **named,
            "epsilon": epsilon,
            "stated": stated,
            "n_raters": len(found.raters),
            "n_items": compared.n_items,
            "winning_rate": found.winning_rate,
            "advantage": found.advantage,
            "passed": found.passed if stated and not few else None,
            "reason": f"only {len(found.raters)} of the raters rated {FEWEST_ITEMS} items or more, "
            f"but a verdict needs {FEWEST_RATERS}"
            if stated and few
            else None,
        }


def _too_few(n: NDArray[np.int64]) -> str:
    if not n.sum():
        return "no item has a usable answer of the model and two identified raters"
    return (
        f"no rater shares {FEWEST_ITEMS} items with the model and other raters (at most {n.max()})"
    )


def _untested(named: Mapping[str, object], why: str, job: AnnotatorJob) -> dict[str, object]:
    """The row of a cell without any test."""
    stated = {"epsilon": job.epsilon, "stated": job.epsilon is not None}
    counts = {"n_raters": 0, "n_items": 0}
    return {"label": None, **named, **stated, **counts, "reason": why}


def _raters(
    named: Mapping[str, object], compared: Compared, job: AnnotatorJob
) -> Iterator[dict[str, object]]:
    """A row for each rater; without ε, only whether model or rater wins."""
    for row in alternative_annotator(compared, job.epsilon or 0.0).raters:
        values = vars(row) | {"rater": row.rater + 1}
        if job.epsilon is None:
            values |= dict.fromkeys(("t", "p", "p_adjusted", "replaceable"))
        yield {**named, "epsilon": job.epsilon, **values}
