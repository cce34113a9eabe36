"""`emoalign check`: every mistake in a study, its cards and its data, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.kinds import CONFIG, completing, found
from emoalign.commands.study_check import DatasetCheck, StudyCheck, check_study, in_words
from emoalign.planning.place import DEFAULT_STUDY
from emoalign.study.protocols import Protocol
from emoalign.wording import counted


@click.command(
    "check",
    cls=Unwrapped,
    examples=(
        "emoalign check",
        "emoalign check config/studies/mine.yaml",
        "emoalign check ogg2025",
        "emoalign check --ask",
    ),
)
@click.argument("study", required=False, shell_complete=completing("studies"))
@click.option("--ask", is_flag=True, help="Ask each model about a made-up word.")
@click.option(
    "--yes", is_flag=True, help="With --ask: give permission to send, without being asked."
)
def command(study: str | None, ask: bool, yes: bool) -> None:
    """Check a STUDY, the cards it names and all their data, and list every mistake.

    STUDY is a file or a name (emoalign list studies); without it, config/config.yaml. Nothing is
    asked and nothing is written.

    With --ask, each model is sent up to ten small requests, about a made-up word and to see
    which parameters its server honours. It asks for your permission before it sends anything to
    another machine.
    """
    checked = check_study(study_file(study), CONFIG)
    for line in _shown(checked):
        click.echo(line)
    failed = bool(checked.problems)
    if checked.problems:
        click.echo(f"\n{counted(len(checked.problems), 'problem')}:", err=True)
        for number, problem in enumerate(checked.problems, 1):
            click.echo(f"  {number}. {problem}", err=True)
    if ask and checked.loaded is not None:
        from emoalign.commands.asking import ask_models

        click.echo()
        failed |= not ask_models(checked.loaded, yes)
    if failed:
        raise SystemExit(1)
    named = "" if checked.source == DEFAULT_STUDY else f" --configfile {checked.source}"
    click.echo(f"\nNo problems. To run it: snakemake --cores 8{named}")


def study_file(study: str | None) -> Path:
    """The file of a study by its path or name. Raises Told where there is none."""
    if study is None:
        if not DEFAULT_STUDY.exists():
            raise Told(
                f"There is no {DEFAULT_STUDY} in {Path.cwd()}. Go to the folder of your study, "
                "name a file (emoalign check my-study.yaml), or make a study: "
                "emoalign init my-study"
            )
        return DEFAULT_STUDY
    path = Path(study)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    ((_, entry),) = found(study, ["studies"])
    return entry.path


def _shown(checked: StudyCheck) -> Iterator[str]:
    loaded = checked.loaded
    if loaded is None:
        yield str(checked.source)
    else:
        yield f"{checked.source}: {' '.join(loaded.study.title.split())}"
    for dataset in checked.datasets:
        yield from _dataset(dataset)
    if loaded is not None:
        yield f"\nprotocols: {', '.join(map(_protocol, loaded.study.protocols))}"
        yield f"models: {', '.join(loaded.models)}"
        yield from checked.asking
    if checked.notes:
        yield ""
    for note in checked.notes:
        yield f"Note: {note}"


def _protocol(protocol: Protocol) -> str:
    asked = protocol.kind if protocol.recites else ", ".join(protocol.readouts)
    like = "" if protocol.like in (None, protocol.name) else f"like {protocol.like}; "
    return f"{protocol.name} ({like}{asked})"


def _dataset(dataset: DatasetCheck) -> Iterator[str]:
    if dataset.problems:
        yield f"\n{dataset.name}: {counted(len(dataset.problems), 'problem')}, see below"
        return
    what = counted(dataset.items, dataset.card.modality)
    of = f" of {dataset.of:,}" if dataset.items < dataset.of else ""
    yield f"\n{dataset.name}: {what}{of}"
    width = max(map(len, dataset.scales), default=0)
    for name in dataset.scales:
        yield f"  {name:{width}}  {in_words(dataset, name)}"
    if not dataset.scales:
        yield "  no human ratings: nothing will be compared with people"
