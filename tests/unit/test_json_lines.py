"""Tables in JSONL: an object on each line, whose keys are the columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoalign.errors import DataError
from emoalign.stimuli.sheets import Layout, read_records, read_rows

COLUMNS = {"id": "id", "text": "word", "scales.valence.mean": "v"}


def records(path: Path, content: str) -> list[dict[str, str | None]]:
    path.write_bytes(content.encode())
    read = read_records(path, Layout("jsonl", "the dataset's card"), COLUMNS)
    return [dict(record.fields) for record in read]


def test_keys_are_columns_whatever_their_order_and_whichever_lines_lack_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "words.jsonl"
    content = (
        '{"id": 1, "word": "joy"}\r\n\r\n{"v": 2.50, "word": "sea\u2028side", "id": "b"}\r\n'
        '{"word": "null", "v": null, "id": 3.0, "notes": {"by": ["me"]}}'
    )
    assert records(path, content) == [
        {"id": "1", "text": "joy", "scales.valence.mean": None},
        {"id": "b", "text": "sea\u2028side", "scales.valence.mean": "2.5"},
        {"id": "3", "text": "null", "scales.valence.mean": None},
    ]
    header, rows = read_rows(path, Layout("jsonl", "the dataset's card"))
    assert header == ["id", "word", "v", "notes"]
    assert [row.where.rpartition(", ")[2] for row in rows] == ["line 1", "line 3", "line 4"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": 2, "word": "joy", "v": {"mean": 2}}', "line 2, column 'v': .*found an object"),
        ('{"id": 2, "word": ["joy", "woe"], "v": 2}', "line 2, column 'word': .*found a list"),
        ('{"id": 2, "word": true, "v": 2}', "line 2, column 'word': .*found the truth value True"),
        ('{"id": 2, "id": 3, "word": "joy", "v": 2}', "line 2: .*the key 'id' .* twice"),
        ('{"id": 2, "word": "joy"', "line 2: not valid JSON"),
        ('["2", "joy", 2]', "line 2: expected an object in braces, found"),
        ("[" * 100_000, "line 2: not valid JSON"),
        ('{"id": ' + "1" * 5000 + "}", "line 2: not valid JSON"),
    ],
)
def test_what_is_no_row_is_told_with_its_line(line: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        records(tmp_path / "words.jsonl", '{"id": 1, "word": "joy", "v": 1}\n' + line)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the file is empty; expected a JSON object"):
        records(tmp_path / "words.jsonl", "\n")
