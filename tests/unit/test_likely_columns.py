"""Guesses about a recorded table make a card that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoalign.elicitation.engines.recorded.likely_columns import likely_columns
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from tests.kit.recorded import Table, given

NAMED = {"w1": "joy", "w2": "grief"}


@pytest.mark.parametrize(
    ("header", "rows", "columns", "rest"),
    [
        (
            "word_id,student,dimension,rating",
            ["w1,s01,valence,7", "w2,s01,arousal,2"],
            {
                "item": "word_id",
                "participant": "student",
                "scale": "dimension",
                "rating": "rating",
            },
            {},
        ),
        (
            "word,Arousal,Valence",
            ["joy,3.0,7.0", "grief,,2.0"],
            {"text": "word", "ratings": {"arousal": "Arousal", "valence": "Valence"}},
            {},
        ),
        (
            "word,val_1,val_2,aro_1,aro_2",
            ["joy,7,8,2,1", "grief,2,2,5,5"],
            {"text": "word", "ratings": {"val": "val_*", "aro": "aro_*"}},
            {},
        ),
        (
            "engine_name|image|dimension|response|outcome",
            [
                'GPT-4o|Dog 1.jpg|valence|{"rating": 6, "confidence": 0.9}|done',
                "GPT-4o|Dog 2.jpg|valence||refused",
                'o1|Dog 1.jpg|arousal|```json\n{"rating": 2}\n```|done',
            ],
            {
                "image": "image",
                "scale": "dimension",
                "status": "outcome",
                "answer": "response",
            },
            {"model": {"column": "engine_name"}, "answer": {"kind": "json", "key": "rating"}},
        ),
        ("stimulus text,v", ["joy,7"], {"text": "stimulus text", "ratings": {"v": "v"}}, {}),
        ("w,v", ["joy,7"], {"text": "w", "ratings": {"v": "v"}}, {}),
    ],
)
def test_columns_are_known_by_name_and_content(
    header: str, rows: list[str], columns: dict[str, Any], rest: dict[str, Any]
) -> None:
    mark = "|" if "|" in header else ","
    found = likely_columns(header.split(mark), [row.split(mark) for row in rows])
    card = found.card("People", "people.csv")
    assert card.pop("columns") == columns
    assert (
        card == {"title": "People", "engine": "recorded", "source": {"file": "people.csv"}} | rest
    )


def test_the_card_reads_the_table(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.texts = NAMED
    table.write("word,rater,valence\njoy,r1,7\ngrief,r2,2\n")
    lines = [line.split(",") for line in table.file.read_text().splitlines()]
    card = likely_columns(lines[0], lines[1:]).card("People", str(table.file))
    RecordedModel.model_validate(card)
    assert given(table.rate(columns=card["columns"], scale=None)) == [("w1", 0, 7), ("w2", 1, 2)]


def test_an_empty_table_has_no_columns() -> None:
    assert likely_columns([], []).columns == {}
    assert likely_columns(["word"], []).columns == {"text": "word"}
