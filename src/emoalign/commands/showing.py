"""`emoalign show`: the file of an entry, where it is, and what it leaves to defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.kinds import KINDS, KindName, complete_entry, found, library
from emoalign.elicitation.engines.providers import PROVIDERS, Provider
from emoalign.errors import StudyError
from emoalign.study.fields import Entry
from emoalign.study.reading import read_card, read_yaml


@click.command(
    "show",
    cls=Unwrapped,
    examples=(
        "emoalign show vader",
        "emoalign show model smollm2-135m",
        "emoalign show ogg2025 --path",
    ),
)
@click.argument("names", metavar="[KIND] NAME", nargs=-1, shell_complete=complete_entry)
@click.option("--path", "only_path", is_flag=True, help="Print only the path of the file.")
def command(names: tuple[str, ...], only_path: bool) -> None:
    """Show an entry by its NAME: its file, where that is, and the defaults of all other keys."""
    if not 1 <= len(names) <= 2:
        raise click.UsageError(
            "Give one name, with or without its kind: emoalign show model my-model"
        )
    *kinds, name = names
    folders = [KindName().convert(kind, None, None) for kind in kinds] or list(KINDS)
    matching = found(name, folders)
    if len(matching) > 1:
        among = " and ".join(folder for folder, _ in matching)
        raise Told(
            f"{name} is the name of one of the {among}. Say which you mean: emoalign show "
            f"{matching[0][0]} {name}"
        )
    ((folder, entry),) = matching
    if only_path:
        click.echo(entry.path)
        return
    if entry.in_place_of_shipped:
        click.echo("# It replaces the included one of this name.")
    click.echo(f"# {entry.path}")
    click.echo(entry.path.read_text(encoding="utf-8").rstrip())
    try:
        read = read_card(entry.path, KINDS[folder])
    except StudyError as error:
        raise Told(str(error)) from error
    brought = list(_brought(entry.path))
    if brought:
        click.echo("\n# Keys that the provider brings:")
        for line in brought:
            click.echo(f"#   {line}")
    defaults = list(_defaults(read))
    if defaults:
        click.echo("\n# Keys that are not in the file have these defaults:")
        for line in defaults:
            click.echo(f"#   {line}")


def _brought(path: Path) -> Iterator[str]:
    """The keys that the preset of a model's provider brings, with what they are."""
    content, _ = read_yaml(path)
    name = content.get("provider") if isinstance(content, Mapping) else None
    if name is not None:
        preset = library().card(PROVIDERS, name, Provider)
        model = content["model"]
        ends = {"retires": end} if (end := preset.end_of(model)) else {}
        yield from _not_in(content, {"title": model, **preset.card, **ends})


def _not_in(content: Any, brought: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """What is brought and not written out in `content`, a line for each value."""
    for key, value in brought.items():
        there = content.get(key) if isinstance(content, Mapping) else None
        if isinstance(value, Mapping):
            yield from _not_in(there, value, f"{place}{key}.")
        elif not isinstance(content, Mapping) or key not in content:
            yield f"{place}{key}: {_flow(value)}"


def _defaults(entry: Entry, place: str = "") -> Iterator[str]:
    """The keys of an entry that its file leaves out, with what they are then."""
    for key, value in entry:
        where = f"{place}{key}"
        if key not in entry.model_fields_set:
            if value is not None and value != () and value != {}:
                shown = value.model_dump(mode="json") if isinstance(value, Entry) else value
                yield f"{where}: {_flow(shown)}"
        elif isinstance(value, Entry):
            yield from _defaults(value, f"{where}.")
        elif isinstance(value, Mapping):
            for name, part in value.items():
                if isinstance(part, Entry):
                    yield from _defaults(part, f"{where}.{name}.")


def _flow(value: object) -> str:
    """A value as it could stand in the file, on a line."""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
