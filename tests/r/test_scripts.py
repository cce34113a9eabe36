"""The R script of `emoalign correct`: the same estimates, by base R alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from emoalign.commands.app import application
from tests.kit.rated_in_part import drawn, items


@pytest.mark.r
@pytest.mark.parametrize("length", ["length", "probability", "people", "line"])
@pytest.mark.parametrize("known", [False, True])
def test_the_script_in_r_finds_the_same_numbers(
    known: bool, length: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = drawn() if known else items()
    rows["frequency"] = 10 ** (6 + rows["z"])
    rows = rows.rename(columns={"z": "=z; '\"ü", "people": "human", "length": length})
    name = "=z; '\"ü"
    rows.to_csv("words.csv", index=False)
    named = ["--model", "gpt", "--people", "human", *(["--probability", "p"] if known else [])]
    asked = ["--by", "kind", "--with", name, "--on", f"frequency,{length}", "--out", "a folder"]
    done = CliRunner().invoke(application, ["correct", "words.csv", *named, *asked])
    assert done.exit_code == 0, done.output
    ran = subprocess.run(
        ["Rscript", "a folder/correct.R"], capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.rpartition("estimates.csv:")[2]) < 1e-8
    table = pd.read_csv("a folder/estimates.csv")
    assert len(table) == 8 * (3 if known else 4)
    changed = table.assign(estimate=table["estimate"] + 0.01)
    changed.to_csv("a folder/estimates.csv", index=False)
    again = subprocess.run(["Rscript", "a folder/correct.R"], capture_output=True, check=False)
    assert again.returncode != 0
