"""The tables of what else explains agreement: by scale, and by condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.explained.analysis import ExplainedJob
from emoalign.analyses.explained.covariates import Covariates, item_covariates
from emoalign.embeddings.embedding import embedded
from emoalign.items.clusters import ItemClusters
from emoalign.items.rated_items import RatedItems, of_scales, rated_items, read_items
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.out_of_fold import (
    FEWEST_LEARNT,
    NestedRidge,
    nested_ridge,
    regressed,
    rmse_sums,
    stacked,
)
from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.statistics.partial import partial_sums
from emoalign.statistics.replicates import Replicates, pearson_replicates, replicates_of_each
from emoalign.statistics.resampling import Clusters, ItemSums, Keys
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CELL_KEY, EXPLAINED, EXPLAINED_SCALES, STIMULI, groups
from emoalign.wording import counted, only

Embed = Callable[[Sequence[str]], FloatArray]
"""Takes texts to unit embeddings, shape (texts, size)."""

Row = dict[str, object]

NO_EMBEDDING = "the study names no embedding (embedding)"
IMAGES = "the items are images, which have no embedding of a text"

_RIDGE = (
    "model_r",
    "ridge_r",
    "stacked_r",
    "model_minus_ridge",
    "stacked_minus_ridge",
    "stacked_minus_model",
    "stacked_rmse",
)


def explain(job: ExplainedJob, files: AnalysisFiles) -> None:
    """Write both tables; embeddings are kept in the journal, none is made twice."""
    card = job.embedding
    embed = None if card is None else partial(embedded, card, store=files.journal / "embeddings")
    items = read_items(files.by_dataset("items").values())
    by_cell, by_scale = explained_rows(items, files.by_dataset("stimuli"), job, embed)
    files.write(EXPLAINED, by_cell)
    files.write(EXPLAINED_SCALES, by_scale)


def explained_rows(
    items: pd.DataFrame, stimuli: Mapping[str, Path], job: ExplainedJob, embed: Embed | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of `EXPLAINED` and of `EXPLAINED_SCALES`; `stimuli` are files by dataset."""
    by_cell: list[Row] = []
    by_scale: list[Row] = []
    numbers = of_scales(items, {name: dataset.scales for name, dataset in job.datasets.items()})
    for (name,), rows in groups(numbers, ["dataset"]):
        rated = list(rated_items(rows, job.datasets))
        dataset = ExplainedDataset.of(name, rated, stimuli[name], job, embed)
        for scale in dataset.scales:
            by_scale += dataset.predictors(scale)
        for readout in rated:
            by_cell += dataset.conditions(readout)
    cells = pd.DataFrame(by_cell, columns=EXPLAINED.schema.names)
    scales = pd.DataFrame(by_scale, columns=EXPLAINED_SCALES.schema.names)
    return (
        cells.sort_values(CELL_KEY, kind="stable", ignore_index=True),
        scales.sort_values(["dataset", "scale", "predictor"], ignore_index=True),
    )


@dataclass(frozen=True, eq=False)
class ExplainedDataset:
    """The items of a dataset with all that may explain agreement on them.

    Attributes:
        name: its name.
        human: human means by scale, shape (items,); NaN where there is none.
        clusters, keys: of the items, for resamples and for folds.
        covariates: of the items.
        ridges: by scale, the ridge regression on the items with a human mean, if there is one.
        no_ridge: by scale, why there is none.
        seed, resamples: of the intervals of r, and how many.
    """

    name: str
    human: Mapping[str, FloatArray]
    clusters: Clusters
    keys: Keys
    covariates: Covariates
    ridges: Mapping[str, NestedRidge]
    no_ridge: Mapping[str, str]
    seed: int
    resamples: int

    @classmethod
    def of(
        cls,
        name: str,
        rated: Sequence[RatedItems],
        stimuli: Path,
        job: ExplainedJob,
        embed: Embed | None,
    ) -> ExplainedDataset:
        """A dataset from its item means in each readout, and its stimuli."""
        item_ids = np.array(rated[0].item_ids, dtype=np.str_)
        human: dict[str, FloatArray] = {}
        for readout in rated:
            for scale in readout.scales:
                known = human.get(scale, np.full(len(item_ids), np.nan))
                human[scale] = np.where(np.isfinite(known), known, readout.people(scale))
        rows = STIMULI.read(stimuli).set_index("item_id").loc[item_ids.tolist()]
        keys = ItemClusters.read(stimuli).keys_of(item_ids)
        modality = job.datasets[name].modality
        folds = seed_of(job.seed, name, "folds")
        no_ridge = {
            scale: why
            for scale, means in human.items()
            if (why := _no_ridge(means, keys, modality == "image", embed)) is not None
        }
        ridges: dict[str, NestedRidge] = {}
        if embed is not None and len(no_ridge) < len(human):
            vectors = embed(rows["text"].tolist())
            wanted = {scale: means for scale, means in human.items() if scale not in no_ridge}
            ridges = _ridges(vectors, wanted, keys, folds)
        return cls(
            name,
            dict(sorted(human.items())),
            rated[0].clusters,
            keys,
            item_covariates(rows, modality, job.languages[name]),
            ridges,
            no_ridge,
            job.seed,
            job.bootstrap_resamples,
        )

    @property
    def scales(self) -> list[str]:
        """The names of its scales, ascending."""
        return list(self.human)

    def predictors(self, scale: str) -> Iterator[Row]:
        """What covariates and embeddings predict of a scale, a row each."""
        human, columns = self.human[scale], self.covariates
        known = np.isfinite(human) & np.isfinite(columns.values).all(axis=1)
        predicted = np.full(len(human), np.nan)
        why = columns.lacking if not columns.names else _too_few(human[known], self.keys[known])
        if why is None:
            folds = seed_of(self.seed, self.name, "folds")
            predicted[known] = regressed(
                columns.values[known], human[known], self.keys[known], folds
            )
        row = self._predicted(scale, "covariates", predicted, known)
        yield row | {
            "covariates": columns.listed,
            "penalty": np.nan,
            "reason": why or columns.lacking,
        }
        ridge = self.ridges.get(scale)
        rated = np.isfinite(human)
        predicted = np.full(len(human), np.nan)
        if ridge is not None:
            predicted[rated] = ridge.predicted[:, 0]
        row = self._predicted(scale, "ridge", predicted, rated)
        yield row | {
            "covariates": None,
            "penalty": np.nan if ridge is None else float(np.median(ridge.penalties)),
            "reason": self.no_ridge.get(scale),
        }

    def _predicted(
        self, scale: str, predictor: str, predicted: FloatArray, known: np.ndarray
    ) -> Row:
        """A row on predictions of the `known` items."""
        human = self.human[scale]
        of_known = human[known]
        return {
            "dataset": self.name,
            "scale": scale,
            "predictor": predictor,
            "n_items": int(known.sum()),
            "n_texts": len(np.unique(self.keys[known])),
            **_told("r", self._r(predicted, human)[0]),
            **_told("rmse", self._replicates(rmse_sums(predicted, human))[0]),
            "rmse_constant": float(of_known.std()) if len(of_known) else np.nan,
        }

    def conditions(self, rated: RatedItems) -> Iterator[Row]:
        """A row for each condition of a readout and scale."""
        for scale, models in zip(rated.scales, np.moveaxis(rated.model, 1, 0), strict=True):
            held = self._held_constant(scale, models)
            beside = self._beside_ridge(scale, models)
            for rater, one, other in zip(rated.raters, held, beside, strict=True):
                named = (*rater, self.name, scale, rated.readout)
                yield dict(zip(CELL_KEY, named, strict=True)) | one | other

    def _held_constant(self, scale: str, models: FloatArray) -> Iterator[Row]:
        """r on items with all covariates, as it is and with these held constant, for means of
        shape (cells, items)."""
        human, columns = self.human[scale], self.covariates
        complete = np.isfinite(columns.values).all(axis=1)
        plain = self._r(np.where(complete, models, np.nan), human)
        partial_r: Sequence[Replicates | None] = [None] * len(models)
        if columns.names:
            partial_r = self._replicates(partial_sums(models, human, columns.values))
        for model, found, held in zip(models, plain, partial_r, strict=True):
            both = np.isfinite(model) & np.isfinite(human)
            yield {
                "covariates": columns.listed,
                "n_items": int((both & complete).sum()),
                "n_left_out": int((both & ~complete).sum()),
                **_told("r", found),
                **_told("partial_r", held),
                "reason": _not_held(columns, found, held),
            }

    def _beside_ridge(self, scale: str, models: FloatArray) -> Iterator[Row]:
        """r of model, ridge and both together on the same items, and their differences, for means
        of shape (cells, items)."""
        human, ridge = self.human[scale], self.ridges.get(scale)
        rated = np.isfinite(human)
        used = rated & np.isfinite(models)
        if ridge is None:
            yield from (_without_ridge(self.no_ridge[scale]) for _ in models)
            return
        why = [
            _too_few(model[items], self.keys[items], "ratings of the model")
            for model, items in zip(models, used, strict=True)
        ]
        alone, both = np.full(models.shape, np.nan), np.full(models.shape, np.nan)
        alone[:, rated] = ridge.predicted[:, 0]
        for place, reason in enumerate(why):
            if reason is None:
                both[place, rated] = stacked(ridge, models[place, rated], human[rated])
        of_model, of_ridge, of_both = (
            self._r(np.where(used, means, np.nan), human) for means in (models, alone, both)
        )
        errors = self._replicates(rmse_sums(both, human))
        for place, reason in enumerate(why):
            if reason is not None:
                yield _without_ridge(reason)
                continue
            told = (
                of_model[place],
                of_ridge[place],
                of_both[place],
                of_model[place] - of_ridge[place],
                of_both[place] - of_ridge[place],
                of_both[place] - of_model[place],
                errors[place],
            )
            row: Row = {"n_predicted": int(used[place].sum()), "ridge_reason": None}
            for name, one in zip(_RIDGE, told, strict=True):
                row |= _told(name, one)
            yield row

    @property
    def _items(self) -> int:
        """The seed of what is drawn from items."""
        return seed_of(self.seed, self.name, "items")

    def _r(self, means: FloatArray, human: FloatArray) -> list[Replicates]:
        return pearson_replicates(means, human, self.resamples, self._items, self.clusters)

    def _replicates(self, sums: ItemSums) -> list[Replicates]:
        return replicates_of_each(sums, self.resamples, self._items, self.clusters)


def _ridges(
    vectors: FloatArray, human: Mapping[str, FloatArray], keys: Keys, seed: int
) -> dict[str, NestedRidge]:
    """The ridge of each scale; scales with means of the same items are learnt together."""
    together: dict[bytes, list[str]] = {}
    for scale, means in sorted(human.items()):
        together.setdefault(np.isfinite(means).tobytes(), []).append(scale)
    ridges: dict[str, NestedRidge] = {}
    for scales in together.values():
        rated = np.isfinite(human[scales[0]])
        targets = np.column_stack([human[scale][rated] for scale in scales])
        learnt = nested_ridge(vectors[rated], targets, keys[rated], seed)
        ridges |= {scale: learnt.of(place) for place, scale in enumerate(scales)}
    return ridges


def _no_ridge(human: FloatArray, keys: Keys, images: bool, embed: Embed | None) -> str | None:
    """Why a scale has no ridge regression."""
    if images:
        return IMAGES
    if embed is None:
        return NO_EMBEDDING
    known = np.isfinite(human)
    return _too_few(human[known], keys[known])


def _too_few(values: FloatArray, keys: Keys, what: str = "human means") -> str | None:
    """Why nothing can be learnt from these values of items with these keys."""
    n = len(np.unique(keys))
    if n < FEWEST_LEARNT:
        return f"{only(n, 'item')} (or clusters) with {what}; {FEWEST_LEARNT} are needed"
    return f"the {what} do not vary" if is_constant(values) else None


def _not_held(columns: Covariates, found: Replicates, held: Replicates | None) -> str | None:
    """Why r with covariates held constant is missing, or what is not among them."""
    if held is None:
        return columns.lacking
    needed = max(len(columns.names) + 3, FEWEST_ITEMS)
    if held.n_items < needed:
        return f"{only(held.n_items, 'item')} with both means and all covariates; {needed} needed"
    if np.isnan(found.estimate):
        return "the means do not vary"
    if np.isnan(held.estimate):
        return f"{counted(len(columns.names), 'covariate')} leave nothing of one side's means"
    return columns.lacking


def _without_ridge(why: str) -> Row:
    """The columns of a condition that cannot be compared with a ridge regression."""
    row: Row = {"n_predicted": 0, "ridge_reason": why}
    for name in _RIDGE:
        row |= _told(name, None)
    return row


def _told(name: str, found: Replicates | None) -> Row:
    """An estimate with its interval as columns."""
    if found is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    limits = found.interval()
    return {name: found.estimate, f"{name}_low": limits.low, f"{name}_high": limits.high}
