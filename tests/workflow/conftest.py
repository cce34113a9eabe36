"""The small study, run to its end once for all tests that look at what it left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.project import SMALL, Project, new_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose small study has been run to its end, figures too. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("finished"))
    project.edit(SMALL, figures=None)
    project.run()
    return project


@pytest.fixture
def rerun(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    return finished.copied(tmp_path / "project")
