"""`emoalign calibrate`: saved calibrators are applied to the items of another study."""

from __future__ import annotations

from pathlib import Path

import click

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.analyses.calibration.saved import apply
from emoalign.commands.group import Unwrapped
from emoalign.study.library import Library


@click.command(
    "calibrate",
    cls=Unwrapped,
    examples=(
        "emoalign calibrate a/calibrators/words.json b/items/mine.parquet mine calibrated.parquet",
    ),
)
@click.argument("calibrators", type=click.Path(path_type=Path))
@click.argument("items", type=click.Path(path_type=Path))
@click.argument("dataset")
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--method",
    "methods",
    type=click.Choice(METHODS),
    multiple=True,
    help="Can be given several times; without it, all methods that were fitted.",
)
def command(
    calibrators: Path, items: Path, dataset: str, output: Path, methods: tuple[str, ...]
) -> None:
    """Calibrate the distributions of items, rated by people or not.

    CALIBRATORS were learnt in one study (results/<study>/calibrators/<dataset>.json). ITEMS are
    those of another (results/<study>/items/<dataset>.parquet), of a DATASET in config/datasets.
    OUTPUT is the Parquet file to write.
    """
    apply(calibrators, items, dataset_card(dataset), output, methods or None)


def dataset_card(name: str) -> Path:
    """The file of a dataset card, by its name or its path."""
    return Path(name) if name.endswith((".yaml", ".yml")) else Library().path("datasets", name)
