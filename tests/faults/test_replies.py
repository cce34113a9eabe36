"""Replies of every form: read, or a fault; what is in the journal can always be written."""

from __future__ import annotations

import asyncio
import gzip
import math
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pandas as pd
import pytest
from aiohttp import web

from emoalign.elicitation.engines.api.received import LARGEST_REPLY
from emoalign.elicitation.engines.api.replies import refused
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.rating import Ask, RatingJob
from emoalign.errors import CapabilityError, EngineError
from tests.faults.conftest import Desk
from tests.faults.server import Change, FaultServer, Heard

ONCE = {"retries": 0}


@dataclass(frozen=True)
class ExactDesk(Desk):
    """Words whose probabilities are asked for."""

    @property
    def job(self) -> RatingJob:
        job = super().job
        exact = job.protocol.model_copy(update={"readouts": ("exact",)})
        return job.model_copy(update={"protocol": exact})


@dataclass(frozen=True)
class TenDesk(Desk):
    """Words that are rated from 1 to 10."""

    @property
    def job(self) -> RatingJob:
        scale = super().job.scales["valence"].model_copy(update={"max": 10})
        return super().job.model_copy(update={"scales": {"valence": scale}})


def exact(desk: Desk, path: str = "") -> ExactDesk:
    address = desk.server.address.replace("/v1", f"{path}/v1")
    able = {"top_logprobs": 20, "tokenizer": True}
    more = {"capabilities": able, "base_url": address}
    return ExactDesk(desk.folder, desk.server, ["joy"], 1, {**desk.limits, **ONCE}, 1, more)


def by_llamacpp(body: dict[str, Any]) -> Any:
    return {"tokens": [ord(one) for one in str(body.get("content", ""))]}


def by_vllm(body: dict[str, Any]) -> Any:
    if not isinstance(body.get("prompt"), str):
        return 400
    return {"count": 1, "max_model_len": 99, "tokens": [ord(one) for one in body["prompt"]]}


def changed(**fields: Any) -> Change:
    """A reply whose choices have other fields."""
    return lambda heard, reply: {
        **reply,
        "choices": [{**choice, **fields} for choice in reply["choices"]],
    }


# Why an answer ended


def unsaid(heard: Heard, reply: dict[str, Any]) -> Any:
    for choice in reply["choices"]:
        del choice["finish_reason"]
    return reply


@pytest.mark.parametrize("reason", [None, "eos", "end", "end_turn", "STOP", "stop_sequence"])
def test_a_server_with_another_word_for_an_end_gives_ratings(
    reason: str | None, desk: Desk
) -> None:
    desk.server.change = changed(finish_reason=reason)
    ratings = desk.rate()
    assert (ratings["status"] == "ok").all()
    assert {answer.finish_reason for answer in desk.answers()} == {reason}


def test_without_a_reason_only_what_could_go_on_to_another_point_is_truncated(desk: Desk) -> None:
    ten = TenDesk(desk.folder, desk.server, desk.words, desk.participants, desk.limits)
    desk.server.change = unsaid
    desk.server.reply = lambda heard, choice: ("1", "10", "7")[choice]
    ratings = ten.rate()
    assert set(zip(ratings["text"], ratings["status"], strict=True)) == {
        ("1", "truncated"),
        ("10", "ok"),
        ("7", "ok"),
    }


@pytest.mark.parametrize(
    "reason",
    [
        *("length", "max_tokens", "model_length", "MAX_TOKENS", "maxTokens", "max-tokens"),
        *("FinishReason.MAX_TOKENS", "FINISH_REASON_MAX_TOKENS", "maxTokensReached", "truncated"),
    ],
)
def test_every_word_for_a_cut_is_one(reason: str, desk: Desk) -> None:
    desk.server.change = changed(finish_reason=reason)
    assert (desk.rate()["status"] == "truncated").all()


# Content in parts


PARTS = [
    [{"type": "text", "text": "7"}],
    [{"type": "thinking", "thinking": "Joy is nice."}, {"type": "text", "text": "7"}],
    [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Joy "}, {"text": "is nice."}]},
        {"type": "text", "text": "7"},
        {"type": "reference", "reference_ids": [1]},
    ],
    ["7"],
    {"type": "output_text", "text": "7"},
    # What says nothing, or wraps what does
    [None, {"type": "text", "text": "7"}],
    [{"type": "text", "text": None}, {"type": "text"}, {"type": "text", "text": "7"}],
    [[{"type": "text", "text": "7"}]],
    [{"type": "text", "text": {"value": "7", "annotations": []}}],
    [{"type": "message", "content": [{"type": "output_text", "text": "7"}]}],
    [{"type": "redacted_thinking", "data": "x"}, {"type": "Text", "text": "7"}],
    # Thoughts that are no part of a type of their own
    [{"text": "Joy is nice.", "thought": True}, {"text": "7"}],
    [{"type": "text", "text": "7"}, {"type": "thought", "text": "Joy is nice."}],
    [{"thinking": "Joy is nice."}, {"text": "7"}],
]


@pytest.mark.parametrize("content", PARTS)
def test_text_is_read_from_parts_and_thoughts_are_kept_apart(content: Any, desk: Desk) -> None:
    desk.server.change = changed(message={"role": "assistant", "content": content})
    assert (desk.rate()["rating"] == 7).all()
    thoughts = {answer.thinking for answer in desk.answers()}
    assert thoughts == ({"Joy is nice."} if "nice" in str(content) else {None})


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_in_a_field_of_their_own_are_kept_with_the_tokens_they_took(
    field: str, desk: Desk
) -> None:
    message = {"role": "assistant", "content": "7", field: "Joy is nice."}
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 90,
        "completion_tokens_details": {"reasoning_tokens": 80},
    }
    desk.server.change = lambda heard, reply: {
        **changed(message=message)(heard, reply),
        "usage": usage,
    }
    assert (desk.rate()["rating"] == 7).all()
    first, *others = desk.answers()[:3]
    assert (first.thinking, first.thinking_tokens, first.completion_tokens) == (
        "Joy is nice.",
        80,
        90,
    )
    assert {one.thinking_tokens for one in others} == {0}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"content": [{"type": "refusal", "refusal": "I would not."}]}, "I would not."),
        ({"content": [{"type": "refusal", "text": "I would not."}]}, "I would not."),
        ({"content": [{"refusal": "I would not."}]}, "I would not."),
        ({"content": [{"type": "refusal"}]}, ""),
        ({"content": None, "refusal": {"text": "I would not."}}, "I would not."),
        ({"content": None, "refusal": True}, ""),
    ],
)
def test_a_refusal_is_one_in_every_form(message: dict[str, Any], words: str, desk: Desk) -> None:
    desk.server.change = changed(message=message)
    ratings = desk.rate()
    assert set(ratings["status"]) == {"refusal"}
    assert set(ratings["text"]) == {words}


# Log-probabilities


def entries(**logprobs: float | str | None) -> list[dict[str, Any]]:
    return [{"token": token, "logprob": value} for token, value in logprobs.items()]


SEVEN_AND_FIVE = {
    "7": math.log(0.25),
    " 7": math.log(0.125),
    "▁7": math.log(0.125),
    "Ġ7": math.log(0.0625),
    "5": math.log(0.25),
    "The": math.log(0.125),
}
FEWER = {token: value for token, value in SEVEN_AND_FIVE.items() if token != "The"}
NAMELESS = {"token": None, "logprob": SEVEN_AND_FIVE["The"]}
FORMS: dict[str, Any] = {
    "chat": {"content": [{"token": "7", "logprob": -1, "top_logprobs": entries(**SEVEN_AND_FIVE)}]},
    "completion": {"tokens": ["7"], "top_logprobs": [SEVEN_AND_FIVE]},
    "a list": [{"token": "7", "top_logprobs": entries(**SEVEN_AND_FIVE)}],
    "a dictionary in a chat": {"content": [{"token": "7", "top_logprobs": SEVEN_AND_FIVE}]},
    "entries in a completion": {"top_logprobs": [entries(**SEVEN_AND_FIVE)]},
    "a null": {"content": [{"top_logprobs": entries(**SEVEN_AND_FIVE, **{"8": None})}]},
    "-Infinity": {"content": [{"top_logprobs": entries(**SEVEN_AND_FIVE, **{"8": -math.inf})}]},
    "-9999": {"content": [{"top_logprobs": entries(**SEVEN_AND_FIVE, **{"8": -9999.0})}]},
    "a word": {"content": [{"top_logprobs": entries(**SEVEN_AND_FIVE, **{"8": "-inf"})}]},
    "texts": {"content": [{"top_logprobs": {one: str(p) for one, p in SEVEN_AND_FIVE.items()}}]},
    "nothing": {"content": [{"top_logprobs": [None, *entries(**SEVEN_AND_FIVE)]}]},
    "no name": {"content": [{"top_logprobs": [*entries(**FEWER), NAMELESS]}]},
    "bytes": {"content": [{"top_logprobs": [*entries(**FEWER), {**NAMELESS, "bytes": [226]}]}]},
    "bytes of a point": {
        "content": [
            {
                "top_logprobs": [
                    *entries(
                        **SEVEN_AND_FIVE | {"Ġ7": None, " 7": None, "<0x37>": math.log(0.125)}
                    ),
                    {"token": None, "bytes": [32, 55], "logprob": math.log(0.0625)},
                ]
            }
        ]
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_log_probabilities_are_read_in_every_form_and_variants_summed(
    form: str, desk: Desk
) -> None:
    desk.server.tokenizers = {"/tokenize": by_llamacpp}
    desk.server.change = changed(logprobs=FORMS[form])
    (row,) = exact(desk).rate().to_dict("records")
    assert row["status"] == "ok"
    assert row["probabilities"][6] == pytest.approx(0.5625, abs=1e-5)
    assert row["probabilities"][4] == pytest.approx(0.25, abs=1e-5)
    assert row["off_scale_mass"] == pytest.approx(0.125, abs=1e-5)
    assert row["returned_mass"] == pytest.approx(0.9375, abs=1e-5)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        {},
        7,
        "7",
        {"content": None},
        {"content": []},
        {"content": [{"token": "7", "logprob": -0.1, "top_logprobs": None}]},
        {"content": [{"token": "7", "logprob": -0.1}]},
        {"content": [{"top_logprobs": []}]},
        {"content": [{"top_logprobs": [{"token": 7, "logprob": -0.1}]}]},
        {"content": [{"top_logprobs": [7]}]},
        {"content": [7]},
        {"top_logprobs": [None]},
        {"top_logprobs": 7},
    ],
)
def test_log_probabilities_that_are_not_there_are_told(logprobs: Any, desk: Desk) -> None:
    desk.server.tokenizers = {"/tokenize": by_llamacpp}
    desk.server.change = changed(logprobs=logprobs)
    with pytest.raises(EngineError, match="asked for log-probabilities and returned none"):
        exact(desk).rate()


@pytest.mark.parametrize(
    "top", [{"7": -0.1, "5": -0.1}, {"7": 0.9}, {"7": 1000.0}, {"7": math.inf, "5": -1.0}]
)
def test_probabilities_that_cannot_be_are_an_error_that_shows_the_reply(
    top: dict[str, float], desk: Desk
) -> None:
    desk.server.tokenizers = {"/tokenize": by_llamacpp}
    desk.server.change = changed(logprobs={"content": [{"top_logprobs": entries(**top)}]})
    with pytest.raises(EngineError, match=r"add up to .*'7'.*top_logprobs: 0"):
        exact(desk).rate()


@pytest.mark.parametrize("logprobs", [None, {"content": []}])
@pytest.mark.parametrize("word", ["joy", "woe"])
def test_one_item_without_log_probabilities_ends_no_job(
    word: str, logprobs: Any, desk: Desk
) -> None:
    desk.server.tokenizers = {"/tokenize": by_llamacpp}
    without, usual = changed(logprobs=logprobs), changed(logprobs=FORMS["chat"])
    desk.server.change = lambda heard, reply: (without if heard.prompt == word else usual)(
        heard, reply
    )
    asked = replace(exact(desk), words=["joy", "woe", "tea"])
    ratings = asked.rate().set_index("item_id")
    assert ratings["status"].to_dict() == dict.fromkeys(asked.words, "ok") | {word: "rejected"}
    assert "asked for log-probabilities and returned none" in ratings["text"][word]
    before = len(desk.server.heard)
    asked.rate()
    assert len(desk.server.heard) == before


def test_probabilities_that_cannot_be_in_an_old_journal_are_no_rating(desk: Desk) -> None:
    desk.server.tokenizers = {"/tokenize": by_llamacpp}
    desk.server.change = changed(logprobs=FORMS["chat"])
    asked = exact(desk)
    asked.rate()
    line = orjson.loads(asked.journal.read_bytes())
    asked.journal.write_bytes(orjson.dumps({**line, "logprobs": [["7", 0.0], ["5", 0.0]]}) + b"\n")
    assert asked.rate()["status"].tolist() == ["error"]


# How a server splits text


@pytest.mark.parametrize("splits", [by_llamacpp, by_vllm])
@pytest.mark.parametrize(
    ("below", "place"),
    [("", "/tokenize"), ("/llm", "/llm/tokenize"), ("/llm", "/tokenize"), ("/a/b", "/tokenize")],
)
def test_tokens_are_asked_of_llamacpp_and_vllm_wherever_they_are(
    splits: Callable[[dict[str, Any]], Any], below: str, place: str, desk: Desk
) -> None:
    desk.server.tokenizers = {place: splits}
    desk.server.change = changed(logprobs=FORMS["chat"])
    assert exact(desk, below).rate()["status"].tolist() == ["ok"]
    used = [path for path, _ in desk.server.tokenized[-8:]]
    assert used == [place] * 8, "the way that is known is kept to"


def test_tokens_that_come_with_their_texts_are_read(desk: Desk) -> None:
    desk.server.tokenizers = {
        "/tokenize": lambda body: {"tokens": [{"id": ord(body["content"]), "piece": "x"}]}
    }
    desk.server.change = changed(logprobs=FORMS["chat"])
    assert exact(desk).rate()["status"].tolist() == ["ok"]


def test_points_of_several_tokens_are_still_refused(desk: Desk) -> None:
    desk.server.tokenizers = {"/tokenize": lambda body: {"tokens": [1, 2]}}
    with pytest.raises(CapabilityError, match="single token"):
        exact(desk).rate()


def test_a_server_that_does_not_tell_tokens_is_told_with_what_to_say(desk: Desk) -> None:
    with pytest.raises(EngineError, match=r"HTTP 404.*tokenizer: false"):
        exact(desk).rate()


def test_who_may_not_ask_for_tokens_is_told_so_and_asks_nowhere_else(desk: Desk) -> None:
    def forbidden(body: dict[str, Any]) -> Any:
        raise web.HTTPForbidden(text="Not you.")

    desk.server.tokenizers = {"/llm/tokenize": forbidden}
    with pytest.raises(EngineError, match=r"HTTP 403.*Not you\.") as told:
        exact(desk, "/llm").rate()
    assert "tokenizer: false" not in str(told.value)
    assert len(desk.server.tokenized) == 1


# What is journalled can be written


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


VALUES: list[Any] = [
    None,
    True,
    7,
    -1,
    5.5,
    2**40,
    2**70,
    1e308,
    math.nan,
    -math.inf,
    "",
    "7",
    "a\x00b",
    "\ud800",
    "\udc00\ud83d",
    "x" * 100_000,
    [],
    [None],
    ["7", 7],
    {},
    {"a": None},
    {"message": "no", "code": 2**70},
    deep(200),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def with_value(reply: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(reply) if isinstance(reply, dict) else list(reply)
    copy[place[0]] = with_value(copy[place[0]], place[1:], value)
    return copy


FULL: dict[str, Any] = {
    "id": "chatcmpl-1",
    "model": "faulty",
    "system_fingerprint": "fp",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "7"},
                    {"type": "thinking", "thinking": [{"text": "Hm"}]},
                ],
                "refusal": None,
                "reasoning_content": "Hm",
            },
            "logprobs": {
                "content": [
                    {"token": "7", "top_logprobs": [{"token": "7", "logprob": -0.5, "bytes": [55]}]}
                ]
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "total_tokens": 13,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


@pytest.mark.parametrize("kind", [Desk, ExactDesk])
def test_whatever_is_in_a_reply_becomes_a_row_or_a_fault(kind: type[Desk], desk: Desk) -> None:
    """Each reply has one strange value; those taken for answers are kept, read and written."""
    probabilities = [place for place in places(FULL) if "logprobs" in place]
    others = [place for place in places(FULL) if "logprobs" not in place]
    strange_at = others if kind is Desk else probabilities
    replies = [with_value(FULL, place, value) for place in strange_at for value in VALUES]
    server = desk.server
    server.tokenizers = {"/tokenize": by_llamacpp}
    able = {"top_logprobs": 20, "tokenizer": True}
    words = [f"{number}" for number in range(len(replies))]
    more = {"capabilities": able}
    strange = kind(desk.folder, server, words, 1, {"retries": 0, "concurrency": 1}, 1, more)
    server.change = lambda heard, reply: replies[int(heard.prompt)]
    taken = asyncio.run(_taken(strange))
    assert len(server.heard) == len(replies)
    assert len(taken) > len(replies) / 4
    # The others could be answered later; here they are left out.
    ids = {answer.request_id for answer in taken}
    left = [word for word, ask in _asks(strange).items() if ask.request.request_id in ids]
    with JournalWriter(strange.journal) as journal:
        journal.append(taken)
    ratings = replace(strange, words=left).rate()
    assert len(ratings) == len(taken)
    assert len(server.heard) == len(replies), "nothing was paid twice"


def _asks(desk: Desk) -> dict[str, Ask]:
    from emoalign.elicitation.questions import build_questions

    items = [(word, word) for word in desk.words]
    return {one.item_id: one.ask for one in build_questions(desk.job, desk.card, items)}


async def _taken(desk: Desk) -> list[Answer]:
    """The answers to all questions; a fault is none, and nothing else may be raised."""
    taken: list[Answer] = []
    left = list(_asks(desk).values())
    while left:
        with desk.card.running() as engine:
            try:
                while left:
                    taken += await engine.ask(left.pop())
            except EngineError:
                pass  # an engine that has failed asks nothing more
            finally:
                await engine.close()
    return taken


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("finish_reason", 1),
        ("prompt_tokens", 5.5),
        ("prompt_tokens", 2**40),
        ("completion_tokens", None),
        ("completion_tokens", "many"),
        ("model_reported", 7),
        ("text", None),
        ("latency_s", "fast"),
    ],
)
def test_an_old_journal_with_values_that_fit_no_table_is_read(
    field: str, value: Any, desk: Desk
) -> None:
    desk.rate()
    lines = [orjson.loads(line) for line in desk.journal.read_bytes().splitlines()]
    desk.journal.write_bytes(b"".join(orjson.dumps({**one, field: value}) + b"\n" for one in lines))
    ratings = desk.rate()
    assert len(ratings) == 12
    assert len(desk.server.heard) == 4


def test_numbers_that_are_not_said_are_null_and_the_others_what_was_said(desk: Desk) -> None:
    said: dict[str, Any] = {
        "joy": {"prompt_tokens": 5, "completion_tokens": 4},
        "woe": {"prompt_tokens": None, "completion_tokens": "4"},
        "tea": None,
        "war": {"prompt_tokens": 5.5, "completion_tokens": 2**40, "total_tokens": -3},
    }
    desk.server.change = lambda heard, reply: {**reply, "usage": said[heard.prompt]}
    ratings = desk.rate().set_index(["item_id", "participant"])
    columns = ratings[["prompt_tokens", "completion_tokens"]].astype("Int32")
    assert columns.loc["joy"].values.tolist() == [[5, 4], [0, 0], [0, 0]]
    assert columns.loc[("woe", 0)].tolist() == [pd.NA, 4]
    assert columns.loc["tea"].isna().all(axis=None)
    assert columns.loc[("war", 0)].tolist() == [6, pd.NA]


# Sizes


class Endless(FaultServer):
    """A server that sends eight times what is read at most, compressed or not."""

    encoding: str | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": self.encoding} if self.encoding else None
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        packer = zlib.compressobj(wbits=31 if self.encoding == "gzip" else 15)
        piece = b" " * 2**20
        with suppress(ConnectionError):
            for _ in range(LARGEST_REPLY // len(piece) * 8):
                await response.write(packer.compress(piece) if self.encoding else piece)
        return response


@pytest.mark.parametrize("encoding", [None, "gzip", "deflate", "br", "zstd"])
def test_a_reply_without_end_is_a_fault_compressed_or_not(encoding: str | None, desk: Desk) -> None:
    endless = Endless()
    endless.encoding = encoding
    known = encoding in (None, "gzip", "deflate")
    said = "sent more than 32 MB" if known else "packed its answer in a way that was not asked for"
    with endless.running() as server, pytest.raises(EngineError, match=said):
        replace(desk, server=server, words=["joy"], limits=ONCE).rate()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_reply_that_is_compressed_is_read(encoding: str, desk: Desk) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    desk.server.change = lambda heard, reply: pack(orjson.dumps(reply))
    desk.server.headers = {"Content-Encoding": encoding}
    assert (desk.rate()["rating"] == 7).all()


@pytest.mark.parametrize("levels", [300, 2000, 200_000])
def test_nesting_of_any_depth_is_a_fault_that_is_told(levels: int, desk: Desk) -> None:
    nested = b"[" * levels + b"]" * levels
    for body in (nested, b'{"choices": [{"message": ' + nested + b"}]}"):
        desk.server.change = lambda heard, reply, body=body: body
        with pytest.raises(EngineError, match="the server of model"):
            replace(desk, words=["joy"], limits=ONCE).rate()


@pytest.mark.parametrize("levels", [300, 1015])
def test_a_refusal_of_any_depth_is_told(levels: int) -> None:
    nested = b"[" * levels + b"]" * levels
    assert "(HTTP 500)" in refused(500, {}, b'{"error": {"message": ' + nested + b"}}").said


def test_a_character_that_is_half_there_is_replaced(desk: Desk) -> None:
    desk.server.change = lambda heard, reply: orjson.dumps(reply).replace(b'"7"', b'"7\xf0\x9f"')
    ratings = desk.rate()
    assert set(ratings["text"]) == {"7\ufffd"}
    assert set(ratings["status"]) == {"unparsable"}


# Replies that are paid for


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({"choices": [{"message": {"content": None}, "finish_reason": "stop"}] * 3}, ""),
        ({"choices": []}, ""),
        ({"choices": None}, '{"choices":null,'),
        ({}, '{"usage":'),
        ({"choices": {"text": "7"}}, '{"choices":{"text":"7"},'),
        ({"choices": ["7"] * 3}, '{"choice":"7"}'),
        (
            {"choices": [{"message": None, "finish_reason": "stop"}] * 3},
            '{"choice":{"message":null',
        ),
        ({"choices": [{"message": {"content": 7}}] * 3}, '{"choice":{"message":{"content":7}}}'),
    ],
    ids=str,
)
def test_a_reply_that_counts_tokens_is_kept_and_not_asked_for_again(
    reply: dict[str, Any], text: str, desk: Desk
) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    desk.server.change = lambda heard, usual: {**reply, "usage": usage}
    desk = replace(desk, more={"first_answers": 0})
    ratings = desk.rate()
    # Without a reason why it ended, an answer of which no tokens are counted may have been cut.
    assert set(ratings["status"]) <= {"unparsable", "truncated"}
    assert all(said.startswith(text) if text else said == "" for said in ratings["text"])
    desk.rate()
    assert len(desk.server.heard) == 4
    assert {answer.prompt_tokens for answer in desk.answers()} == {5, 0}


def test_of_a_reply_that_is_paid_for_what_can_be_read_counts(desk: Desk) -> None:
    def change(heard: Heard, reply: dict[str, Any]) -> Any:
        return {**reply, "choices": ["?", *reply["choices"][1:]]}

    desk.server.change = change
    statuses = desk.rate().groupby("item_id")["status"].apply(sorted)
    assert statuses.tolist() == [["ok", "ok", "unparsable"]] * 4


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_a_reply_of_another_form_that_counts_nothing_is_a_fault(usage: object, desk: Desk) -> None:
    odd = {"choices": ["7"] * 3, "usage": usage}
    desk.server.change = lambda heard, reply: odd if heard.attempt == 1 else reply
    assert (desk.rate()["status"] == "ok").all()
    assert len(desk.server.heard) == 8
