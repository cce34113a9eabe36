"""The folder in which Snakemake was started: that of a study, or another."""

from __future__ import annotations

import shlex
from pathlib import Path

from emoalign.errors import EmoalignError

DEFAULT_STUDY = Path("config/config.yaml")


def require_default_study(snakefile: str | Path) -> None:
    """Raise EmoalignError, with commands to type, if this folder has no default study.

    `snakefile` is the Snakefile of this run.
    """
    if DEFAULT_STUDY.exists():
        return
    here = Path.cwd()
    places = dict.fromkeys([Path(snakefile).resolve().parent, *here.parents])
    there = [place for place in places if (place / DEFAULT_STUDY).is_file()]
    remedies = [f"for the study in {place}: cd {shlex.quote(str(place))}" for place in there[:1]]
    remedies.append(f"for a new study: emoalign init {shlex.quote(_new(here))}")
    remedies.append("for a study in another file: --configfile and its path")
    listed = "\n".join(f"  {remedy}" for remedy in remedies)
    raise EmoalignError(
        f"There is no {DEFAULT_STUDY} in {here}, so this run has no study. What to type:\n{listed}"
    )


def _new(here: Path) -> str:
    """The folder to suggest for a new study: this one if it is empty."""
    holds = {path.name for path in here.iterdir()} - BESIDE_A_STUDY
    return "my-study" if holds else str(here)


BESIDE_A_STUDY = {".git", ".snakemake", ".DS_Store"}
"""Files that do not count when a folder is checked for being empty."""
