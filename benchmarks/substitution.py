"""Use of ratings instead of people's: seconds and memory of each analysis that speaks to it.

    PYTHONPATH=src .venv/bin/python benchmarks/substitution.py [items]

Made tables of 2,000 words, 8 models with 20 sampled answers and 4 scales; each word was rated by 10
of 40 people. Each analysis of ANALYSES that this version has runs through the function that its
rule calls, in this process, after the tables are written; memory is the highest of the process so
far.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.catalogue import ANALYSES as ALL
from emoalign.planning.analysed import analysed_study
from emoalign.planning.loading import load_study
from emoalign.planning.studies import LoadedStudy
from emoalign.tables import ITEMS, NORMS, STATUSES, STIMULI

ANALYSES = ("substitution", "groups", "explained", "recitation")
SCALES = ("arousal", "dominance", "joy", "valence")
N_ITEMS, N_MODELS, ANSWERS, RATERS, PEOPLE = 2_000, 8, 20, 10, 40
POINTS = np.arange(1.0, 10.0)


def main() -> None:
    """Print a line for each computation."""
    n_items = int(sys.argv[1]) if len(sys.argv) > 1 else N_ITEMS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = planned(folder)
        study = analysed_study(loaded)
        results = folder / "results"
        write_tables(results, n_items)
        print(f"{n_items} items, {N_MODELS} models, {len(SCALES)} scales; {memory()} before")
        total = 0.0
        for analysis in ALL:
            part = study.within(analysis.concerns)
            if analysis.name not in ANALYSES or not part.datasets:
                continue
            for computation in analysis.computes:
                for one in part.each().values() if computation.each == "dataset" else [part]:
                    module, function = computation.run.split(":")
                    run, job = getattr(import_module(module), function), computation.job.of(one)
                    started = time.perf_counter()
                    run(job, AnalysisFiles.within(results))
                    seconds = time.perf_counter() - started
                    total += seconds
                    print(f"{analysis.name}, {function}: {seconds:.1f} s, {memory()}")
        print(f"all: {total:.1f} s")


def memory() -> str:
    """The highest resident memory so far."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def recorded_models(folder: Path, number: int) -> list[str]:
    """Names of models whose cards are written, with a table of one rating, which nobody reads."""
    names = [f"m{place}" for place in range(number)]
    table = folder / "ratings.csv"
    table.write_text("id,person,scale,rating\nw,p,valence,5\n", encoding="utf-8")
    columns = {"item": "id", "participant": "person", "scale": "scale", "rating": "rating"}
    for model in names:
        recorded = {
            "title": model,
            "engine": "recorded",
            "source": {"file": str(table)},
            "columns": columns,
        }
        written(folder / f"config/models/{model}.yaml", recorded)
    return names


def planned(folder: Path) -> LoadedStudy:
    """A study of recorded ratings that states an ε and margins."""
    scale = {"min": 1, "max": 9, "direction": "higher is more"}
    card = {
        "title": "Words",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": "words.csv"},
            "id": "id",
            "text": "word",
            "rows": "ratings",
            "rater": "who",
            "scales": {name: {"ratings": [name]} for name in SCALES},
        },
        "scales": dict.fromkeys(SCALES, scale),
        "licence": "CC0-1.0",
        "citation": "@misc{words}",
        "redistribute": True,
    }
    written(folder / "config/datasets/words.yaml", card)
    names = recorded_models(folder, N_MODELS)
    stated = {"epsilon": 0.1, "because": "made people", "bias_within": 0.5, "r_within": 0.05}
    content = {
        "study": "made",
        "title": "Made",
        "seed": 1,
        "models": names,
        "datasets": [{"dataset": "words"}],
        "substitution": {**stated, "margins_because": "made people"},
    }
    return load_study(content, folder / "config")


def written(path: Path, content: object) -> None:
    """Write a YAML file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content, stream)


def write_tables(results: Path, n_items: int) -> None:
    """Write stimuli, norms and items as if the study had run."""
    rng = np.random.default_rng(1)
    ids = [f"w{number:05d}" for number in range(n_items)]
    stimuli = {**dict.fromkeys(STIMULI.schema.names), "item_id": ids, "modality": "word"}
    texts = [f"word{number:05d}" for number in range(n_items)]
    STIMULI.write(
        pd.DataFrame(stimuli | {"text": texts, "shard": "0000"}), results / "stimuli/words.parquet"
    )
    norm_rows, item_rows = [], []
    for scale in SCALES:
        felt = rng.normal(5, 1.5, n_items)
        people = whole(felt[:, None] + rng.normal(0, 1.2, (n_items, RATERS)))
        who = np.argsort(rng.random((n_items, PEOPLE)), axis=1)[:, :RATERS]
        norm = {
            "item_id": ids,
            "scale": scale,
            "mean": people.mean(axis=1),
            "sd": people.std(axis=1, ddof=1),
            "n": RATERS,
            "ratings": people.tolist(),
            "labels": None,
            "raters": [[f"r{one}" for one in row] for row in who],
        }
        norm_rows.append(pd.DataFrame(norm))
        for number in range(N_MODELS):
            own = felt + rng.normal(0, 0.3 + 0.2 * number, n_items)
            answers = whole(own[:, None] + rng.normal(0, 1, (n_items, ANSWERS)))
            shares = (answers[:, :, None] == POINTS).mean(axis=1)
            rows = {
                **dict.fromkeys(ITEMS.schema.names),
                **dict.fromkeys((f"n_{status}" for status in STATUSES), 0),
                **{"model": f"m{number}", "protocol": "recorded", "dataset": "words"},
                **{"scale": scale, "readout": "sampled", "item_id": ids},
                "cluster": np.arange(n_items),
                "n_ok": ANSWERS,
                "mean": answers.mean(axis=1),
                "sd": answers.std(axis=1, ddof=1),
                "distribution": shares.tolist(),
                "human_mean": norm["mean"],
                "human_sd": norm["sd"],
                "human_n": RATERS,
                "human_distribution": (people[:, :, None] == POINTS).mean(axis=1).tolist(),
            }
            item_rows.append(pd.DataFrame(rows))
    NORMS.write(pd.concat(norm_rows, ignore_index=True), results / "norms/words.parquet")
    ITEMS.write(pd.concat(item_rows, ignore_index=True), results / "items/words.parquet")


def whole(values: np.ndarray) -> np.ndarray:
    """Ratings on nine points."""
    return np.clip(np.rint(values), 1, 9)


if __name__ == "__main__":
    main()
