"""Tables as people have them: all mistakes at once, notes, empty rows, quotation marks, letters."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emoalign.errors import DataError
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import tab_separated
from emoalign.stimuli.sheets import Layout, read_records, read_rows
from emoalign.stimuli.table_format import TableFormat
from tests.kit.datasets import MEAN, items, prepared, rated, table_card, write

SUMMARY = {"scales": {"valence": {"mean": "v", "sd": "sd", "n": "n"}}}
HEADER = "id,word,v,sd,n\n"


def problems(
    folder: Path, text: str, source: Mapping[str, Any] = SUMMARY, **card: Any
) -> tuple[str, ...]:
    return check_data(table_card(write(folder / "words.csv", text), source, **card)).problems


def read(folder: Path, text: str, name: str = "words.csv", **written: Any) -> list[list[object]]:
    path = write(folder / name, text)
    layout = Layout(path.suffix[1:], "the card", TableFormat(**written))
    header, rows = read_rows(path, layout)
    return [list(header), *(list(row.fields[: len(header)]) for row in rows)]


def sole(told: tuple[str, ...]) -> str:
    (problem,) = told
    return problem


# All at once


MANY = (
    HEADER
    + "".join(f"{n},word{n},{'n/a' if n % 2 else 3},0.5,20\n" for n in range(28))
    + '1,twice,3,1,5\n30,,"6,5",50%,20\n,nameless,4,4,4\n32,low,4,-1,20\n33,half,4,1,2.5\n'
    + "34,high,9.5,1,20\n35,short\n36,beach, sunny,4,1,20\n"
)


def test_every_mistake_is_told_at_once_with_line_column_value_and_remedy(tmp_path: Path) -> None:
    told = problems(tmp_path, MANY)
    assert len(told) == 11
    everything = "\n".join(told)
    for line, column, found in (
        (30, "id", "the id '1' stands in line 3"),
        (31, "word", "expected the text of item '30', found nothing"),
        (31, "v", "found '6,5'"),
        (31, "sd", "found '50%'"),
        (32, "id", "expected the id"),
        (33, "sd", "never below 0, found -1"),
        (34, "n", "expected a number of raters, found 2.5"),
        (35, "v", "item 34: rating 9.5 is outside the 1 to 7"),
    ):
        assert f"line {line}, column {column!r}" in everything
        assert found in everything
    assert "line 36: expected 5 fields" in everything
    assert "line 37: expected 5 fields, as in the first line, found 6" in everything
    for remedy in ('na_values: ["n/a"]', 'decimal: ","', "native: {min: 0, max: 100}"):
        assert remedy in everything


def test_the_first_ten_of_a_kind_are_told_with_the_number_of_all(tmp_path: Path) -> None:
    (told,) = [one for one in problems(tmp_path, MANY) if "n/a" in one]
    lines = told.splitlines()
    assert "(14 times)" in lines[0]
    assert "'n/a' (14)" in lines[0]
    assert [line.partition("words.csv, ")[2] for line in lines[1:3]] == [
        "line 3, column 'v': expected a number, found 'n/a'",
        "line 5, column 'v': expected a number, found 'n/a'",
    ]
    assert len(lines) == 12
    assert lines[-1].strip() == "and 4 more"


def test_preparing_tells_all_of_them_too_and_writes_nothing(tmp_path: Path) -> None:
    card = table_card(write(tmp_path / "words.csv", MANY), SUMMARY)
    with pytest.raises(DataError, match=r"^24 mistakes in the data:\n  1\. ") as error:
        prepared(tmp_path, card)
    assert all(problem in str(error.value) for problem in check_data(card).problems)
    assert not list(tmp_path.glob("*.parquet"))


def test_the_table_that_is_joined_is_read_at_once_too(tmp_path: Path) -> None:
    more = {
        "table": {"file": str(write(tmp_path / "more.csv", "id,a\n1,high\n2,99\n2,4\n"))},
        "id": "id",
        "scales": {"arousal": {"mean": "a"}},
    }
    scales = {name: {"min": 1, "max": 7, "direction": "up"} for name in ("valence", "arousal")}
    text = "id,word,v\n1,joy,bad\n2,woe,4\n"
    source = {"scales": {"valence": {"mean": "v"}}, "joined": [more]}
    told = "\n".join(problems(tmp_path, text, source, scales=scales))
    for part in (
        "words.csv, line 2, column 'v': expected a number, found 'bad'",
        "more.csv, line 2, column 'a': expected a number, found 'high'",
        "more.csv, line 3, column 'a': item 2: rating 99 is outside",
        "more.csv, line 4, column 'id': the id '2' stands in line 3",
    ):
        assert part in told


def test_mistakes_of_several_tables_that_are_no_tables_are_told_together(tmp_path: Path) -> None:
    path = write(tmp_path / "more.parquet", "no parquet")
    more = {"table": {"file": str(path)}, "id": "id", "scales": {"arousal": {"mean": "a"}}}
    lost = {"table": {"file": str(tmp_path / "lost.csv")}, "id": "id"}
    scales = {name: {"min": 1, "max": 7, "direction": "up"} for name in ("valence", "arousal")}
    source = {"scales": {"valence": {"mean": "V"}}, "joined": [more]}
    told = problems(tmp_path, "id,word,v\n1,joy,4\n", source, scales=scales)
    assert ["no column 'V'" in told[0], "not a Parquet file" in told[1]] == [True, True]
    source = {"scales": {"valence": {"mean": "V"}}, "joined": [more, lost]}
    assert "lost.csv: no such file" in sole(
        problems(tmp_path, "id,word,v\n1,joy,4\n", source, scales=scales)
    )


@pytest.mark.parametrize("code", ["-99", "999"])
def test_a_number_that_stands_for_none_is_suspected(code: str, tmp_path: Path) -> None:
    rows = "".join(f"{n},word{n},{code if n < 4 else 3},1,20\n" for n in range(9))
    told = sole(problems(tmp_path, HEADER + rows))
    assert f'na_values: ["{code}"]' in told
    assert "native" in told
    assert not problems(tmp_path, HEADER + rows, {**SUMMARY, "na_values": [code]})


def test_an_empty_field_is_no_number_whatever_na_values_says(tmp_path: Path) -> None:
    text = HEADER + "1,joy,,,\n2,woe,n/a,1,20\n3,awe,4,1,20\n"
    check = check_data(
        table_card(write(tmp_path / "words.csv", text), {**SUMMARY, "na_values": ["n/a"]})
    )
    assert not check.problems
    assert check.scales["valence"].items == 1


def test_known_signs_of_no_number_are_kept_in_what_is_suggested(tmp_path: Path) -> None:
    text = HEADER + "1,joy,NA,1,20\n2,woe,-,1,20\n3,awe,missing,1,20\n"
    told = sole(problems(tmp_path, text, {**SUMMARY, "na_values": ["", "NA"]}))
    assert 'na_values: ["NA", "-", "missing"]' in told


@pytest.mark.parametrize("text", [HEADER, HEADER + ",,,,\n\n"])
def test_a_table_without_rows_is_told(text: str, tmp_path: Path) -> None:
    assert sole(problems(tmp_path, text)).endswith("no rows below the names of the columns")


def test_a_dash_in_place_of_a_minus_sign_is_told(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, HEADER + "1,joy,\u22122,1,20\n2,woe,\u20130.5,1,20\n"))
    assert told.startswith("Dashes in place of minus signs (2 times). Write negative numbers with")


def test_words_that_are_no_sign_of_none_are_to_be_corrected(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, HEADER + "1,joy,good,1,20\n2,woe,bad,1,20\n"))
    assert "na_values" not in told
    assert "Correct the fields" in told


@pytest.mark.parametrize(
    "above", ["Table 1\n", "Norms of words,,,,\n,,,,\n", "a\nb\n\n\nc,d\n", "sep=,\nTitle,,\n"]
)
def test_names_of_columns_further_down_are_found(above: str, tmp_path: Path) -> None:
    text = above + HEADER + "1,joy,4,1,20\n"
    line = above.count("\n") + 1
    told = sole(problems(tmp_path, text))
    assert f"they are in line {line}: say header_line: {line} in the dataset's card" in told
    assert not problems(tmp_path, text, {**SUMMARY, "header_line": line})


def test_all_columns_are_named_where_none_is_like_the_one_that_lacks(tmp_path: Path) -> None:
    source = {"id": "Word", "text": "Word", "scales": {"valence": {"mean": "rating"}}}
    told = sole(problems(tmp_path, HEADER + "1,joy,4,1,20\n", source))
    assert "there is no column 'Word' (id and text in the dataset's card); did you mean" in told
    assert "there is no column 'rating' (scales.valence.mean in the dataset's card). Its" in told
    assert told.endswith("Its columns are: id, word, v, sd, n")


def test_a_row_of_numbers_in_place_of_names_is_told(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, "1,joy,4,1,20\n2,woe,3,1,20\n"))
    assert told.endswith("The line that should name the columns holds numbers: check header_line")


def test_a_line_below_the_names_that_the_card_gives_is_told(tmp_path: Path) -> None:
    text = HEADER + "1,joy,4,1,20\n2,woe,3,1,20\n"
    assert "say header_line: 1" in sole(problems(tmp_path, text, {**SUMMARY, "header_line": 2}))


def test_rows_that_contradict_each_other_and_raters_that_lack_are_told(tmp_path: Path) -> None:
    text = "id,word,who,v\n1,joy,ann,4\n1,joys,bob,4\n2,woe,,4\n2,woe,,\n2,woe,cat,x\n"
    source = {"rows": "ratings", "rater": "who", "scales": {"valence": {"ratings": ["v"]}}}
    told = "\n".join(problems(tmp_path, text, source))
    assert "line 3, column 'word': item '1' has 'joys' here, but 'joy' in line 2" in told
    assert "line 4, column 'who': expected the rater" in told
    assert "line 5" not in told
    assert "line 6, column 'v': expected a number, found 'x'" in told


def test_labels_that_the_scale_lacks_are_told_together(tmp_path: Path) -> None:
    mood = {"kind": "labels", "labels": ["joy", "fear"]}
    text = "id,word,l\n1,party,bliss\n2,ghost,fear\n3,cake,bliss; joy\n"
    told = sole(
        problems(tmp_path, text, {"scales": {"mood": {"labels": "l"}}}, scales={"mood": mood})
    )
    assert "(2 times)" in told
    assert "line 2, column 'l': item 1: a rater chose bliss" in told
    assert "line 4, column 'l': item 3: a rater chose bliss, joy" in told


def test_missing_images_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    source = {"text": None, "image": "picture", "scales": {}}
    images = {"modality": "image", "images": str(tmp_path / "pictures")}
    text = "id,picture\n1,a.png\n2,b.png\n3,../c.png\n"
    card = table_card(write(tmp_path / "words.csv", text), source, **images)
    missing, elsewhere = check_data(card).problems
    assert missing.startswith("Missing images (2 times). Put the images of the dataset into")
    assert "line 3, column 'picture': item 2: there is no image" in missing
    assert "leads out of the folder" in elsewhere
    assert not check_data(card, images=False).problems
    with pytest.raises(DataError, match=r"b\.png"):
        prepared(tmp_path, card)


def test_mistakes_in_items_that_keep_leaves_out_do_not_matter(tmp_path: Path) -> None:
    text = HEADER + "1,joy,4,1,20\n2,woe 2,99,1,20\n"
    assert problems(tmp_path, text)
    assert not problems(tmp_path, text, keep="[a-z]+")


def test_what_spreadsheets_made_of_words_is_told_together(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"id": [1, 2], "word": pa.array([True, False]), "v": [4.0, 9.0]}), path)
    told = sole(check_data(table_card(path)).problems)
    assert "(2 times)" in told
    assert "holds the truth value True" in told


def test_a_summary_says_what_the_data_hold(tmp_path: Path) -> None:
    text = HEADER + "1,joy,6.5,1,24\n2,woe,1.5,1,20\n3,awe,,,\n"
    scale = {"min": 1, "max": 9, "direction": "up", "native": {"min": 0, "max": 8}}
    check = check_data(
        table_card(write(tmp_path / "words.csv", text), SUMMARY, scales={"valence": scale})
    )
    assert check.problems == ()
    assert check.items == 3
    valence = check.scales["valence"]
    assert (valence.items, valence.lowest, valence.highest) == (2, 2.5, 7.5)
    assert valence.raters == (20, 24)


# Other readers


def several(name: str, files: Mapping[str, Path], **changes: Any) -> list[str]:
    with pytest.raises(DataError) as error:
        items(name, files, **changes)
    return [line for line in str(error.value).splitlines() if line.strip()]


def test_the_lexicon_of_vader_tells_all(tmp_path: Path) -> None:
    text = "joy\t1\t0\t[1]\nwoe\t1\nbad\t1\t0\t[1\nbig\t1\t0\t(2)\n\t\t\t\nok\t0\t0\t[1]\t\t\n"
    told = "\n".join(several("vader", {"lexicon": write(tmp_path / "lexicon.txt", text)}))
    assert "line 2: expected 4 tab-separated fields" in told
    assert "line 3: expected a list of whole numbers" in told
    assert "line 4: expected a list of whole numbers" in told
    assert "line 5" not in told
    assert "line 6" not in told


def test_emobank_tells_all(tmp_path: Path) -> None:
    ratings = "id,V,A,D\ns1,3,x,3\ns1,y,3,3\ns2,3,3,3\ns2,3,3,3\n"
    files = {
        "ratings": write(tmp_path / "r.csv", ratings),
        "texts": write(tmp_path / "t.csv", "id,text\ns1,One.\ns1,Two.\n"),
    }
    told = "\n".join(several("emobank", files, splits=None, categories=None))
    for part in (
        "r.csv, line 2, column 'A': expected a number, found 'x'",
        "r.csv, line 3, column 'V': expected a number, found 'y'",
        "t.csv, line 3: 's1' stands in the file twice",
        "'s2' has no sentence",
    ):
        assert part in told


def test_oasis_tells_all_in_both_files(tmp_path: Path) -> None:
    header = ",Theme,Category," + ",".join(
        f"{name}_{part}" for name in ("Valence", "Arousal") for part in ("mean", "SD", "N")
    )
    norms = f"{header}\nI1,Dog 6 ,Animal,high,1,2,3,1,2\nI2,Cat 1,Animal,4,low,2,3,1,2\n"
    files = {
        "norms": write(tmp_path / "OASIS.csv", norms + "I3,Cow 1,Animal,4,1,2,3,1,2\n"),
        "ratings": write(tmp_path / "data.csv", "valar,I3\nvalence,x\nvalence,7?\n"),
    }
    told = "\n".join(several("oasis", files))
    for part in (
        "OASIS.csv, line 2, column 'Valence_mean'",
        "OASIS.csv, line 3, column 'Valence_SD'",
        "data.csv, line 2, column 'I3'",
        "data.csv, line 3, column 'I3'",
    ):
        assert part in told


def test_goemotions_tells_all(tmp_path: Path) -> None:
    raw = (
        "text,id,rater_id,example_very_unclear,joy,fear\n"
        "Hi,a,1,False,2,0\nHo,a,2,False,1,0\nHa,b,1,Maybe,1,0\n"
    )
    files = {"ratings.0": write(tmp_path / "raw.csv", raw)}
    told = "\n".join(several("goemotions", files, ratings=({},), splits={}))
    for part in (
        "line 2, column joy: expected 0 or 1, found '2'",
        "line 3: a has another text here",
        "line 4, column example_very_unclear: expected True or False",
    ):
        assert part in told


# Notes and empty rows


@pytest.mark.parametrize(
    "row",
    [
        "1,joy,4,1,20,,see line 9",
        "1,joy,4,1,20,,,,n = 20",
        "1,joy,4,1,20,check with lab",
        "1,joy,4,1,20,,",
        "1,joy,4,1,20,   ",
    ],
)
def test_what_stands_right_of_the_named_columns_is_left_out(row: str, tmp_path: Path) -> None:
    card = table_card(write(tmp_path / "words.csv", f"{HEADER}{row}\n2,woe,3,1,20\n"), SUMMARY)
    stimuli, norms = prepared(tmp_path, card)
    assert stimuli["text"].tolist() == ["joy", "woe"]
    assert norms["n"].tolist() == [20, 20]


@pytest.mark.parametrize(
    "row",
    [
        "1,beach, sunny,4,1,20",
        "1,beach, sunny, warm,4,1,20",
        "1,joy,4,1,20,7",
        "1,joy,4,0,1,2,20,4",
        "1,beach, sunny,4,1,",
    ],
)
def test_a_row_whose_fields_may_have_moved_is_refused(row: str, tmp_path: Path) -> None:
    told = sole(problems(tmp_path, f"{HEADER}{row}\n2,woe,3,1,20\n"))
    assert "line 2" in told
    if row.endswith(","):
        assert "column 'v': expected a number, found ' sunny'" in told
    else:
        assert "must stand in quotation marks. If the last ones are a note" in told


def test_text_right_of_the_numbers_may_be_cut_and_is_refused(tmp_path: Path) -> None:
    source = {"scales": {"valence": {"mean": "v"}}}
    told = sole(problems(tmp_path, "id,v,word\n1,4,beach, sunny\n2,3,woe\n", source))
    assert "line 2: expected 3 fields, as in the first line, found 4" in told


def test_quotation_marks_are_no_advice_where_they_mean_nothing(tmp_path: Path) -> None:
    text = f"{HEADER}1,beach, sunny,4,1,20\n"
    told = sole(problems(tmp_path, text, {**SUMMARY, "quotes": "none"}))
    assert "must stand in quotation marks" not in told
    assert "No field can hold what separates fields" in told


def test_columns_that_nobody_reads_may_hold_the_separator(tmp_path: Path) -> None:
    text = "id,word,v,remark\n1,joy,4,nice, but loud\n2,woe,3,\n"
    assert not problems(tmp_path, text, {"scales": {"valence": {"mean": "v"}}})


def test_columns_without_a_name_need_not_be_there(tmp_path: Path) -> None:
    text = "id,word,v,,\n1,joy,4\n2,woe,3,,note\n3,awe,3,note,\n4,ire,2,a,b\n"
    assert not problems(tmp_path, text, {"scales": {"valence": {"mean": "v"}}})


def test_empty_rows_and_notes_are_counted_in_the_log_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = HEADER + ",,,,\n1,joy,4,1,20,,note\n  ,\t, ,,\n\n2,woe,3,1,20\n,,,,,,total: 2\n \n"
    with caplog.at_level(logging.INFO):
        prepared(tmp_path, table_card(write(tmp_path / "words.csv", text), SUMMARY))
    told = [message.rpartition("words.csv: ")[2] for message in caplog.messages]
    assert "empty rows left out: 5 (line 2, line 4, line 5, …)" in told
    assert "notes right of the last named column left out: 1 (line 3)" in told


@pytest.mark.parametrize("name", ["words.tsv", "words.jsonl", "words.parquet"])
def test_empty_rows_are_left_out_of_every_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith("tsv"):
        write(path, "id\tword\tv\n1\tjoy\t4\n\t\t\n \t \t\n")
    elif name.endswith("jsonl"):
        write(path, '{"id": 1, "word": "joy", "v": 4}\n{}\n{"id": null, "word": " "}\n')
    else:
        frame = pd.DataFrame({"id": ["1", None], "word": ["joy", ""], "v": [4.0, np.nan]})
        frame.to_parquet(path)
    stimuli, _ = prepared(tmp_path, table_card(path))
    assert stimuli["text"].tolist() == ["joy"]


def test_readers_without_a_header_leave_out_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "set.txt", "1\t2\tHello\t\tnote\n\t\t\n2\t3\tBye\t\t\n")
    mistakes = Mistakes()
    with caplog.at_level(logging.INFO):
        rows = list(tab_separated(path, ("id", "mean", "text"), mistakes))
    assert [(number, fields) for number, _, fields in rows] == [
        (1, ["1", "2", "Hello"]),
        (3, ["2", "3", "Bye"]),
    ]
    assert not mistakes
    assert "notes right of the last named column left out: 1 (line 1)" in caplog.text


# Quotation marks


@pytest.mark.parametrize(("name", "delimiter"), [("w.tsv", "\t"), ("w.csv", ","), ("w.csv", ";")])
@pytest.mark.parametrize(
    ("third", "told"),
    [
        ('she said "no', "line 2: not valid [CT]SV: a field goes on after"),
        ('she said"', "line 2: a quotation mark opens a field here that ends only in line 4"),
        ("she said", "line 2: not valid [CT]SV: a quotation mark opens a field here and is never"),
        ('"go" she said', "line 2: not valid|line 2: a quotation mark opens|line 4: not valid"),
    ],
)
def test_a_field_that_has_swallowed_rows_is_refused_where_it_began(
    name: str, delimiter: str, third: str, told: str, tmp_path: Path
) -> None:
    text = f'id,word,v\n1,"Stop he said,7\n2,beach,3\n3,{third},4\n4,woe,2\n'.replace(
        ",", delimiter
    )
    with pytest.raises(DataError, match=told) as error:
        read(tmp_path, text, name, delimiter=delimiter)
    assert "say quotes: none in the card" in str(error.value)
    rows = read(tmp_path, text, name, delimiter=delimiter, quotes="none")
    assert [row[1] for row in rows] == ["word", '"Stop he said', "beach", third, "woe"]


def test_the_card_can_say_that_fields_hold_lines_and_delimiters(tmp_path: Path) -> None:
    text = 'id,word\n1,"Dear all,\nbye"\n2,woe\n'
    with pytest.raises(DataError, match=r"line 2: .*ends only in line 3.*quotes: standard"):
        read(tmp_path, text)
    assert read(tmp_path, text, quotes="standard")[1:] == [["1", "Dear all,\nbye"], ["2", "woe"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_is_that_of_the_field_even_after_another_of_several_lines(
    end: str, tmp_path: Path
) -> None:
    text = 'id,word,more\n1,"one\ntwo","three,\nfour"\n2,a,b\n'.replace("\n", end)
    with pytest.raises(DataError, match=r"line 3: a quotation mark opens a field .* in line 4"):
        read(tmp_path, text)
    text = 'id,word,more\n1,"one\ntwo","three\nfour\n'.replace("\n", end)
    with pytest.raises(DataError, match=r"line 3: not valid CSV: .*never closed"):
        read(tmp_path, text)


def test_text_of_several_lines_without_delimiter_and_quoted_delimiters_are_as_ever(
    tmp_path: Path,
) -> None:
    text = 'id,word\n1,"one\n\ntwo ""three"""\n2,"a, b"\n'
    assert read(tmp_path, text)[1:] == [["1", 'one\n\ntwo "three"'], ["2", "a, b"]]


def test_rows_after_one_that_was_refused_are_read_for_their_mistakes(tmp_path: Path) -> None:
    text = HEADER + '1,"joy,4\n2,woe",4,1,20\n3,awe,bad,1,20\n'
    told = "\n".join(problems(tmp_path, text))
    assert "line 2: a quotation mark opens" in told
    assert "line 4, column 'v': expected a number, found 'bad'" in told


# The line of Excel


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
@pytest.mark.parametrize("name", ["words.csv", "words.tsv"])
def test_the_line_that_excel_writes_says_the_delimiter(
    first: str, name: str, tmp_path: Path
) -> None:
    text = f"{first}\r\nid;word;v\r\n1;joy;bad\r\n2;woe;3\r\n"
    assert read(tmp_path, text, name)[:2] == [["id", "word", "v"], ["1", "joy", "bad"]]
    assert read(tmp_path, text, name, header_line=2)[0] == ["id", "word", "v"]
    layout = Layout(name[-3:], "the card")
    (first_row, _) = read_records(tmp_path / name, layout, {"v": "v"})
    assert first_row.where.endswith("line 3")


def test_the_card_has_the_last_word_on_the_delimiter(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=;\nid|word\n1|joy\n", delimiter="|") == [
        ["id", "word"],
        ["1", "joy"],
    ]


def test_a_delimiter_cannot_be_a_quotation_mark() -> None:
    with pytest.raises(ValueError, match="can separate fields"):
        TableFormat(delimiter='"')


# Letters in two codings


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_ids_that_look_the_same_are_joined_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = write(
        tmp_path / "words.csv", decomposed("id,word,v\ncafé,café,4\nniño,niño,3\nb,b,3\n")
    )
    more = write(tmp_path / "more.csv", "id,a\ncafé,1\nniño,2\nb,3\n")
    scales = {name: {"min": 1, "max": 7, "direction": "up"} for name in ("valence", "arousal")}
    joined = {"table": {"file": str(more)}, "id": "id", "scales": {"arousal": {"mean": "a"}}}
    source = {"scales": {"valence": {"mean": "v"}}, "joined": [joined]}
    with caplog.at_level(logging.INFO):
        stimuli, norms = prepared(tmp_path, table_card(table, source, scales=scales))
    # What models are sent stays as it is in the file.
    assert set(stimuli["text"]) == {decomposed("café"), decomposed("niño"), "b"}
    assert set(stimuli["item_id"]) == set(stimuli["text"])
    assert norms[norms["scale"] == "arousal"]["mean"].tolist() == [3, 1, 2]
    assert "more.csv: matched with items although" in caplog.text
    assert "(Unicode NFC, NFD): 2" in caplog.text


def test_rows_of_an_item_belong_together_however_its_letters_are_coded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "id,word,v\ncafé,café,4\n" + decomposed("café,café,2\n")
    source = {"rows": "ratings", "scales": {"valence": {"ratings": ["v"]}}}
    with caplog.at_level(logging.INFO):
        _, norms = prepared(tmp_path, table_card(write(tmp_path / "words.csv", text), source))
    assert norms["ratings"].map(list).tolist() == [[4, 2]]
    assert "(Unicode NFC, NFD): 1" in caplog.text
    told = sole(problems(tmp_path, text, {"scales": {"valence": {"mean": "v"}}}))
    assert "line 3, column 'id'" in told


def test_names_of_columns_labels_and_demonstrations_are_the_same_too(tmp_path: Path) -> None:
    mood = {"kind": "labels", "labels": ["dégoût", "joie"]}
    text = decomposed("id,word,émotion\n1,crème,dégoût\n2,pâté,joie\n")
    source = {"scales": {"mood": {"labels": "émotion"}}}
    card = table_card(write(tmp_path / "words.csv", text), source, scales={"mood": mood})
    stimuli, norms = prepared(tmp_path, card, excluded_texts=("PÂTÉ",))
    assert stimuli["item_id"].tolist() == ["1"]
    assert [list(one) for one in norms["labels"][0]] == [["dégoût"]]


def test_an_image_is_found_by_a_name_that_is_coded_otherwise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in (decomposed("café.png"), "niño.png"):
        Image.new("RGB", (4, 4)).save(folder / name)
    text = "id,picture\n1,café.png\n2," + decomposed("niño.png") + "\n"
    source = {"text": None, "image": "picture", "scales": {}}
    images = {"modality": "image", "images": str(folder)}
    with caplog.at_level(logging.INFO):
        stimuli, _ = prepared(
            tmp_path, table_card(write(tmp_path / "words.csv", text), source, **images)
        )
    assert [Path(path).name for path in stimuli["image_path"]] == [
        decomposed("café.png"),
        "niño.png",
    ]
    assert "pictures: matched with items although" in caplog.text


def test_words_that_look_different_are_different(tmp_path: Path) -> None:
    path = write(tmp_path / "words.csv", "id,word,v\ncafe,cafe,4\ncafé,café,3\n")
    stimuli, _ = prepared(tmp_path, table_card(path))
    assert stimuli["item_id"].tolist() == ["cafe", "café"]


# As other programs write them


PLAIN = "id,word,v\n1,beach,2\n2,storm,3\n"


@pytest.mark.parametrize(
    ("written", "said"), [("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le"), ("utf-16", "utf-16")]
)
def test_a_mark_at_the_beginning_is_no_letter_of_the_first_name(
    written: str, said: str, tmp_path: Path
) -> None:
    table = write(tmp_path / "words.csv", PLAIN, written)
    assert check_data(table_card(table, MEAN | {"encoding": said})).items == 2


@pytest.mark.parametrize(
    "text",
    [
        "id\tword\tv\n1\ta1\tbeach\t2\n2\ta2\tstorm\t3\n",
        "id\tv\tword\n1\ta1\t2\tbeach\n2\ta2\t3\tstorm\n",
    ],
)
def test_row_names_without_a_name_of_their_own_are_told(text: str, tmp_path: Path) -> None:
    told = sole(problems(tmp_path, text, MEAN | {"delimiter": "\t"}))
    assert "Every row has one field more than there are names" in told
    assert "row.names = FALSE" in told


def test_one_row_among_others_that_is_too_long_is_not_taken_for_row_names(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, PLAIN + "3,sea, salt,4\n", MEAN))
    assert "must stand in quotation marks" in told


def test_a_delimiter_is_suggested_although_a_name_holds_a_comma(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, "id;word;v;note (a, b)\n1;beach;2;x\n", MEAN))
    assert 'say delimiter: ";"' in told


def test_thousands_are_not_taken_for_decimals(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, HEADER + '1,beach,2,1,"1,234"\n2,storm,3,1,"1,034"\n'))
    assert told.startswith("Numbers with a comma before three digits (2 times). If the comma sepa")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<html><table></table></html>", "not a spreadsheet but a web page"),
        ("id\tword\n", "say format: csv (or tsv)"),
    ],
)
def test_text_that_is_called_a_spreadsheet_is_told(text: str, told: str, tmp_path: Path) -> None:
    table = write(tmp_path / "words.xls", text)
    problem = sole(check_data(table_card(table)).problems)
    assert told in problem
    assert "OLE" not in problem


def test_half_a_character_is_told_with_its_line(tmp_path: Path) -> None:
    table = write(tmp_path / "words.jsonl", '{"id": 1, "word": "sea \\ud83d", "v": 2}\n')
    told = sole(check_data(table_card(table)).problems)
    assert told.startswith(f"{table}, line 1: holds half of a character (\\ud83d)")
    write(table, '{"id": 1, "word": "\\ud83d\\ude00", "v": 2}\n')
    assert check_data(table_card(table)).items == 1


def test_parquet_of_other_types_is_read_as_it_was_meant(tmp_path: Path) -> None:
    columns = {
        "id": pa.array([b"a", b"b"]),
        "word": pa.array([b"sea", "\u00dcbung".encode()]),
        "v": pa.array([2.1, 6.9], pa.float32()),
    }
    pq.write_table(pa.table(columns), tmp_path / "words.parquet")
    card = table_card(tmp_path / "words.parquet")
    stimuli, norms = prepared(tmp_path, card)
    assert list(stimuli["text"]) == ["sea", "\u00dcbung"]
    assert list(stimuli["item_id"]) == ["a", "b"]
    assert list(norms["mean"]) == [2.1, 6.9]
    columns["word"] = pa.array([b"sea", b"\xdcbung"])
    pq.write_table(pa.table(columns), tmp_path / "words.parquet")
    assert "row 2, column 'word': holds bytes that are not" in sole(check_data(card).problems)


def test_columns_without_a_name_can_be_told(tmp_path: Path) -> None:
    two_rows = "Words,Length,AROU,,VAL,\n,,M,SD,M,SD\nabbey,5,3.1,2,5.7,1\n"
    source = {
        "header_line": 2,
        "id": "Words",
        "text": "Words",
        "scales": {"valence": {"mean": "M.1"}},
    }
    told = sole(problems(tmp_path, two_rows, source))
    assert told.endswith('Its columns are: M, SD, M, SD. Column 1 has no name: write ".0"')
    table = write(tmp_path / "words.csv", two_rows)
    (item,) = table_card(table, source | {"id": ".0", "text": ".0"}).source.read({"table": table})
    assert (item.item_id, item.text) == ("abbey", "abbey")
    assert rated(item, "valence").mean == 5.7
    told = sole(problems(tmp_path, ",v\nbeach,2\n", MEAN | {"id": "word"}))
    assert told.endswith('Its columns are: v. Column 1 has no name: write ""')


def test_fields_separated_by_blanks_are_told(tmp_path: Path) -> None:
    told = sole(problems(tmp_path, "id   word   v\n1    beach  2\n", MEAN))
    assert told.endswith("else save the table as CSV")
