"""A ridge regression on embeddings of the included model, from a table to its numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.kit.project import SMALL, new_project

N = 24
CARD = "config/datasets/mine.yaml"
LONG = [
    "joy",
    "woe",
    "ease",
    "dread",
    "bliss",
    "grief",
    "hope",
    "gloom",
    "fun",
    "pain",
    "love",
    "spite",
]


@pytest.mark.slow
def test_words_are_embedded_once_and_compared_with_a_model(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    words = [f"{word}{'' if number < 12 else 'ful'}" for number, word in enumerate(LONG * 2)]
    table = pd.DataFrame({"nr": range(N), "word": words})
    table = table.assign(v=[1 + number % 7 for number in range(N)], conc=table["nr"] % 5)
    table["said"] = table["v"] + table["nr"] % 2
    folder = project.folder / "resources/mine"
    folder.mkdir(parents=True)
    table.to_csv(folder / "words.csv", index=False)
    source = {"file": "resources/mine/words.csv"}
    dataset = {
        "title": "Words of mine",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": source,
            "id": "nr",
            "text": "word",
            "covariates": {"concreteness": "conc"},
            "scales": {"valence": {"mean": "v"}},
        },
        "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more positive"}},
        "licence": "CC0-1.0",
        "citation": "@misc{mine}",
        "redistribute": True,
    }
    project.write(CARD, dataset)
    columns = {"item": "nr", "rating": "said"}
    model = {"title": "R", "engine": "recorded", "source": source, "columns": columns}
    project.write("config/models/people.yaml", model | {"scale": "valence"})
    project.edit(
        SMALL,
        models=["people"],
        datasets=[{"dataset": "mine"}],
        protocols=[],
        embedding="smollm2-135m",
        shard_items=None,
    )
    project.run("explained")
    [cell] = pd.read_csv(project.results / "statistics/explained.csv").to_dict("records")
    assert cell["covariates"] == "concreteness, frequency, length"
    assert (cell["n_items"], cell["n_predicted"]) == (N, N)
    assert cell["r"] == cell["model_r"] > 0.9
    assert cell["ridge_r"] < 0.9
    [store] = (project.folder / "results/journal/embeddings").glob("*.sqlite")
    assert project.planned("explained") == set()
    before = store.read_bytes()
    project.edit(SMALL, seed=2)
    project.run("explained")
    assert store.read_bytes() == before
