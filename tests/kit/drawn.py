"""A study with generated ratings whose figures have something to show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import Subject, subjects
from emoalign.figures.figure_job import FigureJob
from emoalign.figures.planned import planned_figures
from emoalign.planning.studies import (
    LoadedStudy,
)
from emoalign.tables import ITEMS

from . import words
from .ratings import cell, norms
from .stages import compare_cells, write_items

FRAMEWORKS = {
    "dimensions": ("arousal", "valence"),
    "emotions": ("disgust", "fear", "happiness", "sadness"),
}
SCALES = (*FRAMEWORKS["dimensions"], *FRAMEWORKS["emotions"])
RATERS = 20


def study(scales: tuple[str, ...] = SCALES, **told: Any) -> LoadedStudy:
    """A study of the dataset words with all figures that apply."""
    frameworks = {
        kind: [name for name in names if name in scales] for kind, names in FRAMEWORKS.items()
    }
    kept: Mapping[str, Any] = {"models": ("m1", "m2"), "figures": None} | told
    return words.study(scales=sorted(scales), frameworks=frameworks, **kept)


def truth(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """What people feel about items, by scale, shape (n,): arousal rises towards both ends of
    valence, and emotions follow from it in parts."""
    rng = np.random.default_rng(seed)
    valence = rng.uniform(1.5, 8.5, n)
    kind = rng.integers(0, 3, n)
    bad, good = np.clip(5 - valence, 0, 4), np.clip(valence - 5, 0, 4)
    felt = {
        "valence": valence,
        "arousal": 3 + 0.8 * np.abs(valence - 5) + rng.normal(0, 0.7, n),
        "happiness": 1.5 + 1.7 * good,
        **{
            name: 1.5 + 1.6 * bad * np.where(kind == number, 1, 0.35)
            for number, name in enumerate(("disgust", "fear", "sadness"))
        },
    }
    return {scale: np.clip(values, 1.2, 8.8) for scale, values in felt.items()}


def write_study(folder: Path, study: LoadedStudy, n: int = 40, texts: str = "word") -> None:
    """Write all tables of a study of `n` words, which begin with `texts`, into `folder`.

    The better of the models (the last) follow people more closely; sharper temperatures spread
    less, and personas more.
    """
    felt = truth(n)
    people = {
        scale: norms(n, RATERS, number, scale, felt[scale], noise=1.4)
        for number, scale in enumerate(study.numbers("words"))
    }
    rng = np.random.default_rng(study.study.seed)
    rows = []
    for rank, model in enumerate(sorted(study.models)):
        for protocol in map(study.protocol, study.protocol_names()):
            for scale, norm_rows in people.items():
                apart = 1.6 - 1.2 * rank / max(1, len(study.models) - 1)
                apart += 0.2 * (scale == "arousal")
                spread = 0.6 * protocol.temperature + 0.3 * (protocol.personas is not None)
                means = 5 + 0.8 * (norm_rows["mean"].to_numpy() - 5) + rng.normal(0, apart, n)
                said = means[:, None] + rng.normal(0, spread, (n, RATERS))
                answers = np.clip(np.rint(said), 1, 9)
                names = {"model": model, "protocol": protocol.name, "scale": scale}
                rows.append(cell(norm_rows, answers, **names))
    write_items(folder, pd.concat(people.values()), [f"{texts} {number}" for number in range(n)])
    ITEMS.write(pd.concat(rows, ignore_index=True), folder / "items/words.parquet")
    compare_cells(folder, study)


def drawable(folder: Path, job: FigureJob) -> FigureJob:
    """The job of the figures whose tables are in `folder`: those of correlations and means."""
    names = dict.fromkeys(
        planned.kind.name
        for planned in planned_figures(FIGURES, job)
        if all(
            (folder / path).exists() for name in planned.kind.reads for path in planned.files(name)
        )
    )
    return job.model_copy(update={"figures": tuple(names)})


def subject(folder: Path, job: FigureJob, figure: str, scale: str | None = None) -> Subject:
    """What one figure of the study is drawn from."""
    only = job.model_copy(update={"figures": (figure,)})
    [drawn] = [
        subject
        for planned, subject in subjects(FIGURES, only, folder)
        if planned.scale in (scale, None)
    ]
    return drawn
