"""The walk-throughs of the documentation, command by command, on made-up data."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from emoalign.installed import CATALOGUE
from emoalign.tables import STIMULI
from tests.kit.project import FEW, ROOT, Project, new_project
from tests.kit.waiting import HANGS_S

pytestmark = pytest.mark.slow

NINE = {
    "arousal": ("AROU", "Arousal", 9),
    "valence": ("VAL", "Valence", 9),
    "dominance": ("DOM", "Dominance", 9),
    "concreteness": ("CNC", "Concreteness", 7),
    "imageability": ("IMAG", "Imageability", 7),
    "familiarity": ("FAM", "Familiarity", 7),
    "age-of-acquisition": ("AOA", "AoA", 7),
    "size": ("SIZE", "Size", 7),
    "gender": ("GEND", "Gender", 7),
}
FIVE = ("GPT-4o", "Claude 3.5 Sonnet", "Gemini 1.5 Pro", "Llama 3.1 405B", "Qwen2-VL")


def section(number: int) -> str:
    """The text of a walk-through."""
    page = (ROOT / "docs/walkthroughs.md").read_text(encoding="utf-8")
    return next(part for part in page.split("\n## ") if part.startswith(f"{number}. "))


def walk(project: Project, number: int) -> None:
    """Write the files of a walk-through and run its commands."""
    text = section(number)
    for name, content in re.findall(r"```yaml\n# (config/.*?)\n(.*?)```", text, re.DOTALL):
        file = project.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        if name.startswith("config/studies"):
            project.edit(name, statistics=FEW, figures=[])
    commands = [
        line
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.split("\n")
    ]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ran = 0
    for command in filter(None, commands):
        program, *arguments = shlex.split(command)
        assert program == "snakemake"
        done = subprocess.run(
            [sys.executable, "-m", program, "--nocolor", *arguments],
            cwd=project.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGS_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        ran += 1
    assert 0 < ran < 10


def write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def page(project: Project, study: str) -> str:
    return " ".join(
        (project.folder / f"results/{study}/report.html").read_text(encoding="utf-8").split()
    )


def alignment(project: Project, study: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / f"results/{study}/statistics/alignment.csv")


def test_published_ratings_on_nine_scales(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    rng = np.random.default_rng(16)
    words = [f"word{number}" for number in range(40)]
    means = {
        scale: rng.uniform(1.5, most - 0.5, 40).round(2) for scale, (_, _, most) in NINE.items()
    }
    given = {
        scale: np.clip((means[scale] + rng.normal(0, 1, 40)).round(), 1, NINE[scale][2])
        for scale in NINE
    }
    norms = [f"{short}_{part}" for short, _, _ in NINE.values() for part in ("M", "SD", "N")]
    write(
        project.folder / "resources/norms/words.csv",
        ["word", *norms],
        [
            [word, *(field for scale in NINE for field in (means[scale][place], 1.2, 30))]
            for place, word in enumerate(words)
        ],
    )
    write(
        project.folder / "resources/recorded/gpt-4-words.csv",
        ["word", *(column for _, column, _ in NINE.values())],
        [
            [word]
            + [
                8 - given[scale][place] if scale == "familiarity" else given[scale][place]
                for scale in NINE
            ]
            for place, word in enumerate(words)
        ],
    )
    walk(project, 2)

    found = alignment(project, "gpt-4-words").set_index("scale")
    assert set(found.index) == set(NINE)
    expected = {scale: np.corrcoef(means[scale], given[scale])[0, 1] for scale in NINE}
    assert found["pearson_r"].to_dict() == pytest.approx(expected)
    assert set(found["n_ok"]) == {40}
    told = page(project, "gpt-4-words")
    assert "GPT-4" in told
    assert "The prompts, temperature, seeds and dates of these ratings are not recorded" in told
    assert "familiarity: 7 to 1 mapped linearly" in told
    assert not (project.folder / "results/journal").exists()


def test_trials_of_five_models_on_images_that_are_not_there(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    draw = random.Random(16)
    images = [f"Scene {number}" for number in range(30)]
    people = {image: draw.uniform(1.5, 6.5) for image in images}
    header = ["", "Theme", "Category", "Source"]
    header += [
        f"{scale}_{part}" for scale in ("Valence", "Arousal") for part in ("mean", "SD", "N")
    ]
    norms = project.folder / "resources/oasis/OASIS.csv"
    write(
        norms,
        header,
        [
            [
                f"I{place}",
                image,
                "Scene",
                "Pixabay",
                people[image],
                1.1,
                100,
                8 - people[image],
                1.3,
                99,
            ]
            for place, image in enumerate(images, 1)
        ],
    )
    card = YAML(typ="safe").load(CATALOGUE / "datasets/oasis.yaml")
    checksum = hashlib.sha256(norms.read_bytes()).hexdigest()
    card["source"]["norms"]["sha256"] = checksum
    project.write("config/datasets/oasis.yaml", card)

    rows: list[list[object]] = []
    for model in FIVE:
        for image in images[:-2] if model == FIVE[4] else images:
            for scale in ("valence", "arousal"):
                middle = people[image] if scale == "valence" else 8 - people[image]
                for trial in range(3):
                    rating = min(max(round(middle + draw.gauss(0, 1)), 1), 7)
                    said = json.dumps({"rating": rating, "reasoning": f'It is "{scale}", I think.'})
                    if trial == 1:
                        said = f"```json\n{said}\n```"
                    name = f"{image}.jpg"
                    if trial == 2 and image == images[0]:
                        rows.append([model, "base", name, scale, "", "refused"])
                    else:
                        rows.append([model, "base", name, scale, said, 0])
                rows.append([model, "primed", name, scale, '{"rating": 7}', 0])
    write(
        project.folder / "resources/recorded/trials.csv",
        ["engine_name", "condition", "image", "dimension", "response", "outcome"],
        rows,
    )
    walk(project, 3)

    found = alignment(project, "five-models")
    names = {"GPT-4o", "Claude-3.5-Sonnet", "Gemini-1.5-Pro", "Llama-3.1-405B", "Qwen2-VL"}
    assert set(found["model"]) == names
    assert len(found) == 10
    assert set(found["n_items"]) == {28}
    assert set(found["n_ok"]) == {28 * 3 - 1}
    assert set(found["n_refusal"]) == {1}
    assert set(found["n_unparsable"]) == {0}
    trials = pd.DataFrame(rows, columns=["model", "condition", "image", "scale", "said", "outcome"])
    trials = trials[(trials["condition"] == "base") & (trials["outcome"] == 0)]
    trials["rating"] = trials["said"].str.extract(r'"rating": (\d)').astype(float)
    cell = trials[(trials["model"] == "Gemini 1.5 Pro") & (trials["scale"] == "valence")]
    means = cell.groupby("image")["rating"].mean().drop([f"{image}.jpg" for image in images[-2:]])
    norm = [people[name.removesuffix(".jpg")] for name in means.index]
    r = found.set_index(["model", "scale"]).loc[("Gemini-1.5-Pro", "valence"), "pearson_r"]
    assert r == pytest.approx(np.corrcoef(means, norm)[0, 1])

    stimuli = STIMULI.read(project.folder / "results/five-models/stimuli/oasis.parquet")
    assert list(stimuli["image_path"])[:1] == ["resources/oasis/images/Scene 0.jpg"]
    assert stimuli["image_sha256"].isna().all()
    log = project.folder / "results/five-models/logs/prepare_stimuli/oasis.log"
    assert "28 of 30 items have recorded answers from every model" in log.read_text(
        encoding="utf-8"
    )
    told = page(project, "five-models")
    assert "resources/recorded/trials.csv, rows where condition is base" in told
    assert "The answers of GPT-4o (168), Claude 3.5 Sonnet (168), Gemini 1.5 Pro (168), " in told
    assert "Of 30 images, 2 without answers by every recorded model were excluded." in told
    assert (
        "were read by the rule that their card declares: the value of "
        "&#34;rating&#34; in a JSON object."
    ) in told
