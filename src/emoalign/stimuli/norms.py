"""Human ratings: as norms in points of the study's scales, and as single answers of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoalign.errors import DataError
from emoalign.statistics.raters import People, counted_choices, counted_ratings
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import OFTEN
from emoalign.stimuli.readers.base import HumanLabels, HumanRatings, SourceItem
from emoalign.stimuli.rows import composed
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale, NativeRange, OrdinalScale
from emoalign.tables import NORMS


def norm_rows(items: Sequence[SourceItem], scales: Mapping[str, DatasetScale]) -> pd.DataFrame:
    """Norms of every item, in points of the study's scales.

    An item has no row for a scale that it was not rated on. Raises DataError for a rating outside
    the range of the file, or for labels that the card does not have.
    """
    rows = []
    for item in items:
        for name, scale in scales.items():
            human = item.ratings.get(name)
            if human is None:
                continue
            if isinstance(human, HumanLabels) and isinstance(scale, LabelScale):
                norm = _labelled(human, scale, item)
            elif isinstance(human, HumanRatings) and isinstance(scale, HumanScale):
                norm = on_scale(human, scale, item)
            else:
                kind = "labels" if isinstance(scale, LabelScale) else "ratings"
                raise DataError(
                    f"{item.where}: item {item.item_id} has no human {kind} of {name!r}"
                )
            rows.append({"item_id": item.item_id, "scale": name} | norm)
    return pd.DataFrame(rows, columns=NORMS.schema.names)


def check_ratings(
    items: Sequence[SourceItem], scales: Mapping[str, DatasetScale], mistakes: Mistakes
) -> None:
    """Add a mistake for each human rating off its scale and each choice without a label."""
    for item in items:
        for name, scale in scales.items():
            human = item.ratings.get(name)
            if isinstance(human, HumanRatings) and isinstance(scale, HumanScale):
                _check_range(human, name, scale, item, mistakes)
                for of_group in item.by_group.get(name, {}).values():
                    if of_group.ratings is None:  # single ones are among those of all people
                        _check_range(of_group, name, scale, item, mistakes)
            elif isinstance(human, HumanLabels) and isinstance(scale, LabelScale):
                for place, names in enumerate(human.choices):
                    if _choice(names, scale) is None:
                        mistakes.add(
                            "Choices that are not labels of the scale",
                            _no_choice(human, place, scale, item),
                            value=", ".join(names),
                        )


def _check_range(
    human: HumanRatings, name: str, scale: HumanScale, item: SourceItem, mistakes: Mistakes
) -> None:
    native = scale.written
    # A mean may be outside only because one of the ratings is.
    values = (human.mean,) if human.ratings is None else human.ratings
    low, high = sorted((native.min, native.max))
    for place, value in enumerate(values):
        if not low <= value <= high:
            where = human.places[place] if human.places else human.where
            mistakes.add(
                f"Ratings off the scale {name}",
                f"{where}: item {item.item_id}: {_outside(value, native)}",
                _in_range,
                f"{value:g}",
            )


def _outside(value: float, native: NativeRange) -> str:
    return (
        f"rating {value:g} is outside {min(native.min, native.max):g} to "
        f"{max(native.min, native.max):g}, the range that the dataset card gives for the file"
    )


def _in_range(values: Counter[str]) -> str:
    """The correction for ratings off the scale, from their values and counts."""
    often = [value for value, count in values.most_common() if count >= OFTEN]
    codes = (
        (f' If {often[0]} means that there is no rating, set na_values: ["{often[0]}"].')
        if often
        else ""
    )
    return (
        "Correct the number or, if the file uses another range, give that range below the scale "
        f"(native: {{min: ..., max: ...}}).{codes}"
    )


def to_scale(
    values: float | Sequence[float], scale: HumanScale, where: str | Sequence[str]
) -> np.ndarray:
    """Numbers of the source file in points of the scale.

    `where` is the place of all of them, or of each. Raises DataError for a value outside the range
    the card says the file uses: never a clamp.
    """
    native = scale.written
    numbers = np.asarray(values, dtype=np.float64)
    low, high = sorted((native.min, native.max))
    outside = np.flatnonzero((numbers < low) | (numbers > high))
    if outside.size:
        first = outside[0]
        raise DataError(
            f"{where if isinstance(where, str) else where[first]}: "
            f"{_outside(numbers.flat[first], native)}. {_in_range(Counter())}"
        )
    return scale.min + (numbers - native.min) * native.stretch(scale)


def on_scale(human: HumanRatings, scale: HumanScale, item: SourceItem) -> dict[str, object]:
    """Ratings of an item as columns of a norm, in points of the scale."""
    where = f"{human.where}: item {item.item_id}"
    each = [f"{place}: item {item.item_id}" for place in human.places]
    # First the ratings: their mean may be outside only because one of them is.
    ratings = None if human.ratings is None else to_scale(human.ratings, scale, each or where)
    return {
        "mean": float(to_scale(human.mean, scale, where)),
        "sd": human.sd * abs(scale.written.stretch(scale)),
        "n": human.n,
        "ratings": None if ratings is None else ratings.tolist(),
        "labels": None,
        "raters": None if human.raters is None else list(human.raters),
    }


def _labelled(human: HumanLabels, scale: LabelScale, item: SourceItem) -> dict[str, object]:
    choices = []
    for place, names in enumerate(human.choices):
        chosen = _choice(names, scale)
        if chosen is None:
            raise DataError(_no_choice(human, place, scale, item))
        choices.append(list(chosen))
    return {
        "mean": float("nan"),
        "sd": float("nan"),
        "n": len(choices),
        "ratings": None,
        "labels": choices,
        "raters": None if human.raters is None else list(human.raters),
    }


def _choice(names: tuple[str, ...], scale: LabelScale) -> tuple[str, ...] | None:
    """The labels that a rater chose, whatever the Unicode form of their letters."""
    label_of = _labels_as_composed(scale.labels)
    return scale.choice([label_of.get(composed(name).casefold(), name) for name in names])


@lru_cache
def _labels_as_composed(labels: tuple[str, ...]) -> Mapping[str, str]:
    return {composed(label).casefold(): label for label in labels}


def _no_choice(human: HumanLabels, place: int, scale: LabelScale, item: SourceItem) -> str:
    where = f"{human.places[place] if human.places else item.where}: item {item.item_id}"
    return (
        f"{where}: a rater chose {', '.join(human.choices[place]) or 'nothing'}, but raters "
        f"choose at least {scale.at_least} of the labels in the dataset card: "
        f"{', '.join(scale.labels)}"
    )


def human_answers(
    norms: pa.Table | pd.DataFrame, name: str, scale: OrdinalScale | LabelScale
) -> People:
    """The answers on the scale called `name`, of the items that have any, in order of their ids.

    An item without single answers is left out, and so is one with a rating between two points.
    """
    column = "labels" if isinstance(scale, LabelScale) else "ratings"
    rows = _arrow(norms, column) if isinstance(norms, pd.DataFrame) else norms
    rows = rows.filter(pc.equal(rows["scale"], name))
    rows = rows.filter(pc.greater(pc.fill_null(pc.list_value_length(rows[column]), 0), 0))
    rows = rows.sort_by("item_id").combine_chunks()
    item_ids = rows["item_id"].to_numpy().astype(str)
    answers = rows[column].combine_chunks()
    n = np.asarray(pc.list_value_length(answers), dtype=np.int64)
    if not isinstance(scale, LabelScale):
        ratings = answers.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
        return counted_ratings(item_ids, n, ratings, np.array(scale.points))
    chosen = answers.flatten()
    rater = np.asarray(pc.list_parent_indices(chosen), dtype=np.int64)
    label = pc.index_in(chosen.flatten(), value_set=pa.array(scale.labels))
    on_card = np.asarray(pc.is_valid(label), dtype=np.bool_)
    place = pc.fill_null(label, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return counted_choices(item_ids, n, rater[on_card], place[on_card], len(scale.labels))


def single_ratings(norms: pd.DataFrame, name: str) -> pd.DataFrame | None:
    """Each rating on the scale called `name`, or set of labels, with its item and who gave it.

    The columns are item_id, rater (a code) and rating, in order of the items. None if raters or
    single ratings are unknown for any item with a norm.
    """
    rows = norms[(norms["scale"] == name) & (norms["n"].fillna(0) > 0)].sort_values("item_id")
    column = "ratings" if rows["labels"].isna().all() else "labels"
    rows = rows[["item_id", "raters", column]]
    if rows.empty or rows.isna().any(axis=None):
        return None
    each = rows.explode(["raters", column], ignore_index=True)
    return each.rename(columns={"raters": "rater", column: "rating"})


def _arrow(norms: pd.DataFrame, column: str) -> pa.Table:
    names = ("item_id", "scale", column)
    return pa.table({name: pa.array(norms[name], NORMS.schema.field(name).type) for name in names})
