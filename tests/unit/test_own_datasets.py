"""A dataset of one's own: a table and a card, and mistakes that are told by line and column."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.errors import DataError, StudyError
from emoalign.items.clusters import ItemClusters
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card
from tests.kit.datasets import CARD, MEAN, ROOT, prepared, table_card

WORDS = "id,word,v,sd,n\n1,joy,6.5,0.8,20\n2,woe,1.5,0.5,20\n3,null,4,1.2,18\n4,true,5,1,20\n"
SUMMARY = {"scales": {"valence": {"mean": "v", "sd": "sd", "n": "n"}}}


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = WORDS, name: str = "words.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding=encoding, newline="")
        return path

    return write


Table = Callable[..., Path]


def as_csv(text: str) -> pd.DataFrame:
    rows = [line.split(",") for line in text.splitlines()]
    return pd.DataFrame(rows[1:], columns=rows[0])


def xlsx(path: Path, rows: list[list[object]]) -> Path:
    """A spreadsheet by hand: the least that programs take for one."""
    import zipfile
    from xml.sax.saxutils import escape

    def cell(place: int, line: int, value: object) -> str:
        ref = f'r="{chr(65 + place)}{line}"'
        if isinstance(value, bool):
            return f'<c {ref} t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return f"<c {ref}><v>{value}</v></c>"
        return f'<c {ref} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    lines = "".join(
        f'<row r="{line}">{"".join(cell(place, line, one) for place, one in enumerate(row))}</row>'
        for line, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="norms" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path


# What a card can say


def test_a_table_and_a_card_are_all_it_takes(table: Table, tmp_path: Path) -> None:
    stimuli, norms = prepared(tmp_path, table_card(table(), SUMMARY))
    assert stimuli["item_id"].tolist() == ["1", "2", "3", "4"]
    # Words that programs like to take for something else.
    assert stimuli["text"].tolist() == ["joy", "woe", "null", "true"]
    assert norms["mean"].tolist() == [6.5, 1.5, 4, 5]
    assert norms["sd"].tolist() == [0.8, 0.5, 1.2, 1]
    assert norms["n"].tolist() == [20, 20, 18, 20]


@pytest.mark.parametrize("missing", ["", "NA"])
def test_a_scale_without_any_rating_is_a_mistake_in_the_card(
    missing: str, table: Table, tmp_path: Path
) -> None:
    rows = [f"{line},{missing}" for line in WORDS.splitlines()[1:]]
    path = table("\n".join(["id,word,v,sd,n,a", *rows]))
    columns = {"scales": {"valence": {"mean": "v"}, "arousal": {"mean": "a"}}, "na_values": ["NA"]}
    both = dict.fromkeys(("valence", "arousal"), CARD["scales"]["valence"])
    card = table_card(path, columns, scales=both)
    (problem,) = check_data(card).problems
    assert f"{path}: no item has a rating on the scale 'arousal'" in problem
    assert "(column 'a'). Name other columns under source: scales: arousal, or" in problem
    with pytest.raises(DataError, match="no item has a rating on the scale 'arousal'"):
        prepared(tmp_path, card)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16"])
def test_ends_of_lines_and_encodings_change_nothing(
    ends: str, encoding: str, table: Table, tmp_path: Path
) -> None:
    text = "id,word,v\n1,café,6\n2,naïve,3\n".replace("\n", ends)
    told = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    stimuli, _ = prepared(tmp_path, table_card(table(text, encoding=encoding), MEAN | told))
    assert stimuli["text"].tolist() == ["café", "naïve"]


def test_all_formats_of_a_table_give_the_same(table: Table, tmp_path: Path) -> None:
    rows = as_csv(WORDS)
    rows.to_parquet(tmp_path / "words.parquet")
    rows.to_csv(tmp_path / "words.tsv", sep="\t", index=False)
    numbers = [[int(row[0]), row[1], *map(float, row[2:4]), int(row[4])] for row in rows.to_numpy()]
    xlsx(tmp_path / "words.xlsx", [list(rows.columns), *numbers])
    expected = prepared(tmp_path, table_card(table(), SUMMARY))
    for name in ("words.tsv", "words.parquet", "words.xlsx"):
        found = prepared(tmp_path, table_card(tmp_path / name, SUMMARY))
        for one, other in zip(found, expected, strict=True):
            pd.testing.assert_frame_equal(one, other)


def test_a_table_of_europe_has_semicolons_and_decimal_commas(table: Table, tmp_path: Path) -> None:
    text = WORDS.replace(",", ";").replace(".", ",")
    told = SUMMARY | {"delimiter": ";", "decimal": ","}
    _, norms = prepared(tmp_path, table_card(table(text), told))
    assert norms["mean"].tolist() == [6.5, 1.5, 4, 5]


def test_a_point_in_a_table_with_decimal_commas_is_told(table: Table, tmp_path: Path) -> None:
    text = WORDS.replace(",", ";")
    told = SUMMARY | {"delimiter": ";", "decimal": ","}
    with pytest.raises(DataError, match=r"The card expects a decimal comma") as error:
        prepared(tmp_path, table_card(table(text), told))
    assert "line 2, column 'v': expected a number, found '6.5'" in str(error.value)


def test_a_spreadsheet_may_hold_numbers_as_numbers_and_as_text(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "words.xlsx", [["id", "word", "v"], [1, "joy", 6.5], [2, "woe", "1,5"]])
    _, norms = prepared(tmp_path, table_card(path, MEAN | {"decimal": ","}))
    assert norms["mean"].tolist() == [6.5, 1.5]


def test_another_range_of_the_file_is_mapped(table: Table, tmp_path: Path) -> None:
    text = "id,word,v,sd,n\n1,joy,3,1,9\n2,woe,-3,0,9\n3,hmm,0.5,2,9\n"
    scale = {"min": 1, "max": 7, "native": {"min": -3, "max": 3}, "direction": "up"}
    _, norms = prepared(tmp_path, table_card(table(text), SUMMARY, scales={"valence": scale}))
    assert norms["mean"].tolist() == [7, 1, 4.5]
    percent = scale | {"native": {"min": -100, "max": 100}}
    _, norms = prepared(tmp_path, table_card(table(text), SUMMARY, scales={"valence": percent}))
    assert norms["mean"].tolist() == pytest.approx([4.09, 3.91, 4.015])
    assert norms["sd"].tolist() == pytest.approx([0.03, 0, 0.06])


def test_sds_with_n_in_the_denominator_are_converted(table: Table, tmp_path: Path) -> None:
    text = "id,word,v,sd,n\n1,joy,3,0.5,4\n2,woe,3,0,1\n"
    _, norms = prepared(tmp_path, table_card(table(text), SUMMARY | {"sd_ddof": 0}))
    ratings = [2.5, 2.5, 3.5, 3.5]
    assert np.std(ratings) == 0.5
    assert norms["sd"][0] == pytest.approx(np.std(ratings, ddof=1))
    assert np.isnan(norms["sd"][1])  # one rater has no spread


def test_one_rater_has_no_spread_whatever_the_file_says(table: Table, tmp_path: Path) -> None:
    text = "id,word,v,sd,n\n1,joy,3,0.5,4\n2,woe,3,0,1\n"
    _, norms = prepared(tmp_path, table_card(table(text), SUMMARY))
    assert norms["sd"][0] == 0.5
    assert np.isnan(norms["sd"][1])


def test_equal_ratings_have_no_spread_to_the_last_digit(table: Table, tmp_path: Path) -> None:
    text = "id,word,a,b,c\n1,joy,0.1,0.1,0.1\n2,woe,6.1,6.1,6.1\n"
    told = {"scales": {"valence": {"ratings": ["a", "b", "c"]}}}
    scale = {"min": 0, "max": 7, "direction": "up"}
    _, norms = prepared(tmp_path, table_card(table(text), told, scales={"valence": scale}))
    assert norms["sd"].tolist() == [0, 0]


def test_single_ratings_may_stand_in_columns(table: Table, tmp_path: Path) -> None:
    text = "id,word,a,b,c\n1,joy,6,7,5\n2,woe,1,,2\n"
    told = {"scales": {"valence": {"ratings": ["a", "b", "c"]}}}
    _, norms = prepared(tmp_path, table_card(table(text), told))
    assert [list(row) for row in norms["ratings"]] == [[6, 7, 5], [1, 2]]
    assert norms["n"].tolist() == [3, 2]
    assert norms["sd"].tolist() == pytest.approx([1, np.std([1, 2], ddof=1)])


def test_single_ratings_may_stand_in_rows(table: Table, tmp_path: Path) -> None:
    text = "id,word,who,v\n1,joy,anna,6\n2,woe,anna,1\n1,joy,ben,7\n2,woe,ben,NA\n"
    told = {
        "rows": "ratings",
        "na_values": ["NA"],
        "scales": {"valence": {"ratings": ["v"]}},
    }
    _, norms = prepared(tmp_path, table_card(table(text), told))
    assert [list(row) for row in norms["ratings"]] == [[6, 7], [1]]


def test_the_very_rating_that_is_off_the_scale_is_told(table: Table, tmp_path: Path) -> None:
    rows = "id,word,v\n1,joy,6\n2,woe,1\n1,joy,9\n"
    told = {"rows": "ratings", "scales": {"valence": {"ratings": ["v"]}}}
    with pytest.raises(DataError, match=r"line 4, column 'v': item 1: rating 9 is outside"):
        prepared(tmp_path, table_card(table(rows), told))
    columns = "id,word,a,b\n1,joy,6,0\n"
    told = {"scales": {"valence": {"ratings": ["a", "b"]}}}
    with pytest.raises(DataError, match=r"line 2, column 'b': item 1: rating 0 is outside"):
        prepared(tmp_path, table_card(table(columns), told))


def test_a_second_table_adds_scales_to_the_same_items(table: Table, tmp_path: Path) -> None:
    more = table("nr,a\n2,3\n1,5\n9,1\n", "more.csv")
    direction = {"min": 1, "max": 7, "direction": "up"}
    card = table_card(
        table(),
        MEAN
        | {
            "joined": [
                {"table": {"file": str(more)}, "id": "nr", "scales": {"arousal": {"mean": "a"}}}
            ]
        },
        scales={"valence": direction, "arousal": direction},
    )
    stimuli, norms = prepared(tmp_path, card)
    # Words without a rating on one of the scales are left out when it is asked about ...
    assert stimuli["text"].tolist() == ["joy", "woe"]
    assert norms.loc[norms["scale"] == "arousal", "mean"].tolist() == [5, 3]
    # ... and are there when it is not.
    stimuli, _ = prepared(tmp_path, card, scales={"valence": card.scales["valence"]})
    assert len(stimuli) == 4


MOOD = {"kind": "labels", "labels": ["joy", "fear", "anger"]}


def test_labels_of_each_rater_may_stand_in_rows(table: Table, tmp_path: Path) -> None:
    text = "id,word,chosen\n1,beach,joy\n1,beach,Fear; joy\n2,storm,fear\n2,storm,\n"
    told = {"rows": "ratings", "scales": {"mood": {"labels": "chosen"}}}
    card = table_card(table(text), told, scales={"mood": MOOD})
    _, norms = prepared(tmp_path, card)
    assert [[list(one) for one in row] for row in norms["labels"]] == [
        [["joy"], ["joy", "fear"]],
        [["fear"]],
    ]
    assert norms["n"].tolist() == [2, 1]
    wrong = table_card(table(text.replace("joy", "bliss")), told, scales={"mood": MOOD})
    with pytest.raises(DataError, match=r"line 2, column 'chosen': item 1: a rater chose bliss,"):
        prepared(tmp_path, wrong)


@pytest.mark.parametrize(
    ("columns", "scale", "told"),
    [
        ({"mean": "v"}, MOOD, "source.scales.mood: a scale of labels needs labels"),
        (
            {"labels": "v"},
            CARD["scales"]["valence"],
            "source.scales.mood: a scale of numbers needs mean or ratings",
        ),
    ],
)
def test_columns_that_do_not_fit_the_kind_of_scale_are_told(
    columns: dict[str, str], scale: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError, match=told):
        table_card(Path("words.csv"), {"scales": {"mood": columns}}, scales={"mood": scale})


def test_split_and_stratum_come_along(table: Table, tmp_path: Path) -> None:
    text = "id,word,v,set,kind\n1,joy,6,train,feeling\n2,oak,4,test,plant\n"
    told = MEAN | {"split": "set", "stratum": "kind"}
    stimuli, _ = prepared(tmp_path, table_card(table(text), told))
    assert stimuli[["strata", "split"]].to_numpy().tolist() == [
        ["feeling", "train"],
        ["plant", "test"],
    ]


def test_a_column_of_clusters_comes_along_and_an_empty_field_is_no_cluster(
    table: Table, tmp_path: Path
) -> None:
    text = "id,word,v,lemma\n1,ran,6,run\n2,oak,4,\n3,runs,5,run\n4,gone,5, go \n"
    stimuli, _ = prepared(tmp_path, table_card(table(text), MEAN | {"cluster": "lemma"}))
    assert stimuli["cluster"].fillna("").tolist() == ["run", "", "run", "go"]
    assert ItemClusters.read(tmp_path / "stimuli.parquet").numbers.tolist() == [2, 0, 2, 1]


def test_two_ratings_of_an_item_cannot_put_it_into_two_clusters(
    table: Table, tmp_path: Path
) -> None:
    text = "id,word,v,lemma\n1,ran,6,run\n1,ran,4,go\n"
    told = {"rows": "ratings", "scales": {"valence": {"ratings": ["v"]}}, "cluster": "lemma"}
    with pytest.raises(
        DataError, match="line 3, column 'lemma': item '1' has 'go' here, but 'run'"
    ):
        prepared(tmp_path, table_card(table(text), told))


def test_names_may_stand_below_a_title_and_twice(table: Table, tmp_path: Path) -> None:
    text = "Norms,,,\n,,women,men\nid,word,M,M\n1,joy,6,5\n"
    told = {"header_line": 3, "scales": {"valence": {"mean": "M.1"}}}
    _, norms = prepared(tmp_path, table_card(table(text), told))
    assert norms["mean"].tolist() == [5]
    told = {"header_line": 3, "scales": {"valence": {"mean": "M"}}}
    with pytest.raises(DataError, match="more than one column 'M'"):
        prepared(tmp_path, table_card(table(text), told))


# A dataset that nobody rated


def test_a_dataset_without_any_ratings_has_items_and_no_norms(table: Table, tmp_path: Path) -> None:
    stimuli, norms = prepared(tmp_path, table_card(table("id,word\n1,joy\n2,woe\n"), {}))
    assert stimuli["text"].tolist() == ["joy", "woe"]
    assert norms.empty


# Mistakes of a first-time user


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WORDS.replace("word", "Word"), r"no column 'word' .*did you mean 'Word'\?"),
        (
            WORDS.replace(",v,", ",valence,"),
            r"no column 'v' \(scales.valence.mean in the dataset's",
        ),
        (WORDS.replace("6.5", '"6,5"'), r"line 2, column 'v': .*The card expects a decimal point"),
        (WORDS.replace("6.5", "65%"), r"line 2, column 'v': .*without the percent sign"),
        (
            WORDS.replace("0.8", "(0.8)"),
            r"line 2, column 'sd': .*'\(0.8\)'. Some spreadsheets write",
        ),
        (WORDS.replace("0.8", "-0.8"), r"line 2, column 'sd': .*never below 0.*-0.8"),
        (WORDS.replace(",0.8,20", ",0.8,19.5"), r"line 2, column 'n': .*number of raters.*19.5"),
        (WORDS.replace("6.5", "good"), r"line 2, column 'v': expected a number, found 'good'"),
        (WORDS.replace("6.5", "8.5"), r"line 2, column 'v'.*rating 8.5 is outside.*native"),
        (
            WORDS.replace("2,woe", "1,woe"),
            r"line 3, column 'id': the id '1' already occurs in line 2",
        ),
        (WORDS.replace("2,woe", ",woe"), r"line 3, column 'id': expected the id"),
        (WORDS.replace("2,woe", "2,"), r"line 3, column 'word': expected the text of item '2'"),
        (WORDS.replace(",", ";"), r"single column, but contains ';'.*delimiter"),
        (WORDS.replace("2,woe", "2,woe,is"), r"line 3: expected 5 fields.*found 6"),
        (WORDS.replace("2,woe", '2,"woe'), r"line \d: not valid CSV"),
        ("", "the file is empty"),
    ],
)
def test_a_mistake_is_told_with_line_column_and_remedy(
    text: str, told: str, table: Table, tmp_path: Path
) -> None:
    card = table_card(table(text), SUMMARY)
    with pytest.raises(DataError, match=told) as error:
        prepared(tmp_path, card)
    assert "words.csv" in str(error.value)
    assert not list(tmp_path.glob("*.parquet"))


def test_empty_fields_too_many_at_the_end_of_a_line_are_no_mistake(
    table: Table, tmp_path: Path
) -> None:
    text = WORDS.replace("20\n2,woe", "20,,\n2,woe")
    stimuli, _ = prepared(tmp_path, table_card(table(text), SUMMARY))
    assert len(stimuli) == 4


def test_another_encoding_is_told_with_the_line(table: Table, tmp_path: Path) -> None:
    path = table(WORDS.replace("woe", "café"), encoding="cp1252")
    with pytest.raises(DataError, match=r"line 3: not utf-8-sig text.*encoding: cp1252"):
        prepared(tmp_path, table_card(path, SUMMARY))


@pytest.mark.parametrize("value", [True, False])
def test_a_word_that_a_spreadsheet_made_a_truth_value_of_is_told(
    value: bool, tmp_path: Path
) -> None:
    path = xlsx(tmp_path / "words.xlsx", [["id", "word", "v"], [1, "joy", 6.5], [2, value, 4]])
    with pytest.raises(
        DataError,
        match=r"words.xlsx, line 3, column 'word': .*found the truth value",
    ):
        prepared(tmp_path, table_card(path))


def test_a_misspelt_file_is_told_with_the_one_that_is_there(table: Table, tmp_path: Path) -> None:
    table()
    with pytest.raises(DataError, match=r"word.csv: no such file \(there is 'words.csv'\)\."):
        prepared(tmp_path, table_card(tmp_path / "word.csv"))


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "words.xlsx", [["id", "word", "v"], [1, "joy", 6.5]])
    with pytest.raises(DataError, match=r"no sheet 'norm' .*did you mean 'norms'"):
        prepared(tmp_path, table_card(path, MEAN | {"sheet": "norm"}))


@pytest.mark.parametrize("name", ["words.xlsx", "words.parquet"])
def test_a_file_that_is_not_what_its_name_says_is_told(
    name: str, table: Table, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"{name}: not a"):
        prepared(tmp_path, table_card(table(WORDS, name)))


def test_a_joined_table_of_other_items_is_told(table: Table, tmp_path: Path) -> None:
    more = {"table": {"file": str(table("nr,a\nx,3\n", "more.csv"))}, "id": "nr"}
    card = table_card(table(), MEAN | {"joined": [more]})
    with pytest.raises(
        DataError, match=r"more.csv: none of its 1 ids in column 'nr' \(such as x\)"
    ):
        prepared(tmp_path, card)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"reader": "tabel"}, "source.reader: unknown reader 'tabel'; did you mean 'table'?"),
        ({"reader": None}, "source.reader: missing; write one of: anew, emobank, .*, table, "),
        ({"id": 3}, "source.id: expected text, found 3"),
        ({"scale": {}}, "source.scale: unknown key; did you mean 'scales'?"),
        ({"scales": {"valance": {"mean": "v"}}}, "scale 'valance' must appear both .* 'valence'"),
        ({"scales": {"valence": {}}}, "give mean, ratings or labels"),
        ({"scales": {"valence": {"mean": "v", "SD": "s"}}}, "valence.SD: unknown key; .*'sd'"),
        ({"image": "file"}, "give either text or image"),
        ({"table": {"file": "words"}}, "give the format"),
        ({"encoding": "utf8x"}, "unknown encoding: utf8x"),
        (
            {"sd_ddof": 0, "scales": {"valence": {"mean": "v", "sd": "s"}}},
            "scales.valence needs n to convert",
        ),
        ({"rows": "ratings", **MEAN}, "scales.valence needs ratings, not mean"),
    ],
)
def test_a_card_that_cannot_be_is_told_before_any_file_is_read(
    source: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError) as error:
        table_card(Path("words.csv"), MEAN | source)
    assert re.search(told, str(error.value)), str(error.value)
    assert "config/datasets/mine.yaml" in str(error.value)


def test_a_missing_image_is_told_by_line_with_the_nearest_file(
    table: Table, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "sunny.png").write_bytes(b"")
    told = {"text": None, "image": "picture", "image_suffix": ".png", "scales": {}}
    card = table_card(table("id,picture\n1,suny\n"), told, modality="image", images=str(folder))
    with pytest.raises(DataError) as error:
        prepared(tmp_path, card)
    for part in ("words.csv, line 2, column 'picture'", "suny.png", "(there is 'sunny.png')"):
        assert part in str(error.value)


# The walk-through


def test_the_walk_through_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/your-own-dataset.md").read_text(encoding="utf-8")
    table, card = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("csv", "yaml")
    )
    assert len(card.splitlines()) <= 15
    for name, text in (
        ("resources/seaside/words.csv", table),
        ("config/datasets/seaside.yaml", card),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    stimuli, norms = prepared(
        tmp_path, read_card(Path("config/datasets/seaside.yaml"), DatasetCard)
    )
    assert stimuli["text"].tolist() == ["beach", "jellyfish", "null", "storm", "ice cream"]
    # -3 to 3 becomes 1 to 9: 2.4 is 5 + 2.4 * 8 / 6.
    assert norms["mean"][0] == pytest.approx(8.2)
    assert norms["sd"][0] == pytest.approx(0.7 * 8 / 6)
