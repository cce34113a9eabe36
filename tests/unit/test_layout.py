"""Which columns of a table are shown, and what models are called there."""

from __future__ import annotations

import base64
import gzip

import pandas as pd
import pytest

from emoalign.report.grid import Column, Grid, count, grid, text, value
from emoalign.report.short_names import short_names

COLUMNS = (
    text("Model", "model"),
    text("Protocol", "protocol"),
    text("Readout", "readout"),
    count("Items", "n_items"),
    value("r", "r"),
    value("Split half", "half"),
    text("What is missing", "reason"),
)


def made(*columns: Column, **told: list[object]) -> Grid:
    rows = {
        "model": ["m1", "m2"],
        "protocol": ["p", "q"],
        "readout": ["exact", "exact"],
        "n_items": [30, 30],
        "r": [0.5, None],
        "half": [None, None],
        "reason": ["", ""],
    }
    return grid("table", "A table", pd.DataFrame(rows | told), columns or COLUMNS)


def shown(one: Grid) -> list[str]:
    return [one.columns[place].title for place in one.layout.places]


def test_names_that_all_rows_share_are_told_once_and_numbers_stay() -> None:
    layout = made().layout
    assert layout.same == [("Readout", "exact")]
    assert layout.empty == ["Split half"]
    assert shown(made()) == ["Model", "Protocol", "Items", "r"]


def test_a_single_row_keeps_its_names() -> None:
    one = grid(
        "table", "A table", pd.DataFrame([{"model": "m", "r": 0.5}]), [COLUMNS[0], COLUMNS[4]]
    )
    assert shown(one) == ["Model", "r"]
    assert one.layout.same == []


def test_what_leads_to_an_item_is_always_shown() -> None:
    item = Column("Item", lambda row: str(row["item_id"]), "item_id", numeric=False)
    one = made(item, COLUMNS[1], item_id=["a", "a"])
    assert shown(one) == ["Item", "Protocol"]


def test_a_table_whose_rows_are_all_alike_keeps_its_columns() -> None:
    one = made(*COLUMNS[:3], model=["m", "m"], protocol=["p", "p"])
    assert shown(one) == ["Model", "Protocol", "Readout"]


def test_names_of_a_cell_share_the_first_column_of_a_phone() -> None:
    one = made(*COLUMNS[:3], text("Method", "method"), readout=["exact", "sampled"], method=[*"ab"])
    assert [one.columns[place].title for place in one.layout.leading] == [
        "Model",
        "Protocol",
        "Readout",
    ]
    assert one.layout.under(one.texts[1]) == "q · sampled"
    assert one.layout.under_title == "Protocol · Readout"


@pytest.mark.parametrize(("word", "broken"), [("ä" * 24, False), ("x" * 25, True), ("a b" * 20, 0)])
def test_only_long_words_are_broken(word: str, broken: bool) -> None:
    assert ("long" in made(protocol=[word, "q"]).layout.classes(1)) == broken


def test_paper_is_turned_for_what_is_too_wide_even_with_every_line_broken() -> None:
    words = {f"c{place}": ["word " * 30, "x" * 10] for place in range(12)}
    columns = [text(name, name) for name in words]
    assert grid("t", "t", pd.DataFrame(words), columns).layout.wide
    assert not grid("t", "t", pd.DataFrame(words), columns[:10]).layout.wide


def test_rows_without_a_file_are_downloaded_with_texts_that_do_nothing() -> None:
    one = made(reason=["=1+1", "-"])
    assert one.csv is not None
    saved = gzip.decompress(base64.b64decode(one.csv)).decode().splitlines()
    assert saved[0] == "model,protocol,readout,n_items,r,half,reason"
    assert saved[1:] == ["m1,p,exact,30,0.5,,'=1+1", "m2,q,exact,30,,,'-"]


def test_an_interval_stays_on_one_line() -> None:
    column = Column("r", lambda row: ".70 [.63, .75]")
    assert made(column).texts[0] == (".70 [.63,\xa0.75]",)


THINKING = ("Qwen3 8B (thinking off)", "Qwen3 8B (thinking on)")
LONG = "A long title of which nothing is in brackets"


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        ({"a": "SmolLM2 135M (bundled, on the CPU)"}, ["SmolLM2 135M"]),
        (dict(zip("ab", THINKING, strict=True)), list(THINKING)),
        ({"mistral-nemo": LONG}, ["mistral-nemo"]),
        ({"x": "(unnamed)"}, ["(unnamed)"]),
        ({"GPT": LONG, "b": "GPT"}, [LONG, "GPT"]),
    ],
)
def test_long_titles_have_short_names_that_differ(titles: dict[str, str], names: list[str]) -> None:
    assert list(short_names(titles).values()) == names
