"""Queries about rating files: one database for all, with one limit of memory."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.retest.analysis import RetestJob
from emoalign.analyses.retest.compare_waves import read_arrived
from emoalign.elicitation.doubts import Asked, doubts, few_ratings
from emoalign.errors import DataError
from emoalign.report import answers
from emoalign.tables import RATINGS, ratings_database

SOURCES = Path(__file__).parents[2] / "src/emoalign"
Query = Callable[[Sequence[Path]], object]
HOME = SOURCES / "tables/ratings_database.py"


def opens(tree: ast.AST) -> bool:
    """Whether a module calls something of DuckDB's own, rather than naming its types."""
    names = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "duckdb"
    }
    imported = any(
        isinstance(node, ast.ImportFrom) and node.module == "duckdb" for node in ast.walk(tree)
    )
    return bool(names) or imported


def test_one_module_alone_opens_duckdb() -> None:
    found = [
        path
        for path in sorted(SOURCES.rglob("*.py"))
        if "duckdb" in (text := path.read_text(encoding="utf-8")) and opens(ast.parse(text))
    ]
    assert found == [HOME]


def written(folder: Path, rows: int = 60, **columns: Any) -> Path:
    """A file of ratings: 20 answers to each item, each with a reply id of its own."""
    number = np.arange(rows)
    table = pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            "model": "m",
            "protocol": "p",
            "dataset": "d",
            "scale": "valence",
            "readout": "sampled",
            "status": "ok",
            "item_id": [f"item-{each // 20}" for each in number],
            "participant": number % 20,
            "rating": number % 9 + 1.0,
            "request_id": [f"{each // 20:064x}" for each in number],
            "reply_id": [f"reply-{each:030d}" for each in number],
            "prompt_tokens": 10,
            "latency_s": number / 1000,
            "received": "2026-11-29",
            "model_reported": "m",
            **columns,
        }
    )
    path = folder / "ratings.parquet"
    RATINGS.write(table, path)
    return path


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The settings under which each query ran, in their order."""
    seen: list[tuple[object, ...]] = []
    opened = duckdb.connect

    def connect(**options: Any) -> duckdb.DuckDBPyConnection:
        database = opened(**options)
        settings = "memory_limit", "threads", "temp_directory"
        asked = ", ".join(f"current_setting('{name}')" for name in settings)
        found = database.execute(f"SELECT {asked}").fetchone()
        assert found is not None
        seen.append(found)
        return database

    monkeypatch.setattr(duckdb, "connect", connect)
    return seen


def received(files: Sequence[Path]) -> object:
    """What the report's query about days finds."""
    return answers._asked(answers._RECEIVED, files)


def arrived(files: Sequence[Path]) -> object:
    """What the analysis of waves reads of ratings."""
    pairs = (("p", "q"),)
    job = RetestJob(datasets={}, seed=1, bootstrap_resamples=10, pairs=pairs)
    return read_arrived(files, job)


@pytest.mark.parametrize("query", [few_ratings, received, arrived])
def test_queries_have_one_limit_and_spill_beside_the_ratings(
    query: Query, tmp_path: Path, limits: list[tuple[object, ...]]
) -> None:
    query([written(tmp_path)])
    assert limits
    for memory, threads, spill in limits:
        assert memory == "572.2 MiB"  # 600 MB
        assert threads == 1
        assert Path(str(spill)).parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["ratings.parquet"]


@pytest.mark.parametrize("query", [few_ratings, received, arrived])
def test_queries_name_the_file_that_is_damaged(query: Query, tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"ratings\.parquet: incomplete Parquet file"):
        query([path])


def test_doubts_need_little_memory_for_many_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, 400_000)
    monkeypatch.setattr(ratings_database, "MEMORY_LIMIT", "50MB")
    assert doubts([path], Asked({"m": None}, {"p": 1.0})) == []


@pytest.mark.parametrize(
    ("columns", "copies"),
    [
        ({}, 0),
        ({"reply_id": None}, 0),
        # One request that several choices answer: all but the first have no tokens of the prompt.
        ({"reply_id": [f"{n // 20}" for n in range(60)], "latency_s": 1.0}, 3),
        (
            {
                "reply_id": [f"{n // 20}" for n in range(60)],
                "latency_s": 1.0,
                "prompt_tokens": [10 if n % 20 == 0 else 0 for n in range(60)],
            },
            0,
        ),
        ({"reply_id": [f"{n % 20}" for n in range(60)], "latency_s": 1.0}, 20),
        (
            {
                "reply_id": [f"{n // 2}" for n in range(60)],
                "prompt_tokens": 0,
                "request_id": "one",
            },
            30,
        ),
        # The exact answer has no participant, and is another request's than the sampled ones.
        (
            {
                "reply_id": [f"{n // 2}" for n in range(60)],
                "latency_s": 1.0,
                "participant": [None if n % 2 else 0 for n in range(60)],
            },
            30,
        ),
    ],
)
def test_replies_with_one_id_are_copies_unless_one_request_made_them(
    columns: dict[str, Any], copies: int, tmp_path: Path
) -> None:
    told = doubts([written(tmp_path, **columns)], Asked({}, {}))
    assert [each.split()[0] for each in told] == ([str(copies)] if copies else [])
