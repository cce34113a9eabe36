"""Recorded ratings: a table somebody else made becomes ratings, or is refused in words."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.errors import StudyError
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files, Needs
from emoalign.planning.studies import LoadedStudy
from emoalign.study.reading import read_yaml
from emoalign.tables import ITEMS, NORMS, STATUSES
from emoalign.tables.parquet import metadata
from tests.kit.recorded import (
    COLUMNS,
    COMPLETE,
    ITEMS_SHOWN,
    SCALE,
    Table,
    csv,
    given,
    problems_of_card,
)

Edit = Callable[[str, Callable[[Any], object]], None]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


# From a table to ratings


def test_rows_become_ratings_like_those_of_any_model(table: Table) -> None:
    rows = table.write(csv(("w1", "ann", 7), ("w1", "bob", "6.0"), ("w2", "ann", 2))).rate()
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 6), ("w2", 0, 2)]
    first = rows.iloc[1]
    assert (first["status"], first["text"], first["readout"]) == ("ok", "6.0", "sampled")
    assert (first["model"], first["protocol"], first["scale"]) == ("people", "asked", "valence")
    assert first["model_reported"] == "recorded: people.csv"
    assert (first["prompt_tokens"], first["completion_tokens"]) == (0, 0)
    assert pd.isna(first["latency_s"])


def test_nothing_is_written_to_a_journal(table: Table) -> None:
    table.write(COMPLETE).rate()
    assert not (table.folder / "journal").exists()


def test_an_id_of_a_rating_is_always_the_same_and_never_shared(table: Table) -> None:
    ids = list(table.write(COMPLETE).rate()["request_id"])
    assert len(set(ids)) == 8
    assert all(len(one) == 64 for one in ids)
    assert list(table.rate()["request_id"]) == ids
    other = list(table.write(COMPLETE + "w9,ann,5\n").rate()["request_id"])
    assert not set(other) & set(ids)


def test_the_notes_tell_which_file_it_was(table: Table) -> None:
    table.write(COMPLETE).rate()
    notes = metadata(table.folder / "ratings.parquet")
    engine = orjson.loads(notes["engine"])
    assert engine["source"]["sha256"] == hashlib.sha256(COMPLETE.encode()).hexdigest()
    assert engine["columns"]["participant"] == "who"
    assert orjson.loads(notes["sampling"]) == {}


@pytest.mark.parametrize("name", ["people.tsv", "people.TSV", "people.parquet"])
def test_tsv_and_parquet_say_the_same_as_csv(name: str, table: Table) -> None:
    expected = given(table.write(COMPLETE).rate())
    if name.endswith("parquet"):
        frame = pd.DataFrame([line.split(",") for line in COMPLETE.splitlines()[1:]])
        frame = frame.set_axis(["id", "who", "rating"], axis=1).astype({"rating": float})
        table.file = table.folder / name
        frame.to_parquet(table.file)
    else:
        table.write(COMPLETE.replace(",", "\t"), name)
    assert given(table.rate()) == expected


def test_numbers_and_nulls_of_parquet_are_read_as_they_would_stand_in_a_text(table: Table) -> None:
    table.file = table.folder / "people.parquet"
    table.texts = {"1": "joy", "2": "grief"}
    columns = {
        "id": pa.array([1, 1, 2]),
        "who": pa.array(["a", "b", "a"]).dictionary_encode(),
        "rating": pa.array([7.0, None, float("nan")]),
    }
    pq.write_table(pa.table(columns), table.file)
    rows = table.rate()
    assert given(rows) == [("1", 0, 7)]
    assert list(rows["text"].dropna()) == ["7"]


def test_a_format_that_is_named_counts_more_than_the_name_of_the_file(table: Table) -> None:
    table.write(COMPLETE.replace(",", "\t"), "people.txt")
    assert len(given(table.rate(format="tsv"))) == 8


# Traps of text files


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_any_end_of_line_and_a_mark_at_the_beginning_are_read(
    end: str, mark: bytes, table: Table
) -> None:
    expected = given(table.write(COMPLETE).rate())
    assert given(table.write(mark + COMPLETE.replace("\n", end).encode()).rate()) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_is_counted_as_an_editor_counts_it(end: str, table: Table) -> None:
    content = 'id,who,rating,note\nw1,ann,5,"two\nlines"\n\nw1,bob,x,\n'
    told = table.write(content.replace("\n", end)).refusal()
    assert told.startswith(f"{table.file}, line 5, column 'rating': expected a number, found 'x'")


def test_words_that_look_like_missing_values_are_items(table: Table) -> None:
    content = csv(*[(text, "ann", 5) for text in ITEMS_SHOWN.values()], header="text,who,rating")
    columns = {"text": "text", "participant": "who", "rating": "rating"}
    assert len(given(table.write(content).rate(columns=columns))) == 4
    rows = table.rate(columns=columns, na_values=["NA", "null", "None"])
    assert [item for item, _, _ in given(rows)] == ["w1", "w2", "w3", "w4"]


def test_text_in_another_encoding_is_read_when_the_card_says_so(table: Table) -> None:
    table.texts = {"w1": "café"}
    content = csv(("café", "ann", 5), header="text,who,rating").encode("cp1252")
    columns = {"text": "text", "participant": "who", "rating": "rating"}
    table.write(content)
    assert given(table.rate(columns=columns, encoding="cp1252")) == [("w1", 0, 5)]
    told = table.refusal(columns=columns)
    assert f"{table.file}, line 2: not utf-8-sig text" in told
    assert "byte 0xe9" in told
    assert "encoding: cp1252" in told


def test_a_text_with_separators_and_quotation_marks_is_one_cell(table: Table) -> None:
    table.texts = {"w1": 'Well, "well",\nhe said'}
    content = 'text,who,rating\n"Well, ""well"",\nhe said",ann,5\n'
    columns = {"text": "text", "participant": "who", "rating": "rating"}
    assert given(table.write(content).rate(columns=columns)) == [("w1", 0, 5)]


def test_a_line_with_too_few_or_too_many_fields_is_told(table: Table) -> None:
    assert (
        "line 2: expected 3 fields, as in the first line, found 4"
        in table.write("id,who,rating\nw1,ann,5,5\n").refusal()
    )
    assert "line 3: expected 3 fields" in table.write("id,who,rating\nw1,ann,5\nw1,bob\n").refusal()


def test_a_quotation_mark_that_never_ends_is_told_where_it_begins(table: Table) -> None:
    told = table.write('id,who,rating\nw1,ann,5\n"w2,ann,5\nw3,ann,5\n').refusal()
    assert f"{table.file}, line 3: not valid CSV" in told


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_told(content: str, table: Table) -> None:
    assert "the file is empty" in table.write(content).refusal()


def test_a_table_without_rows_is_told(table: Table) -> None:
    assert "no rows below the column names" in table.write("id,who,rating\n").refusal()


# The file


def test_a_missing_file_is_told_with_how_to_get_it(table: Table) -> None:
    source = {"file": str(table.folder / "none.csv"), "obtain": "Ask the authors."}
    assert table.refusal(source=source).endswith("none.csv: no such file. Ask the authors.")


def test_another_file_than_the_checksum_says_is_refused(table: Table) -> None:
    table.write(COMPLETE)
    told = table.refusal(source={"file": str(table.file), "sha256": "0" * 64})
    assert "another file than expected" in told
    right = hashlib.sha256(COMPLETE.encode()).hexdigest()
    assert len(table.rate(source={"file": str(table.file), "sha256": right})) == 8


def test_a_file_that_is_no_parquet_is_told(table: Table) -> None:
    told = table.write(COMPLETE, "people.parquet").refusal()
    assert told.startswith(f"{table.file}: not a Parquet file")


def test_every_column_that_is_not_there_is_told_with_the_nearest(table: Table) -> None:
    told = table.write(COMPLETE).refusal(
        columns={"item": "ids", "participant": "subject", "rating": "ratings"}
    )
    assert "no column 'ids' (columns.item in the model's card); did you mean 'id'?" in told
    assert "no column 'subject' (columns.participant in the model's card)" in told
    assert "no column 'ratings' (columns.rating in the model's card); did you mean 'rating'" in told


def test_a_column_that_is_there_twice_is_told(table: Table) -> None:
    told = table.write("id,who,rating,rating\nw1,ann,5,6\n").refusal()
    assert "more than one column 'rating'" in told


def test_a_missing_column_of_parquet_is_told(table: Table) -> None:
    table.file = table.folder / "people.parquet"
    pd.DataFrame({"id": ["w1"], "rating": [5]}).to_parquet(table.file)
    assert "no column 'who'" in table.refusal()


# Ratings and answers


@pytest.mark.parametrize("cell", ["seven", "7?", "NaN", "nan", "inf", "1e", "--1", "7 8", "1_0"])
def test_a_rating_that_is_no_number_is_an_error(cell: str, table: Table) -> None:
    told = table.write(csv(("w1", "ann", 5), ("w1", "bob", cell))).refusal()
    place = f"{table.file}, line 3, column 'rating'"
    assert told.startswith(f"{place}: expected a number, found {cell!r}. ")
    assert "the model's card" in told


def test_a_decimal_comma_is_told_as_such(table: Table) -> None:
    told = table.write(csv(("w1", "ann", '"6,5"'))).refusal()
    assert "found '6,5'. The card expects a decimal point" in told


@pytest.mark.parametrize("number", ["0", "10", "-3", "6.5", "1e14"])
def test_a_number_off_the_scale_is_an_error_and_never_moved_onto_it(
    number: str, table: Table
) -> None:
    told = table.write(csv(("w1", "ann", number))).refusal()
    assert f"{table.file}, line 2, column 'rating': expected a point of the scale from 1" in told
    assert "from 1 to 9 in steps of 1; found" in told


def test_a_number_of_the_datasets_own_file_is_told_apart(table: Table) -> None:
    table.job["range"] = {**SCALE, "native": {"min": -4, "max": 4}}
    told = table.write(csv(("w1", "ann", -2))).refusal()
    assert "not a value from -4 to 4 as in the dataset's own file; found -2" in told


def test_points_between_whole_numbers_are_points_where_the_scale_has_them(table: Table) -> None:
    table.job["range"] = {**SCALE, "step": 0.1}
    rows = table.write(csv(("w1", "ann", "6.3"), ("w1", "bob", "1.1e0"))).rate()
    assert given(rows) == [("w1", 0, 6.3), ("w1", 1, 1.1)]


def test_a_row_of_parquet_is_told_by_its_number(table: Table) -> None:
    table.file = table.folder / "people.parquet"
    pd.DataFrame({"id": ["w1", "w2"], "who": "a", "rating": [5.0, 5.5]}).to_parquet(table.file)
    assert f"{table.file}, row 2, column 'rating': expected a point" in table.refusal()


ANSWERS = {"item": "id", "participant": "who", "answer": "said"}
BOTH = {**ANSWERS, "rating": "rating"}


def test_raw_answers_are_read_by_the_rule_for_all_answers(table: Table) -> None:
    said = ["7", "**7**", "I'd say 7", "10", "I'm sorry, but I cannot rate this."]
    lines = [("w1", number, f'"{text}"') for number, text in enumerate(said)]
    rows = table.write(csv(*lines, header="id,who,said")).rate(columns=ANSWERS)
    rows = rows.dropna(subset=["status"])
    assert list(rows["status"]) == ["ok", "ok", "unparsable", "off_scale", "refusal"]
    assert list(rows["rating"].dropna()) == [7, 7]
    assert list(rows["text"]) == said


def test_rating_and_raw_answer_may_stand_side_by_side(table: Table) -> None:
    lines = [("w1", 0, 7, "7."), ("w1", 1, "", "no idea"), ("w1", 2, 6, "")]
    rows = table.write(csv(*lines, header="id,who,rating,said")).rate(columns=BOTH)
    assert given(rows) == [("w1", 0, 7), ("w1", 2, 6)]
    assert list(rows["text"].dropna()) == ["7.", "no idea", "6"]


@pytest.mark.parametrize(
    ("rating", "answer", "told"),
    [
        ("7", "8", "holds '8', which is 8, but column 'rating' holds 7."),
        ("7", "about 7", "holds 'about 7', which is unparsable, but column 'rating' holds 7."),
        ("", "7", "holds '7', which is 7, but column 'rating' holds no rating."),
    ],
)
def test_rating_and_raw_answer_that_disagree_are_an_error(
    rating: str, answer: str, told: str, table: Table
) -> None:
    content = csv(("w1", 0, rating, answer), header="id,who,rating,said")
    message = table.write(content).refusal(columns=BOTH)
    assert message.startswith(f"{table.file}, line 2: column 'said' ")
    assert told in message


def test_what_stands_for_a_missing_rating_is_the_cards_to_say(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "emoalign")
    table.write(csv(("w1", "ann", -99), ("w1", "bob", 5), ("w2", "ann", "")))
    rows = table.rate(na_values=["", "-99"])
    assert given(rows) == [("w1", 1, 5)]
    assert "rows without a rating: 2" in caplog.text
    assert "expected a point of the scale" in table.refusal()


# Items


def test_an_item_nobody_rated_is_there_without_ratings_and_is_counted(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    rows = table.write(csv(("w1", "ann", 7), ("w1", "bob", 5))).rate()
    assert list(rows["item_id"]) == ["w1", "w1", "w2", "w3", "w4"]
    assert rows["status"].isna().sum() == 3
    assert "items without any rating: 3 of 4 ('w2', 'w3', 'w4')" in caplog.text

    folder = table.folder
    norms = pd.DataFrame({"item_id": list(ITEMS_SHOWN), "mean": 5.0, "sd": 1.0, "n": 10})
    NORMS.write(
        norms.assign(scale="valence", **dict.fromkeys(("ratings", "labels", "raters"))),
        folder / "norms.parquet",
    )
    job = AggregationJob.model_validate({"dataset": "words", "scales": {"valence": SCALE}})
    ratings, norms_file, stimuli = (
        folder / f"{name}.parquet" for name in ("ratings", "norms", "stimuli")
    )
    aggregate(job, [ratings], norms_file, stimuli, folder / "items.parquet")
    items = ITEMS.read(folder / "items.parquet").set_index("item_id")
    assert list(items["n_ok"]) == [2, 0, 0, 0]
    assert items.loc["w1", "mean"] == 6
    assert items.loc["w2", ["mean", "sd"]].isna().all()
    assert items.loc["w2", [f"n_{status}" for status in STATUSES]].eq(0).all()


def test_items_the_study_does_not_have_are_left_out_and_told(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    rows = table.write(COMPLETE + csv(*[(f"x{n}", "ann", 5) for n in range(5)]).split("\n", 1)[1])
    caplog.set_level(logging.INFO)
    assert len(rows.rate()) == 8
    (told,) = [record.getMessage() for record in caplog.records if "left out" in record.msg]
    assert told.endswith("does not have them in this study: 5 (line 10, line 11, line 12, …)")


def test_a_table_of_other_items_altogether_is_an_error(table: Table) -> None:
    told = table.write(csv(("joy", "ann", 5), ("null", "ann", 5))).refusal()
    assert "none of its 2 items is an item of 'words' in this study" in told
    assert "found 'joy', 'null'; expected ids such as 'w1', 'w2', 'w3', …" in told


def test_a_text_that_two_items_share_is_an_error_that_asks_for_ids(table: Table) -> None:
    table.texts = {"w1": "joy", "w2": "grief", "w3": "joy"}
    columns = {"text": "text", "participant": "who", "rating": "rating"}
    content = csv(("grief", "ann", 5), header="text,who,rating")
    assert given(table.write(content).rate(columns=columns)) == [("w2", 0, 5)]
    told = table.write(content + "joy,ann,5\n").refusal(columns=columns)
    assert f"{table.file}, line 3, column 'text': more than one item has the text 'joy'" in told
    assert "('w1', 'w3')" in told
    assert "columns.item" in told


def test_a_row_without_an_item_is_an_error(table: Table) -> None:
    told = table.write(csv(("", "ann", 5))).refusal()
    assert told == (
        f"{table.file}, line 2, column 'id': expected the item, found nothing. Fill in the "
        "field, or remove the row from the table."
    )


def test_a_job_reads_only_the_items_of_its_shard(table: Table) -> None:
    table.shards = {"w3": "0001", "w4": "0001"}
    table.write(COMPLETE)
    assert list(table.rate("0000")["item_id"]) == ["w1", "w1", "w2", "w2"]
    assert list(table.rate("0001")["item_id"]) == ["w3", "w3", "w4", "w4"]


def test_a_shard_without_any_rating_is_a_table_all_the_same(table: Table) -> None:
    table.shards = {"w3": "0001", "w4": "0001"}
    rows = table.write(csv(("w1", "ann", 5))).rate("0001")
    assert list(rows["item_id"]) == ["w3", "w4"]
    assert rows["participant"].isna().all()


# Participants


def test_a_participant_who_rated_an_item_twice_is_an_error(table: Table) -> None:
    told = table.write(csv(("w1", "ann", 5), ("w2", "ann", 5), ("w1", "ann", 6))).refusal()
    assert told.startswith(
        f"{table.file}, line 4: this participant already rated item 'w1' in line 2"
    )
    assert "'ann'" not in told


def test_participants_keep_their_number_and_are_ordered_as_people_count(table: Table) -> None:
    lines = [("w1", who, rating) for who, rating in (("P10", 1), ("P2", 2), ("P1", 3))]
    rows = table.write(csv(*lines, ("w2", "P10", 4))).rate()
    assert given(rows) == [("w1", 0, 3), ("w1", 1, 2), ("w1", 2, 1), ("w2", 2, 4)]


def test_names_of_participants_go_no_further(table: Table) -> None:
    table.write(COMPLETE).rate()
    raw = (table.folder / "ratings.parquet").read_bytes()
    assert b"ann" not in raw
    assert b"bob" not in raw


def test_of_more_participants_than_asked_for_the_first_are_used(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    table.job["participants"] = 2
    lines = [("w1", who, rating) for who, rating in ((3, 3), (1, 1), (2, 2))]
    rows = table.write(csv(*lines, ("w2", 3, 9))).rate()
    assert given(rows) == [("w1", 0, 1), ("w1", 1, 2), ("w2", 2, 9)]
    assert "ratings left out: 1; the protocol asks for 2 participants per item" in caplog.text
    assert "some items (1) were rated by more (up to 3)" in caplog.text


def test_without_a_column_of_participants_the_order_within_an_item_numbers_them(
    table: Table,
) -> None:
    content = csv(("w1", 7), ("w2", 1), ("w1", 6), ("w1", ""), ("w1", 5), header="id,rating")
    rows = table.write(content).rate(columns={"item": "id", "rating": "rating"})
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 6), ("w1", 3, 5), ("w2", 0, 1)]


def test_a_row_without_its_participant_is_an_error(table: Table) -> None:
    told = table.write(csv(("w1", "", 5))).refusal()
    assert told == (
        f"{table.file}, line 2, column 'who': expected the participant, found nothing. "
        "Fill in the field, or remove the row from the table."
    )


# Scales and protocols


SEVERAL = {**COLUMNS, "scale": "dimension"}


def test_only_rows_of_the_scale_are_read(table: Table) -> None:
    lines = [("w1", "ann", 5, "valence"), ("w1", "ann", 77, "arousal"), ("w2", "bob", 6, "valence")]
    rows = table.write(csv(*lines, header="id,who,rating,dimension")).rate(columns=SEVERAL)
    assert given(rows) == [("w1", 0, 5), ("w2", 1, 6)]


def test_a_scale_the_table_does_not_have_is_told_with_those_it_has(table: Table) -> None:
    lines = [("w1", "ann", 5, "V"), ("w1", "ann", 5, "A")]
    told = table.write(csv(*lines, header="id,who,rating,dimension")).refusal(columns=SEVERAL)
    assert "no row belongs to the scale 'valence'; column 'dimension' holds 'V', 'A'" in told


def test_only_rows_of_the_protocol_are_read(table: Table) -> None:
    columns = {**COLUMNS, "protocol": "how"}
    lines = [("w1", "ann", 5, "asked"), ("w1", "ann", 6, "told")]
    header = "id,who,rating,how"
    rows = table.write(csv(*lines, header=header)).rate(columns=columns)
    assert given(rows) == [("w1", 0, 5)]
    told = table.write(csv(lines[1], header=header)).refusal(columns=columns)
    assert "no row belongs to the protocol 'asked'; column 'how' holds 'told'" in told


# The card and the study


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"columns": {"rating": "r"}},
            "people.yaml: columns: say which column identifies the item",
        ),
        (
            {"columns": {"item": "i", "text": "t", "rating": "r"}},
            "people.yaml: columns: say which column identifies the item: give either",
        ),
        ({"columns": {"item": "i"}}, "columns: say which column contains the ratings"),
        ({"columns": {**COLUMNS, "particpant": "p"}}, "did you mean 'participant'?"),
        ({"scale": None}, "people.yaml: say which scale was rated"),
        ({"columns": {**COLUMNS, "scale": "s"}}, "people.yaml: say which scale was rated"),
        ({"source": {"file": "people.txt"}}, "give the format (csv, tsv, xlsx, xls, parquet, "),
        ({"format": "ods"}, "people.yaml: format: "),
        ({"encoding": "utf-9"}, "people.yaml: encoding: unknown encoding: utf-9"),
        ({"capabilities": {}}, "people.yaml: capabilities: unknown key"),
    ],
)
def test_a_card_that_says_too_little_or_too_much_is_told(
    changes: dict[str, Any], told: str
) -> None:
    assert told in problems_of_card(**changes)


def test_a_right_card_has_no_problems() -> None:
    assert problems_of_card() == ""


@pytest.fixture
def people(config_dir: Path, edit: Edit, table: Table) -> Path:
    """The shipped study, of sampled answers only, with recorded ratings as a second model."""
    (config_dir / "models/people.yaml").write_text("{}\n")
    edit("models/people.yaml", lambda card: card.update(_as_yaml(table.write(COMPLETE).card())))
    edit("config.yaml", lambda study: study["models"].append("people"))
    edit(
        "config.yaml",
        lambda study: [protocol.update(readouts=["sampled"]) for protocol in study["protocols"]],
    )
    return config_dir


def _as_yaml(card: RecordedModel) -> dict[str, Any]:
    return card.model_dump(mode="json", exclude_none=True)


def study(config_dir: Path) -> LoadedStudy:
    content, problems = read_yaml(config_dir / "config.yaml")
    assert not problems
    return load_study(content, config_dir)


def recordings(config_dir: Path, model: str) -> list[str]:
    return Files(study(config_dir), "results/default").recordings(model)


def test_recorded_ratings_fit_any_prompt_because_none_is_sent(people: Path, edit: Edit) -> None:
    edit("config.yaml", lambda study: study["protocols"][0].update(temperature=0.3))
    needs = Needs(study(people))
    assert (needs.threads("people"), needs.api_slots("people")) == (1, 0)
    assert recordings(people, "smollm2-135m") == []


def test_the_exact_readout_of_recorded_ratings_is_refused(people: Path, edit: Edit) -> None:
    edit("config.yaml", lambda study: study["protocols"][1].update(readouts=["sampled", "exact"]))
    with pytest.raises(StudyError) as error:
        study(people)
    (problem,) = error.value.problems
    assert "protocol 'instruction' asks model 'people' for the exact readout" in problem
    assert "probabilities cannot be read from ratings" in problem


def test_a_scale_that_was_not_recorded_is_refused_before_anything_runs(
    people: Path, edit: Edit
) -> None:
    edit("models/people.yaml", lambda card: card.update(scale="arousal"))
    with pytest.raises(StudyError, match="'people' has recorded ratings of 'arousal' only"):
        study(people)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda card: card.update(title="Other people"), True),
        (lambda card: card["source"].update(obtain="Ask."), True),
        (lambda card: card["source"].update(sha256="0" * 64), False),
        (lambda card: card["columns"].update(rating="other"), False),
        (lambda card: card.update(na_values=["-99"]), False),
        (lambda card: card.update(encoding="cp1252"), False),
        (lambda card: card.update(format="tsv"), False),
    ],
)
def test_what_decides_the_ratings_is_what_a_job_knows(
    change: Callable[[Any], object], same: bool, people: Path, edit: Edit
) -> None:
    cell = ("people", "instruction", "vader", "valence")
    before = Jobs(study(people)).rate(*cell)
    edit("models/people.yaml", change)
    assert (Jobs(study(people)).rate(*cell) == before) == same


def test_the_file_is_an_input_of_the_job_as_soon_as_it_is_there(people: Path, table: Table) -> None:
    assert recordings(people, "people") == [str(table.file)]
    table.file.unlink()
    assert recordings(people, "people") == []


def test_the_files_of_the_how_to_can_be_used_as_they_stand(
    repository: Path, config_dir: Path
) -> None:
    page = (repository / "docs/recorded-ratings.md").read_text(encoding="utf-8")
    files = re.findall(r"```yaml\n# config/(.*?)\n(.*?)```", page, flags=re.DOTALL)
    assert len(files) == 5
    for name, content in files:
        (config_dir / name).parent.mkdir(exist_ok=True)
        (config_dir / name).write_text(content, encoding="utf-8")
    for name, models in (
        ("students", ("students", "GPT-4", "Claude-3")),
        ("gpt-batch", ("gpt-batch",)),
    ):
        study, problems = read_yaml(config_dir / f"studies/{name}.yaml")
        assert not problems
        loaded = load_study(study, config_dir)
        assert loaded.study.models == models
        assert all(isinstance(model, RecordedModel) for model in loaded.models.values())


# Labels and joint answers


MOOD = {"kind": "labels", "labels": ["joy", "anger"]}


def test_recorded_labels_are_read_from_the_raw_answer(table: Table) -> None:
    table.job |= {"answers": "labels", "scales": {"mood": MOOD}}
    table.write(
        'id,who,said\nw1,a,"[""JOY"", ""anger""]"\nw1,b,joy\nw2,a,"[""bliss""]"\nw2,b,\n'
        'w3,a,"[""anger""]"\nw4,a,I cannot say.\n'
    )
    columns = {"item": "id", "participant": "who", "answer": "said"}
    ratings = table.rate(columns=columns, scale="mood").set_index(["item_id", "participant"])
    assert ratings["status"].tolist() == ["ok", "unparsable", "unparsable", "ok", "refusal"]
    assert [None if row is None else list(row) for row in ratings["labels"]] == [
        ["joy", "anger"],
        None,
        None,
        ["anger"],
        None,
    ]
    assert ratings["rating"].isna().all()


@pytest.mark.parametrize("kind", ["joint", "structured_joint"])
def test_a_recorded_joint_answer_is_read_for_each_scale(table: Table, kind: str) -> None:
    table.job |= {"answers": kind, "scales": {"valence": SCALE, "arousal": SCALE}}
    table.write(
        "id,who,on,said\n"
        'w1,a,valence,"{""valence"": 3, ""arousal"": 12}"\n'
        'w1,a,arousal,"{""valence"": 3, ""arousal"": 12}"\n'
    )
    table.texts = {"w1": "joy"}
    columns = {"item": "id", "participant": "who", "scale": "on", "answer": "said"}
    ratings = table.rate(columns=columns).set_index("scale")
    assert ratings["status"].to_dict() == {"valence": "ok", "arousal": "off_scale"}
    assert ratings.loc["valence", "rating"] == 3
