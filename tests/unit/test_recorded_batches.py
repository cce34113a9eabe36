"""Batch output files as recorded ratings: whose answers they are, and what became of each."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.commands.new_batch import batch_card
from emoalign.elicitation.engines.recorded.batch_card import Pattern, RecordedBatch
from tests.kit.batches import (
    anthropic,
    anthropic_ended,
    choice,
    gemini,
    lines,
    openai,
    openai_not_run,
    openai_refused,
)
from tests.kit.recorded import Table, csv, given, problems_of_card

COLUMNS = {"item": "item", "answer": "answer"}
BATCH = {"custom_id": "{item}"}


@pytest.fixture
def batch(tmp_path: Path) -> Table:
    return Table(tmp_path)


def rated(table: Table, *each: Any, **changes: Any) -> pd.DataFrame:
    table.write(lines(*each), "output.jsonl")
    return table.rate(**{"batch": BATCH, "columns": COLUMNS, **changes})


def refused(table: Table, *each: Any, **changes: Any) -> str:
    table.write(lines(*each), "output.jsonl")
    return table.refusal(**{"batch": BATCH, "columns": COLUMNS, **changes})


def statuses(rows: pd.DataFrame) -> dict[str, list[str]]:
    return rows["status"].fillna("none").groupby(rows["item_id"]).agg(list).to_dict()


# What is in a line


def test_the_answers_of_every_provider_are_read_as_they_are(batch: Table) -> None:
    rows = rated(
        batch,
        openai("w1", "7", prompt_tokens_details={"cached_tokens": 0}),
        anthropic("w2", {"type": "thinking", "thinking": "Hm, 3?"}, "6"),
        gemini("w3", "5"),
    )
    assert given(rows) == [("w1", 0, 7), ("w2", 0, 6), ("w3", 0, 5)]
    told = rows.set_index("item_id")
    assert list(told.loc["w1":"w3", "model_reported"]) == [
        "gpt-4o-mini-2024-07-18/fp_1",
        "claude-haiku-5-5",
        "gemini-3.8-flash",
    ]
    assert list(told.loc["w1":"w3", "finish_reason"]) == ["stop", "end_turn", "STOP"]
    assert list(told.loc["w1":"w3", "prompt_tokens"]) == [20, 30, 9]
    assert list(told.loc["w1":"w3", "completion_tokens"]) == [1, 4, 1]
    assert told.loc["w1", "reply_id"].startswith("chatcmpl-")
    assert told.loc["w4", ["status", "participant", "rating"]].isna().all()
    assert told["received"].isna().all()


@pytest.mark.parametrize(
    ("line", "status", "text"),
    [
        (openai("w1", choice("I rate it", "length")), "truncated", "I rate it"),
        (openai("w1", choice(None, "content_filter")), "content_filter", ""),
        (openai("w1", choice(None, refusal="I cannot rate this.")), "refusal", None),
        (openai("w1", "I'm sorry, but I can't rate this."), "refusal", None),
        (openai("w1", "12"), "off_scale", "12"),
        (openai("w1", ""), "unparsable", ""),
        (openai("w1", "<think>A 3?</think>7"), "ok", "7"),
        (anthropic("w1", "", reason="refusal"), "refusal", ""),
        (anthropic("w1", "4", reason="max_tokens"), "truncated", "4"),
        (gemini("w1", "", finishReason="SAFETY"), "content_filter", ""),
        (openai_refused("w1", 400, code="content_filter", message="No."), "content_filter", ""),
        (openai_refused("w1", 400, message="Image too small."), "rejected", "Image too small."),
        (
            anthropic_ended("w1", "errored", type="invalid_request_error", message="No such."),
            "rejected",
            "No such.",
        ),
    ],
)
def test_what_is_no_rating_has_a_status(
    line: dict[str, Any], status: str, text: str | None, batch: Table
) -> None:
    rows = rated(batch, line, openai("w2", "5"))
    row = rows.set_index("item_id").loc["w1"]
    assert row["status"] == status
    assert pd.isna(row["rating"]) == (status != "ok")
    assert text is None or text in row["text"]


@pytest.mark.parametrize("choices", [None, "left out", [], {}, [None], ["7"]], ids=str)
def test_a_paid_reply_without_readable_choices_is_an_answer_and_no_rating(
    choices: Any, batch: Table
) -> None:
    odd = openai("w2")
    odd["response"]["body"]["choices"] = choices
    if choices == "left out":
        del odd["response"]["body"]["choices"]
    rows = rated(batch, openai("w1", "7"), odd)
    assert given(rows) == [("w1", 0, 7)]
    assert statuses(rows)["w2"] == ["unparsable"]
    assert batch_card("m", "output.jsonl", batch.file) is not None


def test_requests_that_were_not_run_are_counted_and_no_answers(
    batch: Table, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rows = rated(
            batch,
            openai("w1", "7"),
            openai_not_run("w2"),
            anthropic_ended("w3", "expired"),
            anthropic_ended("w3", "canceled"),
            openai_refused("w4", 429, message="Rate limit reached."),
        )
    assert statuses(rows) == {"w1": ["ok"], "w2": ["none"], "w3": ["none"], "w4": ["none"]}
    assert "requests without an answer: 4. They count as not asked" in caplog.text
    for reason in ("could not be executed", "expired before its turn", "(1×)"):
        assert reason in caplog.text


def test_an_answer_counts_beside_faults_of_the_same_request_in_any_order(batch: Table) -> None:
    fault = openai_refused("w1", 400, message="Try later.")
    rows = rated(batch, fault, openai_not_run("w2"), openai("w1", "7"), openai("w2", "3"))
    assert given(rows) == [("w1", 0, 7), ("w2", 0, 3)]


def test_a_file_of_nothing_but_faults_is_refused_with_their_reasons(batch: Table) -> None:
    wrong = [openai_refused(item, 400, message="Unknown model.") for item in ("w1", "w2")]
    assert "none of the requests was answered: Unknown model. (2×)" in refused(batch, *wrong)
    assert "the file is empty" in refused(batch)


def test_replies_of_another_interface_are_refused(batch: Table) -> None:
    line = openai("w2", "5")
    line["response"]["body"] = {"object": "response", "output": []}
    wrong = refused(batch, openai("w1", "7"), line)
    assert "line 2: a reply of /v1/responses, expected one of /v1/chat/completions" in wrong


# Participants


def test_choices_and_repeated_custom_ids_are_participants_in_order(batch: Table) -> None:
    rows = rated(batch, openai("w1", "7", "5"), openai("w2", "1"), openai("w1", "3"))
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 5), ("w1", 2, 3), ("w2", 0, 1)]
    ids = rows.dropna(subset="rating")["request_id"]
    assert ids.nunique() == 3, "two answers of one reply are those of one request"
    assert list(rows["completion_tokens"])[:3] == [1, 0, 1]


def test_the_same_reply_in_two_files_is_one_answer(
    batch: Table, caplog: pytest.LogCaptureFixture
) -> None:
    reply = openai("w1", "7", "5")
    rows = rated(batch, reply, openai("w2", "2"), reply)
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 5), ("w2", 0, 2)]
    assert "the same reply stands in another line: 1 (line 3)" in caplog.text


def test_parts_of_custom_ids_are_columns_like_any_other(batch: Table) -> None:
    batch.job["scale"] = "arousal"
    each = [
        openai(f"{scale}_{item}_{run}", str(rating))
        for rating, (scale, item, run) in enumerate(
            [
                ("valence", "w1", "10"),
                ("arousal", "w1", "10"),
                ("arousal", "w1", "2"),
                ("arousal", "w2", "2"),
            ],
            1,
        )
    ]
    columns = {"item": "item", "scale": "what", "participant": "run", "answer": "answer"}
    rows = rated(batch, *each, batch={"custom_id": "{what}_{item}_{run:d}"}, columns=columns)
    assert given(rows) == [("w1", 0, 3), ("w1", 1, 2), ("w2", 0, 4)]
    assert set(rows["scale"]) == {"arousal"}


def test_choices_of_a_named_participant_are_told_apart(batch: Table) -> None:
    columns = {"item": "item", "participant": "run", "answer": "answer"}
    each = openai("w1-1", "7", "5"), openai("w1-2", "1")
    rows = rated(batch, *each, batch={"custom_id": "{item}-{run:d}"}, columns=columns)
    assert given(rows) == [("w1", 0, 7), ("w1", 1, 5), ("w1", 2, 1)]


def test_models_in_a_file_are_told_apart_by_the_names_in_their_replies(batch: Table) -> None:
    batch.write(lines(openai("w1", "7"), openai("w1", "3", model="gpt-4.1")), "output.jsonl")
    card = batch.card(batch=BATCH, columns=COLUMNS, model={"column": "model"})
    assert list(card.models("m")) == ["gpt-4o-mini-2024-07-18", "gpt-4.1"]
    one = {"column": "model", "values": {"new": "gpt-4.1"}}
    rows = batch.rate(batch=BATCH, columns=COLUMNS, model=one)
    assert given(rows) == [("w1", 0, 3)]


def test_rejected_requests_that_name_no_model_are_told_where_there_are_several(
    batch: Table, caplog: pytest.LogCaptureFixture
) -> None:
    each = [openai("w1", "7"), openai_refused("w2", 400, message="No.")]
    one = {"column": "model", "values": {"new": "gpt-4o-mini-2024-07-18"}}
    assert statuses(rated(batch, *each, model=one))["w2"] == ["rejected"]
    both = [*each, openai("w1", "3", model="gpt-4.1")]
    assert statuses(rated(batch, *both, model=one))["w2"] == ["none"]
    assert "they do not say which model was asked: 1 (line 2)" in caplog.text


# Which item an answer is about


def test_custom_ids_of_other_tasks_are_left_out_and_counted(
    batch: Table, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rows = rated(
            batch,
            openai("valence_w1", "7"),
            openai("practice_w1", "1"),
            batch={"custom_id": "valence_{item}"},
        )
    assert given(rows) == [("w1", 0, 7)]
    assert "custom_id is not made like 'valence_{item}': 1 (line 2)" in caplog.text
    wrong = refused(batch, openai("practice_w1", "1"), batch={"custom_id": "valence_{item}"})
    assert "'practice_w1' is not made like 'valence_{item}'" in wrong


def test_custom_ids_that_could_be_divided_in_two_ways_are_refused(batch: Table) -> None:
    columns = {"item": "item", "participant": "run", "answer": "answer"}
    line = openai("ice_cream_3", "7")
    wrong = refused(batch, line, batch={"custom_id": "{item}_{run}"}, columns=columns)
    assert "item may be 'ice' or 'ice_cream'" in wrong
    assert "{run:d}" in wrong
    batch.texts["ice_cream"] = "ice cream"
    rows = rated(batch, line, batch={"custom_id": "{item}_{run:d}"}, columns=columns)
    assert given(rows) == [("ice_cream", 0, 7)]


@pytest.mark.parametrize(("number", "first"), [("row", 1), ("index", 0)])
def test_custom_ids_may_count_the_rows_of_a_table(number: str, first: int, batch: Table) -> None:
    table = batch.folder / "words.csv"
    table.write_text(csv(("joy", 1), ("None", 2), header="word,n"))
    rows = rated(
        batch,
        openai(f"task-{first}", "7"),
        openai(f"task-{first + 1}", "3"),
        batch={"custom_id": f"task-{{{number}}}", "requests": {"file": str(table)}},
        columns={"text": "word", "answer": "answer"},
    )
    assert given(rows) == [("w1", 0, 7), ("w3", 0, 3)]


@pytest.mark.parametrize("by", ["custom_id", "key"])
def test_a_table_may_say_what_custom_ids_are_about(by: str, batch: Table) -> None:
    table = batch.folder / "key.csv"
    named = {"custom_id": "a-x1", "key": "x1"}[by]
    table.write_text(csv((named, "joy", "valence"), header=f"{by},word,dimension"))
    rows = rated(
        batch,
        openai("a-x1", "7"),
        batch={"custom_id": "a-{key}", "requests": {"file": str(table)}},
        columns={"text": "word", "scale": "dimension", "answer": "answer"},
    )
    assert given(rows) == [("w1", 0, 7)]
    wrong = refused(
        batch,
        openai("a-x2", "7"),
        batch={"custom_id": "a-{key}", "requests": {"file": str(table)}},
        columns={"text": "word", "answer": "answer"},
    )
    assert "nothing is known of the custom_id 'a-x2'" in wrong


OPENAI = [
    {"role": "system", "content": "Rate words."},
    {"role": "user", "content": "Word: joy\n1-9"},
]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "Rate.\nWord: joy"}]}]
TURNS = [{"role": "user", "parts": [{"text": "Word: joy"}]}]


@pytest.mark.parametrize(
    "request_line",
    [
        {"custom_id": "a8f1", "method": "POST", "url": "/v1", "body": {"messages": OPENAI}},
        {"custom_id": "a8f1", "params": {"messages": PARTS}},
        {"key": "a8f1", "request": {"contents": TURNS}},
        {"custom_id": "a8f1", "body": {"prompt": "Word: joy"}},
    ],
)
def test_the_prompts_of_the_requests_may_say_it(request_line: Any, batch: Table) -> None:
    requests = batch.folder / "input.jsonl"
    requests.write_bytes(lines(request_line))
    about = {"custom_id": "{id}", "requests": {"file": str(requests)}, "prompt": "Word: {word}"}
    columns = {"text": "word", "answer": "answer"}
    rows = rated(batch, openai("a8f1", "7"), batch=about, columns=columns)
    assert given(rows) == [("w1", 0, 7)]
    wrong = refused(
        batch, openai("a8f1", "7"), batch={**about, "prompt": "Wort: {word}"}, columns=columns
    )
    assert "has no line with what batch.prompt" in wrong
    assert "nothing is known of the custom_id 'b'" in refused(
        batch, openai("b", "7"), batch=about, columns=columns
    )
    settings = batch.card(batch=about, columns=columns).settings()
    assert len(settings["batch"]["requests"]["sha256"]) == 64  # type: ignore[index]


def test_columns_that_are_not_there_are_told_with_those_that_are(batch: Table) -> None:
    wrong = refused(batch, openai("w1", "7"), columns={"item": "word", "answer": "answer"})
    assert "there is no column 'word' (columns.item in the model's card)" in wrong
    assert "Its columns are: custom_id, answer, model, item" in wrong


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("valence_", "name a part in braces"),
        ("{item}{run}", "nothing stands between"),
        ("{item}_{item}", "two parts have the same name"),
        ("{item", "write each part that differs as a name in braces"),
        ("{}", "write each part that differs as a name in braces"),
        ("{answer}", "answer is a column already"),
    ],
)
def test_patterns_that_fit_nothing_are_refused(pattern: str, says: str) -> None:
    batch = {"custom_id": pattern}
    assert says in problems_of_card(batch=batch, columns=COLUMNS)


def test_a_pattern_takes_special_characters_as_they_are() -> None:
    assert Pattern("a.(b)|{x}+").divided("a.(b)|7+") == {"x": "7"}
    assert Pattern("a.(b)|{x}+").divided("axb|7+") is None
    assert Pattern("“{x}”").found_in("Rate “joy”\nnow") == {"x": "joy"}
    assert Pattern("{x} is the word").found_in("joy  is the word") == {"x": "joy"}
    with pytest.raises(ValueError, match="several places"):
        Pattern("Word: {x}").found_in("Word: joy\nWord: war")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"columns": {"item": "item", "rating": "answer"}}, "leave out rating"),
        ({"columns": {**COLUMNS, "status": "status"}}, "leave out rating, ratings and status"),
        ({"batch": {**BATCH, "prompt": "Word: {word}"}}, "name batch.requests"),
    ],
)
def test_a_card_of_a_batch_names_no_ratings(changes: dict[str, Any], says: str) -> None:
    assert says in problems_of_card(**{"batch": BATCH, "columns": COLUMNS, **changes})


# How files are written


TWO = lines(openai("w1", "7"), openai("w2", "3"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.jsonl", b"\xef\xbb\xbf" + TWO),
        ("windows.jsonl", TWO.replace(b"\n", b"\r\n")),
        ("powershell.jsonl", TWO.decode().encode("utf-16")),
        ("blank.txt", b"\n" + TWO.replace(b"\n", b"\n\n") + b"\0\0"),
        ("packed.jsonl.gz", gzip.compress(TWO)),
        ("results", TWO.rstrip()),
    ],
)
def test_files_are_read_however_they_came(name: str, content: bytes, batch: Table) -> None:
    batch.write(content, name)
    assert given(batch.rate(batch=BATCH, columns=COLUMNS)) == [("w1", 0, 7), ("w2", 0, 3)]


def test_several_files_are_read_together(batch: Table) -> None:
    batch.write(lines(openai("w1", "7"), openai("w2", "2")), "part-1.jsonl")
    batch.write(lines(openai("w3", "3")), "part-2.jsonl")
    batch.write(lines(openai_refused("w4", 400, message="No.")), "part-errors.jsonl")
    batch.write(b"", "other.jsonl")
    source = {"file": str(batch.folder / "part-*.jsonl")}
    rows = batch.rate(batch=BATCH, columns=COLUMNS, source=source)
    assert statuses(rows) == {"w1": ["ok"], "w2": ["ok"], "w3": ["ok"], "w4": ["rejected"]}
    card = batch.card(batch=BATCH, columns=COLUMNS, source=source)
    assert [path.name for path in card.files()] == [
        "part-1.jsonl",
        "part-2.jsonl",
        "part-errors.jsonl",
    ]
    none = batch.refusal(batch=BATCH, columns=COLUMNS, source={"file": "nothing-*.jsonl"})
    assert "nothing-*.jsonl: no such files" in none


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"custom_id": "w3", "resp', "line 3: "),
        (b"<html>Sign in</html>", "line 3: "),
        (b'{"word": "joy", "rating": 7}', "no custom_id with a response or result"),
        (b'{"custom_id": 7, "response": {}}', "no custom_id in"),
        (b'{"custom_id": "w3", "result": {"type": "new"}}', "no result in"),
        (b"[1]", "no custom_id with a response or result"),
    ],
)
def test_a_line_that_is_no_answer_stops_the_reading(line: bytes, says: str, batch: Table) -> None:
    batch.write(TWO + line + b"\n", "output.jsonl")
    wrong = batch.refusal(batch=BATCH, columns=COLUMNS)
    assert says in wrong
    assert "Download the file again" in wrong


def test_a_file_that_cannot_be_unpacked_is_told(batch: Table) -> None:
    batch.write(gzip.compress(TWO)[:-12], "packed.jsonl.gz")
    assert "cannot be unpacked" in batch.refusal(batch=BATCH, columns=COLUMNS)


def test_fields_that_nobody_knows_are_passed_over(batch: Table) -> None:
    line = openai("w1", "7")
    line["note"] = {"deep": [1]}
    line["response"]["body"]["choices"][0]["mine"] = float("inf")
    line["response"]["body"]["usage"] = "much"
    rows = rated(batch, line)
    assert given(rows) == [("w1", 0, 7)]
    assert rows["prompt_tokens"].isna().sum() == 1


# What answers may look like


def test_answers_in_json_on_several_scales_are_read_by_their_keys(batch: Table) -> None:
    scale = {"min": 1, "max": 9, "direction": "more"}
    batch.job["scales"] = {"arousal": scale, "valence": scale}
    rows = rated(
        batch,
        openai("w1", '```json\n{"V": 7, "A": 2}\n```'),
        openai("w2", choice('{"V": 7, "A', "length")),
        columns={"item": "item", "answers": {"valence": "answer", "arousal": "answer"}},
        answer={"kind": "json", "keys": {"valence": "V", "arousal": "A"}},
    )
    by_scale = rows.set_index(["scale", "item_id"])
    assert by_scale.loc[("valence", "w1"), "rating"] == 7
    assert by_scale.loc[("arousal", "w1"), "rating"] == 2
    assert set(by_scale.xs("w2", level=1)["status"]) == {"truncated"}


def test_a_job_of_a_batch_says_how_it_is_read_and_not_how_to_get_it(tmp_path: Path) -> None:
    requests = {"file": "in.jsonl", "obtain": "Ask us.", "url": None}
    card = Table(tmp_path).card(batch={**BATCH, "requests": requests}, columns=COLUMNS)
    assert card.answering()["batch"] == {"custom_id": "{item}", "requests": {"file": "in.jsonl"}}
    assert "batch" not in Table(tmp_path).card().answering()
    assert type(card).model_validate({**card.answering(), "title": "t"}).batch is not None


@pytest.mark.parametrize(
    ("model", "digits"),
    [
        ("gpt-4o-mini-2024-07-18/fp_1", 3),
        ("gpt-4-0613", 3),
        ("gpt-3.5-turbo", 3),
        ("ft:gpt-4.1-mini:lab::1", 3),
        ("o4-mini", 3),
        ("claude-haiku-5-5", 1),
        ("mistral-large", 1),
        ("", 1),
    ],
)
def test_only_models_of_openai_are_taken_to_have_a_vocabulary(model: str, digits: int) -> None:
    assert RecordedBatch(custom_id="{item}").digits(model) == digits
    assert RecordedBatch(custom_id="{item}", vocabulary="digits").digits(model) == 1
