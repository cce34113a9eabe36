"""`emoalign new dataset`: a card from the table's own header and rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.new_files import (
    CHECK,
    copy_to,
    free_file,
    project_file,
    quoted,
    say_next,
    write_entry,
)
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.fetching import IMAGES
from emoalign.stimuli.guessed_columns import GuessedColumns, guess_columns
from emoalign.stimuli.guessed_format import ROWS, GuessedTable, guess_table
from emoalign.stimuli.guessed_scales import GuessedScale
from emoalign.study.reading import read_card
from emoalign.wording import counted

CHECK_TEXT = f"  {CHECK}: no column with words or sentences was found"

DIRECTIONS = {
    "valence": "higher is more pleasant",
    "arousal": "higher is more arousing",
    "dominance": "higher is more in control",
    "aoa": "higher is learnt later",
    "gender": "higher is more masculine",
}


@click.command(
    "dataset",
    cls=Unwrapped,
    examples=("emoalign new dataset words words.csv", "emoalign new dataset bilder ratings.xlsx"),
)
@click.argument("name")
@click.argument("table", type=click.Path(path_type=Path))
def command(name: str, table: Path) -> None:
    """Write config/datasets/NAME.yaml for a TABLE of items and human ratings.

    The table is CSV, TSV, XLSX, XLS, Parquet or JSONL, with a line of column names. The roles of
    its columns, its format and the range of its scales are guessed from its rows; each guess that
    you need to confirm ends in "please check". A table outside this folder is copied to
    resources/NAME/.
    """
    path = free_file("datasets", name)
    file = project_file(table, name)
    guessed = guess_table(table)
    columns = guess_columns(guessed)
    if columns.scale_column is not None:
        raise Told(
            f"{table}: the column {columns.scale_column!r} seems to name the scale that each row "
            f"is about ({_some(guessed.column(columns.scale_column))}). A dataset needs one "
            "column per scale. To reshape the table, in Python: "
            "pandas.read_csv(...).pivot_table(index=[item, rater], "
            f"columns={columns.scale_column!r}, values=rating). If these are a model's ratings, "
            f"the table can stay as it is: emoalign new model {name} --recorded {table}"
        )
    images = _images(name, table, guessed, columns)
    card = "\n".join(_card(name, file.as_posix(), guessed, columns, images))
    write_entry("datasets", path, "dataset", card)
    copy_to(file, table)
    unsure = sum(CHECK in line for line in path.read_text(encoding="utf-8").splitlines())
    if unsure:
        click.echo(f"Lines that end in “please check” are guesses: {counted(unsure, 'line')}.")
    _tell_data(path)
    say_next(
        [
            f"emoalign new prompts {name} --for {name}",
            f"emoalign new study my-study --dataset {name} --model smollm2-135m",
            "emoalign check config/studies/my-study.yaml",
        ]
    )


class _Images(NamedTuple):
    """The folder of image files, and what their names in the table lack."""

    folder: str
    suffix: str


def _images(name: str, table: Path, guessed: GuessedTable, columns: GuessedColumns) -> _Images:
    """The folder of the images: that of the table, or one within it."""
    usual = _Images(f"resources/{name}/images", "")
    if columns.image is None:
        return usual
    first = [value for value in guessed.column(columns.image) if value][:3]
    for folder in (table.parent, *sorted(filter(Path.is_dir, table.parent.iterdir()))):
        for suffix in ("", *IMAGES):
            if all((folder / f"{value}{suffix}").is_file() for value in first):
                return _Images(folder.as_posix(), suffix)
    return usual


def _tell_data(path: Path) -> None:
    """Say what the table holds by the new card, or what is wrong with it."""
    checked = check_data(read_card(path, DatasetCard), images=False)
    for problem in checked.problems:
        click.echo(f"Please check the table: {problem}", err=True)
    if not checked.problems:
        scales = ", ".join(
            f"{name} {scale.lowest:.3g} to {scale.highest:.3g}"
            for name, scale in checked.scales.items()
        )
        items = f"{checked.items:,} item{'s' * (checked.items != 1)}"
        click.echo(f"It reads {items}; {scales or 'no human ratings'}.")


def _card(
    name: str, file: str, table: GuessedTable, columns: GuessedColumns, images: _Images
) -> Iterator[str]:
    rows = f"the first {ROWS:,} rows" if table.more else f"{len(table.rows):,} rows"
    yield f"# Made by `emoalign new dataset` from {rows} of {Path(file).name}."
    yield f"title: {quoted(name.replace('-', ' ').replace('_', ' ').capitalize())}"
    yield f"modality: {columns.modality}  {CHECK}: word, sentence or image"
    yield f"language: {columns.language}  {CHECK}: such as en, de or es-MX"
    yield "source:"
    yield "  reader: table"
    yield "  table:"
    yield f"    file: {quoted(file) if ' ' in file else file}"
    for key, value in table.written.items():
        yield f"  {key}: {json.dumps(value, ensure_ascii=False)}"
    yield from _rows_and_items(columns, images.suffix)
    yield from _scale_columns(columns)
    if columns.modality == "image":
        yield f"images: {quoted(images.folder)}  {CHECK}: the folder of the image files"
    yield from _scales(columns)
    yield ""
    yield "# The terms of the data. As they stand, reports show only the ids of items, and models"
    yield (
        "# on other machines are sent the items only if the study lists the dataset in "
        "allow_remote."
    )
    yield f"licence: unknown  {CHECK}: such as CC-BY-4.0"
    yield f"redistribute: false  {CHECK}: true if reports may show the items"
    yield f"remote_api: ask  {CHECK}: allow, ask or deny"
    yield f"citation: unknown  {CHECK}: a BibTeX entry"


def _rows_and_items(columns: GuessedColumns, suffix: str) -> Iterator[str]:
    if columns.rows == "ratings":
        yield "  # Each row is one person's rating of one item."
        yield "  rows: ratings"
        if columns.rater is not None:
            yield f"  rater: {quoted(columns.rater)}"
        else:
            yield "  # rater: ...  the column that identifies the rater, if there is one"
    yield f"  id: {quoted(columns.id)}"
    if columns.image is not None:
        yield f"  image: {quoted(columns.image)}"
        if suffix:
            yield f"  image_suffix: {suffix}"
    elif columns.text is not None:
        unsure = "" if columns.text != columns.id or columns.named_text else CHECK_TEXT
        yield f"  text: {quoted(columns.text)}{unsure}"
    for key, column in columns.others.items():
        yield f"  # {key}: {quoted(column)}"


def _scale_columns(columns: GuessedColumns) -> Iterator[str]:
    if any(scale.ratings for scale in columns.scales) and columns.rows == "items":
        yield (
            f"  columns_are_raters: true  {CHECK}: whether each column is the same person in all "
            "rows"
        )
    if columns.scales:
        yield "  scales:"
    for scale in columns.scales:
        yield f"    {scale.name}: {{{', '.join(_columns_of(scale, columns.rows))}}}"
    if len(columns.labels) > 1:
        yield (
            "  # Columns of 0 and 1 may be labels that raters chose. Put the chosen labels in one"
        )
        yield "  # column, separated by semicolons: see `emoalign docs labels`."
    if columns.unused:
        shown = ", ".join(columns.unused[:12]) + (", …" if len(columns.unused) > 12 else "")
        yield f"  # Not used: {' '.join(shown.split())}"


def _columns_of(scale: GuessedScale, rows: str) -> Iterator[str]:
    if scale.ratings or rows == "ratings":
        single = scale.ratings or (str(scale.mean),)
        yield f"ratings: [{', '.join(map(quoted, single))}]"
        return
    named = {"mean": scale.mean, "sd": scale.sd, "n": scale.n}
    for key, column in named.items():
        if column is not None:
            yield f"{key}: {quoted(column)}"


def _scales(columns: GuessedColumns) -> Iterator[str]:
    yield "# The scales, from min to max, on which people rated and models will rate."
    yield "scales:"
    for scale in columns.scales:
        low, high = scale.native
        seen = f"a guess: values in the table run from {scale.lowest:.3g} to {scale.highest:.3g}"
        yield f"  {scale.name}:" + ("" if scale.named else f"  {CHECK}: which scale it is")
        if _mapped(scale):
            yield "    min: 1"
            yield "    max: 9"
            yield "    # The range used in the table; it is mapped onto min to max."
            yield f"    native: {{min: {low:g}, max: {high:g}}}  {CHECK}: {seen}"
        else:
            yield f"    min: {low:g}  {CHECK}: {seen}"
            yield f"    max: {high:g}"
        direction = DIRECTIONS.get(scale.name, f"higher is more {scale.name}")
        yield f"    direction: {direction}  {CHECK}"
    if not columns.scales:
        yield (
            "  # No column with human ratings was found, so models' ratings are not compared "
            "with any."
        )
        yield f"  valence: {{min: 1, max: 9, direction: higher is more pleasant}}  {CHECK}"


def _mapped(scale: GuessedScale) -> bool:
    """Tell whether the range of the table is unusual for prompts."""
    low, high = scale.native
    return low < 0 or high - low > 10 or high - low <= 1 or (low + high) % 1 != 0


def _some(values: Sequence[str]) -> str:
    return ", ".join(list(dict.fromkeys(values))[:4])
