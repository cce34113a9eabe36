"""A model that knows norms by heart, from its server to the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
import pandas as pd
import pytest

from emoalign.tables import COMPLETIONS, ITEMS, RECITATION
from tests.faults.server import FaultServer, Heard
from tests.kit.project import FEW, SMALL, Project, new_project

pytestmark = pytest.mark.slow

N = 50
SHOWN = 8
FOLDER = "results/small"


@dataclass
class Reciting:
    """A finished study, and the server with the model that was asked."""

    project: Project
    server: FaultServer

    def asked(self, recited: bool) -> list[str]:
        prompts = [heard.prompt for heard in self.server.heard]
        return [each for each in prompts if ("V.Mean" in each) == recited]


@pytest.fixture(scope="module")
def reciting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reciting]:
    rng = np.random.default_rng(5)
    means = np.round(rng.uniform(1.5, 8.5, N), 2)
    words = [f"word{number}" for number in range(N)]
    by_word = dict(zip(words, means.tolist(), strict=True))
    by_heart = set(words[::3])

    def reply(heard: Heard, choice: int) -> str:
        word = re.findall(r"word[0-9]+", heard.prompt)[-1]
        if "V.Mean" not in heard.prompt:
            return f"{round(by_word[word])}"
        if word == "word1":
            return "I would guess 5.5"
        return f"{by_word[word] if word in by_heart else round(by_word[word]) + 0.07:.2f}"

    project = new_project(tmp_path_factory.mktemp("reciting"))
    table = pd.DataFrame({"Word": words, "V.Mean": means})
    table.to_csv(project.folder / "words.csv", index=False)
    scale = {"min": 1, "max": 9, "direction": "higher is more pleasant"}
    source = {
        "reader": "table",
        "table": {"file": "words.csv"},
        "id": "Word",
        "text": "Word",
        "scales": {"valence": {"mean": "V.Mean"}},
    }
    project.write(
        "config/datasets/norms.yaml",
        {
            "title": "Norms",
            "modality": "word",
            "source": source,
            "scales": {"valence": scale},
            "licence": "CC-BY-4.0",
            "citation": "@article{norms}",
            "redistribute": True,
        },
    )
    with FaultServer(reply=reply).running() as server:
        project.write(
            "config/models/heart.yaml",
            {
                "title": "Heart",
                "engine": "openai",
                "model": "faulty",
                "base_url": server.address,
                "api_key_env": None,
                "capabilities": {"chat": True},
            },
        )
        project.edit(
            SMALL,
            models=["heart"],
            datasets=[{"dataset": "norms"}],
            protocols=[
                {"name": "ask", "prompts": "words", "participants": 1, "temperature": 0},
                {
                    "name": "recite",
                    "kind": "recitation",
                    "prompts": "recitation",
                    "examples": SHOWN,
                },
            ],
            shard_items=25,
            statistics=FEW,
        )
        project.run("plan")
        assert server.heard == []
        project.run()
        yield Reciting(project, server)


def test_the_plan_counts_the_recitation(reciting: Reciting) -> None:
    plan = pd.read_csv(reciting.project.results / "plan.csv").set_index("protocol")
    assert plan["requests"].to_dict() == {"ask": N, "recite": N - SHOWN}
    assert (plan["prompt_tokens_min"] > 0).all()


def test_it_is_found_out(reciting: Reciting) -> None:
    (row,) = RECITATION.read(reciting.project.results / "statistics/recitation.parquet").to_dict(
        "records"
    )
    assert row["n_asked"] == N - SHOWN
    assert row["n_unreadable"] <= 1
    assert row["p"] < 0.05
    assert row["exact"] >= 10
    assert row["r_beyond"] > 0
    report = (reciting.project.results / "report.html").read_text(encoding="utf-8")
    assert "Does the model recite the norms?" in report
    assert "it has seen the published norms, or it judges items" in report


def test_every_question_shows_the_same_rows_and_not_its_own_mean(reciting: Reciting) -> None:
    asked = reciting.asked(recited=True)
    assert len(asked) == N - SHOWN
    shown = {tuple(re.findall(r"^word[0-9]+,[0-9.]+$", each, re.MULTILINE)) for each in asked}
    ((*rows,),) = shown
    assert len(rows) == SHOWN
    words = {row.partition(",")[0] for row in rows}
    assert not words & {re.findall(r"^(word[0-9]+),$", each, re.MULTILINE)[0] for each in asked}


def test_completions_enter_neither_ratings_nor_items_nor_any_table_of_ratings(
    reciting: Reciting,
) -> None:
    results = reciting.project.results
    assert set(ITEMS.read(results / "items/norms.parquet")["protocol"]) == {"ask"}
    assert not list((results / "ratings").rglob("*recite*"))
    for table in (results / "statistics").glob("*.parquet"):
        rows = pd.read_parquet(table)
        if "protocol" in rows and not table.stem.startswith("recitation"):
            assert "recite" not in set(rows["protocol"]), table
    files = sorted((results / "completions").rglob("*.parquet"))
    texts = pd.concat([COMPLETIONS.read(file) for file in files])["text"]
    assert len(texts) == N - SHOWN
    manifest = orjson.loads((results / "manifest.json").read_bytes())
    assert set(manifest["engines"]["heart"]["sampling"]) == {"ask", "recite"}


def test_nothing_is_asked_twice(reciting: Reciting) -> None:
    project, before = reciting.project, len(reciting.server.heard)
    for file in (project.results / "completions").rglob("*.parquet"):
        file.unlink()
    project.run("recitation")
    assert len(reciting.server.heard) == before == 2 * N - SHOWN
