"""What a section of the report is, and what it may look at.

A section is a module with one `SECTION` and, beside it, a template of the same name: `section.py`
and `section.html` in the folder of its analysis. The analysis says which tables it reads: they
become inputs of the workflow's rule and downloads on the page.

A section is pure. Its `view` gets the `Results` of a study and returns one of three things:

* a `View`: the values its template is filled with, and sentences for the top of the page. The
  template has these values as variables, `job` and `section` beside them, the filters `number`,
  `p_value`, `percent` (see `wording.py`), and the macros of `templates/parts.html`: import them
  with `{% import "parts.html" as parts %}`; then `{{ parts.table(grid) }}` shows a table made by
  `grid.py` (sorted, filtered and downloaded by readers without further work) and
  `{{ parts.figures(results, name) }}` the figures of a name that the study has (see
  `analyses/catalogue.py`), with their captions. Heading and frame are made for it. Whatever a
  template prints is escaped; never mark a text as safe, because items, answers and titles are
  written by strangers.
* an `Absent`: what could not be computed and why, in a sentence or two. Heading and sentence stand
  in the list of what the study cannot tell, after its results.
* `None`: the study has nothing that the section is about (no scale of labels, say), and a reader
  would not miss it. Nothing is shown.

Where only some rows are missing, show them all: a dash for the number, and the `reason` of the row
(`analyses/contrasts/section.py` is an example).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from emoalign.figures.kinds import FigureKind
from emoalign.figures.planned import PlannedFigure, planned_figures
from emoalign.items.clusters import ItemClusters
from emoalign.items.item_names import item_names
from emoalign.report.answers import Answers
from emoalign.report.grid import in_order
from emoalign.report.report_job import ReportJob
from emoalign.tables import ITEMS, STIMULI, Table


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a study: `folder` is results/<study>, `ratings` are its rating files, and
    `kinds` the figures that studies can have."""

    job: ReportJob
    folder: Path
    ratings: Sequence[Path] = ()
    kinds: Sequence[FigureKind] = ()
    _read: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _named: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def table(self, table: Table) -> pd.DataFrame:
        """The rows of a table that the section reads, in the order of the study (see
        `grid.in_order`), not to be changed in place."""
        return self._once(table, table.path)

    def items(self, dataset: str) -> pd.DataFrame:
        """The item table of a dataset: a row per cell and item."""
        return self._once(ITEMS, f"items/{dataset}.parquet")

    def stimuli(self, dataset: str) -> pd.DataFrame:
        """The items of a dataset. Show none of them where the card's `show_items` is false."""
        return self._once(STIMULI, f"stimuli/{dataset}.parquet")

    def item(self, dataset: str, item_id: str) -> str:
        """What readers call an item: its text or the name of its image, or its id where the terms
        of the dataset forbid more."""
        return self._names(dataset)[item_id]

    def figures(self, name: str) -> list[PlannedFigure]:
        """The figures of one name that the study has: none, one, or one per dataset or scale."""
        return [figure for figure in self.planned_figures if figure.kind.name == name]

    def shows(self, figure: PlannedFigure) -> bool:
        """Whether there is anything to see in a figure."""
        from emoalign.report.carried import is_empty

        return not is_empty(self.folder / "figures" / f"{figure.path}.png")

    @cached_property
    def planned_figures(self) -> list[PlannedFigure]:
        """All figures that the study has, kind by kind in the order of the study."""
        return planned_figures(self.kinds, self.job.drawing())

    @cached_property
    def clustered(self) -> bool:
        """Whether a dataset has items that are resampled together: of one cluster, or alike."""
        read = [
            ItemClusters.read(self.folder / f"stimuli/{name}.parquet") for name in self.job.datasets
        ]
        return any(len(set(items.numbers.tolist())) < len(items.item_ids) for items in read)

    @cached_property
    def answers(self) -> Answers:
        """What was answered: counts by status, and examples of answers that are no rating."""
        return Answers.of(self.job, self.ratings)

    def _names(self, dataset: str) -> dict[str, str]:
        if dataset not in self._named:
            shown = self.job.datasets[dataset].show_items
            self._named[dataset] = item_names(self.stimuli(dataset), shown)
        return self._named[dataset]

    def _once(self, table: Table, path: str) -> pd.DataFrame:
        if path not in self._read:
            self._read[path] = in_order(table.read(self.folder / path), self.job)
        return self._read[path]


class Point(str):
    """A sentence of a finding, or several, that the page shows as an item of a list."""

    __slots__ = ()


class Finding(list[str]):
    """Sentences of which the first is the message, about a part of the study.

    `about` names the model, protocol, dataset, scale or readout that it is about: the filters of
    the page go by them.
    """

    def __init__(self, sentences: Iterable[str], **about: str) -> None:
        super().__init__(sentences)
        self.about = about


@dataclass(frozen=True)
class View:
    """What a template is filled with.

    `findings` go to the top of the page: paragraphs, each a list of sentences of which the first
    is the message, in the order of the study (a `Finding` where it is about a part of the study).
    Few and plain: they are what a hurried reader takes away. Where there are more than a few, the
    page folds them; if they are `summed`, it still shows the first, which sums up the others.

    `methods` are paragraphs for the method section, as a paper would have them; in them,
    [@lin1989; @zou2007] cites sources of `references.bib`: add yours there.
    """

    values: Mapping[str, Any]
    findings: Sequence[Sequence[str]] = ()
    methods: Sequence[str] = ()
    summed: bool = False


@dataclass(frozen=True)
class Absent:
    """What could not be computed and why: sentences in plain words."""

    why: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    `id` names its place on the page; `heading` is a question or statement for readers, `label` one
    or two words for the navigation; `figures` are the names of the figures it shows. Sections
    `about` the study rather than its results stand at the end.
    """

    id: str
    heading: str
    label: str
    view: Callable[[Results], View | Absent | None]
    figures: tuple[str, ...] = ()
    about: bool = False
