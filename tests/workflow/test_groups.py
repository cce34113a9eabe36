"""Groups of raters from a dataset's file to the tables of groups."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.kit.project import SMALL, Project, new_project

CODES = {"men": "M", "women": "F"}
TABLE = "resources/recorded/asked.csv"
ANSWERS = 3

pytestmark = pytest.mark.slow


def asked_as(rows: pd.DataFrame) -> pd.DataFrame:
    """Ratings of a model that gives each group's mean when it is asked as that group."""
    rng = np.random.default_rng(3)
    told = []
    for name, code in CODES.items():
        for participant in range(ANSWERS):
            felt = rows[f"V.Mean.{code}"] + rng.normal(0, 0.4, len(rows))
            told.append(
                pd.DataFrame(
                    {
                        "word": rows["Word"],
                        "protocol": f"as-{name}",
                        "participant": participant,
                        "valence": felt.round().clip(1, 9).astype(int),
                    }
                )
            )
    return pd.concat(told)


def recorded(project: Project, rows: pd.DataFrame, dataset: dict[str, object]) -> None:
    """A study of recorded ratings by a model that was asked as men and as women."""
    project.write(
        "config/models/asked.yaml",
        {
            "title": "A model",
            "engine": "recorded",
            "source": {"file": TABLE},
            "columns": {
                "text": "word",
                "participant": "participant",
                "protocol": "protocol",
                "rating": "valence",
            },
            "scale": "valence",
        },
    )
    table = project.folder / TABLE
    table.parent.mkdir(parents=True)
    rows.to_csv(table, index=False)
    protocols = []
    for name in CODES:
        people = [{"sex": name, "number": number} for number in range(ANSWERS)]
        project.write(
            f"config/personas/{name}.yaml",
            {"title": name, "template": "{{ number }}", "personas": people},
        )
        protocols.append({"name": f"as-{name}", "personas": name, "participants": ANSWERS})
    study = {"models": ["asked"], "datasets": [dataset], "protocols": protocols}
    project.edit(SMALL, **study, shard_items=300)


@pytest.mark.shared_data
def test_warriner_tells_groups_apart_and_personas_move_towards_them(
    tmp_path: Path, shared: Path
) -> None:
    project = new_project(tmp_path)
    file = shared / "warriner2013/first_300_rows.csv"
    target = project.folder / "resources/warriner/BRM-emot-submit.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)
    rows = pd.read_csv(file, keep_default_na=False)
    answers = asked_as(rows)
    recorded(project, answers, {"dataset": "warriner", "scales": ["valence"]})
    ran = project.run("groups")
    assert "compare_groups" in {rule for rule, _ in ran}

    statistics = project.results / "statistics"
    groups = pd.read_csv(statistics / "groups.csv")
    assert set(groups["group"]) >= {"men", "women", "older people", "people with more education"}
    assert len(groups) == 2 * 6
    means = answers[answers["protocol"] == "as-women"].groupby("word")["valence"].mean()
    enough = rows[rows["V.Rat.M"].astype(int) >= 3].set_index("Word")
    (row,) = groups.query("protocol == 'as-women' and group == 'men'").to_dict("records")
    human = enough["V.Mean.M"].astype(float)
    assert row["n_items"] == len(enough) == 299
    assert row["r"] == pytest.approx(stats.pearsonr(means.reindex(human.index), human).statistic)

    contrasts = pd.read_csv(statistics / "group_contrasts.csv").query("measure == 'r'")
    (women,) = contrasts.query("protocol == 'as-women' and attribute == 'sex'").to_dict("records")
    assert women["difference_high"] < 0
    personas = pd.read_csv(statistics / "group_personas.csv")
    shifts = personas[personas["attribute"] == "sex"]
    assert (shifts["shift_low"] > 0).all()
    assert set(personas.loc[personas["measure"].isna(), "attribute"]) == {"age", "education"}
    norms = pd.read_csv(statistics / "group_norms.csv", dtype={"item_id": str})
    assert len(norms) == 300 * 6
    assert set(norms["item_id"]) == set(rows.iloc[:, 0].astype(str)), "ids, not words"
    assert not project.planned("groups")
