"""Stated distributions from question to report, of a server that says what is planted and of the
bundled model under a schema."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.tables import ITEMS, RATINGS
from tests.faults.server import FaultServer, Heard
from tests.kit.project import FEW, Project, new_project

pytestmark = pytest.mark.slow

PEOPLE: dict[str, Any] = {
    "name": "people",
    "prompts": "words-stated",
    "readouts": ["stated"],
    "participants": 3,
}
STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Answers and statements",
    "seed": 1,
    "models": ["fake"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 24}],
    "protocols": [PEOPLE, {"name": "single", "prompts": "words", "participants": 4}],
    "statistics": FEW,
}
CARD: dict[str, Any] = {
    "title": "A fake model",
    "engine": "openai",
    "model": "fake",
    "api_key_env": None,
    "capabilities": {"choices": 1, "seed_bits": 31},
}
POINTS = np.arange(1, 10)


def said(heard: Heard, choice: int) -> str:
    if "Of 100 people" not in heard.prompt:
        return str(1 + (len(heard.prompt) + heard.seed) % 9)
    middle = 2 + (sum(map(ord, heard.prompt)) + heard.seed) % 6
    people = dict.fromkeys(map(str, POINTS), 5) | {str(middle): 40, str(middle + 1): 25}
    if heard.seed % 5 == 0:
        people["9"] += 2  # 102 people
    return json.dumps(people)


def ratings(project: Project, model: str, protocol: str) -> pd.DataFrame:
    files = sorted((project.results / "ratings" / model / protocol).rglob("*.parquet"))
    return pd.concat([RATINGS.read(file) for file in files])


def test_statements_are_conditions_of_their_own_in_every_table_and_in_the_report(
    tmp_path: Path,
) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    project.write("config/studies/small.yaml", STUDY)
    with FaultServer().running() as server:
        server.reply = said
        project.write("config/models/fake.yaml", CARD | {"base_url": server.address})
        project.run()
        assert len(server.heard) == 24 * 3 + 24 * 4
    journal = project.journal()
    project.run("--forcerun", "rate", "--until", "rate")  # without a server: the journal is enough
    assert project.journal() == journal

    rows = ratings(project, "fake", "people")
    assert set(rows["readout"]) == {"stated"}
    assert set(rows["status"]) == {"ok", "unparsable"}
    good = rows[rows["status"] == "ok"]
    for text, shares, total in zip(
        good["text"], good["probabilities"], good["stated_total"], strict=True
    ):
        numbers = np.array(list(json.loads(text).values()))
        assert total == numbers.sum() == 100
        assert list(shares) == list(numbers / 100)
    assert {
        sum(json.loads(text).values()) for text in rows.loc[rows["status"] != "ok", "text"]
    } == {102}

    items = ITEMS.read(project.results / "items" / "vader.parquet")
    assert items.groupby(["protocol", "readout"]).size().to_dict() == {
        ("people", "stated"): 24,
        ("single", "sampled"): 24,
    }
    for row in items[items["readout"] == "stated"].to_dict("records"):
        own = good[good["item_id"] == row["item_id"]]
        assert row["n_ok"] == len(own)
        if len(own):
            mixture = np.stack(list(own["probabilities"])).mean(axis=0)
            assert list(row["distribution"]) == pytest.approx(list(mixture))
            assert row["mean"] == pytest.approx(mixture @ POINTS)

    statistics = project.results / "statistics"
    aligned = pd.read_csv(statistics / "alignment.csv").set_index("readout")
    assert set(aligned.index) == {"stated", "sampled"}
    there = items[(items["readout"] == "stated") & items["mean"].notna()]
    several = there[there["n_ok"] > 1]
    within = np.average(several["mean_se"] ** 2 * several["n_ok"], weights=several["n_ok"] - 1)
    expected = 1 - (within / there["n_ok"]).mean() / there["mean"].var(ddof=1)
    assert aligned.loc["stated", "reliability_model"] == pytest.approx(expected)
    distances = pd.read_csv(statistics / "distributions.csv")
    assert "stated" in set(distances["readout"])
    assert pd.read_csv(statistics / "readouts.csv").empty
    calibrated = pd.read_parquet(project.results / "calibrated" / "vader.parquet")
    assert "stated" in set(calibrated["readout"])

    page = unescape((project.results / "report.html").read_text(encoding="utf-8"))
    page = page.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    shown = re.sub(r"\s+", " ", page)
    assert "how many of 100 people would give each answer (stated distributions)" in shown
    assert "numbers had to add up to the total that was asked for, within 1%" in shown
    assert "3 stated distributions per item in 1 of 2" in shown
    assert "In the <em>stated</em> readout" in shown
    assert "(stated distributions)" in shown
    assert "the distribution that it says people have, not of answers of its own" in shown
    assert "a JSON object with a number for each point or label" in shown


def test_the_bundled_model_is_forced_to_say_a_number_for_each_point(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    forced = PEOPLE | {"name": "forced", "prompts": "words-stated-structured", "participants": 2}
    study = STUDY | {"models": ["model-a"], "protocols": [forced], "figures": []}
    study["datasets"] = [{"dataset": "vader", "scales": ["valence"], "sample": 12}]
    project.write("config/studies/small.yaml", study)
    project.edit("config/models/model-a.yaml", first_answers=0)
    project.run()
    rows = ratings(project, "model-a", "forced")
    assert len(rows) == 24
    assert set(rows["status"]) <= {"ok", "unparsable", "truncated"}
    whole = [json.loads(text) for text in rows.loc[rows["status"] != "truncated", "text"]]
    assert len(whole) > 12
    for given in whole:
        assert list(given) == [str(point) for point in POINTS]
        assert all(isinstance(number, int) and 0 <= number <= 100 for number in given.values())
    sums = rows.loc[rows["status"] != "truncated", "text"].map(
        lambda text: sum(json.loads(text).values())
    )
    fits = sums.between(99, 101)
    assert (rows.loc[sums.index, "status"].eq("ok") == fits).all()
    page = unescape((project.results / "report.html").read_text(encoding="utf-8"))
    assert "a JSON schema forces its form, but not its sum" in page
    done = project.snakemake("plan")
    told = done.stdout + done.stderr
    assert "forced: a JSON schema forces the form of answers" in told
    assert "all 24 answers are in the journal" in told


LABELS = ["anger", "joy", "neutral"]


def write_comments(path: Path) -> None:
    """Thirty comments in the format of GoEmotions' rater-level files, four raters each."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "id", "author", "rater_id", "example_very_unclear", *LABELS])
        for item in range(30):
            for rater in range(4):
                chosen = [int(place == (item + (rater == 3)) % 3) for place in range(3)]
                rows.writerow([f"Comment {item}", f"c{item}", "x", rater, "FALSE", *chosen])


def chosen_by_people(heard: Heard, choice: int) -> str:
    item = int(heard.prompt.partition("Comment ")[2].split()[0])
    return json.dumps({label: 70 * (item % 3 == place) + 20 for place, label in enumerate(LABELS)})


def test_shares_of_labels_reach_distributions_calibration_and_report(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    write_comments(project.folder / "resources" / "comments.csv")
    card = {"title": "Comments", "modality": "sentence", "licence": "MIT", "citation": "@misc{x}"}
    card["source"] = {"reader": "goemotions", "ratings": [{"file": "resources/comments.csv"}]}
    card["scales"] = {"emotions": {"kind": "labels", "labels": LABELS}}
    project.write("config/datasets/comments.yaml", card | {"redistribute": True})
    people = PEOPLE | {"prompts": "labels-that-apply-stated", "participants": 2}
    study = STUDY | {"datasets": [{"dataset": "comments"}], "protocols": [people]}
    project.write("config/studies/small.yaml", study)
    with FaultServer().running() as server:
        server.reply = chosen_by_people
        project.write("config/models/fake.yaml", CARD | {"base_url": server.address})
        project.run()
    items = ITEMS.read(project.results / "items" / "comments.parquet")
    assert set(items["readout"]) == {"stated"}
    for row in items.to_dict("records"):
        place = int(row["item_id"].removeprefix("c")) % 3
        expected = [0.9 if each == place else 0.2 for each in range(3)]
        assert list(row["distribution"]) == pytest.approx(expected)
    assert items["mean"].isna().all()
    statistics = project.results / "statistics"
    distances = pd.read_csv(statistics / "distributions.csv")
    assert set(distances["readout"]) == {"stated"}
    assert (distances["n_items"] == 30).any()
    calibration = pd.read_csv(statistics / "calibration.csv")
    assert set(calibration["readout"]) == {"stated"}
    assert calibration["reason"].isna().any()
    page = unescape((project.results / "report.html").read_text(encoding="utf-8"))
    assert "2 stated distributions per item" in page
