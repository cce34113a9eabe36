"""New files in config/: a valid name, the line with the schema, and nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from emoalign.commands.group import Told
from emoalign.commands.kinds import CONFIG, KINDS, SINGULAR, library
from emoalign.elicitation.engines.providers import TO_BE_NAMED
from emoalign.installed import CATALOGUE, IN_A_CLONE, PROJECT
from emoalign.study.fields import LONGEST_NAME
from emoalign.study.reading import read_entry

CHECK = "# ← please check"
"""The end of a line that holds a guess."""

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
_PLAIN = re.compile(r"[A-Za-z][\w.-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def free_file(folder: str, name: str) -> Path:
    """The path of a new entry. Raises Told for an invalid name, or if the file exists."""
    if not _NAME.fullmatch(name) or name.endswith(".yaml"):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name.removesuffix(".yaml")).strip("-._")
        hint = f", such as {plain[:LONGEST_NAME]}" if plain else ""
        raise Told(
            f"{name!r} is not a valid name: use letters, digits, dots, hyphens and underscores, "
            f"at most {LONGEST_NAME} characters, beginning with a letter or digit{hint}"
        )
    path = CONFIG / folder / f"{name}.yaml"
    if os.path.lexists(path):
        raise Told(
            f"{path} already exists and was not overwritten. Choose another name, or delete the "
            "file."
        )
    return path


def write_entry(folder: str, path: Path, schema: str, text: str) -> None:
    """Write a new entry and print its path. Raises Told, and removes it, if it is not valid.

    It may lack what only its author can name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shadows = library().path(folder, path.stem) != path
    whole = f"{schema_line(schema, path)}\n{text.rstrip()}\n"
    with path.open("x", encoding="utf-8") as file:
        file.write(whole)
    entry, problems = read_entry(path, KINDS[folder], str(path))
    unfinished = all(f"still {TO_BE_NAMED}" in each for each in problems)
    if entry is None and not unfinished:
        path.unlink()
        raise Told("\n".join(["The file would not be valid and was not kept:", *problems]))
    click.echo(f"Wrote {path}")
    included = CATALOGUE / folder
    if included.is_dir() and path.parent.samefile(included):
        click.echo(
            f"In a clone, {path.parent} is a link to {os.path.relpath(included)}: the file is now "
            f"among the included {folder}, and git shows it as new. For a folder of your own: "
            "emoalign init my-study"
        )
    if shadows:
        click.echo(f"It replaces the {SINGULAR[folder]} of this name that is included in emoalign.")


def schema_line(schema: str, target: Path) -> str:
    """The first line of an entry, which names its schema for editors.

    In a clone this is the included schema. Elsewhere the schema is copied to config/schemas, so
    that the line stays true when the folder is moved.
    """
    name = f"{schema}.schema.json"
    shipped = CATALOGUE / "schemas" / name
    here = Path.cwd()
    if not (IN_A_CLONE and here.is_relative_to(PROJECT.resolve())):
        copied = CONFIG / "schemas" / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shipped, copied)
        shipped = copied
    relative = os.path.relpath(shipped.resolve(), target.parent.resolve())
    return f"# yaml-language-server: $schema={Path(relative).as_posix()}"


def quoted(value: str) -> str:
    """A text as YAML, quoted if needed, that may stand within brackets."""
    plain = _PLAIN.fullmatch(value) and value.casefold() not in _WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)


def project_file(path: Path, name: str) -> Path:
    """The path of a table as a card names it: a table outside this folder belongs in resources/.

    Raises Told if there is no such file, or if a different file is already in that place.
    """
    if not path.is_file():
        raise Told(f"There is no file {path}.")
    if path.resolve().is_relative_to(Path.cwd()):
        return path.resolve().relative_to(Path.cwd())
    target = Path("resources", name, path.name)
    if target.exists() and target.read_bytes() != path.read_bytes():
        raise Told(
            f"{path} is outside this folder and would be copied to {target}, but a different file "
            f"with that name is already there. Delete {target}, or name {target} in the command "
            "to use it."
        )
    return target


def copy_to(target: Path, path: Path) -> None:
    """Copy a table to the path in its card, unless it is there already, and print that."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        click.echo(f"Copied {path} to {target}")


def say_next(lines: Sequence[str]) -> None:
    """Print the commands to type next."""
    click.echo("\nNext:")
    for line in lines:
        click.echo(f"  {line}")
