"""A study of people who are known by name, from their ratings to the report, which names nobody."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.stimuli.readers.base import rater_code
from emoalign.tables import ALIGNMENT, NORMS, RELIABILITY
from tests.kit.project import SMALL, Project, new_project

NAMES = ("Annabel Ondine", "Bartholomew Quist", "Clementine Vos", "Diederik Zaal", "Eulalia Wren")
WORDS = ("joy", "woe", "sun", "mud", "pie", "war", "kiss", "tax", "song", "flea", "rest", "debt")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study of words that five people rated, each in a row with the name."""
    project = new_project(tmp_path_factory.mktemp("known"))
    rng = np.random.default_rng(4)
    felt = rng.uniform(2, 8, len(WORDS))
    rows = [
        {"nr": nr, "word": word, "who": name, "v": round(float(np.clip(mean + shift, 1, 9)))}
        for nr, (word, mean) in enumerate(zip(WORDS, felt, strict=True), 1)
        for name, shift in zip(NAMES, rng.normal(0, 1, len(NAMES)), strict=True)
    ]
    table = project.folder / "resources/known/ratings.csv"
    table.parent.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(table, index=False)
    card = {
        "title": "Words of ours",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": "resources/known/ratings.csv"},
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
    project.write("config/datasets/known.yaml", card)
    protocol = {"name": "sheet", "prompts": "rating-sheet", "participants": 3}
    project.edit(
        SMALL,
        models=["model-a"],
        datasets=[{"dataset": "known"}],
        protocols=[protocol | {"readouts": ["sampled", "exact"]}],
        figures=["correlations", "heatmap", "means"],
    )
    project.run()
    return project


def test_people_are_told_apart(known: Project) -> None:
    (row,) = RELIABILITY.read(known.results / "statistics/reliability.parquet").to_dict("records")
    assert row["reliability_source"] == "icc_c"
    assert row["one_human_r"] > 0.5
    cells = ALIGNMENT.read(known.results / "statistics/alignment.parquet")
    assert set(cells["reliability_source"]) == {"icc_c"}
    page = (known.results / "report.html").read_text(encoding="utf-8")
    assert "ICC(C,k), from single ratings of identified raters" in page
    assert "one person" in page


def contents(path: Path) -> bytes:
    """All that a file says: tables as text, and what a page carries packed."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_json().encode()
    found = path.read_bytes()
    if path.suffix == ".gz":
        found = gzip.decompress(found)
    for packed in re.findall(rb'<script type="text/plain"[^>]*>(.*?)</script>', found):
        found += gzip.decompress(base64.b64decode(packed))
    return found


def test_nobody_is_named_in_any_file_and_codes_stand_in_the_norms_alone(known: Project) -> None:
    norms = known.results / "norms/known.parquet"
    codes = {code for of_item in NORMS.read(norms)["raters"] for code in of_item}
    assert codes == set(map(rater_code, NAMES))
    made = [
        path
        for folder in (known.folder / "results", known.folder / ".snakemake")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".gguf", ".png"}
    ]
    assert {".csv", ".html", ".parquet", ".json"} <= {path.suffix for path in made}
    for path in made:
        said = contents(path)
        assert not any(name.encode() in said for name in NAMES), path
        assert path == norms or not any(code.encode() in said for code in codes), path
