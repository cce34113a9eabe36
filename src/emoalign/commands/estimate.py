"""`emoalign estimate`: a study that estimates people's ratings of a list of words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.kinds import completing

if TYPE_CHECKING:  # a command is imported before it is known to run
    from emoalign.commands.estimation.asking import Way
    from emoalign.commands.estimation.files import Places
    from emoalign.commands.estimation.items import Items
    from emoalign.commands.estimation.norms import Norms
    from emoalign.elicitation.engines.base import ModelCard
    from emoalign.planning.studies import LoadedStudy

WIDTH = 100
"""Letters of a line."""

TRIAL_MODEL = "smollm2-135m"
"""The model that is asked where none is named: included, and too small for use."""


@click.command(
    "estimate",
    cls=Unwrapped,
    examples=(
        "emoalign estimate words.txt --like vader",
        "emoalign estimate words.txt --scale valence --like vader --rated 200 --study mine-too",
    ),
)
@click.argument(
    "file", metavar="LIST", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--like",
    required=True,
    metavar="DATASET",
    shell_complete=completing("datasets"),
    help="The dataset whose raters are to be predicted.",
)
@click.option(
    "--scale",
    "scales",
    multiple=True,
    metavar="SCALE",
    help="A scale of it; can be given several times. Without it: all scales of numbers.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    default=(TRIAL_MODEL,),
    show_default=True,
    shell_complete=completing("models"),
    help="A model that rates the words; can be given several times.",
)
@click.option(
    "--rated",
    default=300,
    show_default=True,
    type=click.IntRange(min=0),
    help="Number of rated items of the dataset to learn from, drawn at random.",
)
@click.option("--study", metavar="NAME", help="Name of the study; by default, after the list.")
def command(
    file: Path,
    like: str,
    scales: tuple[str, ...],
    models: tuple[str, ...],
    rated: int,
    study: str | None,
) -> None:
    """Make a study that estimates how people would rate the words of a LIST.

    LIST is a text file with a word or sentence per line, or a table (CSV, TSV, XLSX, …) with a
    column of them. Models rate them, and words of DATASET whose human ratings are known; from
    these it is learned how people rate. Before anything is asked, the command says what the study
    costs and how wide intervals will be (emoalign docs estimates).
    """
    from emoalign.commands.estimation.asking import way_of_asking
    from emoalign.commands.estimation.files import SEED, free_places, usual_name
    from emoalign.commands.estimation.items import choose
    from emoalign.commands.estimation.norms import check_kind, chosen, read_norms
    from emoalign.commands.estimation.wordlist import read_list
    from emoalign.commands.estimation.words import on_the_list
    from emoalign.commands.kinds import found
    from emoalign.planning.loading import MODELS
    from emoalign.study.reading import read_card

    card, wanted = chosen(like, scales)
    cards = {name: read_card(found(name, ["models"])[0][1].path, MODELS) for name in models}
    places = free_places(study or usual_name(file, like))
    words = read_list(file)
    check_kind(like, card, words.modality)
    norms = read_norms(like, card, wanted)
    size = len(words.texts) + min(rated, len(norms.items))
    way = way_of_asking(norms, cards, size)
    items = choose(words.texts, norms, rated, SEED, () if way is None else way.examples)
    if len(items.chosen) < size:  # of fewer items than was thought, sessions may be shorter
        way = way_of_asking(norms, cards, len(items.chosen))
    for line in on_the_list(file, words, items, norms):
        _say(line)
    _require_unrated(items, norms)
    # What is said waits for the last file: a closed pipe, as of "| head", must not undo the first.
    with _removed_if_wrong(places), redirect_stdout(StringIO()) as said:
        way = _write(places, file, items, norms, cards, way)
    click.echo(said.getvalue(), nl=False)
    if way.note:
        _say(f"\n{way.note}")
    if way.alone:
        _say(
            "\nModels are asked in sessions, as people were. The study's file says how to ask "
            f"about each {card.modality} by itself, which costs far less."
        )
    if words.modality != card.modality:
        _say(
            f"\nThe list seems to hold {words.modality}s, and people rated {card.modality}s for "
            f"{like}. What is learned from {card.modality}s may not hold for it."
        )
    _tell_what_to_expect(places.study, items, norms, models)


def _write(
    places: Places,
    file: Path,
    items: Items,
    norms: Norms,
    cards: Mapping[str, ModelCard],
    way: Way | None,
) -> Way:
    """Write the files; returns the way of asking, by new prompts where no others fit."""
    from emoalign.commands.estimation.asking import plain_protocol
    from emoalign.commands.estimation.files import write_card, write_study
    from emoalign.commands.estimation.table import write_table
    from emoalign.commands.new_prompts import write_prompts

    columns = write_table(places.table, items, norms)
    click.echo(f"\nWrote {places.table}")
    write_card(places, file, items, norms, columns)
    if way is None:
        write_prompts(places.name, places.name)
        way = plain_protocol(places.name, cards)
    write_study(places, file, norms, cards, way)
    return way


@contextmanager
def _removed_if_wrong(places: Places) -> Iterator[None]:
    """Remove what was written where not everything could be: the same command can be typed again.

    None of these files was there before.
    """
    try:
        yield
    except BaseException:
        for path in (places.table, places.card, places.study):
            path.unlink(missing_ok=True)
        raise


def _tell_what_to_expect(path: Path, items: Items, norms: Norms, models: Sequence[str]) -> None:
    """Print what keeps the study from running, what it costs, and the widths of intervals."""
    from emoalign.commands.estimation.expected import costs, known_agreement, widths
    from emoalign.commands.estimation.words import cautions
    from emoalign.commands.kinds import CONFIG
    from emoalign.commands.new_files import say_next
    from emoalign.commands.study_check import check_study

    checked = check_study(path, CONFIG)
    if checked.loaded is not None:
        click.echo("\nTo be asked:")
        for line in costs(checked.loaded):
            _say(f"  {line}", "    ")
        known = list(known_agreement(norms, checked.loaded.models))
    else:
        known = []
    things = f"{norms.card.modality}s"
    click.echo("\nWidth of 90% intervals, in points, if estimates correlate r with people's means:")
    for line in widths(norms):
        click.echo(f"  {line}")
    _say(
        f"Two {things} differ, with 90% confidence, if their estimates are at least the least "
        "difference apart. SD is that of people's means."
    )
    for line in known:
        _say(line)
    if not known:
        who = "these models agree" if len(models) > 1 else "this model agrees"
        _say(
            f"No study in results/ says how well {who} with people on {norms.name}: the study will "
            "measure r, width and coverage."
        )
    cells = 0 if checked.loaded is None else _cells(checked.loaded)
    for line in cautions(items, norms, cells, alone=tuple(models) == (TRIAL_MODEL,)):
        _say(f"\n{line}")
    if checked.problems:
        click.echo("\nBefore it runs:")
        for problem in checked.problems:
            _say(f"  {problem}", "    ")
    say_next(
        [
            f"emoalign check {path}",
            f"snakemake plan --cores 1 --configfile {path}",
            f"snakemake --cores 8 --configfile {path}",
        ]
    )


def _cells(loaded: LoadedStudy) -> int:
    return len(loaded.models) * sum(len(each.readouts) for each in loaded.study.protocols)


def _require_unrated(items: Items, norms: Norms) -> None:
    if not items.count("list"):
        raise Told(
            f"People have rated all of these {norms.card.modality}s for {norms.name}, so there is "
            "nothing to estimate. Nothing was written."
        )


def _say(line: str, indent: str = "") -> None:
    begins = "\n" if line.startswith("\n") else ""
    text = textwrap.fill(
        line.lstrip("\n"),
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo(begins + text)
