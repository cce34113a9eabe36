"""Items rated in two frameworks, for the stages that compare cells with each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.alignment.aligned_cells import alignment
from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.analyses.base import ComparisonJob
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.items.item_jobs import ComparedDataset
from emoalign.study.fields import Range
from emoalign.study.scales import Frameworks

from .ratings import cell, norms, ratings
from .words import SCALE, SETTINGS

DIMENSIONS = ("arousal", "valence")
EMOTIONS = ("fear", "happiness")
SCALES = (*DIMENSIONS, *EMOTIONS)
N_ITEMS = 40
NORM_ROWS = {scale: norms(N_ITEMS, seed=number, scale=scale) for number, scale in enumerate(SCALES)}
# Arousal is noisiest and happiness the best, as people's ratings are said to be met.
NOISE = {"arousal": 5.0, "valence": 1.5, "fear": 1.0, "happiness": 0.2}


def dataset(*scales: str) -> ComparedDataset:
    """A dataset of words with these scales."""
    return ComparedDataset(
        modality="word",
        scales={scale: Range(min=1, max=9) for scale in scales},
        frameworks=Frameworks(dimensions=DIMENSIONS, emotions=EMOTIONS).within(scales),
    )


def comparison(**datasets: ComparedDataset) -> ComparisonJob:
    """The job of the comparison stage; by default of the dataset words on all scales."""
    return ComparisonJob(
        datasets=datasets or {"words": dataset(*SCALES)},
        seed=3,
        bootstrap_resamples=300,
    )


def structure(**changes: int) -> StructureJob:
    """The job of the structure stage on the dataset words."""
    settings = {"permutations": 99, "structure_items": 100, **changes}
    return StructureJob(datasets={"words": dataset(*SCALES)}, seed=3, **settings)


def item_rows(
    scales: tuple[str, ...] = SCALES,
    models: tuple[str, ...] = ("m1", "m2"),
    protocols: tuple[str, ...] = ("p1", "p2"),
    dataset_name: str = "words",
) -> pd.DataFrame:
    """Item rows of every model, protocol and scale."""
    return pd.concat(
        [
            cell(
                NORM_ROWS[scale],
                ratings(NORM_ROWS[scale], NOISE[scale], seed=hash_of(model, protocol, scale)),
                model=model,
                protocol=protocol,
                scale=scale,
                dataset=dataset_name,
            )
            for model in models
            for protocol in protocols
            for scale in scales
        ],
        ignore_index=True,
    )


def hash_of(*names: str) -> int:
    """A seed for a cell."""
    return sum(ord(letter) * 31**place for place, letter in enumerate("".join(names))) % 2**32


def aligned(
    items: pd.DataFrame, job: ComparisonJob, norm_rows: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The alignment table of the same items, with norms other than theirs where these are given."""
    of_all = AlignmentJob(
        scales={name: dict.fromkeys(one.scales, SCALE) for name, one in job.datasets.items()},
        seed=3,
        bootstrap_resamples=SETTINGS.bootstrap_resamples,
        split_halves=SETTINGS.split_halves,
    )
    rows = pd.concat(NORM_ROWS.values()) if norm_rows is None else norm_rows
    norms_of = dict.fromkeys(job.datasets, rows)
    wanted = {(name, scale) for name, one in job.datasets.items() for scale in one.scales}
    kept = [pair in wanted for pair in zip(items["dataset"], items["scale"], strict=True)]
    return alignment(items[kept], norms_of, of_all)


def refused(items: pd.DataFrame) -> pd.DataFrame:
    """The same cells when every answer is a refusal."""
    return items.assign(mean=np.nan, sd=np.nan, n_ok=0)
