"""The report: its sections, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from emoalign.report.grid import FEW_ROWS
from emoalign.report.pictures import data_url
from emoalign.report.section import Absent, Results, Section, View
from emoalign.report.sections import SECTIONS
from emoalign.report.wording import interval, number, p_value, percent
from emoalign.study.jobs import ReportJob
from emoalign.tables import atomic

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """A section as it stands on the page: its own HTML, or why there is none."""

    section: Section
    html: Markup | None
    why: str | None


def write_report(job: ReportJob, folder: Path, ratings: Sequence[Path], output: Path) -> None:
    """Write the report of a study: one file that needs no other, and no network.

    `folder` holds the results of the study, laid out as docs/results.md says.
    """
    html = page(Results(job, folder, ratings))
    with atomic(output) as partial:
        partial.write_text(html, encoding="utf-8")


def page(results: Results, sections: Sequence[Section] = SECTIONS) -> str:
    """The whole page as HTML."""
    templates = environment()
    parts, findings = [], list[Sequence[str]]()
    for section in sections:
        view = section.view(results)
        if view is None:
            continue
        if isinstance(view, Absent):
            parts.append(Part(section, None, view.why))
            continue
        findings += view.findings
        parts.append(Part(section, fill(templates, section, view, results), None))
    return templates.get_template("page.html").render(
        job=results.job, parts=parts, findings=findings
    )


def fill(templates: Environment, section: Section, view: View, results: Results) -> Markup:
    """The HTML of one section, from its template."""
    values: dict[str, Any] = {"job": results.job, "section": section, "results": results}
    filled = templates.get_template(f"{section.id}.html").render({**values, **view.values})
    return Markup(filled)  # noqa: S704 - the template has escaped what it was filled with


def environment() -> Environment:
    """How templates are filled: everything is escaped, and a name that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE / "assets"]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, p_value=p_value, percent=percent, picture=data_url)
    made.globals.update(interval=interval, few_rows=FEW_ROWS)
    return made
