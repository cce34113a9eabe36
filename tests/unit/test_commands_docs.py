"""`emoalign docs` shows the pages that messages name, in an installation as well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from documentation.plain_words import anchor
from emoalign.analyses.catalogue import FIGURES
from emoalign.commands.app import application
from emoalign.commands.docs import pages
from emoalign.figures.kinds import FigureKind
from emoalign.tables import STATUSES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["slurm", "docs/slurm.md", "slurm.md"])
def test_a_page_is_shown_as_it_is(page: str) -> None:
    done = CliRunner().invoke(application, ["docs", page])
    assert done.exit_code == 0
    assert done.output.strip() == (ROOT / "docs/slurm.md").read_text(encoding="utf-8").strip()


def test_what_ships_is_linked_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an installation no folder src lies beside the pages."""
    monkeypatch.setattr("emoalign.commands.docs.CATALOGUE", tmp_path)
    done = CliRunner().invoke(application, ["docs", "add-a-dataset"])
    assert f"]({tmp_path}/datasets/vader.yaml)" in done.output
    assert "../src" not in done.output


def test_all_pages_are_listed_with_their_titles() -> None:
    done = CliRunner().invoke(application, ["docs"])
    assert done.exit_code == 0
    for path in (ROOT / "docs").glob("*.md"):
        assert re.search(rf"^{path.stem} +\w", done.output, re.MULTILINE), path


def test_an_unknown_page_is_told_with_the_nearest() -> None:
    done = CliRunner().invoke(application, ["docs", "slrum"])
    assert done.exit_code == 1
    assert done.stderr.strip() == "There is no page 'slrum'; did you mean 'slurm'?"


PLACES = ("src", "workflow", "config", "profiles", "resources", "tools", "tests", "benchmarks")
FILES = ("Makefile", "pyproject.toml", "Snakefile", "CONTRIBUTING.md", "CHANGELOG.md")
NAMED = re.compile(r"\bdocs/([\w-]+)\.md(?:#([\w-]+))?|emoalign docs ([a-z][\w-]*)")


def test_whatever_names_a_page_or_a_heading_names_one_that_there_is() -> None:
    files = [ROOT / file for file in FILES]
    for place in PLACES:
        files += [path for path in (ROOT / place).rglob("*") if path.is_file()]
    named = {
        (file or page, heading)
        for path in files
        if path.suffix in ("", ".py", ".smk", ".yaml", ".md", ".rst", ".toml", ".json")
        and "__pycache__" not in path.parts
        for file, heading, page in NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert {page for page, _ in named} <= set(pages())
    for page, heading in named:
        if heading:
            text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
            assert heading in map(anchor, headings), f"docs/{page}.md#{heading}"


def rows(page: str) -> list[list[str]]:
    """The rows of the tables of a page, cell by cell."""
    lines = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8").splitlines()
    return [line.strip("|").split("|") for line in lines if line.startswith("| `")]


@pytest.mark.parametrize("kind", FIGURES, ids=lambda kind: kind.name)
def test_every_kind_of_figure_has_a_row_with_what_it_is_one_for(kind: FigureKind) -> None:
    (row,) = [row for row in rows("figures") if f"`{kind.name}`" in row[0]]
    assert row[1].strip() == kind.level


def test_every_status_of_an_answer_has_a_row() -> None:
    assert {row[0].strip(" `") for row in rows("parsing")} == set(STATUSES)
