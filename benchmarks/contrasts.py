"""Comparisons of a study: 35 cells of 1,000 items, with 10,000 resamples.

    PYTHONPATH=src .venv/bin/python benchmarks/contrasts.py

Five models rate five emotions, valence and arousal, as in Ogg et al. 2025. First the intervals of
every r and of every contrast of two models, then the whole stages with all of their tables.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.arousal.analysis import ArousalJob
from emoalign.analyses.arousal.compare_arousal import compare_arousal
from emoalign.analyses.base import ComparisonJob
from emoalign.analyses.contrasts.contrast_pairs import compare_pairs
from emoalign.analyses.frameworks.differences import compare_frameworks
from emoalign.analyses.robustness.analysis import RobustnessJob
from emoalign.analyses.robustness.checks import check_robustness
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.spaces import compare_structure
from emoalign.items.item_jobs import ComparedDataset
from emoalign.statistics.contrasts import contrasts
from emoalign.statistics.replicates import pearson_replicates
from emoalign.study.fields import Range
from emoalign.study.scales import Frameworks
from emoalign.tables import ITEMS

DIMENSIONS = ("arousal", "valence")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness")
MODELS = ("m1", "m2", "m3", "m4", "m5")
N_ITEMS, RESAMPLES, PERMUTATIONS = 1_000, 10_000, 999
DATASETS = {
    "words": ComparedDataset(
        modality="word",
        scales={scale: Range(min=1, max=9) for scale in (*DIMENSIONS, *EMOTIONS)},
        frameworks=Frameworks(dimensions=DIMENSIONS, emotions=EMOTIONS),
    )
}


def means() -> tuple[np.ndarray, np.ndarray]:
    """Item means of the models and of people, shapes (scales, models, items), (scales, items)."""
    rng = np.random.default_rng(1)
    human = rng.uniform(1, 9, (7, N_ITEMS))
    return human[:, None] + rng.normal(0, 2, (7, len(MODELS), N_ITEMS)), human


def item_rows(model: np.ndarray, human: np.ndarray) -> pd.DataFrame:
    """The same as the rows of an item table."""
    return pd.concat(
        pd.DataFrame(
            {
                **dict.fromkeys(ITEMS.schema.names),
                "model": name,
                "protocol": "p",
                "dataset": "words",
                "scale": scale,
                "readout": "sampled",
                "item_id": [f"item-{number:04d}" for number in range(N_ITEMS)],
                "cluster": range(N_ITEMS),
                "mean": model[at, place],
                "human_mean": human[at],
            }
        )
        for at, scale in enumerate((*DIMENSIONS, *EMOTIONS))
        for place, name in enumerate(MODELS)
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    model, human = means()
    first, second = zip(*combinations(range(len(MODELS)), 2), strict=True)

    def intervals_and_contrasts() -> None:
        for rated, people in zip(model, human, strict=True):
            for cell in pearson_replicates(rated, people, RESAMPLES, seed=0):
                cell.interval()
            contrasts(rated[list(first)], rated[list(second)], people, RESAMPLES)

    taken = {"35 intervals of r and 70 contrasts": seconds(intervals_and_contrasts)}
    with tempfile.TemporaryDirectory() as folder:
        ITEMS.write(item_rows(model, human), Path(folder, "items/words.parquet"))
        files = AnalysisFiles.within(Path(folder))
        job = ComparisonJob(datasets=DATASETS, seed=1, bootstrap_resamples=RESAMPLES)

        def compare() -> None:
            compare_pairs(job, files)
            compare_frameworks(job, files)
            compare_arousal(ArousalJob(**job.model_dump(), worst_items=20), files)
            check_robustness(RobustnessJob(**job.model_dump()), files)

        taken["the rule compare"] = seconds(compare)
        structure = StructureJob(
            datasets=DATASETS, seed=1, permutations=PERMUTATIONS, structure_items=2_000
        )
        taken["the rule compare_structure"] = seconds(lambda: compare_structure(structure, files))
    for what, time_taken in taken.items():
        sys.stdout.write(f"{what}: {time_taken:.1f} s\n")


if __name__ == "__main__":
    main()
