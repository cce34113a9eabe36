"""Mistakes in the files of a dataset, gathered and reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from emoalign.errors import DataError

SHOWN = 10
"""Mistakes of a kind that are listed one by one; of more, only the number is given."""

Remedy = str | Callable[[Counter[str]], str]
"""The correction for all mistakes of a kind, or a function that derives it from their counts."""


@dataclass
class _Kind:
    remedy: Remedy
    first: list[str] = field(default_factory=list)
    values: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def mended_by(self) -> str:
        return self.remedy if isinstance(self.remedy, str) else self.remedy(self.values)


class Mistakes:
    """The mistakes in some files: the first ten of each kind, and how many there are."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(self, kind: str, problem: str, remedy: Remedy = "", value: str = "") -> None:
        """Add a mistake. `problem` begins with its place: "words.csv, line 3, column 'v': ...".

        Mistakes of the same kind and remedy are listed together. A remedy that is a function gets
        the number of mistakes by `value`.
        """
        key = (kind, remedy if isinstance(remedy, str) else "")
        known = self._kinds.setdefault(key, _Kind(remedy))
        known.count += 1
        known.values[value] += 1
        if len(known.first) < SHOWN:
            known.first.append(problem)

    @property
    def count(self) -> int:
        """The number of all mistakes."""
        return sum(kind.count for kind in self._kinds.values())

    @contextmanager
    def noted(self, kind: str = "") -> Iterator[None]:
        """Add a DataError that ends the block, such as a file of the wrong format."""
        try:
            yield
        except DataError as error:
            self.add(kind, str(error))

    def problems(self) -> list[str]:
        """Each kind of mistake in words, with its remedy."""
        told = []
        for (title, _), kind in self._kinds.items():
            remedy = kind.mended_by()
            if kind.count == 1 or not title:
                told += [_sentences(problem, remedy) for problem in kind.first]
                continue
            heading = f"{title} ({kind.count:,} times)"
            more = [f"and {kind.count - SHOWN:,} more"] if kind.count > SHOWN else []
            lines = [*kind.first, *more]
            told.append("\n    ".join([_sentences(heading, remedy), *lines]))
        return told

    def tell(self) -> None:
        """Raise DataError with all mistakes, if there are any."""
        problems = self.problems()
        if len(problems) == 1:
            raise DataError(problems[0])
        if problems:
            lines = [f"  {place}. {problem}" for place, problem in enumerate(problems, 1)]
            raise DataError("\n".join([f"{self.count:,} mistakes in the data:", *lines]))


def _sentences(problem: str, remedy: str) -> str:
    return f"{problem.rstrip('.')}. {remedy}" if remedy else problem
