"""Recorded tables as people publish them: several models, wide rows, statuses, JSON, ranges."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.errors import DataError
from tests.kit.recorded import (
    SCALE,
    Table,
    csv,
    given,
    problems_of_card,
)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


# Several models, and only some rows


TRIALS = csv(
    ("w1", "GPT-4o", "base", 7),
    ("w1", "GPT-4o", "primed", 1),
    ("w1", "Claude 3", "base", 5),
    ("w2", "Claude 3", "base", 4),
    header="id,engine,how,rating",
)
OF_ENGINES = {"item": "id", "rating": "rating"}


def test_a_value_of_a_column_is_a_model_with_its_own_rows(table: Table) -> None:
    table.write(TRIALS)
    card = table.card(columns=OF_ENGINES, model={"column": "engine"}, only={"how": "base"})
    models = card.models("table")
    assert {name: model.title for name, model in models.items()} == {
        "GPT-4o": "GPT-4o",
        "Claude-3": "Claude 3",
    }
    one = {"column": "engine", "values": {"Claude-3": "Claude 3"}}
    rows = table.rate(columns=OF_ENGINES, only={"how": "base"}, model=one)
    assert given(rows) == [("w1", 0, 5), ("w2", 0, 4)]
    same = table.card(columns=OF_ENGINES, only={"how": "base"}, model=one)
    assert models["Claude-3"].answering() == same.answering()


def test_models_whose_names_are_the_same_number_keep_their_ratings_apart(table: Table) -> None:
    values = ("4", "4.0", "04", "1_0", "10", "1e1")
    rows = [("w1", value, rating) for rating, value in enumerate(values, 1)]
    table.write(csv(*rows, header="id,engine,rating"))
    models = table.card(columns=OF_ENGINES, model={"column": "engine"}).models("table")
    assert list(models) == list(values)
    for rating, name in enumerate(values, 1):
        one = {"column": "engine", "values": {name: name}}
        assert models[name].answering() == table.card(columns=OF_ENGINES, model=one).answering()
        assert given(table.rate(columns=OF_ENGINES, model=one)) == [("w1", 0, rating)]


def test_a_model_whose_name_is_coded_in_two_ways_is_one(table: Table) -> None:
    table.write(csv(("w1", "Mod\u00e8le", 7), ("w2", "Mode\u0300le", 6), header="id,engine,rating"))
    (model,) = table.card(columns=OF_ENGINES, model={"column": "engine"}).models("t").values()
    rows = table.rate(columns=OF_ENGINES, model=model.model_dump()["model"])
    assert given(rows) == [("w1", 0, 7), ("w2", 0, 6)]


def test_a_model_that_is_not_in_the_table_is_told_with_those_that_are(table: Table) -> None:
    told = table.write(TRIALS).refusal(
        columns=OF_ENGINES, model={"column": "engine", "values": ["GPT-4"]}
    )
    assert "no row has 'GPT-4' in column 'engine' (model in the model's card)" in told
    assert "before the colon" not in told


def test_names_and_values_of_models_that_changed_places_are_told(table: Table) -> None:
    value = TRIALS.splitlines()[1].split(",")[TRIALS.splitlines()[0].split(",").index("engine")]
    told = table.write(TRIALS).refusal(
        columns=OF_ENGINES, model={"column": "engine", "values": {value: "A nice name"}}
    )
    assert told.endswith(f"its value in the table after it: values: {{my-name: {value!r}, ...}}")
    assert "it contains 'GPT-4o', 'Claude 3'" in told


@pytest.mark.parametrize(
    ("values", "names"),
    [(["GPT-4o"], {"GPT-4o": "GPT-4o"}), ({"four": "GPT-4o"}, {"four": "GPT-4o"})],
)
def test_models_that_the_card_names_need_no_look_into_the_table(
    values: object, names: dict[str, str], table: Table
) -> None:
    card = table.card(columns=OF_ENGINES, model={"column": "engine", "values": values})
    assert {name: model.title for name, model in card.models("table").items()} == names


def test_models_that_would_have_the_same_name_are_told_with_what_helps(table: Table) -> None:
    table.write(csv(("w1", "GPT 4", 5), ("w1", "GPT-4", 5), header="id,engine,rating"))
    card = table.card(columns=OF_ENGINES, model={"column": "engine"})
    with pytest.raises(DataError, match="'GPT 4' and 'GPT-4' would both be called 'GPT-4'; give"):
        card.models("table")
    table.write(csv(("w1", "模型", 5), header="id,engine,rating"))
    with pytest.raises(
        DataError, match="the value '模型' is not a valid name; give each model a name"
    ):
        card.models("table")


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        ({"t": 0}, [("w1", 0, 7)]),
        ({"t": [0, 0.5]}, [("w1", 0, 7), ("w2", 0, 2)]),
        ({"t": "1"}, [("w3", 0, 3)]),
        ({"t": "x"}, [("w4", 0, 4)]),
    ],
)
def test_rows_are_chosen_by_text_or_number(
    only: dict[str, Any], kept: list[tuple[str, int, float]], table: Table
) -> None:
    content = csv(
        ("w1", "0.0", 7), ("w2", "0.50", 2), ("w3", " 1 ", 3), ("w4", "x", 4), header="id,t,rating"
    )
    assert given(table.write(content).rate(columns=OF_ENGINES, only=only)) == kept


@pytest.mark.parametrize(("number", "item"), [(7, "w2"), (10, "w4")])
def test_codes_that_only_read_like_a_number_are_not_chosen_by_it(
    number: int, item: str, table: Table
) -> None:
    rows = [("w1", "007", 5), ("w2", "7", 5), ("w3", "1_0", 5), ("w4", "10", 5)]
    table.write(csv(*rows, header="id,code,rating"))
    assert given(table.rate(columns=OF_ENGINES, only={"code": number})) == [(item, 0, 5)]


def test_a_filter_that_lets_nothing_pass_is_told_with_what_there_is(table: Table) -> None:
    told = table.write(TRIALS).refusal(columns=OF_ENGINES, only={"how": ["basic", "none"]})
    assert told == (
        f"{table.file}: no row has 'basic' or 'none' in column 'how' (only in the model's card); "
        "it contains 'base', 'primed'"
    )
    told = table.refusal(columns=OF_ENGINES, only={"hwo": "base"})
    assert "there is no column 'hwo' (only.hwo in the model's card); did you mean 'how'?" in told


# Wide tables


def wide(**ratings: object) -> dict[str, Any]:
    return {"columns": {"item": "id", "ratings": ratings}, "scale": None}


def test_a_column_for_each_scale(table: Table) -> None:
    table.job["scales"] = {"valence": SCALE, "arousal": SCALE}
    table.write(csv(("w1", 7, 1), ("w2", "", 2), header="id,V,A"))
    rows = table.rate(**wide(valence="V", arousal="A"))
    assert given(rows[rows["scale"] == "valence"]) == [("w1", 0, 7)]
    assert given(rows[rows["scale"] == "arousal"]) == [("w1", 0, 1), ("w2", 0, 2)]


@pytest.mark.parametrize("names", [["p1_v", "p2_v"], "*_v", ["p2_v", "p1_v"]])
def test_a_column_for_each_participant(names: object, table: Table) -> None:
    table.write(csv(("w1", 7, 6), ("w2", "", 2), header="id,p1_v,p2_v"))
    rows = given(table.rate(**wide(valence=names)))
    if names == ["p2_v", "p1_v"]:
        assert rows == [("w1", 0, 6), ("w1", 1, 7), ("w2", 0, 2)]
    else:
        assert rows == [("w1", 0, 7), ("w1", 1, 6), ("w2", 1, 2)]


def test_a_participant_is_the_same_on_every_scale_and_numbers_are_ordered_as_people_count(
    table: Table,
) -> None:
    table.job["scales"] = {"valence": SCALE, "arousal": SCALE}
    table.write(csv(("w1", 7, 6, 5, 4), header="id,v10,v2,a10,a2"))
    rows = table.rate(**wide(valence="v*", arousal="a*"))
    assert given(rows[rows["scale"] == "valence"]) == [("w1", 0, 6), ("w1", 1, 7)]
    assert given(rows[rows["scale"] == "arousal"]) == [("w1", 0, 4), ("w1", 1, 5)]


def test_a_row_may_be_a_participants_with_a_column_for_each_scale(table: Table) -> None:
    table.write(csv(("w1", "ann", 7), ("w1", "bob", 6), header="id,who,V"))
    columns = {"item": "id", "participant": "who", "ratings": {"valence": "V"}}
    assert given(table.rate(columns=columns, scale=None)) == [("w1", 0, 7), ("w1", 1, 6)]
    told = problems_of_card(columns={**columns, "ratings": {"valence": "V*"}}, scale=None)
    assert "ratings.valence: several columns mean several participants" in told


def test_participants_who_rated_only_one_of_the_scales_keep_their_number(table: Table) -> None:
    table.job["scales"] = {"valence": SCALE, "arousal": SCALE}
    table.write(csv(("w1", 7, 6, 5, 4, 3), header="id,v_s1,v_s2,v_s3,a_s2,a_s3"))
    rows = table.rate(**wide(valence="v_*", arousal="a_*"))
    assert given(rows[rows["scale"] == "valence"]) == [("w1", 0, 7), ("w1", 1, 6), ("w1", 2, 5)]
    assert given(rows[rows["scale"] == "arousal"]) == [("w1", 1, 4), ("w1", 2, 3)]


def test_a_column_that_fits_two_patterns_belongs_to_the_longer_one(table: Table) -> None:
    table.write(csv(("w1", 7, 6, 1, 2), header="id,v_1,v_2,v_self_1,v_self_2"))
    rows = table.rate(**wide(valence="v_*", self="v_self_*"))
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 6)]


@pytest.mark.parametrize("name", ["v_mean", "v_SD", "v_n", "v_M", "v_Median."])
def test_a_column_with_a_statistic_is_not_taken_for_a_participants(name: str, table: Table) -> None:
    told = table.write(csv(("w1", 7, 3, 5), header=f"id,v_1,v_2,{name}")).refusal(
        **wide(valence="v_*")
    )
    assert f"column {name!r} matches 'v_*' (columns.ratings.valence in the model's card)" in told
    assert "columns.ratings.valence: [v_1, v_2, ...]" in told


def test_a_column_that_the_card_names_for_something_else_is_no_participants(table: Table) -> None:
    table.texts = {"1": "joy", "2": "woe"}
    lines = [("1", 7, 3, 1, 5), ("2", 6, 2, 1, 4)]
    table.write(csv(*lines, header="v_id,v_1,v_2,v_group,v_all"))
    columns = {"item": "v_id", "ratings": {"valence": "v_*", "all": "v_all"}}
    rows = table.rate(columns=columns, scale=None, only={"v_group": 1})
    assert given(rows) == [("1", 0, 7), ("1", 1, 3), ("2", 0, 6), ("2", 1, 2)]


def test_of_columns_with_the_same_name_each_can_be_told(table: Table) -> None:
    table.write(csv(("w1", 7, 3), header="id,v,v"))
    assert "write v.0 for the first, v.1 for the second" in table.refusal(**wide(valence="v"))
    assert given(table.rate(**wide(valence=["v.0", "v.1"]))) == [("w1", 0, 7), ("w1", 1, 3)]


def test_initials_of_people_are_no_statistics(table: Table) -> None:
    table.write(csv(("w1", 7, 3, 5), header="id,v_k,v_m,v_n"))
    assert len(given(table.rate(**wide(valence="v_*")))) == 3


def test_a_column_of_a_wide_table_that_is_not_there_is_told(table: Table) -> None:
    table.write(csv(("w1", 7), header="id,V"))
    assert "no column name matches 'v_*'" in table.refusal(**wide(valence="v_*"))
    assert "there is no column 'Val' (columns.ratings.valence" in table.refusal(
        **wide(valence="Val")
    )


def test_a_wide_rating_off_the_scale_is_told_with_its_column(table: Table) -> None:
    told = table.write(csv(("w1", 7, 77), header="id,p1,p2")).refusal(**wide(valence=["p1", "p2"]))
    assert told.startswith(f"{table.file}, line 2, column 'p2': expected a point of the scale")


# Names in fields

BY_SCALE = {"item": "id", "participant": "who", "rating": "rating", "scale": "scale"}


def test_blanks_around_names_do_not_count(table: Table) -> None:
    lines = [
        (" w1", "ann ", " valence", 7),
        ("w1 ", "bob", "valence ", 6),
        ("w2", "ann", "valence", 5),
    ]
    rows = table.write(csv(*lines, header="id,who,scale,rating")).rate(columns=BY_SCALE)
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 6), ("w2", 0, 5)]
    lines = [("w1", "ann", "valence", 7), ("w1", "ann ", "valence", 6)]
    told = table.write(csv(*lines, header="id,who,scale,rating")).refusal(columns=BY_SCALE)
    assert "this participant already rated item 'w1'" in told


def test_rows_that_name_no_scale_or_another_way_are_not_lost(table: Table) -> None:
    lines = [("w1", "ann", "valence", 7), ("w1", "bob", "", 6), ("w1", "cat", "", 6)]
    told = table.write(csv(*lines, header="id,who,scale,rating")).refusal(columns=BY_SCALE)
    assert "Rows without scale (2 times)" in told
    assert f"{table.file}, line 3, column 'scale': expected the scale, found nothing" in told
    lines = [("w1", "ann", "valence", 7), ("w1", "bob", "Valence", 6), ("w1", "bob", "arousal", 6)]
    told = table.write(csv(*lines, header="id,who,scale,rating")).refusal(columns=BY_SCALE)
    assert told.startswith(f"{table.file}, line 3, column 'scale': found 'Valence', expected 'val")


@pytest.mark.parametrize("who", ["who", None])
def test_an_image_named_in_two_ways_is_one_item(who: str | None, table: Table) -> None:
    columns = {"image": "picture", "rating": "rating"} | ({"participant": who} if who else {})
    table.images = {"w1": "dogs/Dog 1.jpg", "w2": "dogs/Dog 2.jpg"}
    table.write(csv(("Dog 1.jpg", "ann", 7), ("dogs/Dog 1", "ann", 3), header="picture,who,rating"))
    if who is None:
        assert given(table.rate(columns=columns)) == [("w1", 0, 7), ("w1", 1, 3)]
    else:
        told = table.refusal(columns=columns)
        assert "line 3: this participant already rated item 'dogs/Dog 1' in line 2" in told


# Statuses


WITH_STATUS = {"item": "id", "rating": "rating", "status": "state"}


def test_rows_without_a_rating_count_as_what_they_were(table: Table) -> None:
    lines = [("w1", 7, "ok"), ("w1", "", "refusal"), ("w2", "", "content_filter"), ("w3", "", "")]
    rows = table.write(csv(*lines, header="id,rating,state")).rate(columns=WITH_STATUS)
    found = rows.dropna(subset=["status"])
    assert list(zip(found["item_id"], found["status"], strict=True)) == [
        ("w1", "ok"),
        ("w1", "refusal"),
        ("w2", "content_filter"),
    ]


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("OK", "{ok: ['OK']}"),
        ("Refused", "{refusal: ['Refused']}"),
        ("0.0", "{ok: ['0.0']}"),
        ("xyz", "{unparsable: ['xyz']}"),
    ],
)
def test_a_word_for_a_status_is_told_with_the_one_it_is_likely_to_mean(
    word: str, remedy: str, table: Table
) -> None:
    table.write(csv(("w1", 7, word), header="id,rating,state"))
    told = table.refusal(columns=WITH_STATUS, statuses={"ok": [0]})
    assert f"statuses: {remedy}" in told


@pytest.mark.parametrize("na_values", [["", "NA"], ["NA"]])
def test_empty_ratings_are_none_whatever_else_stands_for_none(
    na_values: list[str], table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lines = [("w1", 7), ("w2", "NA"), ("w3", ""), ("w4", "  ")]
    table.write(csv(*lines, header="id,rating"))
    assert given(table.rate(columns=OF_ENGINES, na_values=na_values)) == [("w1", 0, 7)]
    assert "rows without a rating: 3" in caplog.text


def test_signs_of_no_rating_are_told_with_the_whole_key(table: Table) -> None:
    lines = [("w1", "NA"), ("w2", "NA"), ("w3", "NA"), ("w4", "")]
    told = table.write(csv(*lines, header="id,rating")).refusal(columns=OF_ENGINES)
    assert told.startswith("Not a number (3 times). If 'NA' (3) means that there is no number, ")
    assert 'set na_values: ["", "NA"] in the model\'s card' in told.splitlines()[0]
    told = table.write(csv(("w1", "-99.0"), header="id,rating")).refusal(
        columns=OF_ENGINES, na_values=["", "-99"]
    )
    assert 'if it means that there is no rating, set na_values: ["", "-99", "-99.0"]' in told


def test_words_for_statuses_are_the_cards_to_explain(table: Table) -> None:
    lines = [("w1", 7, 0), ("w1", 6, "done"), ("w2", "", "R")]
    table.write(csv(*lines, header="id,rating,state"))
    rows = table.rate(columns=WITH_STATUS, statuses={"ok": [0, "done"], "refusal": "R"})
    assert list(rows["status"].dropna()) == ["ok", "ok", "refusal"]
    told = table.refusal(columns=WITH_STATUS, statuses={"ok": [0]})
    assert f"{table.file}, line 3, column 'state': 'done' is not a known status" in told
    assert "statuses: {unparsable: ['done']}" in told


@pytest.mark.parametrize(
    ("rating", "state", "told"),
    [
        ("7", "refusal", "column 'state' says refusal, but column 'rating' holds '7'"),
        ("", "ok", "column 'state' says that the answer is ok, but there is no answer"),
    ],
)
def test_a_status_that_contradicts_the_rating_is_an_error(
    rating: str, state: str, told: str, table: Table
) -> None:
    table.write(csv(("w1", rating, state), header="id,rating,state"))
    assert told in table.refusal(columns=WITH_STATUS)


def test_a_status_says_more_than_the_answer(table: Table) -> None:
    table.write(csv(("w1", "7", "truncated"), ("w2", "7", "ok"), header="id,said,state"))
    rows = table.rate(columns={"item": "id", "answer": "said", "status": "state"})
    assert list(rows["status"].dropna()) == ["truncated", "ok"]
    assert list(rows["text"].dropna()) == ["7", "7"]


# Answers of a declared form


def of_form(said: str, table: Table, **form: object) -> tuple[str, float | None]:
    frame = pd.DataFrame({"id": ["w1"], "said": [said]})
    frame.to_csv(table.file, index=False)
    rows = table.rate(
        columns={"item": "id", "answer": "said"}, **({"answer": form} if form else {})
    )
    first = rows.iloc[0]
    return first["status"], None if pd.isna(first["rating"]) else first["rating"]


REASONED = '{"reasoning": "It is 9 at most.", "rating": 6}'


def test_an_answer_in_json_is_read_only_where_the_card_says_so(table: Table) -> None:
    assert of_form(REASONED, table) == ("unparsable", None)
    assert of_form(REASONED, table, kind="json", key="rating") == ("ok", 6)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (f"```json\n{REASONED}\n```", ("ok", 6)),
        ('{"rating": "6"}', ("ok", 6)),
        ('{"rating": "about 6"}', ("unparsable", None)),
        ('{"rating": null}', ("unparsable", None)),
        ('{"rating": true}', ("unparsable", None)),
        ('{"rating": 6.5}', ("off_scale", None)),
        ('{"rating": 10}', ("off_scale", None)),
        ('{"Rating": 6}', ("unparsable", None)),
        ('{"rating": 6, "rating": 7}', ("unparsable", None)),
        ("6", ("unparsable", None)),
        ("[6]", ("unparsable", None)),
        ("I'm sorry, but I cannot rate this.", ("refusal", None)),
        (f"Here you are:\n```json\n{REASONED}\n```", ("unparsable", None)),
    ],
)
def test_what_is_not_of_the_declared_form_is_never_guessed(
    said: str, read: tuple[str, float | None], table: Table
) -> None:
    assert of_form(said, table, kind="json", key="rating") == read


def test_text_around_a_code_fence_is_passed_over_where_the_card_says_so(table: Table) -> None:
    form = {"kind": "json", "key": "rating", "around": True}
    fence = f"```json\n{REASONED}\n```"
    assert of_form(f"Sure.\n\n{fence}\nAnything else?", table, **form) == ("ok", 6)
    assert of_form(f"{fence}\nor\n{fence}", table, **form) == ("unparsable", None)
    assert of_form(REASONED, table, **form) == ("unparsable", None)


def test_one_object_may_hold_several_scales(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "emoalign")
    table.job["scales"] = {"valence": SCALE, "arousal": SCALE}
    frame = pd.DataFrame({"id": ["w1"], "said": ['{"V": 7, "A": 2, "why": ""}']})
    frame.to_csv(table.file, index=False)
    rows = table.rate(
        columns={"item": "id", "answers": {"valence": "said", "arousal": "said"}},
        scale=None,
        answer={"kind": "json", "keys": {"valence": "V", "arousal": "A"}},
    )
    rated = rows.dropna(subset=["rating"])
    assert dict(zip(rated["scale"], rated["rating"], strict=True)) == {"valence": 7, "arousal": 2}
    assert (
        '1 answers were read by the rule declared in the card: the value of "V", "A"'
    ) in caplog.text


# Ratings on another range


@pytest.mark.parametrize(
    ("native", "written", "point"),
    [
        ({"min": 9, "max": 1}, "2", 8),
        ({"min": 0, "max": 8}, "0", 1),
        ({"min": 0, "max": 100}, "75", 7),
        ({"min": 4, "max": -4}, "-4", 9),
    ],
)
def test_ratings_on_another_range_are_mapped_linearly(
    native: dict[str, float], written: str, point: float, table: Table
) -> None:
    rows = table.write(csv(("w1", "ann", written))).rate(native=native)
    assert given(rows) == [("w1", 0, point)]
    assert list(rows["text"].dropna()) == [written]
    said = {"item": "id", "participant": "who", "answer": "rating"}
    assert given(table.rate(columns=said, native=native)) == [("w1", 0, point)]


def test_each_scale_may_have_its_range(table: Table) -> None:
    table.job["scales"] = {"valence": SCALE, "arousal": SCALE}
    table.write(csv(("w1", 2, 2), header="id,V,A"))
    rows = table.rate(
        **wide(valence="V", arousal="A"), native_for={"arousal": {"min": 9, "max": 1}}
    )
    assert given(rows[rows["scale"] == "valence"]) == [("w1", 0, 2)]
    assert given(rows[rows["scale"] == "arousal"]) == [("w1", 0, 8)]


def test_a_number_that_falls_between_two_points_is_an_error_in_words(table: Table) -> None:
    told = table.write(csv(("w1", "ann", 51))).refusal(native={"min": 0, "max": 100})
    assert (
        "(0 to 100 in the table, native in the model's card); found 51, which would be 5.08" in told
    )
    assert "Ratings are never rounded" in told
    told = table.write(csv(("w1", "ann", "6.5"))).refusal()
    assert "If this is the mean of several ratings, use the single ratings" in told
    assert "step: 0.01" in told
    told = table.write(csv(("w1", "ann", 2))).refusal(
        columns={"item": "id", "participant": "who", "answer": "rating"},
        native={"min": 1, "max": 7},
    )
    assert "found 2, which would be 2.33333" in told


def test_a_range_without_extent_is_refused() -> None:
    assert "min and max are both 5" in problems_of_card(native={"min": 5, "max": 5})


# All mistakes at once


def test_all_rows_that_do_not_fit_are_told_at_once(table: Table) -> None:
    lines = [("w1", "ann", 10), ("w1", "bob", "x"), ("w1", "cat", 5), ("", "ann", 5)]
    table.write(csv(*lines))
    told = table.refusal()
    assert told.startswith(
        "3 mistakes in the data:\n  1. Rows that do not match the model's card (2 "
    )
    for place in ("line 2, column 'rating': expected a point", "line 3, column 'rating': expected"):
        assert f"{table.file}, {place}" in told
    assert f"{table.file}, line 5, column 'id': expected the item, found nothing" in told
    table.file.unlink()
    assert "no such file" in table.refusal()
