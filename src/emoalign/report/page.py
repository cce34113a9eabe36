"""The report: its sections, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from emoalign.figures.catalogue import PlannedFigure, planned_figures
from emoalign.figures.wording import number
from emoalign.report.downloads import downloads
from emoalign.report.grid import FEW_ROWS
from emoalign.report.packing import packed_json
from emoalign.report.pictures import Pictures
from emoalign.report.references import bibliography, cited
from emoalign.report.report_job import ReportJob
from emoalign.report.scripts import own_script, plotly
from emoalign.report.section import Absent, Results, Section, View
from emoalign.report.sections import sections_of
from emoalign.report.wording import interval, p_value, percent
from emoalign.tables import atomic

HERE = Path(__file__).parent

FEW_FINDINGS = 6
"""Findings that a hurried reader reads; further ones are folded."""


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


def write_report(job: ReportJob, folder: Path, ratings: Sequence[Path], output: Path) -> None:
    """Write the report of a study: one file that needs no other, and no network.

    `folder` holds the results of the study, laid out as docs/results.md says.
    """
    html = page(Results(job, folder, ratings))
    with atomic(output) as partial:
        partial.write_text(html, encoding="utf-8")


def page(results: Results, sections: Sequence[Section] | None = None) -> str:
    """The whole page as HTML: all sections that concern the study, or those that are given."""
    sections = sections_of(results.job) if sections is None else sections
    seen = [(section, section.view(results)) for section in sections]
    views = [(section, view) for section, view in seen if isinstance(view, View)]
    shared = {"job": results.job, "results": results, **_told(views, results)}
    templates = environment()
    parts = [Part(section, fill(templates, section, view, shared)) for section, view in views]
    html = templates.get_template("page.html").render(
        job=results.job,
        study=results,
        findings=_ordered([view for _, view in views]),
        few_findings=FEW_FINDINGS,
        results=[part for part in parts if not part.section.about],
        about=[part for part in parts if part.section.about],
        absent=[Missing(section, view.why) for section, view in seen if isinstance(view, Absent)],
        more=_unplaced(results, [section for section, _ in views]),
        names=packed_json(_names(results.job)),
        tables=downloads(results, [section for section, _ in views]),
        scripts=[plotly(), own_script()],
    )
    return html.replace("\0", "\N{REPLACEMENT CHARACTER}")


def fill(templates: Environment, section: Section, view: View, shared: Mapping[str, Any]) -> Markup:
    """The HTML of one section, from its template."""
    template = templates.get_template(f"{section.id}.html")
    filled = template.render({**shared, "section": section, **view.values})
    return Markup(filled)  # noqa: S704 - the template has escaped what it was filled with


def environment() -> Environment:
    """How the templates of one page are filled.

    Everything is escaped, and a name that is missing is an error.
    """
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE / "assets"]),
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


def _told(views: Sequence[tuple[Section, View]], results: Results) -> dict[str, Any]:
    """The method section that all sections together make, and BibTeX of what it cites.

    What was done is told before what was computed of it, though it stands at the end of the page.
    """
    ordered = sorted(views, key=lambda one: not one[0].about)
    paragraphs = [cited(text) for _, view in ordered for text in view.methods]
    keys = [key for _, named in paragraphs for key in named]
    data = [card.citation for card in results.job.datasets.values()]
    return {"methods": [text for text, _ in paragraphs], "bibtex": bibliography(keys, data)}


def _unplaced(results: Results, shown: Sequence[Section]) -> list[PlannedFigure]:
    """The figures of the study that none of the sections shows."""
    placed = {name for section in shown for name in section.figures}
    return [one for one in planned_figures(results.job.drawing()) if one.kind.name not in placed]


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
