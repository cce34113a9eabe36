"""Drawing: what a figure is drawn from, and all figures of a job, each as a PDF for papers and a
picture for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emoalign.figures.figure_job import FigureJob, ShownDataset
from emoalign.figures.kinds import FigureKind
from emoalign.figures.panels import only_words
from emoalign.figures.planned import PlannedFigure, planned_figures
from emoalign.figures.style import DPI, EMPTY, PAGES, Mark, model_marks, style
from emoalign.items.item_names import item_names
from emoalign.tables import STIMULI, TABLES, Table, atomic
from emoalign.wording import READOUTS, scale_name

PICTURE_PAGES = 8
"""Pages in the picture; programs refuse to open pictures that are much larger."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What a figure is of, and the tables that are read for it.

    Attributes:
        job: the part of the study that the figure is of.
        tables: rows by the path of their table, only those that the figure is of.
        dataset, scale: their names where the figure is of one; else empty.
    """

    job: FigureJob
    tables: Mapping[str, pd.DataFrame]
    dataset: str = ""
    scale: str = ""

    def rows(self, table: Table) -> pd.DataFrame:
        """The rows of a table."""
        return self.tables[table.path]

    @property
    def shown(self) -> ShownDataset:
        """The dataset that the figure is of."""
        return self.job.datasets[self.dataset]

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """How each model is drawn, in every figure of the study."""
        return model_marks(list(self.job.models))

    @cached_property
    def labels(self) -> dict[str, str]:
        """What the items of the dataset are called, by id: the text of an item or the name of its
        image; its id where the terms forbid that."""
        return item_names(self.rows(STIMULI), self.shown.show_items)

    def scale_name(self, dataset: str, scale: str) -> str:
        """What a scale of a dataset is called."""
        title = self.job.datasets[dataset].title
        title = f"The{title[3:]}" if title.startswith("the ") else title
        return f"{title}: {scale_name(scale)}"

    def cell_name(self, model: str, protocol: str, readout: str | None = None) -> str:
        """What a model under a protocol, in a readout, is called, on two lines; the only model of
        a study is not named where protocols tell the conditions apart. Nobody asked models whose
        ratings are recorded: they are named alone."""
        shown = [prompts for one in self.job.protocols.values() for prompts in one.prompts.values()]
        if len(self.job.protocols) == 1 and not any(shown):
            return self.job.models[model]
        asked = protocol if readout is None else f"{protocol}, {READOUTS[readout]}"
        return f"{self.job.models[model]}\n{asked}" if self.names_models else asked

    @property
    def names_models(self) -> bool:
        """Whether conditions are told apart by their models."""
        return len(self.job.models) > 1 or len(self.job.protocols) == 1


def subjects(
    kinds: Sequence[FigureKind], job: FigureJob, results: Path
) -> Iterator[tuple[PlannedFigure, Subject]]:
    """The figures of a job with what each is drawn from; a file in `results` is read once."""
    contracts = {table.path: table for table in TABLES}
    read: dict[str, pd.DataFrame] = {}
    for planned in planned_figures(kinds, job):
        tables = {}
        for name in planned.kind.reads:
            paths = planned.files(name)
            for path in paths:
                if path not in read:
                    read[path] = contracts[name].read(results / path)
            rows = pd.concat([read[path] for path in paths], ignore_index=True)
            tables[name] = _in_order(_concerned(rows, planned.job), planned.job)
        yield planned, Subject(planned.job, tables, planned.dataset or "", planned.scale or "")


def _concerned(rows: pd.DataFrame, job: FigureJob) -> pd.DataFrame:
    """The rows of the datasets and scales of a job."""
    if "dataset" not in rows.columns:
        return rows
    kept = rows["dataset"].isin(list(job.datasets))
    if "scale" in rows.columns:
        scales = {(n, s) for n, d in job.datasets.items() for s in (*d.scales, *d.labels)}
        pairs = zip(rows["dataset"], rows["scale"], strict=True)
        kept &= np.array([pair in scales for pair in pairs], dtype=bool)
    return rows[kept].reset_index(drop=True)


def _in_order(rows: pd.DataFrame, job: FigureJob) -> pd.DataFrame:
    """The rows in the order of the study, as far as a table has its columns; rows of what the job
    does not name, such as people, come last."""
    order = job.order
    keys = [
        rows[name].astype(object).map(places).astype(float).fillna(len(places)).to_numpy()
        for name, places in order.items()
        if name in rows.columns
    ]
    if not keys:
        return rows
    return rows.iloc[np.lexsort(keys[::-1])].reset_index(drop=True)


class Drawing(Protocol):
    """What draws a figure: a pure function."""

    def __call__(self, subject: Subject) -> Sequence[Figure]:
        """The pages of the figure; none where there is nothing to see."""


def draw_figures(kinds: Sequence[FigureKind], job: FigureJob, results: Path) -> None:
    """Draw all figures of a job, each as PDF and PNG, into the folder figures of `results`, from
    the tables there."""
    with style():
        for planned, subject in subjects(kinds, job, results):
            save(pages(planned, subject), results / "figures" / planned.path)


def pages(planned: PlannedFigure, subject: Subject) -> Sequence[Figure]:
    """The pages of a figure; none where there is nothing to see."""
    if not planned.shows(subject.tables[planned.kind.needs[0]]):
        return []
    return drawing(planned.kind)(subject)


_SYMBOL = re.compile(r"(?<![\w\\])[rpn](?= [=<>] )|(?<=Pearson )r\b")
"""A letter that stands for a number, in the texts of a figure."""


def drawing(kind: FigureKind) -> Drawing:
    """What draws a figure."""
    module, function = kind.draw.split(":")
    return cast(Drawing, getattr(import_module(module), function))


def save(pages: Sequence[Figure], path: Path) -> None:
    """Write the pages of a figure as `path`.pdf, a page each, and as one `path`.png, under each
    other. There is no date in them, so that the same figure is the same file.

    The workflow has promised both files: without any page, they hold a sentence, and the picture
    is marked as empty.
    """
    marked = PngInfo()
    if not pages:
        marked.add_text(*EMPTY)
        pages = [only_words("Nothing is drawn here: the numbers it would show are undefined.")]
    for page in pages:
        _set_symbols(page)
    undated = {"CreationDate": None}
    with atomic(path.with_suffix(".pdf")) as partial, PdfPages(partial, metadata=undated) as pdf:
        for page in pages:
            pdf.savefig(page)
    shown = list(pages[:PICTURE_PAGES])
    if len(pages) > len(shown):
        left_out = len(pages) - len(shown)
        shown.append(only_words(f"The PDF of this figure has {left_out} more pages."))
    with atomic(path.with_suffix(".png")) as partial:
        pictures = [_picture(page) for page in shown]
        width = max(picture.width for picture in pictures)
        whole = Image.new("RGB", (width, sum(picture.height for picture in pictures)), "white")
        top = 0
        for picture in pictures:
            whole.paste(picture, (0, top))
            top += picture.height
        marked.add_text(PAGES, " ".join(str(picture.height) for picture in pictures))
        whole.save(partial, format="png", dpi=(DPI, DPI), optimize=True, pnginfo=marked)


def _set_symbols(page: Figure) -> None:
    """Put the symbols of statistics into italics, as in the text of the report."""
    for text in page.findobj(Text):
        said = text.get_text() if isinstance(text, Text) else ""
        if isinstance(text, Text) and _SYMBOL.search(said):
            text.set_parse_math(True)
            text.set_text(_SYMBOL.sub(r"$\g<0>$", said.replace("$", r"\$")))


def _picture(page: Figure) -> Image.Image:
    stream = BytesIO()
    unpacked = {"compress_level": 0}  # it is packed once, with the other pages
    page.savefig(stream, format="png", dpi=DPI, pil_kwargs=unpacked)
    return Image.open(stream)
