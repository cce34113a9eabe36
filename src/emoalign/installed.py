"""The place of emoalign itself (a clone, or installed by pip), its version and its commit."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent

CATALOGUE = _PACKAGE / "catalogue"
"""The included models, datasets, prompts, protocols and all other kinds of entries."""

IN_A_CLONE = not (_PACKAGE / "project").is_dir()
"""Whether the package is the folder src/emoalign of a clone; else pip has installed it."""

PROJECT = _PACKAGE.parents[1] if IN_A_CLONE else _PACKAGE / "project"
"""The folder of Snakefile, workflow, profiles, docs, config/config.yaml and the lock file."""


def snakefile() -> str:
    """The path of the workflow's Snakefile, to be included in one's own."""
    return str(PROJECT / "Snakefile")


def git_commit(clone: Path = PROJECT) -> str | None:
    """The commit of emoalign, marked if its files differ from it; None if unknown.

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


def tell_environments() -> None:
    """Tell the scripts that finish conda environments, by variables, what they are to install.

    They run in the study's folder, and not where the lock file is. EMOALIGN_FROM is what pip was
    told to install here; unset where that was the version alone, and empty in a clone, whose
    package is imported from where it is.
    """
    os.environ["EMOALIGN_LOCK"] = str(PROJECT / "requirements.lock")
    origin = "" if IN_A_CLONE else requirement()
    os.environ.pop("EMOALIGN_FROM", None)
    if origin is not None:
        os.environ["EMOALIGN_FROM"] = origin


def date_scripts() -> None:
    """Date the workflow's scripts as of long ago where pip has installed them.

    Snakemake runs jobs again whose scripts are newer than their results. Each installation makes
    them anew, with the same content; a job of another version says so in its params.
    """
    if IN_A_CLONE:
        return
    for script in (PROJECT / "workflow/scripts").glob("*.py"):
        with suppress(OSError):  # somebody else's: what was computed is then computed again
            os.utime(script, (0, 0), follow_symlinks=False)


def requirement() -> str | None:
    """The argument of pip install that installed emoalign; None if it was only the version."""
    origin = _origin()
    url, version_control = origin.get("url"), origin.get("vcs_info")
    if url is None:
        return None
    if version_control is None:
        return f"emoalign @ {url}"
    return f"emoalign @ {version_control['vcs']}+{url}@{version_control['commit_id']}"


def _installed_commit() -> str | None:
    commit = _origin().get("vcs_info", {}).get("commit_id")
    return None if commit is None else str(commit)


def _origin() -> dict[str, Any]:
    """The source of the package according to pip (PEP 610); empty for a package index."""
    try:
        text = distribution("emoalign").read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    origin: dict[str, Any] = json.loads(text or "{}")
    return origin
