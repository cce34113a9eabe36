"""Where emoalign itself is: in a clone, or installed by pip; its version and its commit."""

from __future__ import annotations

import json
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_PACKAGE = Path(__file__).parent

CATALOGUE = _PACKAGE / "catalogue"
"""What ships: models, datasets, prompts, personas, baselines, embeddings, lexicons, studies."""

IN_A_CLONE = not (_PACKAGE / "project").is_dir()
"""Whether the package is the folder src/emoalign of a clone; else pip has installed it."""

PROJECT = _PACKAGE.parents[1] if IN_A_CLONE else _PACKAGE / "project"
"""The folder of Snakefile, workflow, profiles, config/config.yaml and the lock file."""


def snakefile() -> str:
    """The path of the workflow's Snakefile, to be included in one's own."""
    return str(PROJECT / "Snakefile")


def git_commit(clone: Path = PROJECT) -> str | None:
    """The commit of emoalign, marked when its files differ from it; None where nobody knows it.

    It is that of the clone the package is in, or that which pip was told to install; never that of
    a study's own repository.
    """
    if not IN_A_CLONE:
        return _installed_commit()

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(clone), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if not Path(git("rev-parse", "--show-toplevel")).samefile(clone):
            return None
        commit = git("rev-parse", "HEAD")
        return f"{commit} (with changes)" if git("status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _installed_commit() -> str | None:
    try:
        origin = distribution("emoalign").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    commit = json.loads(origin or "{}").get("vcs_info", {}).get("commit_id")
    return None if commit is None else str(commit)
