"""A dataset whose terms forbid to show its items, and whose ids are the items: nothing tells them.

A study is run twice: with leave to show items, so that the search is known to find them where they
are, and without it.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emoalign.tables import ITEMS, STIMULI
from tests.kit.project import SMALL, Project, new_project

pytestmark = pytest.mark.slow

CARD = "config/datasets/secret.yaml"
TABLE = "resources/secret/words.csv"
WORDS = tuple(
    f"{first}{second}"
    for first in ("zorv", "Quélb", "mixu")
    for second in ("ulan", "opse", "itra", "emmow", "aggup", "innyf")
)
HIDDEN = ("stimuli", "ratings")
"""Folders of results that hold the items, as the documentation says."""


def words(raters: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    base = rng.integers(2, 9, len(WORDS))
    people = {
        f"r{rater}": np.clip(base + rng.integers(-1, 2, len(WORDS)), 1, 9)
        for rater in range(raters)
    }
    kinds = {"kind": ["noun", "verb"] * (len(WORDS) // 2)}
    return pd.DataFrame({"word": WORDS, "lemma": WORDS} | kinds | people)


def recorded(columns: dict[str, str]) -> dict[str, object]:
    return {
        "title": "Recorded",
        "engine": "recorded",
        "source": {"file": "resources/secret/recorded.csv"},
        "columns": {"participant": "person", "rating": "r", **columns},
        "scale": "valence",
    }


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """A finished study that may show its items, and the same after leave was taken away."""
    shown = new_project(tmp_path_factory.mktemp("shown"))
    card = {
        "title": "Secret words",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": TABLE},
            "id": "word",
            "text": "word",
            "cluster": "lemma",
            "stratum": "kind",
            "columns_are_raters": True,
            "scales": {"valence": {"ratings": ["r0", "r1", "r2", "r3"]}},
        },
        "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more positive"}},
        "licence": "none",
        "citation": "@misc{secret}",
        "redistribute": True,
    }
    shown.write(CARD, card)
    shown.write("config/models/by-id.yaml", recorded({"item": "word"}))
    shown.write("config/models/by-text.yaml", recorded({"text": "word"}))
    sheet = {"name": "sheet", "prompts": "rating-sheet", "participants": 2}
    shown.edit(
        SMALL,
        models=["model-a", "by-id", "by-text"],
        datasets=[{"dataset": "secret", "sample": 16}],
        protocols=[sheet],
        figures=None,
    )
    (shown.folder / TABLE).parent.mkdir(parents=True)
    table = words()
    table.to_csv(shown.folder / TABLE, index=False)
    rows = [
        {"word": word, "person": f"p{person}", "r": 1 + place * person % 9}
        for place, word in enumerate([*WORDS, "zorvstranger"])
        for person in (1, 2)
    ]
    pd.DataFrame(rows).to_csv(shown.folder / "resources/secret/recorded.csv", index=False)
    shown.run()
    restricted = shown.copied(tmp_path_factory.mktemp("restricted") / "project")
    restricted.edit(CARD, redistribute=False)
    restricted.run()
    return shown, restricted


def content(path: Path) -> str:
    """All that a file says, unpacked: tables, what a page carries, texts in figures."""
    raw = path.read_bytes()
    parts = [raw.decode("utf-8", errors="replace")]
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        parts += [table.to_json(force_ascii=False), str(table.columns.tolist())]
    if path.suffix == ".html":
        packed = re.findall(rb"H4sI[A-Za-z0-9+/=]{20,}", raw)
        parts += [
            gzip.decompress(base64.b64decode(one)).decode("utf-8", errors="replace")
            for one in packed
        ]
    if path.suffix == ".png":
        with Image.open(io.BytesIO(raw)) as image:
            parts.append(str(image.info))
    if path.suffix == ".pdf":
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL):
            try:
                text = zlib.decompress(stream).decode("latin-1")
            except zlib.error:
                continue
            # A word may be in pieces, with numbers for the room between them.
            shown = "".join(re.findall(r"\(((?:[^()\\]|\\.)*)\)", text))
            parts.append(shown.replace("\0", ""))
    return "\n".join(parts).casefold()


def telling(folder: Path) -> dict[str, set[str]]:
    """The files of a folder that hold words of the dataset, each with these words."""
    stems = {word.casefold() for word in WORDS} | {"zorvstranger", "qu\\u00e9lb", "qu\\xe9lb"}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held = content(path)
            there = {stem for stem in stems if stem in held}
            if there:
                found[str(path.relative_to(folder))] = there
    return found


def test_the_search_finds_words_where_they_may_be_shown(projects: tuple[Project, Project]) -> None:
    shown, restricted = projects
    found = telling(shown.results)
    assert len(found["report.html"]) >= 16
    assert "items/secret.parquet" in found
    # Names of points are outlines in figures, which no search finds.
    means = "figures/secret/valence/means.png"
    assert (shown.results / means).read_bytes() != (restricted.results / means).read_bytes()


def test_nothing_but_stimuli_and_ratings_tells_a_restricted_word(
    projects: tuple[Project, Project],
) -> None:
    _, restricted = projects
    found = telling(restricted.results)
    assert {name for name in found if name.split("/")[0] not in HIDDEN} == set()
    assert "stimuli/secret.parquet" in found


def test_what_snakemake_writes_about_the_run_tells_none_either(
    projects: tuple[Project, Project],
) -> None:
    _, restricted = projects
    assert telling(restricted.folder / ".snakemake") == {}


def test_nobody_is_asked_again_and_the_same_items_are_rated(
    projects: tuple[Project, Project],
) -> None:
    shown, restricted = projects
    assert restricted.journal() == shown.journal()
    before, after = (
        STIMULI.read(project.results / "stimuli/secret.parquet") for project in projects
    )
    assert sorted(before["text"]) == sorted(after["text"])
    assert after["item_id"].str.fullmatch(r"[0-9a-f]{10}").all()
    assert after["item_id"].is_monotonic_increasing
    text_of = dict(zip(after["item_id"], after["text"], strict=True))
    rated_before, rated_after = (
        ITEMS.read(project.results / "items/secret.parquet") for project in projects
    )
    rated_after["item_id"] = rated_after["item_id"].map(text_of)
    columns = ["model", "scale", "readout", "item_id", "mean", "human_mean"]
    keys = columns[:4]
    pd.testing.assert_frame_equal(
        rated_before[columns].sort_values(keys).reset_index(drop=True),
        rated_after[columns].sort_values(keys).reset_index(drop=True),
    )
    assert set(rated_after["model"]) == {"model-a", "by-id", "by-text"}
    assert rated_after["mean"].notna().all()
