"""A recorded study from stimuli to report: what is left when nobody has to be asked.

    PYTHONPATH=src .venv/bin/python benchmarks/recorded_study.py

A recorded model, twenty ratings of each of 871 generated words on nine scales, beside norms with
mean, SD and number of raters, runs through Snakemake on two cores. Printed are wall time, the
processor time of all processes, and how many Python processes were started, script by script.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from in_snakemake import project, snakemake, write

WORDS = 871
RATERS = 20
DIMENSIONS = ("valence", "arousal", "dominance")
EMOTIONS = ("joy", "anger", "sadness", "fear", "disgust", "surprise")
SCALES = (*DIMENSIONS, *EMOTIONS)
LOW, HIGH = 1, 9
NORMS, RATINGS = "resources/words/norms.csv", "resources/words/ratings.csv"
STUDY = "config/studies/words.yaml"

INSTRUCTION = "How much {scale} does this word stand for? Answer with a number from 1 to 9 only."


def tables(folder: Path) -> None:
    """Generate what people said of the words, and what the model did: near them, but less sure."""
    rng = np.random.default_rng(1)
    words = [f"word{number:03d}" for number in range(WORDS)]
    norms: dict[str, object] = {"id": words, "word": words}
    parts = []
    for scale in SCALES:
        mean = rng.normal(5, 1.5, WORDS).clip(LOW, HIGH)
        norms |= {
            f"{scale}.mean": mean.round(2),
            f"{scale}.sd": rng.uniform(0.8, 2.5, WORDS).round(2),
            f"{scale}.n": rng.integers(18, 40, WORDS),
        }
        said = rng.normal(0.6 * mean + 2 + rng.normal(0, 0.7, WORDS), 1.2, (RATERS, WORDS))
        rating = said.round().clip(LOW, HIGH).astype(int).ravel()
        person = np.repeat(np.arange(RATERS), WORDS)
        ids = np.tile(words, RATERS)
        parts.append(pd.DataFrame({"id": ids, "person": person, "scale": scale, "rating": rating}))
    (folder / NORMS).parent.mkdir(parents=True)
    pd.DataFrame(norms).to_csv(folder / NORMS, index=False)
    pd.concat(parts).to_csv(folder / RATINGS, index=False)


def configuration(folder: Path) -> None:
    """Write the cards of dataset, model and prompts, and the study."""
    points = {"min": LOW, "max": HIGH}
    columns = {scale: {key: f"{scale}.{key}" for key in ("mean", "sd", "n")} for scale in SCALES}
    dataset = {
        "title": "Generated words",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": NORMS},
            "id": "id",
            "text": "word",
            "scales": columns,
        },
        "scales": {scale: {**points, "direction": "higher is more"} for scale in SCALES},
        "frameworks": {"dimensions": list(DIMENSIONS), "emotions": list(EMOTIONS)},
        "licence": "CC0-1.0",
        "citation": "@misc{words, title = {Generated words}}",
        "redistribute": True,
    }
    model = {
        "title": "Recorded",
        "engine": "recorded",
        "source": {"file": RATINGS},
        "columns": {"item": "id", "participant": "person", "scale": "scale", "rating": "rating"},
    }
    prompts = {
        "title": "Nine scales",
        "language": "en",
        "source": "Made up.",
        "kind": "chat",
        "template": "{{ instruction }}\n\nWord: {{ item.text }}",
        "answer": {"kind": "text", "max_tokens": 3},
        "scales": {
            scale: {"written_for": points, "instruction": INSTRUCTION.format(scale=scale)}
            for scale in SCALES
        },
    }
    study = {
        "study": "words",
        "title": "Recorded ratings of words",
        "seed": 1,
        "models": ["recorded"],
        "datasets": [{"dataset": "words"}],
        "protocols": [{"name": "asked", "prompts": "nine-scales", "participants": RATERS}],
    }
    write(folder / "config/datasets/words.yaml", dataset)
    write(folder / "config/models/recorded.yaml", model)
    write(folder / "config/prompts/nine-scales.yaml", prompts)
    write(folder / STUDY, study)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        tables(folder)
        configuration(folder)
        run = snakemake(folder, STUDY)
    for script, processor_s in run.by_script().items():
        print(f"{len(processor_s)} × {script}: {sum(processor_s):.1f} s of processor time")
    print(
        f"{run.seconds:.0f} s, {run.processor_s:.0f} s of processor time, "
        f"{len(run.processes)} Python processes"
    )


if __name__ == "__main__":
    main()
