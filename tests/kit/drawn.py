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
from .ratings import cell, norms, rating_rows
from .stages import compare_cells, make, write_items

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


TITLES = ("SmolLM2-135M-Instruct (Q8_0)", "GPT-5.4 mini", "Llama 3.1 8B Instruct (vLLM)", "nano")


def several_models(folder: Path, n: int, n_items: int = 21) -> LoadedStudy:
    """Write the tables that all figures of numbers are drawn from, of a study of `n` models under
    protocols that differ in one thing, with titles as they are; models refuse, or answer twice
    rather than eight times, one more than the other."""
    titles = {f"m{place:02d}": f"{TITLES[place % 4]} {place}" for place in range(n)}
    asked = study(
        ("arousal", "fear", "sadness", "valence"),
        models=titles,
        protocols={
            "rating-sheet": {"temperature": 0.5},
            "rating-sheet-hotter": {},
            "instruction-with-examples": {"prompts": "kind"},
        },
        calibration={"methods": ["mixture"]},
    )
    rng = np.random.default_rng(1)
    felt = truth(n_items)
    people = {
        scale: norms(n_items, RATERS, place, scale, felt[scale], noise=1.4)
        for place, scale in enumerate(asked.numbers("words"))
    }
    rows = []
    for place, model in enumerate(titles):
        for protocol in asked.protocol_names():
            for scale, of_scale in people.items():
                apart = rng.normal(0, 0.4 + 1.6 * (place % 7) / 7, n_items)
                means = (of_scale["mean"].to_numpy() + apart)[:, None]
                answers = means + rng.normal(0, 1, (n_items, 8 if place % 3 else 2))
                answers = np.clip(np.rint(answers), 1, 9)
                if place % 4 == 3:
                    answers[rng.random(answers.shape) < 0.3] = np.nan
                rows.append(rating_rows(answers, model=model, protocol=protocol, scale=scale))
    make_tables(folder, asked, pd.concat(rows, ignore_index=True), pd.concat(people.values()))
    return asked


def make_tables(
    folder: Path, asked: LoadedStudy, ratings: pd.DataFrame, norm_rows: pd.DataFrame
) -> None:
    """Write the tables of figures, and no others."""
    texts = [f"a sentence about word {place}" for place in range(norm_rows["item_id"].nunique())]
    make(folder, asked, ratings, norm_rows, texts, OF_FIGURES)


OF_FIGURES = (
    "alignment",
    "robustness",
    "specifications",
    "frameworks",
    "arousal",
    "structure",
    "distributions",
    "calibration",
)


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
