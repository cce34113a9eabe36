"""Examples for a baseline: texts, and the shares of the people who gave each answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from emoalign.baselines.baseline_cards import BaselineData
from emoalign.baselines.partition import Partition, Seen, partition
from emoalign.errors import BaselineError
from emoalign.stimuli.norms import human_answers, norm_rows
from emoalign.stimuli.public_ids import public_ids
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.fields import FileSource
from emoalign.study.scales import DatasetScale, LabelScale, Scale
from emoalign.study.source_files import locate_verified
from emoalign.tables import STIMULI


@dataclass(frozen=True)
class Examples:
    """Texts to learn from, and the shares of people who gave each answer, a row for each text."""

    texts: tuple[str, ...]
    shares: Shares
    raters: NDArray[np.int64]
    """People whose answers the shares of each text are of: (texts,)."""

    def __len__(self) -> int:
        return len(self.texts)


def source_items(
    data: BaselineData, files: Mapping[str, FileSource] | None = None
) -> list[SourceItem]:
    """All items of the dataset that have a text and match the card's `keep`, as results call them.

    `files` are those of the source with how to get them, for the message when one is missing.
    """
    paths = {
        place: locate_verified(file)[0] for place, file in (files or data.source.files()).items()
    }
    pattern = re.compile(data.keep) if data.keep is not None else None
    items = data.source.read(paths)
    if data.restricted:
        called = public_ids(items, data.dataset)
        items = [replace(item, item_id=called[item.item_id]) for item in items]
    return [
        item
        for item in items
        if item.text is not None and (pattern is None or pattern.fullmatch(item.text))
    ]


def learned_from(data: BaselineData, items: list[SourceItem], stimuli: Path | None) -> Partition:
    """The items a baseline may learn from. `stimuli` are the items of the study, which are held out
    besides the test split where the card says evaluate: held_out."""
    held_out: dict[str, str] = {}
    if data.evaluate == "held_out":
        if stimuli is None:
            raise BaselineError("the items of the study are needed to hold them out of training")
        rows = STIMULI.read(stimuli)
        held_out = dict(zip(rows["item_id"], rows["text"], strict=True))
    learnable = partition(items, data.splits, held_out)
    if data.drawn is None:
        return learnable
    _, answered = human_shares(learnable.train, data.scale_name, data.scale)
    return learnable.drawn(data.drawn.most, data.drawn.seed, answered)


def published_seen(items: list[SourceItem], splits: tuple[str, ...]) -> Seen:
    """The items that a published classifier has seen: the splits that it was made with."""
    of_dataset = {item.split for item in items if item.split is not None}
    unknown = [split for split in splits if split not in of_dataset]
    if unknown:
        raise BaselineError(
            f"no item is in the split {unknown[0]!r}, which the card names as seen; splits of the "
            f"dataset: {', '.join(sorted(of_dataset)) or 'none'}"
        )
    return Seen.of(item for item in items if item.split in splits)


def examples(items: tuple[SourceItem, ...], data: BaselineData) -> Examples:
    """The items that people's shares are known of. Raises BaselineError when there are none."""
    shares, raters = _shares_and_raters(items, data.scale_name, data.scale)
    answered = raters > 0
    if not answered.any():
        raise BaselineError(
            f"{data.dataset}: no single answers of people on {data.scale_name!r} are known, and a "
            "baseline learns from their shares"
        )
    texts = tuple(
        str(item.text) for item, is_answered in zip(items, answered, strict=True) if is_answered
    )
    return Examples(texts, shares[answered], raters[answered])


Shares = NDArray[np.float64]
"""Of each item (a row), the share of people, from 0 to 1, who gave each answer (a column)."""


def answer_names(scale: Scale) -> tuple[str, ...]:
    """The possible answers: the labels of the scale, or its points in ascending order."""
    if isinstance(scale, LabelScale):
        return scale.labels
    return tuple(f"{point:g}" for point in scale.points)


def human_shares(
    items: Sequence[SourceItem], name: str, scale: DatasetScale
) -> tuple[Shares, NDArray[np.bool_]]:
    """The shares of each item on a scale, and whether it has some; a row without is NaN.

    On a scale of labels a share is that of the raters who chose the label, and a row need not sum
    to 1, because a rater may choose several; on a scale of points rows sum to 1. An item has none
    where single ratings are unknown, or where one lies between two points. Raises DataError for a
    rating that is not on the scale.
    """
    shares, raters = _shares_and_raters(items, name, scale)
    return shares, raters > 0


def _shares_and_raters(
    items: Sequence[SourceItem], name: str, scale: DatasetScale
) -> tuple[Shares, NDArray[np.int64]]:
    """The shares of each item, and the number of people they are of: 0 for a row of NaN."""
    people = human_answers(norm_rows(items, {name: scale}), name, scale)
    shares = np.full((len(items), people.counts.shape[1]), np.nan)
    raters = np.zeros(len(items), dtype=np.int64)
    place = {item.item_id: number for number, item in enumerate(items)}
    known = [place[item_id] for item_id in people.item_ids]
    shares[known], raters[known] = people.shares, people.n
    return shares, raters


def spread(shares: Shares) -> float:
    """How much shares differ between texts: their SD, from 0 to 0.5, as root mean square over
    answers. 0 for a constant."""
    return float(np.sqrt(shares.var(axis=0).mean()))


def divergence(human: Shares, predicted: Shares, scale: Scale) -> float:
    """The loss of a baseline: KL divergence (nats) of predicted shares from those of people.

    Scale of labels: whether a person chooses a label is one event for every label, so that it is
    the divergence between the two Bernoulli distributions, averaged over labels and items. Scale
    of points: the divergence between the two distributions over points, averaged over items.
    """
    return float(_divergences(human, predicted, scale).mean())


def _divergences(human: Shares, predicted: Shares, scale: Scale) -> NDArray[np.float64]:
    """The loss of each item: (items,)."""
    each: NDArray[np.float64]
    if isinstance(scale, LabelScale):
        each = (rel_entr(human, predicted) + rel_entr(1 - human, 1 - predicted)).mean(axis=1)
    else:
        each = rel_entr(human, predicted).sum(axis=1)
    return each


@dataclass(frozen=True)
class Gain:
    """The share of a constant prediction's loss that a classifier saves, with its 95% interval.

    1: nothing is lost any more; 0: no better than the constant; below 0: worse.
    """

    share: float
    low: float
    high: float


def gain(human: Shares, predicted: Shares, constant: Shares, scale: Scale) -> Gain:
    """The gain of predicted shares over constant ones, with an interval over items (normal).

    `human` and `predicted` are of shape (items, answers), `constant` is (1, answers).
    """
    without = _divergences(human, constant, scale)
    saved = without - _divergences(human, predicted, scale)
    loss = float(without.mean())
    if loss <= 0:
        return Gain(0.0, 0.0, 0.0)
    half = 1.96 * float(saved.std()) / len(saved) ** 0.5
    share = float(saved.mean())
    return Gain(share / loss, (share - half) / loss, (share + half) / loss)


def starting_outputs(shares: Shares, scale: Scale) -> NDArray[np.float64]:
    """The outputs that stand for the mean shares of texts: (answers,).

    Log-odds for labels, log shares for points. Half an answer is added to each, as an answer that
    nobody gave has no finite logarithm.
    """
    texts, answers = shares.shape
    if isinstance(scale, LabelScale):
        given = shares.sum(axis=0) + 0.5
        odds: NDArray[np.float64] = given / (texts + 1 - given)
        return np.log(odds)
    total: NDArray[np.float64] = (shares.sum(axis=0) + 0.5) / (texts + 0.5 * answers)
    return np.log(total)
