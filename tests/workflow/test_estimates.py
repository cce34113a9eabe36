"""Estimated norms from the first job to the report, on words of a lexicon that may be shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.kit.project import FEW, ROOT, SMALL, new_project
from tests.kit.words import words_of

PAGE = (ROOT / "docs/walkthroughs.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_study_without_the_key_is_told_what_to_write(tmp_path: Path) -> None:
    done = new_project(tmp_path).snakemake("estimates")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "The study small estimates no norms: write `estimates: {}` into its file" in told
    assert "Traceback" not in told


@pytest.mark.slow
def test_three_models_of_planted_quality_are_good_enough_as_the_page_says(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    script = re.search(r"```python\n(# planted\.py.*?)```", PAGE, re.DOTALL)
    study = re.search(r"```yaml\n# (config/studies/planted\.yaml)\n(.*?)```", PAGE, re.DOTALL)
    assert script
    assert study
    (project.folder / "planted.py").write_text(script[1], encoding="utf-8")
    subprocess.run([sys.executable, "planted.py"], cwd=project.folder, check=True)
    (project.folder / study[1]).write_text(study[2], encoding="utf-8")
    quick = {"statistics": FEW, "calibration": {"methods": ["isotonic"]}}
    project.edit(study[1], figures=["estimates"], **quick)
    done = project.snakemake(study="planted")
    assert done.returncode == 0, done.stdout + done.stderr

    results = project.folder / "results/planted"
    alone = pd.read_csv(results / "statistics/alignment.csv").set_index("model")["pearson_r"]
    assert alone.to_dict() == pytest.approx({"fine": 0.95, "good": 0.9, "fair": 0.8}, abs=0.03)
    quality = pd.read_csv(results / "statistics/estimation.csv")
    quality = quality[quality["region"] == "all"].set_index("method")
    r = quality["r"].to_dict()
    assert r["stack"] > max(r["best"], r["average"])
    assert quality["coverage"].to_dict()["stack"] == pytest.approx(0.9, abs=0.03)
    assert len(pd.read_csv(results / "estimates/vader.csv")) == 500
    assert (results / "figures/vader/estimates.pdf").is_file()
    told = words_of((results / "report.html").read_text(encoding="utf-8"))
    assert "The intervals are narrow enough to use for single words" in told
    assert "Estimated valence of VADER lexicon" in told


@pytest.mark.slow
def test_words_that_nobody_rated_are_asked_about_and_estimated(tmp_path: Path) -> None:
    """A table of words of which half have no ratings, and a model that knows all."""
    project = new_project(tmp_path)
    folder = project.folder / "resources/mine"
    folder.mkdir(parents=True)
    numbers = range(240)
    table = pd.DataFrame({"nr": numbers, "word": [f"word{number}" for number in numbers]})
    table["said"] = [1 + number * 7 % 9 for number in numbers]
    known = table["said"] + (table["nr"] % 3 - 1) * 0.4
    table["v"] = known.clip(1, 9).where(table["nr"] % 2 == 0)
    table.to_csv(folder / "words.csv", index=False)
    source = {"file": "resources/mine/words.csv"}
    scale = {"min": 1, "max": 9, "direction": "higher is more positive"}
    dataset = {
        "title": "Words of mine",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": source,
            "id": "nr",
            "text": "word",
            "scales": {"valence": {"mean": "v"}},
        },
        "scales": {"valence": scale},
        "licence": "CC0-1.0",
        "citation": "@misc{mine}",
        "redistribute": True,
    }
    project.write("config/datasets/mine.yaml", dataset)
    columns = {"item": "nr", "rating": "said"}
    model = {"title": "R", "engine": "recorded", "source": source, "columns": columns}
    project.write("config/models/knows.yaml", model | {"scale": "valence"})
    project.edit(
        SMALL,
        models=["knows"],
        datasets=[{"dataset": "mine"}],
        protocols=[],
        shard_items=None,
        estimates={},
    )
    project.run()
    rows = pd.read_parquet(project.results / "estimates/mine.parquet")
    assert rows["rated"].value_counts().to_dict() == {True: 120, False: 120}
    assert rows["to_rate"].sum() == 100
    truth = table.set_index(table["nr"].astype(str))["said"].reindex(rows["item_id"]).to_numpy()
    assert (rows["mean"] - truth).abs().max() < 0.5
    told = words_of((project.results / "report.html").read_text(encoding="utf-8"))
    assert "Of these, 120 have no human ratings; their norms are estimated" in told
    assert "120 words without human ratings were estimated from 120 with ratings." in told
    # Without the key, the same words are left out again, and nothing else is planned anew.
    content = project.read(SMALL)
    del content["estimates"]
    project.write(SMALL, content)
    project.run("items")
    assert len(pd.read_parquet(project.results / "stimuli/mine.parquet")) == 120
