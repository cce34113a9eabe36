"""A study with generated ratings, brought through the real stages of statistics, to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.figure_job import AskedOf, FigureJob, ShownDataset
from emoalign.figures.planned import planned_figures
from emoalign.figures.subject import Subject, subjects
from emoalign.study.scales import Frameworks
from emoalign.tables import ITEMS, NORMS, STIMULI

from .analysed import analyse_all, analysed_dataset, analysed_study
from .small_study import SCALE, SETTINGS, cell

FRAMEWORKS = Frameworks(
    dimensions=("arousal", "valence"), emotions=("disgust", "fear", "happiness", "sadness")
)
SCALES = (*FRAMEWORKS.dimensions, *FRAMEWORKS.emotions)
RATERS = 20


def asked(temperature: float = 1.0, prompts: str = "plain", personas: str | None = None) -> AskedOf:
    """A protocol of the dataset words."""
    return AskedOf(temperature=temperature, prompts={"words": prompts}, personas=personas, wave=1)


ONE = {"p": asked()}


def figure_job(
    models: Sequence[str] = ("m1", "m2"),
    protocols: Mapping[str, AskedOf] = ONE,
    scales: Sequence[str] = SCALES,
    *,
    show_items: bool = True,
) -> FigureJob:
    """The job of all figures of a study of the dataset words."""
    return FigureJob(
        figures=None,
        models={model: f"Model {model}" for model in models},
        datasets={
            "words": ShownDataset(
                title="Some words",
                modality="word",
                show_items=show_items,
                scales=dict.fromkeys(sorted(scales), SCALE),
                frameworks=FRAMEWORKS.within(scales),
            )
        },
        protocols=dict(protocols),
        seed=3,
    )


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


def norm_rows(scale: str, felt: np.ndarray, seed: int) -> pd.DataFrame:
    """Norms of whole-number ratings of people."""
    rng = np.random.default_rng(seed)
    rated = np.clip(np.rint(felt[:, None] + rng.normal(0, 1.4, (len(felt), RATERS))), 1, 9)
    return pd.DataFrame(
        {
            "item_id": [f"item-{number:04d}" for number in range(len(felt))],
            "scale": scale,
            "mean": rated.mean(axis=1),
            "sd": rated.std(axis=1, ddof=1),
            "n": RATERS,
            "ratings": rated.tolist(),
            "labels": None,
        }
    )


def write_study(folder: Path, job: FigureJob, n: int = 40, texts: str = "word") -> None:
    """Write all tables of a study of `n` words, which begin with `texts`, into `folder`.

    The better of the models (the last) follow people more closely; sharper temperatures spread
    less, and personas more.
    """
    felt = truth(n)
    [(_, dataset)] = job.datasets.items()
    norms = {
        scale: norm_rows(scale, felt[scale], seed=number)
        for number, scale in enumerate(sorted(dataset.scales))
    }
    rng = np.random.default_rng(job.seed)
    rows = []
    for rank, model in enumerate(sorted(job.models)):
        for protocol, asked_of in sorted(job.protocols.items()):
            for scale, people in norms.items():
                apart = 1.6 - 1.2 * rank / max(1, len(job.models) - 1)
                apart += 0.2 * (scale == "arousal")
                spread = 0.6 * asked_of.temperature + 0.3 * (asked_of.personas is not None)
                means = 5 + 0.8 * (people["mean"].to_numpy() - 5) + rng.normal(0, apart, n)
                said = means[:, None] + rng.normal(0, spread, (n, RATERS))
                answers = np.clip(np.rint(said), 1, 9)
                rows.append(cell(people, answers, model=model, protocol=protocol, scale=scale))
    stimuli = pd.DataFrame(
        {
            **dict.fromkeys(STIMULI.schema.names),
            "item_id": norms[min(norms)]["item_id"],
            "modality": "word",
            "text": [f"{texts} {number}" for number in range(n)],
            "shard": "0000",
        }
    )
    STIMULI.write(stimuli, folder / "stimuli/words.parquet")
    NORMS.write(pd.concat(norms.values()), folder / "norms/words.parquet")
    ITEMS.write(pd.concat(rows, ignore_index=True), folder / "items/words.parquet")
    summarise(folder, job)


def summarise(folder: Path, job: FigureJob) -> None:
    """Run the stages of statistics on the item table in `folder`."""
    [(_, dataset)] = job.datasets.items()
    of_words = analysed_dataset(dataset.scales, frameworks=dataset.frameworks)
    few = SETTINGS.model_copy(update={"permutations": 99, "structure_items": 200})
    study = analysed_study({"words": of_words}, few)
    names = ("alignment", "labels", "readouts", "contrasts", "frameworks", "arousal", "structure")
    analyse_all(study, folder, names)


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
