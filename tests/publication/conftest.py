"""A bundle to open: made by the project in its environment, read here by others' libraries.

They are in the environment of `make test-publication`; nothing here runs without them.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

if importlib.util.find_spec("mlcroissant") is None:
    collect_ignore_glob = ["*"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a published study, of which one dataset may not be passed on."""
    folder = tmp_path_factory.mktemp("study")
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "tests.kit.published", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
