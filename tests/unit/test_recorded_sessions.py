"""Sessions in tables of recorded ratings: whose, which, and where in it an item came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.rating import trial_rows
from emoalign.tables import TRIALS
from tests.kit.recorded import COLUMNS, Table, csv, problems_of_card

PLACED = {**COLUMNS, "position": "trial"}
HEADER = "id,who,rating,trial,block"


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def placed(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Item, participant, session and position of each rating."""
    rows = rows.dropna(subset=["participant"])
    names = ["item_id", "participant", "session", "position"]
    return sorted(rows[names].itertuples(index=False, name=None))


ROWS = (
    ("w1", "P2", 5, 2, 1),
    ("w2", "P2", 3, 1, 1),
    ("w1", "P10", 7, 1, 1),
    ("w2", "P10", 4, 1, 2),
)


def test_without_a_column_of_sessions_each_participant_had_one(table: Table) -> None:
    rows = (*ROWS[:3], ("w2", "P10", 4, 3, 2))
    found = placed(table.write(csv(*rows, header=HEADER)).rate(columns=PLACED))
    assert found == [("w1", 0, 0, 2), ("w1", 1, 1, 1), ("w2", 0, 0, 1), ("w2", 1, 1, 3)]


def test_sessions_are_numbered_by_participant_and_name(table: Table) -> None:
    columns = {**PLACED, "session": "block"}
    found = placed(table.write(csv(*ROWS, header=HEADER)).rate(columns=columns))
    assert found == [("w1", 0, 0, 2), ("w1", 1, 1, 1), ("w2", 0, 0, 1), ("w2", 1, 2, 1)]


def test_tables_without_either_tell_neither(table: Table) -> None:
    rows = table.write(csv(*ROWS, header=HEADER)).rate()
    assert rows["session"].isna().all()
    assert rows["position"].isna().all()


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "first", ""])
def test_a_place_that_is_no_number_from_1_is_told(wrong: str, table: Table) -> None:
    table.write(csv(("w1", "P2", 5, wrong, 1), ("w2", "P2", 3, 1, 1), header=HEADER))
    assert "line 2, column 'trial'" in table.refusal(columns=PLACED)


def test_two_items_at_one_place_of_a_session_are_told(table: Table) -> None:
    told = table.write(csv(*ROWS, header=HEADER)).refusal(columns=PLACED)
    assert "another item of this session has the place 1, in line 4" in told


def test_what_people_rated_in_sessions_are_trials_of_items(table: Table) -> None:
    columns = {**PLACED, "session": "block"}
    rows = table.write(csv(*ROWS, header=HEADER)).rate(columns=columns)
    trials = trial_rows(rows)
    assert list(trials["kind"]) == ["item"] * 4
    assert list(trials["session"]) == [0, 0, 1, 2]
    assert list(trials["position"]) == [1, 2, 1, 1]
    assert trial_rows(table.rate()).empty
    TRIALS.write(trial_rows(table.rate()), table.folder / "trials.parquet")


def test_a_position_needs_to_be_somebodys() -> None:
    columns = {"item": "id", "rating": "rating", "position": "trial"}
    assert "give participant or session" in problems_of_card(columns=columns)
