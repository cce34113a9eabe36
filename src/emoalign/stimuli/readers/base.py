"""Common to all readers: a source names its files, and makes items of them."""

from __future__ import annotations

import hashlib
import io
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from emoalign.stimuli.delimited import decoded
from emoalign.stimuli.left_out import Used, fitted
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.rows import Row
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import Entry, FileSource
from emoalign.study.scales import HumanDetail

if TYPE_CHECKING:  # a card is read without numpy
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class Source(Entry, ABC):
    """The files of a dataset, under the names that its reader gives them."""

    provides: ClassVar[tuple[str, ...]] = ()
    """The scales the files have ratings on."""

    def files(self) -> dict[str, FileSource]:
        """Every file by its place in the entry, such as `ratings` or `splits.train`."""
        return dict(files_within(self))

    def scale_names(self) -> tuple[str, ...]:
        """The scales that items can have human ratings on."""
        return self.provides

    def covariate_names(self) -> tuple[str, ...]:
        """The covariates that items can have, ascending."""
        return ()

    def detail(self, scale: str, min_raters: int) -> HumanDetail:
        """The most that the files can tell of human ratings on a scale; a distribution takes at
        least `min_raters` ratings of an item."""
        return "distributions" if scale in self.scale_names() else "nothing"

    def printed_in(self, scale: str) -> FileSource | None:
        """The file with the means on a scale, where there is one such file."""
        files = list(self.files().values())
        return files[0] if len(files) == 1 else None

    def printed_columns(self, scale: str) -> tuple[str, str]:
        """The names of the columns of texts, and of means on a scale, as the files have them."""
        return "text", scale

    def read(self, paths: Mapping[str, Path], mistakes: Mistakes | None = None) -> list[SourceItem]:
        """All items of the dataset with their human ratings; `paths` are those of `files`.

        Mistakes in the files are added to `mistakes` with file, line and column; without it, they
        are raised as a DataError.
        """
        noted = Mistakes() if mistakes is None else mistakes
        items: list[SourceItem] = []
        with noted.noted():
            items = self.read_noting(paths, noted)
        if mistakes is None:
            noted.tell()
        return items

    @abstractmethod
    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """The items that can be read, for `read`. Raises DataError when no more can be read."""

    def without_directions(self) -> Self:
        """The same without how to get the files, which changes nothing of what is read."""
        return self.model_validate(_without(self.model_dump(), ("obtain", "url")))

    def for_norms(self) -> Self:
        """What is read from it for items and their norms, which names of groups of raters do not
        change: a job that has this as its parameter does not run again when a group is renamed."""
        return self.without_directions()


def files_within(value: object, place: str = "") -> Iterator[tuple[str, FileSource]]:
    """Every file that an entry names, with its place in it."""
    if isinstance(value, FileSource):
        yield place, value
        return
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, Entry):
        inner = iter(value)
    elif isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, tuple):
        inner = iter(enumerate(value))
    for key, part in inner:
        yield from files_within(part, f"{place}.{key}" if place else str(key))


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, keys) for key, part in value.items() if key not in keys}
    if isinstance(value, list | tuple):
        return [_without(part, keys) for part in value]
    return value


@dataclass(frozen=True)
class HumanRatings:
    """Human ratings of one item on one scale, in the numbers of the source file.

    `n` is None, and `sd` NaN, if the source does not give them; `where` is the place in the file,
    `places` those of the single ratings where they differ, `raters` who gave each as `rater_code`
    writes it, where known.
    """

    mean: float
    sd: float
    n: int | None
    ratings: tuple[float, ...] | None
    where: str = ""
    places: tuple[str, ...] = ()
    raters: tuple[str, ...] | None = None


@dataclass(frozen=True)
class HumanLabels:
    """The labels that people chose for one item, person by person, with places and raters."""

    choices: tuple[tuple[str, ...], ...]
    places: tuple[str, ...] = ()
    raters: tuple[str, ...] | None = None


Group = tuple[str, str]
"""A group of raters: its attribute, such as sex, and its name, such as women."""


@dataclass(frozen=True)
class SourceItem:
    """One item of a dataset, under the dataset's own id.

    `stratum` is the group that the source puts it in, `split` its split, `cluster` what it belongs
    together with (a lemma, a document), `where` its place in the file, `covariates` those it has.
    `by_group` has the ratings of each scale by groups of raters, which have an attribute (sex) and
    a name (women).
    """

    item_id: str
    text: str | None
    ratings: Mapping[str, HumanRatings | HumanLabels]
    image: str | None = None
    stratum: str | None = None
    split: str | None = None
    cluster: str | None = None
    where: str = ""
    covariates: Mapping[str, float] = field(default_factory=dict)
    by_group: Mapping[str, Mapping[Group, HumanRatings]] = field(default_factory=dict)


def rater_code(written: str) -> str:
    """The code of a rater: 16 hex digits of the sha256 of the id, exactly as it is written.

    Ids of people are kept nowhere else. Codes are not shown either, because anybody with a list of
    ids could find out whose they are.
    """
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def from_ratings(
    ratings: ArrayLike,
    where: str = "",
    places: tuple[str, ...] = (),
    raters: tuple[str, ...] | None = None,
) -> HumanRatings:
    """Mean, SD (ddof 1) and n recomputed from single ratings; NaN where they are undefined."""
    import numpy as np

    values = np.asarray(ratings, dtype=np.float64)
    n = len(values)
    return HumanRatings(
        mean=float(values.mean()) if n else float("nan"),
        sd=_spread(values) if n > 1 else float("nan"),
        n=n,
        ratings=tuple(values.tolist()),
        where=where,
        places=places,
        raters=raters,
    )


def _spread(values: NDArray[np.float64]) -> float:
    """SD (ddof 1); 0 of ratings that are all equal, although their mean may be rounded."""
    return float(values.std(ddof=1)) if (values != values[0]).any() else 0.0


def sample_sd(sd: float, n: int | None, ddof: int) -> float:
    """An SD that was computed with `ddof`, as one with ddof 1; NaN where that is undefined.

    So it is of one rating, of which files may say 0.
    """
    if n == 1:
        return float("nan")
    if ddof == 1:
        return sd
    return sd * math.sqrt(n / (n - 1)) if n is not None else float("nan")


def tab_separated(
    path: Path, fields: Sequence[str], mistakes: Mistakes
) -> Iterator[tuple[int, str, list[str]]]:
    """Number, place ("words.txt, line 3") and fields of every line of a file without a header.

    Lines may end in LF, CRLF or CR alone. Empty ones are left out, a line with other fields is
    noted.
    """
    lines = enumerate(io.StringIO(decoded(path), newline=None), 1)
    rows = (Row(f"{path}, line {number}", line.rstrip("\n").split("\t")) for number, line in lines)
    expected = f"tab-separated fields ({', '.join(fields)})"
    plain = Used(written=TableFormat(quotes="none"))
    for row in fitted(path, fields, rows, mistakes, plain, expected=expected):
        number = int(row.where.rpartition("line ")[2])
        yield number, row.where, [str(field) for field in row.fields[: len(fields)]]
