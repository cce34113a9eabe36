"""Estimated norms: seconds and memory of all computations of the analysis.

    PYTHONPATH=src .venv/bin/python benchmarks/estimates.py [rated] [--embedding]

Made tables of 14,000 words, 4 models with 20 sampled answers and 3 scales, of which people rated
the first words (all 14,000 without a number). With an embedding, 384 made numbers for each word are
kept in the journal before, as if a model had computed them. Each computation runs through the
function that its rule calls, in this process; memory is the highest of the process so far.
"""

from __future__ import annotations

import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.catalogue import ANALYSES
from emoalign.embeddings.embedding import EmbeddingStore, identity
from emoalign.planning.analysed import analysed_study
from emoalign.planning.loading import load_study
from emoalign.planning.studies import LoadedStudy
from emoalign.tables import ESTIMATION, ITEMS, NORMS, STATUSES, STIMULI
from substitution import memory, recorded_models, written

SCALES = ("arousal", "dominance", "valence")
ENDS = (1, 9)
N_ITEMS, N_MODELS, ANSWERS, RATERS, SIZE = 14_000, 4, 20, 20, 384
EMBEDDING = "smollm2-135m"
SHOWN = ["scale", "method", "n_rated", "n_unrated", "r", "coverage", "width"]


def main() -> None:
    """Print a line for each computation, and what was found."""
    numbers = [int(one) for one in sys.argv[1:] if one.isdigit()]
    n_rated, embedded = (*numbers, N_ITEMS)[0], "--embedding" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = planned(folder, embedded=embedded)
        study = analysed_study(loaded)
        results = folder / "results/made"
        write_tables(results, n_rated)
        if embedded:
            keep_embeddings(loaded, results.parent / "journal/embeddings")
        size = f", {SIZE} numbers of an embedding" if embedded else ""
        print(f"{N_ITEMS} items, {n_rated} rated, {N_MODELS} models, {len(SCALES)} scales{size}")
        print(f"{memory()} before")
        (analysis,) = (one for one in ANALYSES if one.name == "estimates")
        for computation in analysis.computes:
            module, function = computation.run.split(":")
            run, job = getattr(import_module(module), function), computation.job.of(study)
            started = time.perf_counter()
            run(job, AnalysisFiles.within(results))
            print(f"{function}: {time.perf_counter() - started:.1f} s, {memory()}")
        quality = ESTIMATION.read(results / ESTIMATION.path)
        print(quality[quality["region"] == "all"][SHOWN].round(3).to_string(index=False))


def planned(folder: Path, *, embedded: bool) -> LoadedStudy:
    """A study of recorded ratings that estimates norms."""
    low, high = ENDS
    scale = {"min": low, "max": high, "direction": "higher is more"}
    card = {
        "title": "Words",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": "words.csv"},
            "id": "id",
            "text": "word",
            "scales": {name: {"mean": name} for name in SCALES},
        },
        "scales": dict.fromkeys(SCALES, scale),
        "licence": "CC0-1.0",
        "citation": "@misc{words}",
        "redistribute": True,
    }
    written(folder / "config/datasets/words.yaml", card)
    names = recorded_models(folder, N_MODELS)
    content = {
        "study": "made",
        "title": "Made",
        "seed": 1,
        "models": names,
        "datasets": [{"dataset": "words"}],
        "estimates": {},
    }
    return load_study(content | ({"embedding": EMBEDDING} if embedded else {}), folder / "config")


def words() -> list[str]:
    """The texts of the items."""
    return [f"word{number:05d}" for number in range(N_ITEMS)]


def write_tables(results: Path, n_rated: int) -> None:
    """Write stimuli, norms and items as if the study had run."""
    rng = np.random.default_rng(1)
    ids = [f"w{number:05d}" for number in range(N_ITEMS)]
    stimuli = {**dict.fromkeys(STIMULI.schema.names), "item_id": ids, "modality": "word"}
    STIMULI.write(
        pd.DataFrame(stimuli | {"text": words(), "shard": "0000"}),
        results / "stimuli/words.parquet",
    )
    rated = np.arange(N_ITEMS) < n_rated
    norm_rows, item_rows = [], []
    for scale in SCALES:
        felt = rng.normal(5, 1.3, N_ITEMS)
        sd = np.exp(rng.normal(0.3, 0.2, N_ITEMS))
        norm = {
            "item_id": ids,
            "scale": scale,
            "mean": np.clip(felt + rng.normal(0, sd / np.sqrt(RATERS)), *ENDS),
            "sd": sd,
            "n": RATERS,
            "ratings": None,
            "labels": None,
            "raters": None,
        }
        norm_rows.append(pd.DataFrame(norm)[rated])
        for number in range(N_MODELS):
            own = felt + rng.normal(0, 0.5 + 0.3 * number, N_ITEMS)
            rows = {
                **dict.fromkeys(ITEMS.schema.names),
                **dict.fromkeys((f"n_{status}" for status in STATUSES), 0),
                **{"model": f"m{number}", "protocol": "recorded", "dataset": "words"},
                **{"scale": scale, "readout": "sampled", "item_id": ids},
                "cluster": np.arange(N_ITEMS),
                "n_ok": ANSWERS,
                "mean": np.clip(own, *ENDS),
                "sd": sd * np.exp(rng.normal(0, 0.3, N_ITEMS)),
                "human_mean": np.where(rated, norm["mean"], np.nan),
                "human_sd": np.where(rated, sd, np.nan),
                "human_n": np.where(rated, RATERS, 0),
            }
            item_rows.append(pd.DataFrame(rows))
    NORMS.write(pd.concat(norm_rows, ignore_index=True), results / "norms/words.parquet")
    ITEMS.write(pd.concat(item_rows, ignore_index=True), results / "items/words.parquet")


def keep_embeddings(loaded: LoadedStudy, folder: Path) -> None:
    """Keep made embeddings of the words where those of the model would be."""
    card = analysed_study(loaded).embedding
    assert card is not None
    vectors = np.random.default_rng(2).normal(size=(N_ITEMS, SIZE))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with EmbeddingStore(folder / f"{identity(card)[:16]}.sqlite") as kept:
        kept.add(words(), vectors)


if __name__ == "__main__":
    main()
