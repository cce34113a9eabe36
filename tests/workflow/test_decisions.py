"""Sampled answers and decisions of one model, from question to report, through Snakemake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.tables import ITEMS, RATINGS
from tests.faults.decision_server import DecisionServer
from tests.kit.project import FEW, new_project

pytestmark = pytest.mark.slow

STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Answers and decisions",
    "seed": 1,
    "models": ["fake"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 12}],
    "protocols": [
        {
            "name": "both",
            "prompts": "instruction",
            "readouts": ["sampled", "decision"],
            "participants": 4,
        },
        {"name": "decided", "prompts": "words", "readouts": ["decision"]},
    ],
    "max_usd": 1,
    "statistics": FEW,
}
CARD: dict[str, Any] = {
    "title": "A fake model",
    "engine": "openai",
    "model": "fake",
    "api_key_env": None,
    "capabilities": {"choices": 4, "decisions": {"levels": 10, "questions": 200}},
    "prices": {
        **{"input_usd": 0, "output_usd": 0, "decision_usd": 10},
        **{"as_of": "2026-11-28", "source": "a page"},
    },
}


def triangle(about: str, instruction: str, levels: int) -> Sequence[float] | None:
    """Probabilities around a level that depends on the word."""
    middle = sum(map(ord, about)) % levels
    weights = [1 / (1 + abs(place - middle)) ** 2 for place in range(levels)]
    return [weight / sum(weights) for weight in weights]


def test_decisions_are_conditions_of_their_own_in_every_table_and_in_the_report(
    tmp_path: Path,
) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    project.write("config/studies/small.yaml", STUDY)
    with DecisionServer().running() as server:
        server.weigh = triangle
        server.reply = lambda heard, choice: str(1 + (len(heard.prompt) + choice) % 9)
        project.write("config/models/fake.yaml", CARD | {"base_url": server.address})
        project.run()
        decisions = [heard for heard in server.heard if "questions" in heard.body]
        assert len(decisions) == 24
        assert len(server.heard) == 36
    journal = project.journal()
    project.run("--forcerun", "rate", "--until", "rate")  # without a server: the journal is enough
    assert project.journal() == journal

    ratings = [RATINGS.read(path) for path in (project.results / "ratings").rglob("*.parquet")]
    decided = {
        (row["protocol"], row["item_id"]): tuple(row["probabilities"])
        for table in ratings
        for row in table[table["readout"] == "decision"].to_dict("records")
    }
    assert len(decided) == 24
    items = ITEMS.read(project.results / "items" / "vader.parquet")
    assert items.groupby(["protocol", "readout"]).size().to_dict() == {
        **{("both", "sampled"): 12, ("both", "decision"): 12},
        ("decided", "decision"): 12,
    }
    for row in items[items["readout"] == "decision"].to_dict("records"):
        given = decided[row["protocol"], row["item_id"]]
        mean = sum(point * share for point, share in enumerate(given, 1))
        assert row["mean"] == pytest.approx(mean)
        assert list(row["distribution"]) == pytest.approx(list(given))
    aligned = pd.read_csv(project.results / "statistics" / "alignment.csv")
    assert sorted(zip(aligned["protocol"], aligned["readout"], strict=True)) == [
        *[("both", "decision"), ("both", "sampled")],
        ("decided", "decision"),
    ]
    spent = json.loads((project.folder / "results/journal/spending/small.json").read_text())
    tokens = sum(
        table.loc[table["readout"] == "decision", "prompt_tokens"].sum() for table in ratings
    )
    assert spent["usd"] == pytest.approx(tokens * 10 / 1e6)

    page = unescape((project.results / "report.html").read_text(encoding="utf-8"))
    page = page.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    assert "OpenAI's Decisions API (POST /v1/decisions, a public beta since 2026-10-06)" in page
    assert "they are not the model's probabilities of next tokens" in page
    assert "[levels]\n1" in page
    assert "(decisions)" in page
