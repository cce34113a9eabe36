"""A study of a batch output file with log-probabilities, as on the page about recorded ratings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from emoalign.tables import ITEMS, NORMS, RATINGS
from tests.kit.batches import Positions, anthropic_ended, choice, lines, openai
from tests.kit.project import FEW, ROOT, SMALL, Project, new_project

pytestmark = pytest.mark.slow

FILES = r"```yaml\n# config/\w+/gpt-batch\.yaml\n(.*?)```"
RUNS = 3
ITEMS_ASKED = 12
PAGE = (ROOT / "docs/recorded-ratings.md").read_text(encoding="utf-8")


def likely(mean: float) -> dict[str, float]:
    """Probabilities of the five likeliest tokens around a mean, of which some is words."""
    near = [point for point in range(1, 10) if abs(point - mean) <= 1.5]
    share = 0.9 / len(near)
    return {**{str(point): share for point in near}, "I": 0.06}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished study of the page, on items with human means. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("batch"))
    card, study = (YAML(typ="safe").load(block) for block in re.findall(FILES, PAGE, re.DOTALL))
    project.write("config/models/gpt-batch.yaml", card)
    (dataset,) = study["datasets"]
    few = {**study, "study": "small", "statistics": FEW}
    sample = {"dataset": "vader", "scales": ["valence"], "sample": ITEMS_ASKED}
    project.write(SMALL, {**few, "datasets": [sample]})
    project.run("stimuli")
    norms = NORMS.read(project.results / "norms/vader.parquet")
    folder = project.folder / "resources/recorded/gpt-batch"
    folder.mkdir(parents=True)
    answers = []
    for item, mean in norms.set_index("item_id")["mean"].items():
        tops = likely(mean)
        numbers = [token for token in tops if token != "I"]
        for run in range(RUNS):
            drawn = numbers[run % len(numbers)]
            positions: Positions = [(drawn, tops)]
            answers.append(openai(f"valence_{item}_{run}", choice(drawn, positions=positions)))
    (folder / "output.jsonl").write_bytes(lines(*answers))
    (folder / "errors.jsonl").write_bytes(lines(anthropic_ended("valence_x_1", "expired")))
    assert dataset["items"] == "rated"
    project.edit(SMALL, datasets=[dataset])
    project.run()
    return project


def test_both_readouts_of_a_batch_are_compared_with_people(study: Project) -> None:
    results = study.results
    alignment = pd.read_csv(results / "statistics/alignment.csv").set_index("readout")
    assert alignment["n_items"].to_dict() == {"exact": ITEMS_ASKED, "sampled": ITEMS_ASKED}
    items = ITEMS.read(results / "items/vader.parquet").set_index(["readout", "item_id"])
    norms = NORMS.read(results / "norms/vader.parquet").set_index("item_id")["mean"]
    expected = norms.map(lambda mean: np.mean([int(t) for t in likely(mean) if t != "I"]))
    assert items.loc["exact", "mean"].to_dict() == pytest.approx(expected.to_dict())
    r = np.corrcoef(expected, norms)[0, 1]
    assert alignment.loc["exact", "pearson_r"] == pytest.approx(r)


def test_rows_say_who_answered_and_the_log_what_was_not(study: Project) -> None:
    results = study.results
    files = sorted((results / "ratings/gpt-batch").rglob("*.parquet"))
    rows = pd.concat([RATINGS.read(file) for file in files])
    assert set(rows["model_reported"]) == {"gpt-4o-mini-2024-07-18/fp_1"}
    exact = rows[rows["readout"] == "exact"]
    assert np.allclose(exact["off_scale_mass"], 0.06)
    assert np.allclose(exact["returned_mass"], 0.96)
    logs = "".join(path.read_text() for path in sorted((results / "logs/rate").rglob("*.log")))
    assert "requests without an answer: 1" in logs


def test_the_report_tells_the_readouts_apart(study: Project) -> None:
    page = (study.results / "report.html").read_text(encoding="utf-8")
    text = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "exact" in text
    assert "GPT-4o mini, asked in a batch" in text
    assert str(Path("resources/recorded/gpt-batch/*.jsonl")) in text
