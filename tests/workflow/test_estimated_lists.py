"""A list of words, by the commands that are printed, to estimates in a table for people."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.statistics.expected_width import expected_width
from emoalign.stimuli.readers.vader import VaderLexiconSource
from emoalign.study.source_files import locate
from emoalign.tables import ESTIMATES, ESTIMATION, NORMS, STIMULI
from tests.kit.project import Project, new_project

pytestmark = pytest.mark.slow

LIST = [f"blorp{'abcdefghij'[place % 10]}{'klmnop'[place // 10]}" for place in range(60)]
ODD = ("null", "NA", "ice cream", "=sum")
R = 0.8
STUDY = "words-like-vader"


def lexicon() -> Mapping[str, float]:
    """The mean valence of every word of VADER, on its own scale."""
    source = VaderLexiconSource.model_validate(
        {
            "reader": "vader-lexicon",
            "lexicon": {"package": "vaderSentiment", "file": "vader_lexicon.txt"},
        }
    )
    items = source.read({"lexicon": locate(source.lexicon)})
    return {
        str(item.text): item.ratings["valence"].mean  # type: ignore[union-attr]
        for item in items
        if item.text is not None and re.fullmatch("[a-z]+", item.text)
    }


def recorded(folder: Path) -> None:
    """A model that agrees with people at r = .8, and rates the words of the list as well."""
    rng = np.random.default_rng(11)
    known = lexicon()
    people = np.array(list(known.values()))
    z = (people - people.mean()) / people.std()
    noisy = 5 + R * z + math.sqrt(1 - R * R) * rng.standard_normal(len(z))
    new = 5 + rng.standard_normal(len(LIST) + len(ODD))
    rows = pd.DataFrame({"word": [*known, *LIST, *ODD], "rating": [*noisy, *new]})
    # Whole points whose mean over answers is between points.
    rows = pd.concat([rows.assign(who=who) for who in range(4)])
    rows["rating"] += rng.uniform(-0.5, 0.5, len(rows))
    rows["rating"] = rows["rating"].round().clip(1, 9).astype(int)
    (folder / "resources").mkdir(exist_ok=True)
    rows.to_csv(folder / "resources/they.csv", index=False)


CARD = {
    "title": "A model that was asked elsewhere",
    "engine": "recorded",
    "source": {"file": "resources/they.csv"},
    "columns": {"text": "word", "rating": "rating", "participant": "who"},
    "scale": "valence",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `emoalign estimate` and the target `estimates`."""
    made = new_project(tmp_path_factory.mktemp("list"))
    recorded(made.folder)
    made.write("config/models/they.yaml", CARD)
    text = "\r\n".join(["word", *LIST, *ODD, "happy", LIST[0], ""])
    (made.folder / "words.txt").write_bytes(text.encode())
    command = [sys.executable, "-m", "emoalign.commands.app", "estimate", "words.txt"]
    done = subprocess.run(
        [*command, "--like", "vader", "--scale", "valence", "--model", "they", "--rated", "200"],
        cwd=made.folder,
        env={**os.environ, "PYTHONPATH": str(made.folder / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made.folder / "said.txt").write_text(done.stdout, encoding="utf-8")
    ran = made.snakemake("estimates", study=STUDY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"Estimated norms: results/{STUDY}/estimates" in ran.stdout + ran.stderr
    return made


def of(project: Project) -> Path:
    return project.folder / "results" / STUDY


def test_every_word_of_the_list_has_an_estimate_with_an_interval(project: Project) -> None:
    rows = ESTIMATES.read(of(project) / f"estimates/{STUDY}.parquet")
    texts = STIMULI.read(of(project) / f"stimuli/{STUDY}.parquet").set_index("item_id")["text"]
    rows = rows.assign(text=rows["item_id"].map(texts))
    assert len(rows) == len(LIST) + len(ODD) + 1 + 200
    new = rows[~rows["rated"]]
    assert new["text"].tolist() == [*LIST, *ODD]
    assert new[["mean", "low", "high"]].notna().all(axis=None)
    assert ((new["low"] >= 1) & (new["low"] < new["high"]) & (new["high"] <= 9)).all()


def test_intervals_are_as_wide_as_was_said_before_for_models_that_agree_so(
    project: Project,
) -> None:
    found = ESTIMATION.read(of(project) / "statistics/estimation.parquet")
    (row,) = found[(found["method"] == "stack") & (found["region"] == "all")].to_dict("records")
    assert row["n_rated"] == 201
    assert row["n_unrated"] == len(LIST) + len(ODD)
    assert row["r"] == pytest.approx(R, abs=0.08)
    norms = NORMS.read(of(project) / f"norms/{STUDY}.parquet")
    assert row["width"] == pytest.approx(expected_width(norms["mean"], (1, 9), row["r"]), rel=0.12)
    assert 0.82 < row["coverage"] < 0.97
    said = (project.folder / "said.txt").read_text(encoding="utf-8")
    line = next(line for line in said.splitlines() if "valence (1 to 9)" in line)
    told = float(line.split()[-2])  # at r = .80
    assert row["width"] == pytest.approx(told, rel=0.25)


def test_the_table_for_people_begins_with_the_list_in_its_order(project: Project) -> None:
    wide = pd.read_csv(
        of(project) / f"estimates/{STUDY}.csv", keep_default_na=False, na_values=[""]
    )
    words = wide["Word"].str.lstrip("'").tolist()
    assert words[: len(LIST) + len(ODD) + 1] == [*LIST, *ODD, "happy"]
    assert wide["Valence.M"].notna().all()
    assert wide["Valence.rated"].sum() == 201
