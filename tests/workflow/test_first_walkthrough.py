"""The first walk-through of the documentation, from an empty folder to the report."""

from __future__ import annotations

import csv
import os
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from tests.kit.project import FEW, ROOT
from tests.kit.waiting import HANGS_S

PAGE = ROOT / "docs/walkthroughs.md"
PROGRAMS = {"emoalign": ["-P", "-m", "emoalign.commands.app"], "snakemake": ["-m", "snakemake"]}
WORDS = [f"word{number}" for number in range(30)]


def steps() -> list[tuple[str, str]]:
    """The blocks of the walk-through, in order: commands (sh) and files (yaml)."""
    page = PAGE.read_text(encoding="utf-8")
    (section,) = [part for part in page.split("\n## ") if part.startswith("1. ")]
    return re.findall(r"```(sh|yaml)\n(.*?)```", section, re.DOTALL)


def test_it_takes_few_commands_and_two_files() -> None:
    commands = [line for kind, text in steps() if kind == "sh" for line in text.splitlines()]
    assert len(commands) < 10
    assert sum(kind == "yaml" for kind, _ in steps()) == 2


def table(file: Path) -> dict[str, float]:
    """A table of words with made-up ratings; their means."""
    draw = random.Random(16)
    means = {word: round(8.2 - 0.22 * i + draw.gauss(0, 0.3), 2) for i, word in enumerate(WORDS)}
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["word", "valence_mean", "valence_sd", "valence_n"])
        rows.writerows([word, mean, 1.2, 24] for word, mean in means.items())
    return means


def typed(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, *PROGRAMS[program], *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_words_that_people_rated_come_to_a_report_by_the_commands_of_the_page(
    tmp_path: Path,
) -> None:
    means = table(tmp_path / "words.csv")
    folder, said = tmp_path, []
    for kind, text in steps():
        if kind == "yaml":
            name = re.match(r"# (\S+)\n", text)
            assert name is not None
            assert (folder / name[1]).exists(), "a file that a command has made"
            (folder / name[1]).write_text(text, encoding="utf-8")
            continue
        for command in text.splitlines():
            if command.startswith("cd "):
                folder /= command.removeprefix("cd ")
            else:
                if command.startswith("snakemake"):
                    quick(folder / "config/config.yaml")
                said.append(typed(command, folder))
    assert any("30 words" in text and "n = 24" in text for text in said), "what check says"

    results = folder / "results/word-study"
    found = pd.read_csv(results / "statistics/alignment.csv").set_index(["protocol", "readout"])
    assert set(found.index) == {
        ("rating-sheet", "sampled"),
        ("rating-sheet", "exact"),
        ("words", "sampled"),
    }
    items = pd.read_parquet(results / "items/words.parquet")
    cell = items[(items["protocol"] == "rating-sheet") & (items["readout"] == "exact")]
    people = [means[word] for word in cell["item_id"]]
    r = found.loc[("rating-sheet", "exact"), "pearson_r"]
    assert r == pytest.approx(np.corrcoef(cell["mean"], people)[0, 1])
    assert "Thirty words" in (results / "report.html").read_text(encoding="utf-8")


def quick(study: Path) -> None:
    """Have fewer resamples than anybody would take in earnest, and no figures."""
    content = YAML(typ="safe").load(study)
    with study.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content | {"statistics": FEW, "figures": []}, stream)
