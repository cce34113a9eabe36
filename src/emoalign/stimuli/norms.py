"""Human ratings, from the numbers of the source to points of the study's scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from emoalign.errors import DataError
from emoalign.stimuli.readers.source_items import HumanLabels, HumanRatings, SourceItem
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale
from emoalign.tables import NORMS


def norm_rows(items: Sequence[SourceItem], scales: Mapping[str, DatasetScale]) -> pd.DataFrame:
    """What people said of every item, in points of the study's scales.

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
                norm = _on_scale(human, scale, item)
            else:
                kind = "labels" if isinstance(scale, LabelScale) else "ratings"
                raise DataError(
                    f"{item.where}: item {item.item_id} has no human {kind} of {name!r}"
                )
            rows.append({"item_id": item.item_id, "scale": name} | norm)
    return pd.DataFrame(rows, columns=NORMS.schema.names)


def to_scale(
    values: float | Sequence[float], scale: HumanScale, where: str | Sequence[str]
) -> np.ndarray:
    """Numbers of the source file in points of the scale.

    `where` is the place of all of them, or of each. Raises DataError for a value outside the range
    the card says the file uses: never a clamp.
    """
    native = scale.native or scale
    numbers = np.asarray(values, dtype=np.float64)
    outside = np.flatnonzero((numbers < native.min) | (numbers > native.max))
    if outside.size:
        first = outside[0]
        raise DataError(
            f"{where if isinstance(where, str) else where[first]}: rating {numbers.flat[first]:g} "
            f"is outside the {native.min:g} to {native.max:g} that the dataset card gives as the "
            "file's range. Correct the number, or, where the file uses another range, give it as "
            "native of the scale."
        )
    return scale.min + (numbers - native.min) * _stretch(scale)


def _stretch(scale: HumanScale) -> float:
    native = scale.native or scale
    return (scale.max - scale.min) / (native.max - native.min)


def _on_scale(human: HumanRatings, scale: HumanScale, item: SourceItem) -> dict[str, object]:
    where = f"{human.where}: item {item.item_id}"
    each = [f"{place}: item {item.item_id}" for place in human.places]
    # First the ratings: their mean may be outside only because one of them is.
    ratings = None if human.ratings is None else to_scale(human.ratings, scale, each or where)
    return {
        "mean": float(to_scale(human.mean, scale, where)),
        "sd": human.sd * _stretch(scale),
        "n": human.n,
        "ratings": None if ratings is None else ratings.tolist(),
        "labels": None,
    }


def _labelled(human: HumanLabels, scale: LabelScale, item: SourceItem) -> dict[str, object]:
    choices = []
    for place, names in enumerate(human.choices):
        chosen = scale.choice(names)
        if chosen is None:
            where = f"{human.places[place] if human.places else item.where}: item {item.item_id}"
            raise DataError(
                f"{where}: a rater chose {', '.join(names) or 'nothing'}, which is no choice of "
                f"{scale.at_least} or more of the labels on the dataset card: "
                f"{', '.join(scale.labels)}"
            )
        choices.append(list(chosen))
    return {
        "mean": float("nan"),
        "sd": float("nan"),
        "n": len(choices),
        "ratings": None,
        "labels": choices,
    }
