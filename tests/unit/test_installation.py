"""What an installation says of itself: its version, its commit, what pip is to install again."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from emoalign import __version__, installed

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FROM_GIT = {"url": "https://host/x", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
FROM_A_FILE = {"url": "file:///tmp/emoalign-1.whl", "archive_info": {}}


def by_pip(monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None) -> None:
    """Let the package seem to be installed by pip, from a place or from the index."""

    class Distribution:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return None if origin is None else json.dumps(origin)

    monkeypatch.setattr(installed, "IN_A_CLONE", False)
    monkeypatch.setattr(installed, "distribution", lambda name: Distribution())


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    for script in ENVIRONMENTS:
        assert f"emoalign=={__version__}}}" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("origin", "requirement", "commit"),
    [
        (None, None, None),
        (FROM_GIT, f"emoalign @ git+https://host/x@{COMMIT}", COMMIT),
        (FROM_A_FILE, "emoalign @ file:///tmp/emoalign-1.whl", None),
    ],
)
def test_what_pip_installed_is_known_with_its_commit(
    monkeypatch: pytest.MonkeyPatch,
    origin: dict[str, Any] | None,
    requirement: str | None,
    commit: str | None,
) -> None:
    by_pip(monkeypatch, origin)
    assert installed.requirement() == requirement
    assert installed.git_commit() == commit


def test_without_notes_of_pip_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installed, "IN_A_CLONE", False)
    monkeypatch.setattr(installed, "distribution", missing)
    assert installed.requirement() is None
    assert installed.git_commit() is None


def test_scripts_that_pip_installed_are_older_than_any_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "workflow/scripts/rate.py"
    script.parent.mkdir(parents=True)
    script.write_text("", encoding="utf-8")
    made = script.stat().st_mtime
    monkeypatch.setattr(installed, "PROJECT", tmp_path)
    installed.date_scripts()
    assert script.stat().st_mtime == made, "in a clone, edits count"
    by_pip(monkeypatch, None)
    installed.date_scripts()
    assert script.stat().st_mtime == 0


# Environments that Snakemake makes

ENVIRONMENTS = sorted(ROOT.glob("workflow/envs/*.post-deploy.sh"))


def installs(script: Path, folder: Path) -> list[list[str]]:
    """What a script that finishes an environment installs, run in a folder of somebody's."""
    python = folder / "bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> asked\n', encoding="utf-8")
    python.chmod(0o755)
    environment = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", str(script)], cwd=folder, env=environment, check=True)
    lines = (folder / "asked").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("-m pip install ") for line in lines)
    return [line.split(" ")[3:] for line in lines]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMOALIGN_LOCK", "EMOALIGN_FROM"):
        monkeypatch.setenv(name, "left over")


@pytest.mark.parametrize("script", ENVIRONMENTS, ids=lambda path: path.name.split(".")[0])
def test_an_environment_gets_the_locked_packages_from_any_folder(
    script: Path, tmp_path: Path
) -> None:
    installed.tell_environments()
    locked, *others = installs(script, tmp_path)
    assert locked == ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")]
    assert not any("emoalign" in word for line in others for word in line), "a clone's is imported"
    assert bool(others) == (script.name.startswith("finetune"))


@pytest.mark.parametrize("script", ENVIRONMENTS, ids=lambda path: path.name.split(".")[0])
@pytest.mark.parametrize("origin", [None, FROM_GIT])
def test_an_environment_gets_the_very_emoalign_that_is_installed(
    script: Path, origin: dict[str, Any] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_pip(monkeypatch, origin)
    installed.tell_environments()
    package = installs(script, tmp_path)[1]
    assert package == [
        "--no-deps",
        *(installed.requirement() or f"emoalign=={__version__}").split(),
    ]
