"""The report: its sections, one after the other."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from emoalign.figures.kinds import FigureKind
from emoalign.figures.planned import PlannedFigure
from emoalign.report.bibliography import bibliography, cited
from emoalign.report.contents import PageSection
from emoalign.report.grid import FEW_ROWS
from emoalign.report.packing import packed, packed_json
from emoalign.report.pictures import Pictures
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import TABLES, Table, atomic
from emoalign.wording import interval, number, p_value, percent

HERE = Path(__file__).parent

SCRIPTS = ("packing.js", "texts.js", "tables.js", "items.js", "page.js")
"""The page's own code, in the order in which the files need each other."""

FEW_FINDINGS = 6
"""Findings that a hurried reader reads; further ones are folded."""


DIGITS = 6
"""Significant digits of tables in the page; the files of the study have all of them."""


@dataclass(frozen=True)
class Shown:
    """A section that the study has: where it is, and what its template is filled with."""

    place: PageSection
    section: Section
    view: View


@dataclass(frozen=True)
class Part:
    """A section and its HTML."""

    section: Section
    html: Markup


@dataclass(frozen=True)
class Missing:
    """A section that could not be made, and why."""

    section: Section
    why: str


def write_report(
    job: ReportJob,
    sections: Sequence[PageSection],
    kinds: Sequence[FigureKind],
    folder: Path,
    ratings: Sequence[Path],
    output: Path,
) -> None:
    """Write the report of a study: one file that needs no other, and no network.

    `kinds` are the figures that studies can have; `folder` holds the results of the study, laid
    out as docs/results.md says.
    """
    html = page(Results(job, folder, ratings, kinds), sections)
    with atomic(output) as partial:
        partial.write_text(html, encoding="utf-8")


def page(results: Results, sections: Sequence[PageSection]) -> str:
    """The whole page as HTML, section by section in their order."""
    seen = [(place, *_seen(place, results)) for place in sections]
    shown = [Shown(place, section, view) for place, section, view in seen if isinstance(view, View)]
    shared = {"job": results.job, "results": results, **_methods(shown, results)}
    templates = environment()
    parts = [Part(each.section, fill(templates, each, shared)) for each in shown]
    html = templates.get_template("page.html").render(
        job=results.job,
        study=results,
        findings=_ordered([each.view for each in shown]),
        few_findings=FEW_FINDINGS,
        results=[part for part in parts if not part.section.about],
        about=[part for part in parts if part.section.about],
        absent=[
            Missing(section, view.why) for _, section, view in seen if isinstance(view, Absent)
        ],
        more=_unplaced(results, shown),
        names=packed_json(_names(results.job)),
        tables=downloads(results, shown),
        scripts=[plotly(), own_script()],
    )
    return html.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _seen(place: PageSection, results: Results) -> tuple[Section, View | Absent | None]:
    """A section, and what it says of the study."""
    section = cast(Section, import_module(place.module).SECTION)
    return section, section.view(results)


def fill(templates: Environment, shown: Shown, shared: Mapping[str, Any]) -> Markup:
    """The HTML of one section, from the template beside its module."""
    place = shown.place.module.removeprefix("emoalign.").replace(".", "/")
    filled = templates.get_template(f"{place}.html").render(
        {**shared, "section": shown.section, **shown.view.values}
    )
    return Markup(filled)  # noqa: S704 - the template has escaped what it was filled with


def environment() -> Environment:
    """How the templates of one page are filled.

    Everything is escaped, and a name that is missing is an error.
    """
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE / "assets", HERE.parent]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, p_value=p_value, percent=percent, picture=Pictures().shown)
    made.globals.update(interval=interval, few_rows=FEW_ROWS)
    return made


def _ordered(views: Sequence[View]) -> list[Sequence[str]]:
    """All findings: the first of every section, then the others."""
    return [
        *(finding for view in views for finding in view.findings[:1]),
        *(finding for view in views for finding in view.findings[1:]),
    ]


def _methods(shown: Sequence[Shown], results: Results) -> dict[str, Any]:
    """The method section that all sections together make, and BibTeX of what it cites.

    What was done is told before what was computed of it, though it stands at the end of the page.
    """
    ordered = sorted(shown, key=lambda each: not each.section.about)
    paragraphs = [cited(text) for each in ordered for text in each.view.methods]
    keys = [key for _, named in paragraphs for key in named]
    data = [card.citation for card in results.job.datasets.values()]
    return {"methods": [text for text, _ in paragraphs], "bibtex": bibliography(keys, data)}


def _unplaced(results: Results, shown: Sequence[Shown]) -> list[PlannedFigure]:
    """The figures of the study that none of the sections shows."""
    placed = {name for each in shown for name in each.section.figures}
    return [figure for figure in results.planned_figures() if figure.kind.name not in placed]


def downloads(results: Results, shown: Sequence[Shown]) -> Mapping[str, str]:
    """The tables of the sections on the page as CSV, packed, by the names of their files."""
    read = {path for each in shown for path in each.place.reads}
    tables = {PurePosixPath(table.path).stem: table for table in TABLES if table.path in read}
    return {name: packed(as_csv(results, table)) for name, table in sorted(tables.items())}


def as_csv(results: Results, table: Table) -> bytes:
    """A table as CSV with DIGITS significant digits; empty cells for what is not there."""
    rows = results.table(table)
    text: str = rows.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
    return text.encode()


def _names(job: ReportJob) -> dict[str, dict[str, str]]:
    """What can be chosen on the page, and what it is called there."""
    cards, protocols = job.datasets.values(), job.protocols.values()
    scales = sorted({scale for card in cards for scale in (*card.scales, *card.labels)})
    readouts = sorted({readout for protocol in protocols for readout in protocol.readouts})
    return {
        "model": job.titles,
        "protocol": {name: name for name in job.protocols},
        "dataset": {name: card.title for name, card in job.datasets.items()},
        "scale": {name: name for name in scales},
        "readout": {name: name for name in readouts},
    }


@dataclass(frozen=True)
class Script:
    """Code in the page. Other code, however it came into the page, has no such checksum in the
    page's Content-Security-Policy and does not run."""

    code: Markup
    sha256: str

    @classmethod
    def of(cls, code: str) -> Script:
        """Code as it stands in the page. Raises ValueError where it would end its own element."""
        text = code.replace("\r\n", "\n")
        if "</script" in text.lower() or "<!--" in text:
            raise ValueError("a script of the page would end its own element")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return cls(Markup(text), digest)  # noqa: S704 - the project's own code, or plotly's


@cache
def plotly() -> Script:
    """The library that draws what is interactive, whole: nothing is fetched."""
    return Script.of(get_plotlyjs())


@cache
def own_script() -> Script:
    """The page's own code, file after file."""
    return Script.of(
        "\n".join((HERE / "assets" / name).read_text(encoding="utf-8") for name in SCRIPTS)
    )
