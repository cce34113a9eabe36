"""The files people look for say the same version, and no file names a package index."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import emoalign
from emoalign.study.reading import read_yaml

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_same_wherever_it_stands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation, problems = read_yaml(ROOT / "CITATION.cff")
    assert not problems
    assert project["version"] == emoalign.__version__ == citation["version"]
    assert emoalign.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["license"] == project["license"]


def test_the_citation_names_the_papers_that_the_project_follows() -> None:
    citation, _ = read_yaml(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    bibtex = (ROOT / "src/emoalign/report/references.bib").read_text(encoding="utf-8")
    for paper in citation["references"]:
        assert {"type", "title", "authors"} <= paper.keys()
        (identifier,) = paper["identifiers"]
        assert identifier["value"].removeprefix("arXiv:") in bibtex
        for author in paper["authors"]:
            assert author["family-names"] in bibtex


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md", "README.md"])
def test_links_between_files_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_makefile_and_the_locks_name_no_address_of_packages() -> None:
    files = [ROOT / "Makefile", *ROOT.glob("*.lock"), *(ROOT / ".ci").iterdir()]
    for file in files:
        assert not re.search(r"https?://|--(extra-)?index-url \S*/", file.read_text(), re.ASCII), (
            file
        )


def test_make_says_what_to_type_where_pip_finds_no_torch_for_the_cpu(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    (tmp_path / "requirements-vllm-test.lock").touch()
    (tmp_path / "python").write_text(
        "#!/bin/sh\nmkdir -p .venv-vllm/bin\ncp no-pip .venv-vllm/bin/python\n"
    )
    (tmp_path / "no-pip").write_text("#!/bin/sh\nexit 1\n")
    for program in ("python", "no-pip"):
        (tmp_path / program).chmod(0o755)
    done = subprocess.run(
        ["make", "test-vllm", "PYTHON=./python"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "make test-vllm TORCH_INDEX=<address>" in done.stderr
    asked = subprocess.run(
        ["make", "-n", "test-vllm", "PYTHON=./python", "TORCH_INDEX=somewhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--extra-index-url somewhere torch==" in asked.stdout
