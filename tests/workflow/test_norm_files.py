"""Words that tools mangle, from a table of one's own to a spreadsheet of estimated norms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from tests.kit.filed import HOSTILE
from tests.kit.jobs import Job
from tests.kit.project import SMALL, Project, new_project

pytestmark = pytest.mark.slow

KEPT = [word for word in HOSTILE if word == word.strip() and "\n" not in word]
WORDS = [*KEPT, *(f"word{place:03d}" for place in range(180 - len(KEPT)))]
RATED = 120
SCALE = {"min": 1, "max": 9, "step": 1, "direction": "Higher is more pleasant."}


def tables(folder: Path) -> None:
    """Norms of most words, and ratings of all by two models that differ from people."""
    rng = np.random.default_rng(2)
    people = rng.uniform(1, 9, len(WORDS))
    shown = np.where(rng.permutation(len(WORDS)) < RATED, people.round(3).astype(str), "")
    norms = pd.DataFrame({"word": WORDS, "valence": shown, "sd": np.where(shown, "1.2", "")})
    norms.to_csv(folder / "norms.csv", index=False)
    for model, error in (("one", 0.8), ("two", 1.6)):
        rating = np.clip(people + rng.normal(0, error, len(WORDS)), 1, 9).round()
        rows = pd.DataFrame({"word": WORDS, "who": "a", "rating": rating.astype(int)})
        rows.to_csv(folder / f"{model}.csv", index=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A study whose norms are estimated. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("estimated"))
    tables(project.folder)
    columns = {"mean": "valence", "sd": "sd"}
    project.write(
        "config/datasets/mine.yaml",
        {
            "title": "Words",
            "modality": "word",
            "source": {
                "reader": "table",
                "table": {"file": "norms.csv"},
                "id": "word",
                "text": "word",
                "scales": {"valence": columns},
            },
            "scales": {"valence": SCALE},
            "licence": "CC-BY-4.0",
            "citation": "@misc{a, author = {A, B}, year = {2020}, title = {Words}}",
            "redistribute": True,
        },
    )
    for model in ("one", "two"):
        project.write(
            f"config/models/{model}.yaml",
            {
                "title": model,
                "engine": "recorded",
                "source": {"file": f"{model}.csv"},
                "columns": {"item": "word", "participant": "who", "rating": "rating"},
                "scale": "valence",
            },
        )
    protocol = {"name": "asked", "prompts": "instruction", "participants": 1}
    project.edit(
        SMALL,
        models=["one", "two"],
        datasets=[{"dataset": "mine"}],
        protocols=[protocol],
        estimates={},
        shard_items=len(WORDS),
    )
    project.run("estimates")
    return project


def test_every_word_of_the_table_is_in_the_spreadsheet_with_an_estimate(study: Project) -> None:
    book = CalamineWorkbook.from_path(study.results / "estimates/mine.xlsx")
    header, *rows = book.get_sheet_by_name("norms").to_python()
    found = pd.DataFrame(rows, columns=header)
    assert sorted(found["Word"]) == sorted(WORDS)
    assert found["Valence.rated"].sum() == RATED
    assert found["Valence.M"].between(1, 9).all()
    assert (found["Valence.low"] <= found["Valence.M"]).all()
    assert {"Valence.one.asked.sampled", "Valence.two.asked.sampled"} <= set(header)


def test_the_codebook_describes_the_files_of_the_study(study: Project) -> None:
    folder = study.results / "estimates"
    described = pd.read_csv(folder / "codebook.csv")
    rows = pd.read_csv(folder / "mine.csv")
    assert described["variable"].tolist() == list(rows)
    for name, low, high in (
        described[["variable", "minimum", "maximum"]].dropna().itertuples(index=False)
    ):
        assert rows[name].dropna().between(low, high).all(), name
    drawn = pd.read_csv(folder / "to_rate.csv")
    assert set(drawn["item_id"]) <= set(rows.loc[rows["Valence.rated"] == 0, "id"])


def test_nothing_runs_again_but_the_files_that_are_gone(study: Project, tmp_path: Path) -> None:
    again = study.copied(tmp_path / "project")
    assert again.planned("estimates") == set()
    before = (again.results / "estimates/mine.xlsx").read_bytes()
    (again.results / "estimates/mine.xlsx").unlink()
    expected: set[Job] = {("write_norms", ""), ("estimates", "")}
    assert again.run("estimates") == expected
    assert (again.results / "estimates/mine.xlsx").read_bytes() == before
