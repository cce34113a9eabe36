"""`emoalign list`: the names that a study may use."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import click

from emoalign.commands.group import Unwrapped
from emoalign.commands.kinds import KINDS, KindName, Listed, entries, title, value
from emoalign.elicitation.engines.api.retirement import in_short, is_near


@click.command(
    "list",
    cls=Unwrapped,
    examples=("emoalign list", "emoalign list models", "emoalign list studies"),
)
@click.argument("kind", type=KindName(), required=False)
def command(kind: str | None) -> None:
    """List what a study and its cards can name: models, providers, datasets and all other kinds.

    The project's own entries come first; one with the name of an included entry replaces it.
    """
    shown = 0
    for folder in [kind] if kind else KINDS:
        listed = entries(folder)
        if not listed:
            continue
        if kind is None:
            click.echo(f"{chr(10) * bool(shown)}{folder}")
        shown += 1
        for line in _lines(listed):
            click.echo(f"{'  ' * (kind is None)}{line}")


def _lines(listed: Sequence[Listed]) -> list[str]:
    width = max(len(entry.name) for entry in listed)
    notes = [_note(entry) for entry in listed]
    room = max(shutil.get_terminal_size((100, 24)).columns - width - 8, 20)
    lines = []
    for entry, note in zip(listed, notes, strict=True):
        said = " ".join(filter(None, [title(entry.path), note]))
        cut = said if len(said) <= room else said[: room - 1] + "…"
        lines.append(f"{entry.name:{width}}  {cut if not note else said}".rstrip())
    return lines


def _note(entry: Listed) -> str:
    return " ".join(filter(None, [_of_its_file(entry), _end(entry)]))


def _end(entry: Listed) -> str:
    """The end of a model, where it is near or past."""
    with suppress(ValueError):
        if is_near(retires := value(entry.path, "retires"), today := date.today()):
            return f"({in_short(retires, today)})"
    return ""


def _of_its_file(entry: Listed) -> str:
    if entry.runs_by_default:
        return f"(default: {entry.path})"
    if entry.in_place_of_shipped:
        return "(own; replaces the included one)"
    return "(own)" if entry.own else ""
