"""A dataset of one's own, which nobody rated yet, from its table to the report."""

from __future__ import annotations

import hashlib
import os

import pandas as pd
import pytest
from ruamel.yaml import YAML

from emoalign.tables import ALIGNMENT, ITEMS, NORMS, RELIABILITY, STIMULI
from tests.kit.project import SMALL, Project, new_project

CARD = "config/datasets/mine.yaml"
TABLE = "resources/mine/words.csv"
WORDS = "nr,word\n1,joy\n2,null\n3,true\n4,woe\n"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study of words without human ratings. Tests but the last do not change it."""
    project = new_project(tmp_path_factory.mktemp("own"))
    mirror = project.folder / "mirror"
    card = {
        "title": "Words of mine",
        "modality": "word",
        "source": {
            "reader": "table",
            # Nobody listens there: the mirror stands for the network.
            "table": {
                "file": TABLE,
                "url": "http://127.0.0.1:9/words.csv",
                "sha256": hashlib.sha256(WORDS.encode()).hexdigest(),
            },
            "id": "nr",
            "text": "word",
        },
        "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more positive"}},
        "licence": "CC0-1.0",
        "citation": "@misc{mine}",
        "redistribute": True,
    }
    project.write(CARD, card)
    protocol = {
        "name": "sheet",
        "prompts": "rating-sheet",
        "readouts": ["sampled", "exact"],
        "participants": 3,
    }
    datasets = [{"dataset": "mine"}]
    project.edit(SMALL, models=["model-a"], datasets=datasets, protocols=[protocol])

    failed = project.snakemake("stimuli")
    assert failed.returncode == 1
    message = f"{TABLE}: no such file. `snakemake data --cores 1` downloads it."
    *said, title, what, log, remedy, complete = failed.stderr.splitlines()
    assert "[failed] prepare_stimuli mine: " in said[-2]
    assert (title, what) == ("1 job failed:", f"prepare_stimuli mine: {message}")
    assert failed.stderr.count(message) == 1
    assert log == "    its log: results/small/logs/prepare_stimuli/mine.log"
    assert "run the same command again" in remedy
    assert complete.startswith("Complete log(s): ")
    for noise in ("Traceback", "RuleException", "WorkflowError", "CalledProcessError"):
        assert noise not in failed.stderr
    failed = project.snakemake("study_data")
    assert failed.returncode == 1
    assert f"mine: {TABLE}: could not be downloaded from http://127.0.0.1:9/" in failed.stderr
    assert "Is this machine online?" in failed.stderr

    (mirror / "mine").mkdir(parents=True)
    (mirror / "mine/words.csv").write_text(WORDS, encoding="utf-8", newline="")
    project.edit(SMALL, data_mirror=str(mirror))
    project.run("study_data")
    assert (project.folder / TABLE).read_text(encoding="utf-8") == WORDS
    project.run()
    return project


def test_every_item_is_rated_and_nothing_is_compared(mine: Project) -> None:
    assert STIMULI.read(mine.results / "stimuli/mine.parquet")["text"].tolist() == [
        "joy",
        "null",
        "true",
        "woe",
    ]
    assert NORMS.read(mine.results / "norms/mine.parquet").empty
    items = ITEMS.read(mine.results / "items/mine.parquet")
    assert items["mean"].notna().all()
    assert items["human_mean"].isna().all()
    (reliability,) = RELIABILITY.read(mine.results / "statistics/reliability.parquet").to_dict(
        "records"
    )
    assert (reliability["reliability_source"], reliability["n_items"]) == ("none", 0)
    cells = ALIGNMENT.read(mine.results / "statistics/alignment.parquet")
    assert cells["n_items"].tolist() == [0, 0]
    assert cells["n_items_excluded"].tolist() == [4, 4]
    assert cells["pearson_r"].isna().all()


def test_the_report_says_that_there_is_nothing_to_compare_with(mine: Project) -> None:
    page = (mine.results / "report.html").read_text(encoding="utf-8")
    assert "Of 4 words of Words of mine, none has both a valence rating by " in page
    assert "No item has a human rating, so agreement among people is unknown." in page
    assert "mean and a human mean, so there is no disagreement to measure" in page
    assert "No expectation from a published study could be checked" in page


def test_a_table_without_a_checksum_is_read_again_when_it_changes(mine: Project) -> None:
    content = YAML(typ="safe").load(mine.folder / CARD)
    del content["source"]["table"]["sha256"]
    mine.edit(CARD, source=content["source"])
    mine.run("stimuli")
    assert mine.planned("stimuli") == set()
    table = mine.folder / TABLE
    pd.read_csv(table, keep_default_na=False, dtype=str).assign(valence="5").to_csv(
        table, index=False
    )
    os.utime(table)
    assert ("prepare_stimuli", "dataset=mine") in mine.planned("stimuli")
