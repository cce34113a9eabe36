"""The R script of `emoalign correct`: the same estimates, by base R alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from emoalign.commands.app import application
from tests.kit.rated_in_part import drawn, items, with_outcome


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
    ran = repeat("a folder/correct.R")
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.rpartition("estimates.csv:")[2]) < 1e-8
    table = pd.read_csv("a folder/estimates.csv")
    assert len(table) == 8 * (3 if known else 4)
    changed = table.assign(estimate=table["estimate"] + 0.01)
    changed.to_csv("a folder/estimates.csv", index=False)
    assert repeat("a folder/correct.R").returncode != 0


@pytest.mark.r
@pytest.mark.parametrize("on", [(), ("--on", "frequency"), ("--on", "frequency,probability")])
@pytest.mark.parametrize("known", [False, True])
def test_the_script_in_r_finds_the_same_regressions_on_norms(
    known: bool, on: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intervals by bootstrap as well: R draws the same items."""
    monkeypatch.chdir(tmp_path)
    rows = with_outcome(drawn() if known else items())
    rows["frequency"] = 10 ** (6 + rows["z"])
    rows = rows.rename(columns={"people": "human", "gpt": "people", "length": "probability"})
    rows.loc[rows["human"].isna(), "people"] = float("nan")
    rows["rt"] = rows["rt"].round(-1)  # equal values, to be drawn in the same order
    rows.to_csv("words.csv", index=False)
    named = ["--model", "estimate", "--model", "people", "--people", "human", "--outcome", "rt"]
    drawn_with = ("--probability", "p") if known else ()
    given = ["correct", "words.csv", *named, *drawn_with, *on, "--out", "made"]
    done = CliRunner().invoke(application, given)
    assert done.exit_code == 0, done.output
    ran = repeat("made/correct.R")
    assert ran.returncode == 0, ran.stderr
    apart = re.findall(r"difference from (\w+).csv: (\S+)", ran.stdout)
    assert [name for name, _ in apart] == ["estimates", "substitution"]
    assert max(float(value) for _, value in apart) < 1e-8
    swapped = pd.read_csv("made/substitution.csv")
    assert swapped.loc[1:, ["ratio_low", "ratio_high"]].notna().all(axis=None)
    swapped.assign(ratio_low=swapped["ratio_low"] + 0.01).to_csv(
        "made/substitution.csv", index=False
    )
    assert repeat("made/correct.R").returncode != 0


@pytest.mark.r
def test_the_script_in_r_has_no_interval_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = with_outcome()
    rare = rows.groupby(rows["people"].notna()).cumcount() < 2
    rows.assign(rare=rare.astype(int)).to_csv("words.csv", index=False)
    named = ["--model", "estimate", "--people", "people", "--outcome", "rt", "--on", "rare"]
    done = CliRunner().invoke(application, ["correct", "words.csv", *named, "--out", "made"])
    assert "No interval of the ratio" in done.output
    assert repeat("made/correct.R").returncode == 0


def repeat(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["Rscript", script], capture_output=True, encoding="utf-8", check=False)
