"""The report: its sections, one after the other, and the sources that they cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, cast

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from emoalign import __version__
from emoalign.figures.kinds import FigureKind
from emoalign.figures.planned import PlannedFigure
from emoalign.report.carried import Pictures, own_script, packed, packed_json, plotly
from emoalign.report.conditions import nothing_asked
from emoalign.report.contents import PageSection
from emoalign.report.csv_text import csv_text
from emoalign.report.families import sentence
from emoalign.report.first_screen.opening import first_screen
from emoalign.report.grid import FEW_ROWS
from emoalign.report.references import entries, in_text, references
from emoalign.report.report_job import ReportedDataset, ReportJob
from emoalign.report.section import Absent, Point, Results, Section, View
from emoalign.report.short_names import legend
from emoalign.report.typography import typeset
from emoalign.tables import TABLES, atomic
from emoalign.tables.families import FAMILIES, Family
from emoalign.wording import coefficient, interval, number, p_value, percent, scale_name

HERE = Path(__file__).parent

FEW_FINDINGS = 4
"""Findings of a section that a hurried reader reads; where there are more, they are folded."""

MANY_FINDINGS = 40
"""Where a section has more findings, they are read in its tables."""

_SOURCES = Path(__file__).parent / "references.bib"

_SOURCE = re.compile(r"^@\w+\{(?P<key>\w+),.*?^\}$", re.MULTILINE | re.DOTALL)

_CITED = re.compile(r"\[(?P<keys>@\w+(?:; @\w+)*)\]")

_FEW_KEYS = 2


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
    recorded = {"nothing_asked": nothing_asked(results.job)}
    present = {each.section.id for each in shown}
    shared = {"job": results.job, "results": results, "present": present, **recorded}
    shared |= _methods(shown, results)
    templates = environment()
    parts = [Part(each.section, fill(templates, each, shared)) for each in shown]
    absent = [Missing(section, view.why) for _, section, view in seen if isinstance(view, Absent)]
    reachable = [*(part.section for part in parts), *(one.section for one in absent)]
    told, folded, untold = _findings([each.view for each in shown])
    html = templates.get_template("page.html").render(
        job=results.job,
        **recorded,
        version=__version__,
        study=results,
        date=_date(results.folder / "manifest.json"),
        first=first_screen(results, {path for place in sections for path in place.reads}),
        reachable={section.id: section.label for section in reachable},
        findings=told,
        folded=folded,
        untold=untold,
        results=[part for part in parts if not part.section.about],
        about=[part for part in parts if part.section.about],
        absent=absent,
        more=_unplaced(results, shown),
        names=packed_json(_names(results.job)),
        tables=downloads(results, shown),
        scripts=[plotly(), own_script()],
        models=legend(results.job),
    )
    text = html.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return typeset(text, {name: scale_name(name) for name in results.job.order["scale"]})


def _seen(place: PageSection, results: Results) -> tuple[Section, View | Absent | None]:
    """A section, and what it says of the study."""
    module, name = place.path.split(":")
    section = cast(Section, getattr(import_module(module), name))
    return section, section.view(results)


def fill(templates: Environment, shown: Shown, shared: Mapping[str, Any]) -> Markup:
    """The HTML of one section, from the template beside its module."""
    filled = templates.get_template(shown.place.template).render(
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
    made.filters.update(
        number=number,
        coefficient=coefficient,
        p_value=p_value,
        percent=percent,
        picture=Pictures().shown,
        in_parts=_in_parts,
    )
    made.globals.update(interval=interval, few_rows=FEW_ROWS)
    return made


def _in_parts(sentences: Sequence[str]) -> list[tuple[bool, list[str]]]:
    """Sentences in paragraphs and lists: whether they are points of a list, and which."""
    parts = groupby(sentences, lambda one: isinstance(one, Point))
    return [(listed, list(some)) for listed, some in parts]


def _findings(views: Sequence[View]) -> tuple[list[Sequence[str]], list[Sequence[str]], int]:
    """The findings to be read, section by section, those that are folded, and how many more are
    in tables alone."""
    told: list[Sequence[str]] = []
    folded: list[Sequence[str]] = []
    untold = 0
    for view in views:
        if len(view.findings) <= FEW_FINDINGS:
            told += view.findings
            continue
        first = 1 if view.summed else 0
        told += view.findings[:first]
        if len(view.findings) <= MANY_FINDINGS:
            folded += view.findings[first:]
        else:
            untold += len(view.findings[first:])
    return told, folded, untold


def _date(manifest: Path) -> str | None:
    """The day on which the manifest of the results was written, so that the page made anew of the
    same results is the same page; None where it does not say."""
    written = orjson.loads(manifest.read_bytes()).get("date") if manifest.exists() else None
    return None if written is None else str(written)


def _methods(shown: Sequence[Shown], results: Results) -> dict[str, Any]:
    """The method section that all sections together make, and BibTeX of what it cites.

    What was done is told before what was computed of it, though it stands at the end of the page.
    """
    ordered = sorted(shown, key=lambda each: not each.section.about)
    texts = [text for each in ordered for text in each.view.methods]
    if tests := _tests(shown, results):
        texts.append(sentence(tests, asked=not nothing_asked(results.job)))
    paragraphs = [cited(text) for text in texts]
    keys = [key for _, named in paragraphs for key in named]
    cards = list(results.job.datasets.values())
    bibtex = bibliography(keys, [card.citation for card in cards])
    return {
        "methods": with_datasets([text for text, _ in paragraphs], cards),
        "bibtex": bibtex,
        "references": references(entries(bibtex)),
    }


def with_datasets(paragraphs: Sequence[str], cards: Iterable[ReportedDataset]) -> list[str]:
    """The paragraphs, with the sources of each dataset where its title is first named."""
    texts = list(paragraphs)
    for card in cards:
        named = sorted(filter(None, map(in_text, entries(card.citation))))
        title = re.compile(rf"(?<!\w){re.escape(card.title)}(?!\w)")
        found = ((place, title.search(text)) for place, text in enumerate(texts))
        first = next(((place, match.end()) for place, match in found if match), None)
        if named and first is not None:
            place, end = first
            texts[place] = f"{texts[place][:end]} ({'; '.join(named)}){texts[place][end:]}"
    return texts


def _tests(shown: Sequence[Shown], results: Results) -> list[Family]:
    """The families of tests in the tables on the page, of which any could be made."""
    read = {path for each in shown for path in each.place.reads}
    return [
        family
        for family in FAMILIES
        if family.table.path in read
        and results.table(family.table)[list(family.p)].notna().any(axis=None)
    ]


def _unplaced(results: Results, shown: Sequence[Shown]) -> list[PlannedFigure]:
    """The figures of the study that none of the sections shows, if there is anything to see."""
    placed = {name for each in shown for name in each.section.figures}
    others = [figure for figure in results.planned_figures if figure.kind.name not in placed]
    return [figure for figure in others if results.shows(figure)]


def downloads(results: Results, shown: Sequence[Shown]) -> Mapping[str, str]:
    """The tables of the sections on the page as CSV, packed, by the names of their files."""
    read = {path for each in shown for path in each.place.reads}
    tables = {PurePosixPath(table.path).stem: table for table in TABLES if table.path in read}
    return {name: packed(csv_text(results.table(table))) for name, table in sorted(tables.items())}


def _names(job: ReportJob) -> dict[str, dict[str, str]]:
    """What can be chosen on the page, and what it is called there."""
    titles = job.short_names | {name: card.title for name, card in job.datasets.items()}
    return {
        column: {
            name: scale_name(name) if column == "scale" else titles.get(name, name)
            for name in names
        }
        for column, names in job.order.items()
    }


@cache
def sources() -> dict[str, str]:
    """The BibTeX entry of every source, by key."""
    return {entry["key"]: entry[0] for entry in _SOURCE.finditer(_SOURCES.read_text("utf-8"))}


def cited(text: str) -> tuple[str, list[str]]:
    """A text with its citations in words, and their keys: [@lin1989; @zou2007] becomes
    (Lin, 1989; Zou, 2007). Raises KeyError for a source that is not in references.bib."""
    keys: list[str] = []

    def in_text(citation: re.Match[str]) -> str:
        named = [key.removeprefix("@") for key in citation["keys"].split("; ")]
        keys.extend(named)
        return f"({'; '.join(sorted(map(_short_source, named), key=str.casefold))})"

    return _CITED.sub(in_text, text), keys


def bibliography(keys: Iterable[str], more: Sequence[str] = ()) -> str:
    """BibTeX of the sources with these keys, each once, and of those that come as BibTeX."""
    unique = [sources()[key] for key in sorted(set(keys))]
    return "\n".join([*(text.strip() for text in dict.fromkeys(more)), *unique])


def _short_source(key: str) -> str:
    """A source as it is named in a text: its authors' last names and its year."""
    entry = sources()[key]
    names = [name.split(",")[0].strip() for name in _source_field(entry, "author").split(" and ")]
    who = f"{names[0]} et al." if len(names) > _FEW_KEYS else " & ".join(names)
    return f"{who}, {_source_field(entry, 'year')}"


def _source_field(entry: str, name: str) -> str:
    value = re.search(rf"\b{name} = \{{(.*?)\}}(?:,|$)", entry, re.MULTILINE)
    assert value is not None, f"{name} is missing: {entry}"  # noqa: S101 - our own file
    return value[1]
