"""emoalign as pip installs it: a wheel, and environments of its own that it is installed into."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.project import ROOT
from tests.kit.waiting import HANGS_S


def build(folder: Path) -> Path:
    """The wheel of this project, built into a folder from an sdist, as installers do it."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), "--target"]
    subprocess.run([*command, "sdist"], cwd=ROOT, check=True)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    subprocess.run([*command, "wheel"], cwd=source, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Installation:
    """A fresh environment with emoalign in it, beside the packages that the tests run with."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin/python")

    @property
    def site(self) -> Path:
        """Where it has its packages."""
        (site,) = (self.folder / "lib").glob("python*/site-packages")
        return site

    def typed(self, *command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Type a command in a folder, with this environment active."""
        program, *arguments = command
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        start: Sequence[str] = [str(self.folder / "bin" / program)]
        if (
            program == "snakemake"
        ):  # comes with the packages of the tests, not with this environment
            start = [self.python, "-m", "snakemake", "--nocolor", "-p"]
        return subprocess.run(
            [*start, *arguments],
            cwd=folder,
            env=environment | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=HANGS_S,
        )


def install(wheel: Path, folder: Path) -> Installation:
    """Install a wheel, and no other package, into a fresh environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    installation = Installation(folder)
    packages = [path for path in sys.path if path.endswith("-packages")]
    (installation.site / "tests.pth").write_text("\n".join(packages), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", installation.python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return installation
