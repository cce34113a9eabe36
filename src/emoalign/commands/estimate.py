"""`emoalign estimate`: a study that estimates people's ratings of a list of words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.kinds import completing

if TYPE_CHECKING:  # a command is imported before it is known to run
    from emoalign.commands.estimation.items import Items
    from emoalign.commands.estimation.norms import Norms
    from emoalign.commands.estimation.wordlist import WordList

FEWEST_RATED = 100
"""Rated items without which `snakemake estimates` gives a reason in place of estimates."""

EXAMPLES_SHOWN, LETTERS_SHOWN, WIDTH = 3, 40, 100
"""Texts in a message, the most letters of each, and the width of lines."""

DEFAULT_MODEL = "smollm2-135m"


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
    default=(DEFAULT_MODEL,),
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
    from emoalign.commands.estimation.asking import plain_protocol, way_of_asking
    from emoalign.commands.estimation.files import (
        SEED,
        free_places,
        usual_name,
        write_card,
        write_study,
        write_table,
    )
    from emoalign.commands.estimation.items import choose
    from emoalign.commands.estimation.norms import check_kind, chosen, read_norms
    from emoalign.commands.estimation.wordlist import read_list
    from emoalign.commands.kinds import found
    from emoalign.commands.new_files import free_file
    from emoalign.commands.new_prompts import write_prompts
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
    if way is None:
        free_file("prompts", places.name)
    items = choose(words.texts, norms, rated, SEED, way.examples if way is not None else ())
    if way is not None and len(items.chosen) < size:
        way = way_of_asking(norms, cards, len(items.chosen)) or way
    for line in _listed(file, words, items, norms):
        _say(line)
    _require_unrated(items, norms)
    columns = write_table(places, items, norms)
    click.echo(f"\nWrote {places.table}")
    write_card(places, file, items, norms, columns)
    if way is None:
        write_prompts(places.name, places.name)
        way = plain_protocol(places.name, cards)
    write_study(places, file, norms, cards, way)
    if way.note:
        _say(f"\n{way.note}")
    _tell_what_to_expect(places.study, items, norms, models)


def _tell_what_to_expect(path: Path, items: Items, norms: Norms, models: Sequence[str]) -> None:
    """Print what keeps the study from running, what it costs, and the widths of intervals."""
    from emoalign.commands.estimation.expected import costs, few_rated, known_agreement, widths
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
        f"Two {things} differ, with 90% confidence, if the least difference lies between their "
        "estimates. SD is that of people's means."
    )
    for line in known:
        _say(line)
    if not known:
        who = "these models agree" if len(models) > 1 else "this model agrees"
        _say(
            f"No study in results/ says how well {who} with people on {norms.name}: the study will "
            "measure r, width and coverage."
        )
    for line in _cautions(items, norms, models):
        _say(f"\n{line}")
    few = few_rated({scale: items.rated(scale) for scale in norms.scales}, FEWEST_RATED)
    if few:
        _say(
            f"\nToo few rated {things} to learn from: {', '.join(few)}. Estimates need at least "
            f"{FEWEST_RATED}: without them, the table has a reason instead. Raise --rated."
        )
    if checked.problems:
        click.echo("\nBefore it runs:")
        for problem in checked.problems:
            _say(f"  {problem}", "    ")
    say_next(
        [
            f"emoalign check {path}",
            f"snakemake plan --cores 1 --configfile {path}",
            f"snakemake estimates --cores 8 --configfile {path}",
        ]
    )


def _listed(file: Path, words: WordList, items: Items, norms: Norms) -> Iterator[str]:
    """Sentences on the list: how many texts, which were left out, which have ratings already."""
    from emoalign.wording import counted, listed

    thing = norms.card.modality
    where = "" if words.column is None else f" in the column {words.column!r}"
    yield f"{file}: {counted(len(words.texts), thing)}{where}."
    left_out = [
        f"{len(texts):,} {reason} ({_some(texts)})" for reason, texts in words.left_out.items()
    ]
    if items.shown:
        left_out.append(
            f"{len(items.shown):,} that prompts show as examples ({_some(items.shown)})"
        )
    if left_out:
        yield f"Left out: {listed(left_out)}."
    if words.in_two_spellings:
        pairs = words.in_two_spellings
        yield (
            f"{counted(len(pairs), f'{thing}')} differ{'s' * (len(pairs) == 1)} from another in "
            f"capitals alone and {'is' if len(pairs) == 1 else 'are'} kept ({_pairs(pairs)})."
        )
    both, own = items.count("both"), items.count("list")
    yield (
        f"People rated {f'{both:,}' if both else 'none'} of them for {norms.name}; {own:,} "
        f"{'is' if own == 1 else 'are'} to be estimated. To learn from, "
        f"{counted(items.count('norms'), thing)} of {items.pool:,} other rated ones "
        f"{'was' if items.count('norms') == 1 else 'were'} drawn at random."
    )
    if items.recapitalised:
        yield (
            f"{norms.name} writes {len(items.recapitalised):,} of them with other capitals; they "
            f"have its ratings ({_pairs(items.recapitalised)})."
        )
    if items.twice:
        yield (
            f"{norms.name} has {len(items.twice):,} of them more than once, with different "
            f"ratings, so they are estimated ({_some(items.twice)})."
        )


def _cautions(items: Items, norms: Norms, models: Sequence[str]) -> Iterator[str]:
    """What the reader of the numbers must know."""
    things = f"{norms.card.modality}s"
    yield (
        f"Coverage is measured on rated {things}, and holds for {things} like them. Yours may "
        "differ: estimates come with flags and with a check of the domain (domain_auc)."
    )
    if tuple(models) == (DEFAULT_MODEL,):
        yield (
            f"{DEFAULT_MODEL} is there to try things out. For estimates to be used, name larger "
            "models, best of several makers: --model (emoalign list models)."
        )
    if not norms.card.redistribute:
        yield (
            f"The ratings of {norms.name} may not be passed on ({norms.card.licence}), and the new "
            "card says so: reports show no items, and publications contain no estimates."
        )


def _require_unrated(items: Items, norms: Norms) -> None:
    if not items.count("list"):
        raise Told(
            f"People have rated all of these {norms.card.modality}s for {norms.name}, so there is "
            "nothing to estimate. Nothing was written."
        )


def _some(texts: Sequence[str]) -> str:
    shown = [_short(text) for text in dict.fromkeys(texts)]
    return ", ".join([*shown[:EXAMPLES_SHOWN], *["…"] * (len(shown) > EXAMPLES_SHOWN)])


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return _some([f"{_short(first)}, {_short(second)}" for first, second in pairs])


def _short(text: str) -> str:
    """A text of the list for the terminal, on which nothing of it is carried out."""
    plain = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    return plain if len(plain) <= LETTERS_SHOWN else f"{plain[:LETTERS_SHOWN]}…"


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
