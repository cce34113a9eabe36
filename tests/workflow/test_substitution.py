"""A study that says what would be enough: recorded models and known raters, up to the report."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.tables import (
    ALTERNATIVE_ANNOTATOR,
    ALTERNATIVE_ANNOTATOR_RATERS,
    EQUIVALENCE,
    RATERS_WORTH,
    Table,
)
from tests.kit.project import SMALL, Project, new_project

NAMES = ("Annabel Ondine", "Bartholomew Quist", "Clementine Vos", "Diederik Zaal")
pytestmark = pytest.mark.slow

STATED = {
    "epsilon": 0.15,
    "because": "students of psychology rated",
    "bias_within": 0.75,
    "margins_because": "our stimuli differ by two points",
}


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study of two recorded models: one as good as people, one that guesses."""
    project = new_project(tmp_path_factory.mktemp("stated"))
    rng = np.random.default_rng(4)
    felt = rng.uniform(2, 8, 60)

    def rows(means: np.ndarray, who: tuple[str, ...], noise: float) -> pd.DataFrame:
        said = np.clip(np.rint(means[:, None] + rng.normal(0, noise, (60, len(who)))), 1, 9)
        places = np.repeat(np.arange(60), len(who))
        words = [f"word {place}" for place in places]
        told = {"nr": places, "word": words, "who": who * 60, "v": said.ravel().astype(int)}
        return pd.DataFrame(told)

    folder = project.folder / "resources/mine"
    folder.mkdir(parents=True)
    rows(felt, NAMES, 1.0).to_csv(folder / "people.csv", index=False)
    rows(felt, ("a", "b", "c"), 1.0).to_csv(folder / "good.csv", index=False)
    rows(rng.permutation(felt), ("a", "b", "c"), 1.0).to_csv(folder / "guess.csv", index=False)
    card = {
        "title": "Words of ours",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": "resources/mine/people.csv"},
            "id": "nr",
            "text": "word",
            "rows": "ratings",
            "rater": "who",
            "scales": {"valence": {"ratings": ["v"]}},
        },
        "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more positive"}},
        "licence": "CC0-1.0",
        "citation": "@misc{ours}",
        "redistribute": True,
    }
    project.write("config/datasets/mine.yaml", card)
    for model in ("good", "guess"):
        recorded = {
            "title": model,
            "engine": "recorded",
            "source": {"file": f"resources/mine/{model}.csv"},
            "columns": {"item": "nr", "participant": "who", "rating": "v"},
            "scale": "valence",
        }
        project.write(f"config/models/{model}.yaml", recorded)
    project.edit(
        SMALL,
        models=["good", "guess"],
        datasets=[{"dataset": "mine"}],
        protocols=[{"name": "recorded"}],
        substitution=STATED,
        figures=["worth", "annotators"],
    )
    project.run()
    return project


def read(project: Project, table: Table) -> pd.DataFrame:
    return table.read(project.results / table.path)


def test_the_tables_say_which_model_may_be_used(stated: Project) -> None:
    worth = read(stated, RATERS_WORTH)
    whole = worth[worth["answers"].isna()].fillna({"model": "average"}).set_index("model")
    assert whole.loc["good", "k"] == pytest.approx(3, rel=0.5)
    assert whole.loc["guess", "k"] < 0.3
    assert whole.loc["average", "n_models"] == 2
    tests = read(stated, ALTERNATIVE_ANNOTATOR)
    passed = tests[tests["stated"]].set_index("model")["passed"]
    assert passed.to_dict() == {"good": True, "guess": False}
    assert read(stated, EQUIVALENCE).set_index("model")["equivalent"].to_dict() == {
        "good": True,
        "guess": True,
    }


def test_nobody_is_named_and_reasons_are_quoted(stated: Project) -> None:
    raters = read(stated, ALTERNATIVE_ANNOTATOR_RATERS)
    assert raters.groupby("model")["rater"].apply(list).to_dict() == {
        "good": [1, 2, 3, 4],
        "guess": [1, 2, 3, 4],
    }
    shown: list[Path] = [*stated.results.glob("statistics/*.csv"), stated.results / "report.html"]
    for path in shown:
        text = path.read_text(encoding="utf-8")
        assert not any(name in text for name in NAMES), path
    page = html.unescape(
        re.sub(r"<[^>]+>", "", (stated.results / "report.html").read_text("utf-8"))
    ).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "the alternative annotator test: it may replace all 4 raters at ε = .15",
        "“students of psychology rated”",
        "“our stimuli differ by two points”",
        "For ranking words, these ratings are as good as the mean of",
        "For ranking words, these ratings are less good than one person’s (k = 0",
    ):
        assert words in page, words
    for figure in ("worth", "annotators"):
        assert (stated.results / f"figures/mine/{figure}.pdf").stat().st_size > 5_000
