"""A job imports what it computes with and nothing else: most of a short job is starting Python."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("duckdb", "matplotlib", "openai", "plotly", "scipy.stats", "sklearn"),
    *("torch", "transformers", "vllm", "xllamacpp"),
}
NEEDED = {
    "aggregate_items": {"duckdb"},
    "gather_data": set(),
    "plan": {"scipy.stats"},
    "predict_baseline": set(),
    "preregister": {"scipy.stats"},
    "prepare_stimuli": set(),
    "rate": set(),
    "train_baseline": set(),
    "write_manifest": set(),
    "write_publication": set(),
    "write_report": {"duckdb", "plotly"},
}
"""What these scripts import of it before they know their job; engines import theirs afterwards."""


@pytest.mark.parametrize(
    "script", sorted((ROOT / "workflow/scripts").glob("*.py")), ids=lambda script: script.stem
)
def test_a_script_imports_what_takes_long_where_ctrl_c_is_heeded(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["from emoalign.stage import stage"]


@pytest.mark.parametrize("script", NEEDED)
def test_a_script_imports_nothing_heavy_that_its_job_does_not_need(script: str) -> None:
    tree = ast.parse((ROOT / "workflow/scripts" / f"{script}.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    lines = [*map(ast.unparse, imports), "import sys", "print(*sys.modules)"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) & HEAVY <= NEEDED[script]
