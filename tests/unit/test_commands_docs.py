"""`emoalign docs` shows the pages that messages name, in an installation as well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoalign.commands.app import application
from emoalign.commands.docs import pages

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


def test_messages_name_pages_that_there_are() -> None:
    named = {
        name
        for path in (ROOT / "src/emoalign").rglob("*.py")
        for name in re.findall(r"\bdocs/([\w-]+)\.md", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(pages())
