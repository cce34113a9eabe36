"""Items on which models and people disagree: how many answers each rests on, and in which order."""

from __future__ import annotations

import gzip
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoalign.report.grid import Grid
from emoalign.report.section import Results, View
from emoalign.report.sections.items import DISAGREEMENTS, MOST
from emoalign.tables import ITEMS
from tests.kit.ratings import cell, norms, ratings
from tests.kit.stages import write_items
from tests.kit.words import report_job

N = 30
TEXTS = [f"=word({place})" for place in range(N)]


def shown(folder: Path, **told: Any) -> Grid:
    """The table of a model that has given item 3 one answer, which is as far off as can be."""
    people = norms(N)
    answers = ratings(people)
    answers[3] = np.nan
    answers[3, 0] = 9 if people["mean"][3] < 5 else 1
    answers[5, 4:] = np.nan
    write_items(folder, people, TEXTS)
    ITEMS.write(cell(people, answers), folder / "items/words.parquet")
    view = DISAGREEMENTS.view(Results(report_job(**told), folder))
    assert isinstance(view, View)
    table = view.values["grid"]
    assert isinstance(table, Grid)
    return table


def test_an_item_with_a_single_answer_is_not_named_before_any_other(tmp_path: Path) -> None:
    table = shown(tmp_path)
    assert len(table.texts) == MOST
    assert "item-003" not in {of["item_id"] for of in table.of}
    shares = [row["size"] for row in map(_by_title(table), table.keys)]
    assert shares == sorted(shares, reverse=True)


def test_answers_and_raters_are_counted(tmp_path: Path) -> None:
    table = shown(tmp_path)
    titles = [column.title for column in table.columns]
    counts = {
        str(of["item_id"]): (row[titles.index("Raters")], row[titles.index("Answers")])
        for of, row in zip(table.of, table.texts, strict=True)
    }
    assert set(counts.values()) <= {("8", "10"), ("8", "4")}
    assert counts.get("item-005", ("8", "4")) == ("8", "4")


@pytest.mark.parametrize(("show_items", "begins"), [(True, "'=word("), (False, "item-0")])
def test_the_file_names_items_as_their_terms_allow_and_holds_no_formula(
    tmp_path: Path, show_items: bool, begins: str
) -> None:
    table = shown(tmp_path, show_items=show_items)
    assert table.csv is not None
    head, *rows = gzip.decompress(b64decode(table.csv)).decode().splitlines()
    place = head.split(",").index("item")
    assert len(rows) == MOST
    assert all(row.split(",")[place].startswith(begins) for row in rows)


def _by_title(table: Grid) -> Any:
    titles = [column.sort for column in table.columns]
    return lambda keys: dict(zip(titles, keys, strict=True))
