"""The engine for OpenAI-compatible servers, against a small real one with real oddities."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, Sampling, rate
from emoalign.elicitation.readings import read_answer
from emoalign.errors import EngineError
from emoalign.prompts import Message, Prompt, QuestionTemplate
from emoalign.stage import stage
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.protocols import Protocol
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS, STIMULI
from tests.kit.waiting import HANGS_S, until

KEY = "sk-test-0123456789abcdef"
KEY_VARIABLE = "A_KEY_FOR_THIS_TEST"
NINE = OrdinalScale(min=1, max=9, direction="higher is better")


@dataclass(frozen=True)
class Reply:
    """What the server says to a request; None as body drops the connection."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0


@dataclass(frozen=True)
class Heard:
    """A request as the server heard it; names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float


Say = Callable[[Heard], Reply]


class Server(ThreadingHTTPServer):
    """Speaks HTTP; what it says is up to the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say: Say = lambda heard: Reply(chat(*["7"] * heard.body.get("n", 1)))
        self.heard: list[Heard] = []
        self.at_once = self.most_at_once = 0
        self.counting = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the test."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece, or the client waits for the second
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        heard = Heard(
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            body,
            time.monotonic(),
        )
        with self.server.counting:
            self.server.heard.append(heard)
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        reply = self.server.say(heard)
        time.sleep(reply.after_s)
        with self.server.counting:
            self.server.at_once -= 1
        if reply.body is None:
            self.close_connection = True
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        try:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except BrokenPipeError:
            self.close_connection = True  # the client did not wait

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def choice(
    text: str | None, finish_reason: str | None = "stop", **message: object
) -> dict[str, Any]:
    return {
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": finish_reason,
    }


def chat(*choices: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A chat completion; texts stand for choices that ended by themselves."""
    return {
        "model": "remote-1-2026",
        "system_fingerprint": "fp_9",
        "choices": [
            {"index": index, **(choice(one) if isinstance(one, str) else one)}
            for index, one in enumerate(choices)
        ],
        "usage": {"prompt_tokens": 30, "completion_tokens": len(choices)},
        **fields,
    }


def failure(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    return Reply({"error": {"message": message, "code": code}}, status, headers)


def one_after_another(*replies: Reply) -> Say:
    waiting = iter(replies)
    return lambda heard: next(waiting)


@pytest.fixture
def card(server: Server, monkeypatch: pytest.MonkeyPatch) -> OpenAIModel:
    """A model that the server gives; its key is in the environment."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-of-somebody-else")
    return OpenAIModel.model_validate(
        {
            "title": "Remote",
            "engine": "openai",
            "model": "remote-1",
            "base_url": server.address,
            "api_key_env": KEY_VARIABLE,
            "capabilities": {"choices": 20, "seed_bits": 31, "top_logprobs": 20, "tokenizer": True},
            "limits": {"retries": 2, "timeout_s": HANGS_S, "longest_wait_s": 0.05},
        }
    )


def able(card: OpenAIModel, **capabilities: object) -> OpenAIModel:
    changed = card.capabilities.model_copy(update=capabilities)
    return card.model_copy(update={"capabilities": changed})


def limited(card: OpenAIModel, **limits: object) -> OpenAIModel:
    return card.model_copy(update={"limits": card.limits.model_copy(update=limits)})


def request(readout: str = "sampled", **fields: Any) -> RatingRequest:
    parts = {
        "model": "remote-1",
        "revision": None,
        "prompt": Prompt((Message("system", "Be brief."), Message("user", "Rate “joy” 🙂")), None),
        "sampling": Sampling(temperature=0.7, max_tokens=3, stop=("\n",)),
        "readout": readout,
        "wave": 1,
        "top_logprobs": 20 if readout == "exact" else 0,
    }
    return RatingRequest(**{**parts, **fields})


def ask(
    card: OpenAIModel,
    asked: RatingRequest | None = None,
    participants: Sequence[int | None] = (0, 1, 2),
) -> list[Answer]:
    """The answers to one request, from an engine that is closed again."""

    async def converse() -> list[Answer]:
        with card.running() as engine:
            try:
                return await engine.ask(Ask(asked or request(), tuple(participants)))
            finally:
                await engine.close()

    return asyncio.run(converse())


def statuses(answers: Sequence[Answer]) -> list[str]:
    return [
        read_answer(answer, {"valence": NINE}, AnswerFormat(kind="text"))["valence"].status
        for answer in answers
    ]


# What is sent and what comes back


def test_a_question_is_sent_once_with_all_its_settings(server: Server, card: OpenAIModel) -> None:
    asked = request()
    ask(card, asked, (3, 4, 5))
    (heard,) = server.heard
    assert heard.path == "/v1/chat/completions"
    assert heard.body == {
        "model": "remote-1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Rate “joy” 🙂"},
        ],
        "max_tokens": 3,
        "temperature": 0.7,
        "top_p": 1.0,
        "stop": ["\n"],
        "n": 3,
        "seed": asked.seed(3, bits=31),
    }


def test_a_server_that_can_is_told_to_switch_off_its_defaults(
    server: Server, card: OpenAIModel
) -> None:
    ask(able(card, sampling_extras=True))
    body = server.heard[0].body
    assert (body["top_k"], body["min_p"], body["repeat_penalty"]) == (0, 0.0, 1.0)


def test_a_server_is_sent_nothing_it_does_not_know(server: Server, card: OpenAIModel) -> None:
    simple = request(sampling=Sampling(temperature=1.0, max_tokens=3))
    ask(able(card, seed_bits=0, choices=1), simple, (0,))
    assert set(server.heard[0].body) == {"model", "messages", "max_tokens", "temperature", "top_p"}


def test_a_completion_is_asked_for_where_the_prompt_is_one(
    server: Server, card: OpenAIModel
) -> None:
    choices = [{"text": text, "finish_reason": "length"} for text in ("7", " x")]
    server.say = lambda heard: Reply({"choices": choices})
    answers = ask(card, request(prompt=Prompt(None, "joy = ")), (0, 1))
    assert server.heard[0].path == "/v1/completions"
    assert server.heard[0].body["prompt"] == "joy = "
    assert [answer.text for answer in answers] == ["7", " x"]
    assert [answer.finish_reason for answer in answers] == ["length", "length"]


def test_answers_are_kept_as_they_came_with_who_gave_them(
    server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: Reply(chat("7", " **8**\n", choice("null", "length")), after_s=0.05)
    start = time.monotonic()
    answers = ask(card, request(), (4, 5, 6))
    seconds = time.monotonic() - start
    assert [answer.participant for answer in answers] == [4, 5, 6]
    assert [answer.text for answer in answers] == ["7", " **8**\n", "null"]
    assert [answer.finish_reason for answer in answers] == ["stop", "stop", "length"]
    assert {answer.request_id for answer in answers} == {request().request_id}
    assert {answer.model_reported for answer in answers} == {"remote-1-2026/fp_9"}
    assert [answer.prompt_tokens for answer in answers] == [30, 0, 0]
    assert [answer.completion_tokens for answer in answers] == [3, 0, 0]
    assert all(0.05 <= answer.latency_s < seconds for answer in answers)


def test_a_server_that_says_there_was_no_error_is_believed(
    server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: Reply(chat("7", "8", "9", error=None))
    assert [answer.text for answer in ask(card)] == ["7", "8", "9"]


def test_more_answers_than_asked_for_are_left(server: Server, card: OpenAIModel) -> None:
    server.say = lambda heard: Reply(chat("1", "2", "3", "4"))
    assert [answer.text for answer in ask(card, request(), (0, 1))] == ["1", "2"]


# Keys


def test_the_key_is_sent_as_a_bearer_and_comes_from_the_environment(
    server: Server, card: OpenAIModel
) -> None:
    ask(card)
    assert server.heard[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(server.heard[0].body)


def test_a_server_without_keys_is_not_sent_one_that_happens_to_be_there(
    server: Server, card: OpenAIModel
) -> None:
    ask(card.model_copy(update={"api_key_env": None}))
    assert "somebody-else" not in json.dumps(dict(server.heard[0].headers))
    assert KEY not in json.dumps(dict(server.heard[0].headers))


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_key_is_told_with_its_variable_before_anything_is_asked(
    value: str | None, server: Server, card: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(KEY_VARIABLE)
    else:
        monkeypatch.setenv(KEY_VARIABLE, value)
    told = f"variable {KEY_VARIABLE} is not set.*export {KEY_VARIABLE}="
    with pytest.raises(EngineError, match=told):
        ask(card)
    assert server.heard == []


@pytest.mark.parametrize("value", ["sk-1234…", "sk-1234\n", "sk 1234"])
def test_a_key_that_can_be_none_is_told_with_its_variable_and_without_itself(
    value: str, server: Server, card: OpenAIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, value)
    with pytest.raises(EngineError, match=f"variable {KEY_VARIABLE} contains") as error:
        ask(card)
    assert "1234" not in str(error.value)
    assert server.heard == []


def test_a_key_is_in_no_message_although_the_server_repeats_it(
    server: Server, card: OpenAIModel, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    server.say = lambda heard: failure(401, f"Incorrect API key: {heard.headers['authorization']}")
    with pytest.raises(EngineError) as error:
        ask(card)
    message = str(error.value)
    assert "Incorrect API key" in message
    assert "check the environment variable named in the model's card" in message
    assert KEY not in message
    assert KEY not in "".join(traceback.format_exception(error.value))
    with pytest.raises(SystemExit), stage(tmp_path / "job.log"):
        raise error.value
    assert "Incorrect API key" in (tmp_path / "job.log").read_text()
    assert KEY not in (tmp_path / "job.log").read_text()
    assert KEY not in caplog.text


@pytest.mark.parametrize("form", ['{"error": "Bad key %s"}', '{"choices": "%s"}', '["%s"]'])
def test_a_key_is_in_no_message_of_a_reply_of_another_form(
    form: str, server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: Reply((form % (" " * 270 + KEY)).encode())
    with pytest.raises(EngineError) as error:
        ask(card)
    assert "sk-test" not in "".join(traceback.format_exception(error.value))


# Faults that stay


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "check the prompt set and the model's card"),
        (401, "The key is wrong or missing"),
        (403, "may not use this model"),
        (404, "check model and base_url in its card"),
        (402, "no money or credits left"),
        (413, ""),
        (422, "check the prompt set and the model's card"),
    ],
)
def test_a_request_that_is_refused_stops_at_once_with_the_reason_and_what_to_do(
    status: int, remedy: str, server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: failure(status, "The model `remote-1` is not for you.")
    with pytest.raises(EngineError) as error:
        ask(card)
    message = str(error.value)
    assert message.startswith(f"the server of model 'remote-1' ({server.address}")
    assert "The model `remote-1` is not for you." in message
    assert remedy in message
    assert len(server.heard) == 1


def test_a_fault_that_does_not_pass_is_told_after_the_retries(
    server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: failure(503, "Overloaded", **{"Retry-After-Ms": "1"})
    told = r"HTTP 503.*Overloaded\. The server is overloaded.*try again later.*This was tried 3"
    with pytest.raises(EngineError, match=told):
        ask(limited(card, retries=2))
    assert len(server.heard) == 3


def test_a_server_that_is_not_there_is_told_with_its_address(card: OpenAIModel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nowhere = card.model_copy(update={"base_url": f"http://127.0.0.1:{port}/v1"})
    with pytest.raises(EngineError, match=rf":{port}/v1.*could not be reached.*base_url"):
        ask(limited(nowhere, retries=0))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        b"",
        b"[]",
        b"7",
        b"null",
        b'{"choices": null}',
        b'{"choices": 7}',
        b'{"choices": [7]}',
        b'{"choices": [{"message": "7"}]}',
        b'{"error": {"message": "Overloaded upstream", "code": 502}}',
    ],
)
def test_a_reply_of_another_form_is_an_error_of_the_server(
    body: bytes, server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: Reply(body)
    with pytest.raises(EngineError, match="the server of model 'remote-1'"):
        ask(card)


# Faults that pass


@pytest.mark.parametrize(
    "fault",
    [
        failure(500, "Oops"),
        failure(502, "Bad gateway"),
        failure(429, "Slow down", **{"Retry-After-Ms": "5"}),
        Reply(None),
    ],
)
def test_a_fault_that_passes_is_not_noticed(
    fault: Reply, server: Server, card: OpenAIModel
) -> None:
    server.say = one_after_another(fault, Reply(chat("7", "8", "9")))
    assert [answer.text for answer in ask(card)] == ["7", "8", "9"]
    first, second = server.heard
    assert first.body == second.body


def test_an_answer_that_takes_too_long_is_asked_for_again(
    server: Server, card: OpenAIModel
) -> None:
    def say(heard: Heard) -> Reply:
        if len(server.heard) > 1:
            return Reply(chat("7"))
        until(lambda: len(server.heard) > 1)
        return Reply(chat("1"))

    server.say = say
    hasty = limited(card, timeout_s=0.5, retries=100)
    assert [answer.text for answer in ask(hasty, request(), (0,))] == ["7"]


def test_the_time_a_server_asks_to_wait_is_waited(server: Server, card: OpenAIModel) -> None:
    server.say = one_after_another(
        failure(429, "Slow down", **{"Retry-After": "1"}), Reply(chat("7"))
    )
    ask(limited(card, longest_wait_s=2), request(), (0,))
    first, second = server.heard
    assert second.at - first.at >= 1


# Refusals and filters are answers


def test_a_filtered_answer_is_a_status_among_others(server: Server, card: OpenAIModel) -> None:
    server.say = lambda heard: Reply(chat("7", choice(None, "content_filter"), choice("8")))
    assert statuses(ask(card)) == ["ok", "content_filter", "ok"]


def test_a_refusal_in_its_own_field_is_a_refusal_with_its_text(
    server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: Reply(chat("7", choice(None, refusal="I'd rather not."), "8"))
    answers = ask(card)
    assert statuses(answers) == ["ok", "refusal", "ok"]
    assert answers[1].text == "I'd rather not."


@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation"])
def test_a_question_that_breaks_a_content_policy_is_filtered_for_every_participant(
    code: str, server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: failure(400, "The prompt was filtered.", code)
    answers = ask(card)
    assert [answer.participant for answer in answers] == [0, 1, 2]
    assert statuses(answers) == ["content_filter"] * 3
    assert len(server.heard) == 1


# The exact readout

TOP = [
    {"token": "7", "logprob": -0.25},
    {"token": " 7", "logprob": -2.0},
    {"token": "x", "logprob": -3.0},
]


def test_the_exact_readout_asks_for_probabilities_and_reads_them_from_a_chat(
    server: Server, card: OpenAIModel
) -> None:
    logprobs = {"content": [{"token": "7", "logprob": -0.25, "top_logprobs": TOP}]}
    server.say = lambda heard: Reply(chat({**choice("7", "length"), "logprobs": logprobs}))
    exact = request("exact", sampling=Sampling(1.0, 1))
    (answer,) = ask(card, exact, (None,))
    body = server.heard[0].body
    assert (body["logprobs"], body["top_logprobs"], body["max_tokens"]) == (True, 20, 1)
    assert "n" not in body
    assert answer.participant is None
    assert answer.logprobs == (("7", -0.25), (" 7", -2.0), ("x", -3.0))


def test_the_exact_readout_reads_the_probabilities_of_a_completion_too(
    server: Server, card: OpenAIModel
) -> None:
    top = {one["token"]: one["logprob"] for one in TOP}
    server.say = lambda heard: Reply(
        {"choices": [{"text": "7", "finish_reason": "length", "logprobs": {"top_logprobs": [top]}}]}
    )
    exact = request("exact", prompt=Prompt(None, "joy = "), sampling=Sampling(1.0, 1))
    (answer,) = ask(card, exact, (None,))
    assert server.heard[0].body["logprobs"] == 20
    assert answer.logprobs == (("7", -0.25), (" 7", -2.0), ("x", -3.0))


def test_a_server_that_gives_no_probabilities_is_told_apart(
    server: Server, card: OpenAIModel
) -> None:
    with pytest.raises(EngineError, match=r"returned none.*top_logprobs: 0 in the model's card"):
        ask(card, request("exact"), (None,))


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, "The prompt was filtered.", "content_filter"),
        Reply(chat(choice(None, "content_filter"))),
    ],
)
def test_an_exact_question_that_is_filtered_is_a_status_too(
    reply: Reply, server: Server, card: OpenAIModel
) -> None:
    server.say = lambda heard: reply
    (answer,) = ask(card, request("exact"), (None,))
    assert answer.finish_reason == "content_filter"


# Whole jobs

WORDS = ["joy", "woe", "“odd” <b>&amp;</b>", "null"]


@pytest.fixture
def job(card: OpenAIModel) -> RatingJob:
    return job_for(card)


def job_for(
    card: OpenAIModel, participants: int = 5, readouts: Sequence[str] = ("sampled",)
) -> RatingJob:
    wording = {"instruction": "Rate.", "written_for": {"min": 1, "max": 9}}
    prompts = {
        "kind": "chat",
        "system": None,
        "template": "{{ item.text }}",
        "answer": {"kind": "text", "max_tokens": 3},
        "wording": {"valence": wording},
    }
    protocol = {
        "name": "plain",
        "prompts": "plain",
        "participants": participants,
        "readouts": tuple(readouts),
    }
    return RatingJob.model_validate(
        {
            "model": "remote",
            "card": dict(card.answering()),
            "protocol": Protocol.model_validate(protocol),
            "prompts": QuestionTemplate.model_validate(prompts),
            "dataset": "mine",
            "scales": {"valence": NINE.model_dump()},
        }
    )


def run(
    job: RatingJob, card: OpenAIModel, folder: Path, words: Sequence[str] = WORDS
) -> pd.DataFrame:
    ids = [f"{number:03d}" for number in range(len(words))]
    rows = pd.DataFrame({"item_id": ids, "text": list(words)}).assign(
        modality="word",
        image_path=None,
        image_sha256=None,
        strata=None,
        covariates=None,
        split=None,
        cluster=None,
        shard="0000",
    )
    STIMULI.write(rows, folder / "stimuli.parquet")
    output = folder / "ratings.parquet"
    rate([job], card, folder / "stimuli.parquet", "0000", folder / "journal", [output])
    return RATINGS.read(output)


def lines(folder: Path) -> list[Answer]:
    (journal,) = folder.glob("journal/remote/mine/valence/*.jsonl")
    return [Answer.from_line(line) for line in journal.read_bytes().splitlines()]


def asked_for(server: Server) -> list[tuple[str, int]]:
    return [
        (heard.body["messages"][-1]["content"], heard.body.get("n", 1)) for heard in server.heard
    ]


def test_a_job_asks_each_word_once_and_writes_no_key_anywhere(
    server: Server, card: OpenAIModel, job: RatingJob, tmp_path: Path
) -> None:
    with stage(tmp_path / "job.log"):
        ratings = run(job, card, tmp_path)
    assert asked_for(server) == [(word, 5) for word in WORDS]
    assert (ratings["rating"] == 7).all()
    assert len(ratings) == 20
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(written) >= 4
    for file in written:
        assert KEY.encode() not in file.read_bytes(), file


def test_fewer_answers_than_asked_for_are_kept_and_the_rest_is_asked_for(
    server: Server, card: OpenAIModel, job: RatingJob, tmp_path: Path
) -> None:
    server.say = lambda heard: Reply(chat(*["7"] * min(2, heard.body.get("n", 1))))
    ratings = run(job, card, tmp_path, ["joy"])
    assert [size for _, size in asked_for(server)] == [5, 3, 1]
    assert ratings["participant"].tolist() == [0, 1, 2, 3, 4]
    seeds = [heard.body["seed"] for heard in server.heard]
    assert len(set(seeds)) == 3


def test_a_server_that_keeps_giving_fewer_is_told_and_nothing_it_gave_is_lost(
    server: Server, card: OpenAIModel, job: RatingJob, tmp_path: Path
) -> None:
    server.say = lambda heard: Reply(chat("7"))
    with pytest.raises(EngineError, match=r"1 are missing.*choices: 1"):
        run(job_for(card, participants=4), card, tmp_path, ["joy"])
    assert [answer.participant for answer in lines(tmp_path)] == [0, 1, 2]
    server.heard.clear()
    run(job_for(card, participants=4), card, tmp_path, ["joy"])
    assert asked_for(server) == [("joy", 1)]


def test_a_server_without_choices_is_asked_once_per_participant_with_other_seeds(
    server: Server, card: OpenAIModel, tmp_path: Path
) -> None:
    single = able(card, choices=1)
    run(job_for(single), single, tmp_path)
    assert Counter(asked_for(server)) == {(word, 1): 5 for word in WORDS}
    assert len({heard.body["seed"] for heard in server.heard}) == 20


def test_what_had_arrived_before_a_fault_is_kept_and_not_asked_for_again(
    server: Server, card: OpenAIModel, job: RatingJob, tmp_path: Path
) -> None:
    fine = [Reply(chat(*"77777")), Reply(chat(*"88888"))]
    server.say = one_after_another(*fine, failure(401, "The key was withdrawn."))
    with pytest.raises(EngineError, match="The key was withdrawn"):
        run(job, card, tmp_path)
    assert [answer.text for answer in lines(tmp_path)] == ["7"] * 5 + ["8"] * 5
    assert not (tmp_path / "ratings.parquet").exists()
    server.heard.clear()
    server.say = lambda heard: Reply(chat(*"99999"))
    ratings = run(job, card, tmp_path)
    assert [word for word, _ in asked_for(server)] == WORDS[2:]
    assert ratings["rating"].tolist() == [7] * 5 + [8] * 5 + [9] * 10


def test_no_more_requests_are_under_way_than_the_card_allows(
    server: Server, card: OpenAIModel, tmp_path: Path
) -> None:
    def say(heard: Heard) -> Reply:
        until(lambda: server.at_once >= 3 or len(server.heard) == 12)
        return Reply(chat(*["7"] * heard.body["n"]), after_s=0.03)  # for a fourth to come

    server.say = say
    busy = limited(card, concurrency=3)
    run(job_for(busy), busy, tmp_path, [str(number) for number in range(12)])
    assert server.most_at_once == 3
    assert len(server.heard) == 12


def test_what_is_under_way_when_another_request_fails_is_awaited_and_kept(
    server: Server, card: OpenAIModel, tmp_path: Path
) -> None:
    def say(heard: Heard) -> Reply:
        if heard.body["messages"][-1]["content"] == "woe":
            return failure(401, "Not you.")
        until(lambda: len(server.heard) == 2)
        return Reply(chat(*["7"] * heard.body["n"]), after_s=0.5)

    server.say = say
    busy = limited(card, concurrency=2)
    with pytest.raises(EngineError, match="Not you"):
        run(job_for(busy), busy, tmp_path)
    assert [answer.text for answer in lines(tmp_path)] == ["7"] * 5
    assert len(server.heard) == 2


def test_every_status_is_in_the_ratings_and_none_of_them_is_asked_for_again(
    server: Server, card: OpenAIModel, job: RatingJob, tmp_path: Path
) -> None:
    given = [
        choice("7"),
        choice("It is a 7."),
        choice("As an AI language model, I do not feel."),
        choice(None, "content_filter"),
        choice("7", "length"),
    ]
    server.say = lambda heard: Reply(chat(*given))
    ratings = run(job, card, tmp_path, ["joy"])
    expected = ["ok", "unparsable", "refusal", "content_filter", "truncated"]
    assert ratings["status"].tolist() == expected
    assert ratings["rating"].notna().tolist() == [True, False, False, False, False]
    assert ratings["text"].tolist() == [one["message"]["content"] or "" for one in given]
    run(job, card, tmp_path, ["joy"])
    assert len(server.heard) == 1


def test_the_points_of_the_scale_are_checked_before_anything_is_spent(
    server: Server, card: OpenAIModel, tmp_path: Path
) -> None:
    logprobs = {"content": [{"top_logprobs": TOP}]}

    def say(heard: Heard) -> Reply:
        if heard.path == "/tokenize":
            return Reply({"tokens": [int(heard.body["content"])]})
        return Reply(chat({**choice("7", "length"), "logprobs": logprobs}))

    server.say = say
    ratings = run(job_for(card, readouts=["exact"]), card, tmp_path, ["joy"])
    assert [heard.path for heard in server.heard] == ["/tokenize"] * 9 + ["/v1/chat/completions"]
    assert ratings["probabilities"].tolist()[0][6] == pytest.approx(0.9141, abs=1e-4)
    assert ratings["status"].tolist() == ["ok"]


def test_a_word_whose_exact_answer_is_filtered_is_counted_as_filtered(
    server: Server, card: OpenAIModel, tmp_path: Path
) -> None:
    def say(heard: Heard) -> Reply:
        if heard.path == "/tokenize":
            return Reply({"tokens": [int(heard.body["content"])]})
        return failure(400, "The prompt was filtered.", "content_filter")

    server.say = say
    ratings = run(job_for(card, readouts=["exact"]), card, tmp_path, ["joy"])
    assert ratings["status"].tolist() == ["content_filter"]
