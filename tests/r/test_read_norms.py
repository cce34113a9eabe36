"""The R script beside estimated norms: it reads every word, joins them with data, regresses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import FilesJob
from emoalign.analyses.estimates.files import SCRIPT_FILE, write_files, write_script
from emoalign.analyses.estimates.wide import wide_table
from emoalign.statistics.corrected_predictor import design_based_predictor
from tests.kit.filed import WORDS, dataset, sources, written

pytestmark = pytest.mark.r

LOCALES = ("C", "C.UTF-8")
"""Of the machine: R writes and compares texts by it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder estimates of a study with words that tools mangle, of two datasets."""
    study = written(tmp_path_factory.mktemp("results"))
    for kind in ("estimates", "items", "norms", "stimuli"):
        shutil.copy(study / kind / "d.parquet", study / kind / "restricted.parquet")
    datasets = {"d": dataset(), "restricted": dataset(redistribute=False)}
    write_files(FilesJob(datasets=datasets, coverage=0.9), AnalysisFiles.within(study))
    return study / "estimates"


def ran(script: str, folder: Path, locale: str = "C.UTF-8") -> str:
    """What R prints after read.R; texts as JSON in ASCII (`told`)."""
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", f'source("{SCRIPT_FILE}"); {TOLD}; {script}'],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": locale},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


TOLD = """
told <- function(values) {
  points <- function(text) paste(utf8ToInt(enc2utf8(as.character(text))), collapse = ",")
  write(paste(ifelse(is.na(values), "NA", paste0("[", sapply(values, points), "]"))), "")
}"""
"""A function in R that prints texts as lists of code points, whatever the locale."""


def texts(printed: str) -> list[str | None]:
    """The texts that `told` printed."""
    lines = printed.splitlines()
    return [None if line == "NA" else "".join(map(chr, json.loads(line))) for line in lines]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", ["d", "restricted"])
def test_r_reads_every_word(name: str, locale: str, folder: Path) -> None:
    rows = wide_table(dataset(), sources()).rows
    assert texts(ran(f"told(norms${name}$Word)", folder, locale)) == rows["Word"].tolist()
    assert texts(ran(f"told(norms${name}$id)", folder, locale)) == rows["id"].tolist()


def test_r_reads_every_number_and_every_name_of_a_column(folder: Path) -> None:
    table = wide_table(dataset(), sources())
    assert texts(ran("told(names(norms$d))", folder)) == list(table.rows)
    script = "write.table(format(Filter(is.numeric, norms$d), digits = 17), sep = ';', quote = F)"
    lines = [line.split(";")[1:] for line in ran(script, folder).splitlines()[1:]]
    found = np.array(
        [[float(cell) if cell.strip() != "NA" else np.nan for cell in line] for line in lines]
    )
    numeric = [variable.name for variable in table.variables if variable.type != "text"]
    expected = table.rows[numeric].astype(float).to_numpy()
    np.testing.assert_allclose(found, expected, rtol=4e-16, atol=0)
    flags = [None if flag is None else str(flag) for flag in table.rows["Valence.flags"]]
    assert texts(ran("told(norms$d$Valence.flags)", folder)) == flags


@pytest.mark.parametrize("locale", LOCALES)
def test_words_of_data_find_their_norms_as_written_then_in_any_case(
    locale: str, folder: Path
) -> None:
    words = ["NA", "WORD01", "=sum", "café", "Ünder", "CAFÉ", "true", "word02", "ÜNDER", "no such"]
    pd.DataFrame({"word": words, "id": range(10)}).to_csv(folder / "mine.csv", index=False)
    script = """
      mine <- read.csv("mine.csv", na.strings = "", encoding = "UTF-8")
      joined <- withCallingHandlers(with_norms(mine, norms$d, by = "word"), warning = function(w) {
        told(sub("^([0-9]+).*", "\\\\1", conditionMessage(w))); invokeRestart("muffleWarning")
      })
      told(joined$Word); told(joined$id); told(joined$id.norms)"""
    count, *rest = texts(ran(script, folder, locale))
    # ÜNDER is Ünder or ünder; to the locale C, É and Ü are no letters.
    cafe, under = (None, "Ünder") if locale == "C" else ("café", None)
    found = ["NA", "word01", "=sum", "café", "Ünder", cafe, "true", "word02", under, None]
    assert rest[:10] == found
    assert rest[10:20] == [str(place) for place in range(10)]
    named = dict(zip(sources().stimuli["text"], sources().stimuli["item_id"], strict=True))
    assert rest[20:] == [named.get(word) for word in found]
    assert count == str(found.count(None))


def planted(n: int = 600, seed: int = 4) -> pd.DataFrame:
    """Words of which people rated some, and a reaction time to each."""
    rng = np.random.default_rng(seed)
    people = rng.normal(5, 1.5, n)
    length = rng.integers(3, 9, n)
    chance = np.where(length < 6, 0.5, 0.25)
    rows = pd.DataFrame({"people": people, "length": length, "chance": chance})
    rows["Valence.M"] = 0.6 * people + 2 + rng.normal(0, 0.8, n)
    rows["RT"] = 600 - 12 * people + 9 * length + rng.normal(0, 30, n) + 20 * rows["Valence.M"]
    return rows.assign(people=rows["people"].where(rng.random(n) < chance))


def solved(rows: pd.DataFrame, chance: pd.Series) -> np.ndarray:
    """Coefficients and errors of DSL, item by item, from the equations in PROCEDURES 2.4."""
    size, products, moments = 3, np.zeros((3, 3)), np.zeros(3)
    parts = []
    for (_, row), p in zip(rows.iterrows(), chance, strict=True):
        f = np.array([1, row["Valence.M"], row["length"]])
        part = [(1.0, f)]
        if np.isfinite(row["people"]):
            v = np.array([1, row["people"], row["length"]])
            part += [(1 / p, v), (-1 / p, f)]
        parts.append((row["RT"], part))
        products += sum(weight * np.outer(x, x) for weight, x in part)
        moments += sum(weight * x * row["RT"] for weight, x in part)
    value = np.linalg.solve(products, moments)
    meat = np.zeros((size, size))
    for y, part in parts:
        moment = sum(weight * x * (y - x @ value) for weight, x in part)
        meat += np.outer(moment, moment)
    n = len(rows)
    spread = np.linalg.inv(products) @ meat @ np.linalg.inv(products) * n / (n - size)
    return np.column_stack([value, np.sqrt(np.diag(spread))])


@pytest.mark.parametrize("known", [True, False])
def test_the_regression_is_that_of_its_equations(known: bool, folder: Path) -> None:
    rows = planted()
    rows.to_csv(folder / "planted.csv", index=False)
    chance = rows["chance"] if known else pd.Series(rows["people"].notna().mean(), rows.index)
    named = ', "chance"' if known else ""
    script = f"""
      mine <- read.csv("planted.csv")
      found <- dsl(RT ~ Valence.M + length, mine, "Valence.M", "people"{named})
      told(rownames(found)); write(formatC(t(found), digits = 17), "", 4)"""
    lines = ran(script, folder).splitlines()
    assert texts("\n".join(lines[:3])) == ["(Intercept)", "Valence.M", "length"]
    found = np.array([line.split() for line in lines[3:]], dtype=float)
    expected = solved(rows, chance)
    np.testing.assert_allclose(found[:, :2], expected, rtol=1e-9)
    half = 1.959963984540054 * expected[:, 1:]
    names = ["RT", "length", "Valence.M", "people"]
    y, further, model, people = (rows[name].to_numpy(dtype=float) for name in names)
    ours = design_based_predictor(y, further[:, None], model, people, chance.to_numpy())
    np.testing.assert_allclose(found[:, :2], np.column_stack([ours.values, ours.errors]), rtol=1e-9)
    np.testing.assert_allclose(found[:, 2:], expected[:, :1] + half * [-1, 1], rtol=1e-9)


def test_the_regression_refuses_probabilities_that_are_none(folder: Path) -> None:
    planted().assign(chance=0).to_csv(folder / "planted.csv", index=False)
    with pytest.raises(AssertionError, match="probabilities of rows that people rated"):
        ran('dsl(RT ~ Valence.M, read.csv("planted.csv"), "Valence.M", "people", "chance")', folder)


def test_the_example_runs_as_it_stands_and_its_lm_is_least_squares(folder: Path) -> None:
    to_rate = pd.read_csv(folder / "to_rate.csv", dtype=str, keep_default_na=False)
    rng = np.random.default_rng(8)
    word = pd.Series(WORDS).map(
        lambda text: f"'{text}" if re.match("'*[=+@\t\r\n-]", text) else text
    )
    mine = pd.DataFrame({"word": word, "RT": rng.normal(600, 40, len(WORDS))})
    mine.to_csv(folder / "my-data.csv", index=False, quoting=2)
    people = pd.DataFrame({"word": to_rate["word"], "people": rng.uniform(1, 9, len(to_rate))})
    people.to_csv(folder / "rated.csv", index=False, quoting=2)
    lines = (folder / SCRIPT_FILE).read_text(encoding="utf-8").splitlines()
    example = "\n".join(line.removeprefix("##") for line in lines if line.startswith("##"))
    assert "lm(" in example
    printed = ran(
        f"{example.replace('summary(lm', 'coef(lm').replace('dsl(', 'print(dsl(', 1)})", folder
    )
    table = wide_table(dataset(), sources()).rows.set_index("Word").loc[list(WORDS)]
    design = np.column_stack([np.ones(len(mine)), table["Valence.M"], [len(w) for w in WORDS]])
    expected = np.linalg.lstsq(design, mine["RT"], rcond=None)[0]
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", printed)]
    np.testing.assert_allclose(numbers[:3], expected, rtol=1e-5)
    assert len(numbers) == 3 + 3 * 4


def test_the_script_is_the_same_in_every_study(folder: Path, tmp_path: Path) -> None:
    write_script(tmp_path / SCRIPT_FILE)
    assert (tmp_path / SCRIPT_FILE).read_bytes() == (folder / SCRIPT_FILE).read_bytes()
