"""OASIS (Kurdi, Lozano & Banaji 2017): images with norms, and single ratings if at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.readers.base import (
    HumanRatings,
    Source,
    SourceItem,
    from_ratings,
    rater_code,
)
from emoalign.stimuli.sheets import Layout, places, read_records, read_rows
from emoalign.study.fields import FileSource
from emoalign.study.scales import HumanDetail

if TYPE_CHECKING:  # a card is read without numpy
    from emoalign.statistics.pairs import FloatArray

_LAYOUT = Layout("csv", "the format of OASIS")
_SCALES = {"valence": "Valence", "arousal": "Arousal"}
_DIMENSION = "valar"
_TOLERANCE = 1e-6


class OasisSource(Source):
    """OASIS: images with norms and, optionally, single ratings."""

    provides = ("valence", "arousal")
    reader: Literal["oasis"] = Field(description="File format.")
    norms: FileSource = Field(description="OASIS.csv.")
    ratings: FileSource | None = Field(
        None,
        description="OASIS_data.csv, single ratings with rater ids; must reproduce the norms.",
    )

    def detail(self, scale: str, min_raters: int) -> HumanDetail:
        """SDs, and distributions where the single ratings are at hand."""
        known = super().detail(scale, min_raters)
        return "SDs" if known == "distributions" and self.ratings is None else known

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """An image per row: means, SDs (ddof 1) and Ns, with single ratings if given.

        The image of a row is `<Theme>.jpg`; some themes end in a space, their files do not. The id
        is in the first column, whose name is empty.
        """
        columns = {"id": "", "theme": "Theme", "category": "Category"} | {
            f"{name}_{part}": f"{name}_{part}"
            for name in _SCALES.values()
            for part in ("mean", "SD", "N")
        }
        items = []
        numbers = [key for key in columns if "_" in key]
        for row in read_records(
            paths["norms"], _LAYOUT, columns, numbers=numbers, mistakes=mistakes
        ):
            fields = {key: str(field) for key, field in row.fields.items()}
            value = {
                key: read
                for key in numbers
                if (read := read_number(fields[key], f"{row.where}, column {key!r}", mistakes))
                is not None
            }
            if len(value) < len(numbers):
                continue
            ratings = {
                scale: HumanRatings(
                    mean=value[f"{name}_mean"],
                    sd=value[f"{name}_SD"],
                    n=int(value[f"{name}_N"]),
                    ratings=None,
                    where=row.where,
                )
                for scale, name in _SCALES.items()
            }
            items.append(
                SourceItem(
                    item_id=fields["id"],
                    text=None,
                    ratings=ratings,
                    image=f"{fields['theme'].strip()}.jpg",
                    stratum=fields["category"],
                    where=row.where,
                )
            )
        if "ratings" in paths:
            with mistakes.noted():
                return _with_single_ratings(items, paths["ratings"], mistakes)
        return items


def _with_single_ratings(
    items: Sequence[SourceItem], path: Path, mistakes: Mistakes
) -> list[SourceItem]:
    """The same items with single ratings, which must have the means, SDs and Ns of the norms."""
    import numpy as np

    given = _by_dimension(path, [item.item_id for item in items], mistakes)
    if mistakes:
        return list(items)
    dimension = {scale: _dimension_of(scale, items, given, path) for scale in _SCALES}
    with_ratings = []
    for place, item in enumerate(items):
        ratings = {}
        for scale in _SCALES:
            people, values = given[dimension[scale]]
            rated = np.isfinite(values[:, place])
            raters = tuple(code for code, is_rater in zip(people, rated, strict=True) if is_rater)
            single = from_ratings(values[rated, place], item.where, raters=raters)
            where = f"{path}: column {item.item_id!r}, {scale}"
            _check_same(single, _norm(item, scale), where, mistakes)
            ratings[scale] = single
        with_ratings.append(replace(item, ratings=ratings))
    return with_ratings


def _by_dimension(
    path: Path, ids: Sequence[str], mistakes: Mistakes
) -> dict[str, tuple[list[str], FloatArray]]:
    """People and their ratings (people, items) by what the column `valar` says they rated.

    NaN where not rated. The file has no ids of people: a row is one person, who rated one
    dimension, and is known by the number of the row.
    """
    import numpy as np

    header, rows = read_rows(path, _LAYOUT, mistakes)
    at = places(path, {name: name for name in (_DIMENSION, *ids)}, header, _LAYOUT.card)
    by_dimension: dict[str, tuple[list[str], list[list[float]]]] = {}
    for number_of_row, row in enumerate(rows, 1):
        given = [str(row.fields[at[item_id]]) for item_id in ids]
        people, ratings = by_dimension.setdefault(str(row.fields[at[_DIMENSION]]), ([], []))
        people.append(rater_code(str(number_of_row)))
        ratings.append(
            [
                float("nan")
                if field in ("", "NA")
                or (read := read_number(field, f"{row.where}, column {item_id!r}", mistakes))
                is None
                else read
                for item_id, field in zip(ids, given, strict=True)
            ]
        )
    return {name: (people, np.array(rows)) for name, (people, rows) in by_dimension.items()}


def _dimension_of(
    scale: str,
    items: Sequence[SourceItem],
    given: Mapping[str, tuple[list[str], FloatArray]],
    path: Path,
) -> str:
    """The entry of `valar` whose ratings have the means of the norms: codes differ by edition."""
    import numpy as np

    means = np.array([_norm(item, scale).mean for item in items])
    for name, (_, ratings) in given.items():
        rated = np.isfinite(ratings)
        counts = rated.sum(axis=0)
        sums = np.where(rated, ratings, 0).sum(axis=0)
        if counts.all() and np.allclose(sums / counts, means, atol=_TOLERANCE, rtol=0):
            return name
    raise DataError(
        f"{path}: no entry of the column {_DIMENSION!r} ({', '.join(sorted(given))}) has ratings "
        f"with the means of {scale} in the norms; expected the ratings behind these norms"
    )


def _check_same(single: HumanRatings, norm: HumanRatings, where: str, mistakes: Mistakes) -> None:
    same = abs(single.sd - norm.sd) < _TOLERANCE and single.n == norm.n
    if not same:
        mistakes.add(
            "Single ratings that do not match the norms",
            f"{where}: the SD of {single.n} ratings is {single.sd:.6g}, but the norms give "
            f"{norm.sd:.6g} for {norm.n} ratings",
            "Use the single ratings from which the norms were computed.",
        )


def _norm(item: SourceItem, scale: str) -> HumanRatings:
    norm = item.ratings[scale]
    assert isinstance(norm, HumanRatings)  # noqa: S101 - the reader made it
    return norm
