"""Estimated norms as files for people: no tool changes a word or a number, no cell is a formula."""

from __future__ import annotations

import csv
import logging
import re
import shutil
import zipfile
from dataclasses import replace
from io import StringIO
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import FilesJob
from emoalign.analyses.estimates.codebook import codebook
from emoalign.analyses.estimates.files import write_files
from emoalign.analyses.estimates.methods import methods
from emoalign.analyses.estimates.wide import Variable, WideTable, wide_table, write_wide_csv
from emoalign.analyses.estimates.workbook import LONGEST_TEXT, write_xlsx
from emoalign.tables import CODEBOOK, ESTIMATES, inert
from tests.kit.filed import HOSTILE, WORDS, dataset, estimation, sources, weights, written

APOSTROPHE = re.compile("'(?='*[=+@\t\r\n-])")
FORMULA = re.compile("[=+@\t\r\n-]")


def original(text: str) -> str:
    """A text of the CSV as it is in the dataset, as the codebook says."""
    return APOSTROPHE.sub("", text, count=1) if APOSTROPHE.match(text) else text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder estimates of a study with words that tools mangle."""
    study = written(tmp_path_factory.mktemp("results"))
    write_files(JOB, AnalysisFiles.within(study))
    return study / "estimates"


JOB = FilesJob(datasets={"d": dataset()}, coverage=0.9)
TABLE = wide_table(dataset(), sources())


def test_the_words_are_those_of_the_dataset_in_order_of_their_ids() -> None:
    named = dict(zip(sources().stimuli["item_id"], sources().stimuli["text"], strict=True))
    assert TABLE.rows["id"].tolist() == sorted(named)
    assert TABLE.rows["Word"].tolist() == [named[item] for item in sorted(named)]
    assert set(TABLE.rows["Word"]) == set(WORDS)


def test_columns_are_named_by_scale_and_model() -> None:
    of_models = ["SmolLM.2.plain.exact", "gpt-4.plain.sampled"]
    human = ["human.M", "human.SD", "human.N"]
    estimated = ["M", "SD", "low", "high", "rated", "flags"]
    assert list(TABLE.rows) == [
        *("id", "Word"),
        *(f"Arousal.{name}" for name in (*human, *of_models)),
        *(f"Valence.{name}" for name in (*estimated, *human, *of_models)),
    ]


def test_numbers_are_those_of_the_tables() -> None:
    made, rows = sources(), TABLE.rows.set_index("id")
    estimates = made.estimates.set_index("item_id").loc[rows.index]
    assert rows["Valence.M"].tolist() == estimates["mean"].tolist()
    assert rows["Valence.SD"].tolist() == estimates["sd"].tolist()
    assert rows["Valence.rated"].tolist() == estimates["rated"].astype(int).tolist()
    assert rows["Valence.flags"].tolist() == [";".join(f) or None for f in estimates["flags"]]
    norms = made.norms[made.norms["scale"] == "valence"].set_index("item_id")["mean"]
    pd.testing.assert_series_equal(
        rows["Valence.human.M"],
        norms.reindex(rows.index),
        check_names=False,
        check_index_type=False,
    )
    cell = made.items.query("scale == 'arousal' and model == 'gpt-4'").set_index("item_id")["mean"]
    pd.testing.assert_series_equal(
        rows["Arousal.gpt-4.plain.sampled"],
        cell.loc[rows.index],
        check_names=False,
        check_index_type=False,
    )


def test_people_s_norms_that_may_not_be_passed_on_have_no_columns() -> None:
    made = wide_table(dataset(redistribute=False), sources())
    assert not [name for name in made.rows if ".human." in name]
    assert "Word" in made.rows
    assert "Word" not in wide_table(dataset(), sources(), texts=False).rows


@pytest.mark.parametrize(("modality", "header"), [("sentence", "Text"), ("image", "Image")])
def test_sentences_and_images_have_a_column_of_their_own_name(modality: str, header: str) -> None:
    made = sources()
    pictured = made.stimuli.assign(text=None, image_path="pictures/Dog 6.jpg")
    made = replace(made, stimuli=pictured) if modality == "image" else made
    rows = wide_table(dataset().model_copy(update={"modality": modality}), made).rows
    assert list(rows)[1] == header
    assert modality == "sentence" or set(rows["Image"]) == {"Dog 6"}


def test_no_two_columns_have_one_name_in_any_case() -> None:
    made = sources()
    doubled = made.items.query("scale == 'arousal'").assign(scale="Valence")
    two_ways = [("a.b", "c"), ("a", "b.c")]
    dotted = [
        doubled.query("model == 'gpt-4'").assign(model=model, protocol=protocol)
        for model, protocol in two_ways
    ]
    table = wide_table(
        dataset(scales=("Valence", "valence")),
        replace(made, items=pd.concat([made.items, doubled, *dotted])),
    )
    assert len({name.casefold() for name in table.rows}) == len(table.variables)
    assert {"Valence.a.b.c.sampled", "Valence.a.b.c.sampled_2"} <= set(table.rows)
    rows = codebook("d", dataset(scales=("Valence", "valence")), table, 0.9)
    assert rows["variable"].tolist() == list(table.rows)


def cells(path: Path) -> list[list[str]]:
    return list(csv.reader(StringIO(path.read_bytes().decode(), newline=""), strict=True))


def test_the_csv_is_utf_8_without_bom_with_line_feeds_and_texts_in_quotes(folder: Path) -> None:
    raw = (folder / "d.csv").read_bytes()
    assert raw.startswith(b'"id","Word","Arousal')
    assert raw.endswith(b"\n")
    assert b"\r" not in raw
    header, *rows = cells(folder / "d.csv")
    assert header == list(TABLE.rows)
    assert [original(row[1]) for row in rows] == TABLE.rows["Word"].tolist()
    assert b'," padded ",' in raw
    assert b',"say ""hi""",' in raw


def test_no_cell_of_a_csv_begins_like_a_formula_and_ids_are_kept(folder: Path) -> None:
    for name in ("d.csv", "codebook.csv", "to_rate.csv"):
        header, *rows = cells(folder / name)
        numeric = {place for place, column in enumerate(header) if "." in column}
        for row in rows:
            assert not [
                cell
                for place, cell in enumerate(row)
                if place not in numeric and FORMULA.match(cell)
            ]
    found = [original(row[0]) for row in cells(folder / "d.csv")[1:]]
    assert found == TABLE.rows["id"].tolist()


@given(st.lists(st.text(alphabet="'=+-@\t\nx", max_size=5), unique=True, min_size=1))
def test_texts_that_are_made_inert_can_be_told_apart_and_are_found_again(texts: list[str]) -> None:
    shown = inert(pd.DataFrame({"text": texts}))["text"].tolist()
    assert not [text for text in shown if FORMULA.match(text)]
    assert [original(text) for text in shown] == texts


def same(found: pd.DataFrame) -> None:
    """Check that a table is the wide table: texts, numbers to the last digit, missing values."""
    assert list(found) == list(TABLE.rows)
    for variable in TABLE.variables:
        there, expected = found[variable.name], TABLE.rows[variable.name]
        assert [None if pd.isna(value) else value for value in there] == [
            None if pd.isna(value) else value for value in expected
        ], variable.name


def test_pandas_reads_every_column_by_the_types_of_the_codebook(folder: Path) -> None:
    kinds = {"text": "str", "number": "float64", "integer": "Int64"}
    described = pd.read_csv(folder / "codebook.csv")
    found = pd.read_csv(
        folder / "d.csv",
        keep_default_na=False,
        na_values=[""],
        dtype=dict(zip(described["variable"], described["type"].map(kinds), strict=True)),
    )
    for name in ("id", "Word"):
        found[name] = found[name].map(original)
    same(found)


def test_the_lines_of_python_on_the_page_read_every_word(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[2] / "docs/using-norms.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    [lines] = [block for block in blocks if "warriner.csv" in block]
    shutil.copy(folder / "d.csv", tmp_path / "warriner.csv")
    monkeypatch.chdir(tmp_path)
    names: dict[str, pd.DataFrame] = {}
    exec(lines, names)
    assert names["norms"]["Word"].tolist() == TABLE.rows["Word"].tolist()
    assert names["norms"]["Valence.M"].tolist() == TABLE.rows["Valence.M"].tolist()


def test_duckdb_reads_every_word_and_number(folder: Path) -> None:
    kinds = {"text": "VARCHAR", "number": "DOUBLE", "integer": "BIGINT"}
    types = {variable.name: kinds[variable.type] for variable in TABLE.variables}
    found = duckdb.read_csv(str(folder / "d.csv"), dtype=types, header=True).df()
    for name in ("id", "Word"):
        found[name] = found[name].map(original)
    same(found)


def test_openpyxl_reads_every_word_and_number_of_the_sheet(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "d.xlsx")["norms"]
    header, *rows = sheet.iter_rows()
    kinds = {cell.data_type for row in rows for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}
    values = [[cell.value for cell in row] for row in rows]
    same(pd.DataFrame(values, columns=[cell.value for cell in header], dtype=object))


def test_calamine_reads_every_word_of_the_sheet(folder: Path) -> None:
    book = CalamineWorkbook.from_path(folder / "d.xlsx")
    assert book.sheet_names == ["norms", "codebook", "methods"]
    header, *rows = book.get_sheet_by_name("norms").to_python()
    place = header.index("Word")
    assert [row[place] for row in rows] == TABLE.rows["Word"].tolist()


def test_nothing_in_the_workbook_is_a_formula_or_a_link(folder: Path) -> None:
    with zipfile.ZipFile(folder / "d.xlsx") as archive:
        for name in archive.namelist():
            assert not re.search(rb"<f[ >]|<hyperlink|externalLink", archive.read(name)), name


@pytest.mark.parametrize("redistribute", [True, False])
@pytest.mark.parametrize("modality", ["word", "sentence", "image"])
def test_the_codebook_has_a_row_for_each_column_and_its_limits_hold(
    modality: str, redistribute: bool
) -> None:
    card = dataset(redistribute=redistribute).model_copy(update={"modality": modality})
    table = wide_table(card, sources())
    rows = codebook("d", card, table, 0.925)
    assert list(rows) == CODEBOOK.schema.names
    assert rows["variable"].tolist() == list(table.rows)
    assert rows["label"].notna().all()
    assert rows["source"].notna().all()
    for row, values in zip(rows.itertuples(), table.rows.items(), strict=True):
        known = values[1].dropna()
        assert len(known) == len(values[1]) or isinstance(row.missing, str)
        if row.type == "text":
            assert all(isinstance(value, str) for value in known)
            continue
        assert pd.isna(row.minimum) or known.min() >= row.minimum
        assert pd.isna(row.maximum) or known.max() <= row.maximum
        assert row.type == "number" or all(float(value).is_integer() for value in known)
    low = rows.set_index("variable").loc["Valence.low"]
    assert "92.5%" in low["label"]
    assert (low["minimum"], low["maximum"]) == (1, 9)
    assert low["unit"] == "points of a scale from 1 to 9"


def test_the_codebook_says_where_a_model_s_means_are_from_and_whose_norms_they_are() -> None:
    rows = codebook("d", dataset(), TABLE, 0.9).set_index("variable")
    of_model = rows.loc["Valence.SmolLM.2.plain.exact"]
    assert of_model["source"] == "SmolLM.2, protocol plain: exact probabilities"
    assert "probability" in of_model["formula"]
    assert "Warriner, A. B., & Kuperman, V. (2013)" in rows.loc["Valence.human.M", "citation"]
    assert "Warriner" not in str(rows.loc["Valence.M", "citation"])


def test_a_citation_that_is_no_bibtex_is_given_as_it_is() -> None:
    card = dataset().model_copy(update={"citation": "Somebody's\n thesis"})
    rows = codebook("d", card, TABLE, 0.9).set_index("variable")
    assert rows.loc["Word", "citation"] == "Somebody's thesis"


def test_the_codebook_of_the_study_is_that_of_its_sheets(folder: Path) -> None:
    of_study = pd.read_csv(folder / "codebook.csv", dtype=str, keep_default_na=False)
    assert set(of_study.pop("dataset")) == {"d"}
    sheet = pd.read_excel(
        folder / "d.xlsx", "codebook", dtype=str, keep_default_na=False, engine="calamine"
    )
    texts = [name for name in of_study if name not in ("minimum", "maximum")]
    assert sheet[texts].equals(of_study[texts])


def test_the_sheet_methods_says_how_good_estimates_are_and_why_there_are_none(
    folder: Path,
) -> None:
    sheet = pd.read_excel(folder / "d.xlsx", "methods", engine="calamine").set_index("about")
    told = sheet["what"].to_dict()
    assert told["valence"].startswith("People rated 56 of 84 items.")
    assert "r = .81" in told["valence"]
    assert "90% intervals contained 89% of people's means (95% CI [.80, .95])" in told["valence"]
    assert told["arousal"] == "Not estimated: 9 items were rated."
    assert told["valence: weights"] == (
        "Points for an SD of each predictor: gpt-4 plain sampled: 0.90; SmolLM.2 plain exact: "
        "left out: too few; embedding: 0.25."
    )
    assert "may be passed on" in told["Passing it on"]


@pytest.mark.parametrize(
    ("asked", "constant", "said"),
    [
        (0.9, 4.5, "They are narrow enough to use for single items."),
        (0.9, 3.0, "They are too wide to use for single items."),
        (0.96, 4.5, "They contain fewer means than they should: do not use them."),
        (0.9, float("nan"), "on a scale from 1 to 9."),
    ],
)
def test_the_sheet_methods_says_whether_intervals_can_be_used(
    asked: float, constant: float, said: str
) -> None:
    """Intervals of 2.2 points, of whose coverage the interval ends at .95."""
    row = estimation().iloc[[0]]
    both = pd.concat([row, row.assign(method="constant", width=constant)])
    told = dict(methods("d", dataset(), both, weights(), asked))
    assert told["valence"].endswith(said)


def test_the_sheet_methods_says_what_may_not_be_passed_on() -> None:
    told = dict(methods("d", dataset(redistribute=False), estimation(), weights(), 0.9))
    assert told["Passing it on"].startswith("Do not pass this file on")


def test_the_sheet_methods_leaves_out_limits_that_are_unknown() -> None:
    """All means are in their intervals, and resamples do not differ."""
    limits = ["r", "r_low", "r_high", "coverage_low", "coverage_high"]
    unknown = estimation().assign(**dict.fromkeys(limits, np.nan))
    told = dict(methods("d", dataset(), unknown, weights(), 0.9))["valence"]
    assert "Estimates made without them: r undefined, RMSE 0.70." in told
    assert "contained 89% of people's means and were 2.20 points wide" in told


def test_the_items_to_rate_stand_in_a_file_with_their_probabilities(folder: Path) -> None:
    found = pd.read_csv(folder / "to_rate.csv", dtype=str, keep_default_na=False)
    assert list(found) == ["dataset", "item_id", "word", "scale", "stratum", "inclusion"]
    drawn = sources().estimates.query("to_rate").sort_values("item_id")
    assert [original(item) for item in found["item_id"]] == drawn["item_id"].tolist()
    assert found["stratum"].tolist() == [str(stratum) for stratum in drawn["stratum"]]
    assert {float(each) for each in found["inclusion"]} == {1 / 3}
    assert set(map(original, found["word"])) <= set(WORDS)


def test_the_same_tables_give_the_same_bytes_whatever_the_order_of_their_rows(
    folder: Path, tmp_path: Path
) -> None:
    study = written(tmp_path, seed=2)
    write_files(JOB, AnalysisFiles.within(study))
    names = {path.name for path in folder.iterdir()}
    assert names == {"d.parquet", "d.csv", "d.xlsx", "codebook.csv", "to_rate.csv", "read.R"}
    for name in names - {"d.parquet"}:
        assert (study / "estimates" / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_study_without_any_estimate_has_its_files_all_the_same(tmp_path: Path) -> None:
    study = written(tmp_path)
    path = study / "estimates/d.parquet"
    ESTIMATES.write(pd.DataFrame(columns=ESTIMATES.schema.names), path)
    write_files(JOB, AnalysisFiles.within(study))
    header, *rows = cells(study / "estimates/d.csv")
    assert "Valence.M" not in header
    assert len(rows) == len(WORDS)
    assert cells(study / "estimates/to_rate.csv")[1:] == []


NUMBERS = [0.1 + 0.2, 1 / 3, 1e-17, 123456789.12345679, -2.5, 5.0, np.nextafter(1, 2), np.nan]


def test_numbers_are_read_back_to_the_last_digit(tmp_path: Path) -> None:
    table = WideTable(
        pd.DataFrame({"Valence.M": NUMBERS}), (Variable("Valence.M", "M", "valence"),)
    )
    write_wide_csv(table, tmp_path / "d.csv")
    write_xlsx(table.rows, pd.DataFrame({"a": ["x"]}), [("b", "c")], tmp_path / "d.xlsx")
    in_csv = ["".join(row) for row in cells(tmp_path / "d.csv")[1:]]
    column = openpyxl.load_workbook(tmp_path / "d.xlsx")["norms"]["A"][1:]
    assert [float(text) if text else None for text in in_csv] == [*NUMBERS[:-1], None]
    assert [cell.value for cell in column] == NUMBERS[:-1]


def test_a_text_that_no_cell_of_a_sheet_can_hold_is_cut_there_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = pd.DataFrame({"Text": ["short", "x" * (LONGEST_TEXT + 1)]})
    with caplog.at_level(logging.WARNING):
        write_xlsx(rows, rows[:1], [("b", "c")], tmp_path / "d.xlsx")
    assert caplog.messages == ["norms, row 2: text cut at 32767 characters"]
    sheet = openpyxl.load_workbook(tmp_path / "d.xlsx")["norms"]
    assert sheet["A3"].value == "x" * LONGEST_TEXT


def test_hostile_words_are_many() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) > 40
