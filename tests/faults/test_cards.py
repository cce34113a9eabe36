"""What a card says of its server: nothing that it does not take, nothing unseen, nothing secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from emoalign.elicitation.engines.api.additions import OWN_KEYS
from emoalign.elicitation.engines.llamacpp import LlamaCppModel
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, Sampling
from emoalign.errors import EngineError
from emoalign.prompts import Message, Prompt
from emoalign.study.reading import validate
from tests.faults.batch_server import BatchServer
from tests.faults.conftest import KEY_VARIABLE, Desk
from tests.faults.server import Fault, Heard

SECRET = "a-secret-0123456789abcdef"
SECRET_VARIABLE = "A_HEADER_FOR_THIS_TEST"
Body = Mapping[str, Any]


@dataclass
class ParticularServer(BatchServer):
    """Refuses bodies for the reasons it is told, adds to replies, and remembers all it was sent."""

    refuse: Callable[[Body], str | None] = lambda body: None
    closed: str | None = None
    """What it says to everybody, where it lets nobody in."""
    adds: Mapping[str, Any] = field(default_factory=dict)
    logprobs: Sequence[tuple[str, float]] = ()
    bodies: list[Body] = field(default_factory=list)
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    most_exact: int = 0
    most_beside_exact: int = 0
    exact: int = 0

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)

        @web.middleware
        async def remember(request: web.Request, handler: Handler) -> web.StreamResponse:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.told.append((request.path, headers))
            if self.closed is not None:
                return web.json_response({"error": {"message": self.closed}}, status=401)
            return await handler(request)

        app.middlewares.append(remember)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        refusal = self.refuse(body)
        if refusal is not None:
            return web.json_response({"error": {"message": refusal}}, status=400)
        exact = "logprobs" in body
        self.exact += exact
        try:
            if exact:
                self.most_exact = max(self.most_exact, self.exact)
            if self.exact:
                self.most_beside_exact = max(self.most_beside_exact, self.at_once)
            return await super().answer(request)
        finally:
            self.exact -= exact

    def _compute(self, path: str, heard: Heard, fault: Fault | None) -> tuple[int, bytes]:
        number, content = super()._compute(path, heard, fault)
        reply = orjson.loads(content) | self.adds
        top = [{"token": token, "logprob": value} for token, value in self.logprobs]
        for choice in reply["choices"] if top else ():
            choice["logprobs"] = {"content": [{"top_logprobs": top}]}
        return number, orjson.dumps(reply)


@pytest.fixture
def server() -> Iterator[ParticularServer]:
    with ParticularServer().running() as running:
        yield running


def able(desk: Desk, **capabilities: object) -> Desk:
    said = {"choices": desk.choices, "seed_bits": 63, **capabilities}
    return replace(desk, more={**desk.more, "capabilities": said})


def refusal(desk: Desk) -> str:
    with pytest.raises(EngineError) as error:
        desk.rate()
    return str(error.value)


def problems(**keys: object) -> str:
    """What is wrong with a card that has these keys."""
    card = {"title": "A", "engine": "openai", "model": "a", "capabilities": {}, **keys}
    read, told = validate(OpenAIModel, card, "a.yaml")
    assert (read is None) == bool(told)
    return "\n".join(told)


# Only what the provider takes


def one_of_them(body: Body) -> str | None:
    if {"temperature", "top_p"} <= set(body):
        return "`temperature` and `top_p` cannot both be specified for this model. Use only one."
    return None


def no_sampling(body: Body) -> str | None:
    if "temperature" in body:
        return "Unsupported value: 'temperature' does not support 0.7 with this model."
    return "Unsupported parameter: 'top_p'." if "top_p" in body else None


def no_system_role(body: Body) -> str | None:
    has_one = any(message["role"] == "system" for message in body["messages"])
    return "System role not supported" if has_one else None


@pytest.mark.parametrize(
    ("refuse", "says", "capabilities"),
    [
        (one_of_them, "set sampling: temperature", {"sampling": "temperature"}),
        (no_sampling, "set sampling: none", {"sampling": "none"}),
    ],
)
def test_a_server_is_sent_the_parameters_of_sampling_that_it_takes_and_no_others(
    refuse: Callable[[Body], str | None],
    says: str,
    capabilities: Mapping[str, object],
    desk: Desk,
    server: ParticularServer,
) -> None:
    server.refuse = refuse
    assert says in refusal(desk)
    assert desk.answers() == []
    ratings = able(desk, **capabilities).rate()
    assert (ratings["rating"] == 7).all()
    sampling = {"temperature", "top_p", "top_k", "min_p", "repeat_penalty"}
    allowed = {"temperature"} if capabilities["sampling"] == "temperature" else set()
    assert all(set(body) & sampling == allowed for body in server.bodies[-4:])
    # Neutral parameters that are not sent are the same question.
    server.refuse = lambda body: None
    assert set(desk.rate()["request_id"]) == set(ratings["request_id"])


def test_where_no_temperature_is_taken_only_1_can_be_asked_for() -> None:
    card = OpenAIModel.model_validate(
        {"title": "A", "engine": "openai", "model": "a", "capabilities": {"sampling": "none"}}
    )
    assert card.able.temperature is None
    told = problems(capabilities={"temperature": None})
    assert "capabilities.temperature: a model that takes no temperature has sampling: none" in told
    told = problems(capabilities={"sampling": "temperature", "sampling_extras": True})
    assert "set sampling: all, or leave sampling_extras out" in told


@dataclass(frozen=True)
class InstructedDesk(Desk):
    """A desk whose prompts have a system message."""

    @property
    def job(self) -> RatingJob:
        job = super().job
        return job.model_copy(
            update={"prompts": job.prompts.model_copy(update={"system": "Be 9."})}
        )


def test_a_server_without_a_system_role_is_told_the_same_by_the_user(
    desk: Desk, server: ParticularServer
) -> None:
    server.refuse = no_system_role
    desk = InstructedDesk(**vars(desk))
    assert "set system_role: false" in refusal(desk)
    without = able(desk, system_role=False)
    assert (without.rate()["rating"] == 7).all()
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "Be 9.\n\nwar"}]
    # Other messages are another question, and other jobs stay as they were.
    questions = [
        {one.ask.request.request_id for one in build_questions(each.job, each.card, [("a", "a")])}
        for each in (desk, without)
    ]
    assert not questions[0] & questions[1]
    assert "system_role" not in desk.card.answering()["capabilities"]


# Nothing that cannot be seen


@pytest.mark.parametrize("key", sorted({*OWN_KEYS, "n_predict"}))
def test_what_emoalign_sets_itself_is_refused_in_extra_body_with_what_to_do(key: str) -> None:
    assert f"extra_body.{key}: emoalign sets {key} itself: {OWN_KEYS[key]}" in problems(
        extra_body={key: 1, "fine": True}
    )


def test_every_key_of_every_body_is_one_that_extra_body_refuses() -> None:
    chat = Prompt((Message("system", "S"), Message("user", "U")), None)
    set_here: set[str] = set()
    for capabilities in (
        Capabilities(sampling_extras=True, tokenizer=True, seed_bits=31, choices=3),
        Capabilities(token_limit="max_completion_tokens"),
    ):
        for prompt in (chat, Prompt(None, "text")):
            for readout, who in (("sampled", (0, 1, 2)), ("exact", (None,))):
                asked = RatingRequest("a", None, prompt, Sampling(1, 3, ("\n",)), readout, 1, 5)  # type: ignore[arg-type]
                set_here |= set(CHAT_COMPLETIONS.body("a", capabilities, Ask(asked, who)))
    assert {"model", "stop", "seed", "top_k", "ignore_eos", "prompt", "n"} <= set_here
    assert set_here <= set(OWN_KEYS)


@pytest.mark.parametrize(
    ("extra_body", "place"),
    [
        ({"models": ["a/one", "a/two"]}, "models"),
        ({"models": None}, "models"),
        ({"route": "fallback"}, "route"),
        ({"fallbacks": [{"model": "other"}]}, "fallbacks"),
        ({"fallback_models": ["other"]}, "fallback_models"),
        ({"context_window_fallbacks": [{"a": ["b"]}]}, "context_window_fallbacks"),
        ({"modelFallbacks": ["b"]}, "modelFallbacks"),
        ({"fallback": "other"}, "fallback"),
        ({"preset": "mine"}, "preset"),
        ({"model_list": []}, "model_list"),
        ({"extra_body": {"temperature": 0.3}}, "extra_body"),
        (
            {"plugins": [{"id": "auto-router", "allowed_models": ["b"]}]},
            "plugins[0].allowed_models",
        ),
        ({"providerOptions": {"gateway": {"models": ["b"]}}}, "providerOptions.gateway.models"),
    ],
)
def test_what_may_have_another_model_answer_is_refused_in_extra_body(
    extra_body: Body, place: str
) -> None:
    said = problems(extra_body={**extra_body, "fine": True})
    assert f"extra_body.{place}: it allows another model to answer under the name of this" in said


@pytest.mark.parametrize(
    "extra_body",
    [
        {"provider": {"allow_fallbacks": True, "order": ["one"], "sort": "price"}},
        {"provider": {"allow_fallbacks": False}, "disable_fallbacks": True},
        {"response_format": {"json_schema": {"schema": {"properties": {"models": {}}}}}},
        {"chat_template_kwargs": {"model_identity": "You rate.", "router": 1}},
    ],
)
def test_what_leaves_the_model_as_it_is_is_taken(extra_body: Body) -> None:
    assert problems(extra_body=extra_body) == ""


NESTED = {
    "chat_template_kwargs": {"enable_thinking": False, "b": [1, {"z": None, "a": 2.5}]},
    "provider": {"only": ["one"], "allow_fallbacks": False},
    "thinking_token_budget": 5,
}


def test_everything_else_may_be_any_json_and_is_part_of_what_is_asked(
    desk: Desk, server: ParticularServer
) -> None:
    extended = replace(desk, more={"extra_body": NESTED})
    ratings = extended.rate()
    assert all(NESTED.items() <= body.items() for body in server.bodies)
    manifested = orjson.loads(pq.read_schema(desk.folder / "ratings.parquet").metadata[b"engine"])
    assert manifested["extra_body"] == NESTED
    assert manifested["sampling_sent"] == ["temperature", "top_p"]
    asked = len(server.bodies)
    turned = {
        "provider": {"allow_fallbacks": False, "only": ["one"]},
        "thinking_token_budget": 5,
        "chat_template_kwargs": {"b": [1, {"a": 2.5, "z": None}], "enable_thinking": False},
    }
    again = replace(desk, more={"extra_body": turned}).rate()
    assert (again["request_id"] == ratings["request_id"]).all()
    assert len(server.bodies) == asked
    changed = json.loads(json.dumps(NESTED))
    changed["chat_template_kwargs"]["b"][1]["a"] = 2
    other = replace(desk, more={"extra_body": changed}).rate()
    assert not set(other["request_id"]) & set(ratings["request_id"])


# Nothing secret


KEYLIKE = "sk-proj-0123456789abcdefghij"


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        (
            {"base_url": f"https://me:{SECRET}@example.org/v1"},
            "base_url: contains a name or password",
        ),
        ({"base_url": f"https://{SECRET}@example.org/v1"}, "base_url: contains a name or password"),
        ({"base_url": f"https://example.org/v1?key={SECRET}"}, "base_url: contains a key or token"),
        ({"base_url": f"https://example.org/v1?apiToken={SECRET}"}, "base_url: contains a key or"),
        ({"base_url": f"https://example.org/v1?q={KEYLIKE}"}, "base_url: contains a key or token"),
        ({"base_url": f"https://example.org/{KEYLIKE}/v1"}, "base_url: contains a key or token in"),
        ({"base_url": f"https://example.org/v1?q={SECRET}"}, "base_url: has something after a ?"),
        ({"base_url": f"https://example.org/v1#{SECRET}"}, "base_url: has something after a ?"),
        ({"extra_body": {"api_key": SECRET}}, "extra_body.api_key: this looks like a secret"),
        ({"extra_body": {"a": [{"authToken": SECRET}]}}, "extra_body.a[0].authToken: this looks"),
        ({"extra_body": {"vendor": {"x": KEYLIKE}}}, "extra_body.vendor.x: this looks like"),
        ({"extra_body": {"x": [f"Bearer {SECRET}"]}}, "extra_body.x[0]: this looks like"),
        ({"extra_body": {"api_key": [SECRET]}}, "extra_body.api_key: this looks like a secret"),
        ({"extra_body": {"x": f"https://me:{SECRET}@a.org"}}, "extra_body.x: this looks like"),
        ({"extra_body": {"x": f"https://a.org?api_key={SECRET}"}}, "extra_body.x: this looks like"),
        ({"headers": {"X-Api-Key": SECRET}}, "headers.X-Api-Key: this looks like a secret"),
        ({"headers": {"X-Virtual-Key": SECRET}}, "headers.X-Virtual-Key: this looks like"),
        ({"headers": {"X-Mine": f"Basic {SECRET}"}}, "headers.X-Mine: this looks like"),
        ({"headers": {"Cookie": SECRET}}, "headers.Cookie: this looks like a secret"),
        *(
            ({"headers": {name: SECRET}}, f"headers.{name}: this looks like a secret")
            for name in (
                *("Authorization", "Proxy-Authorization", "X-Authorization-Backup", "X-Auth"),
                *("api-key", "apikey", "XApiKey", "X-Api-Key-2", "x-goog-api-key", "Access-Key"),
                *("Ocp-Apim-Subscription-Key", "Token", "X-Apitoken", "X-Auth-Token-Value"),
                *("X-Secret", "Client-Secret-1", "CF-Access-Client-Secret", "X-ClientSecret"),
                *("Password", "X-Userpassword", "X-Passwd", "X-Passphrase", "X-Pwd", "DB-Pass"),
                *("Cookie2", "Set-Cookie", "X-Cookies", "X-Credentials", "X-Bearer", "X-JWT"),
                *("X-Signature", "X-Sig"),
            )
        ),
        ({"headers": {"X-Mine": {"env": KEYLIKE}}}, "this looks like a key itself"),
        ({"api_key_env": KEYLIKE}, "this looks like a key itself"),
    ],
)
def test_a_secret_in_a_card_is_refused_and_not_repeated(
    keys: Mapping[str, object], where: str
) -> None:
    told = problems(**keys)
    assert where in told
    assert SECRET not in told
    assert KEYLIKE not in told


NO_SPACE = (
    "base_url: contains a space, a line break or another character that no address can contain"
)
NO_HOST = "base_url: has no valid host, such as https://example.org/v1"
NO_PORT = "base_url: expected a port from 1 to 65535 after the last colon of the host"


@pytest.mark.parametrize(
    ("base_url", "told"),
    [
        ("http://host:99999/v1", NO_PORT),
        ("http://host:65536", NO_PORT),
        ("http://host:abc", NO_PORT),
        ("http://host:8000:1/v1", NO_PORT),
        ("http://host:0/v1", NO_PORT),
        ("http://host:-1/v1", NO_PORT),
        ("http://host:80.5/v1", NO_PORT),
        ("http://[::1]:99999/v1", NO_PORT),
        (f"http://me:{SECRET}", NO_PORT),
        ("http://my host/v1", NO_SPACE),
        (" http://host/v1", NO_SPACE),
        ("http://host/v1 ", NO_SPACE),
        ("http://host/v1\n", NO_SPACE),
        ("http://ho\tst/v1", NO_SPACE),
        ("http://host/my models", NO_SPACE),
        ("http://host\u00a0/v1", NO_SPACE),
        ("http:///v1", NO_HOST),
        ("http://", NO_HOST),
        ("http://:8000/v1", NO_HOST),
        ("https:/host/v1", NO_HOST),
        ("https:host/v1", NO_HOST),
        ("http:\\\\host\\v1", NO_HOST),
        ("http://[::1", NO_HOST),
        ("http://::1]/v1", NO_HOST),
        ("http://[::1:8000/v1", NO_HOST),
        ("http://[host]/v1", NO_HOST),
        ("http://[127.0.0.1]/v1", NO_HOST),
        ("http://300.0.0.1/v1", NO_HOST),
        ("http://a..b/v1", NO_HOST),
        ("http://.host/v1", NO_HOST),
        (f"http://{'a' * 64}.org/v1", NO_HOST),
        ("https://<resource>.openai.azure.com/openai/v1", NO_HOST),
        ("https://${HOST}/v1", NO_HOST),
        ("http://host,other/v1", NO_HOST),
        ("ftp://host/v1", "base_url: expected an address that begins with http:// or https://"),
        ("ws://host/v1", "base_url: expected an address that begins with http:// or https://"),
        ("localhost:8000/v1", "base_url: expected an address that begins with http:// or https://"),
        ("host/v1", "base_url: expected an address that begins with http:// or https://"),
        ("//host/v1", "base_url: expected an address that begins with http:// or https://"),
        ("", "base_url: expected an address that begins with http:// or https://"),
    ],
)
def test_an_address_at_which_nothing_can_be_is_refused(base_url: str, told: str) -> None:
    said = problems(base_url=base_url)
    assert told in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "base_url",
    [
        *("http://[::1]:8000/v1", "http://[fe80::1%eth0]:8000/v1", "http://127.1:8000", "HTTP://A"),
        *(
            "https://my_host.local./v1",
            "http://münchen.example/v1",
            "http://host:65535",
            "http://a:",
        ),
        *("https://example.org/a%20b/v1", "http://xn--mnchen-3ya.example/v1", "http://0.0.0.0:1"),
    ],
)
def test_any_other_address_is_taken(base_url: str) -> None:
    assert problems(base_url=base_url) == ""


def test_an_address_of_a_file_holds_no_secret_either() -> None:
    card = {"title": "A", "engine": "llamacpp", "capabilities": {"sampling_extras": True}}
    address = "https://example.org/model.gguf?"
    weights = {"file": "a.gguf", "url": f"{address}X-Amz-Signature={SECRET}"}
    _, (told,) = validate(LlamaCppModel, {**card, "weights": weights}, "a.yaml")
    assert "weights.url: contains a key or token" in told
    assert SECRET not in told
    weights["url"] = "https://[::1/model.gguf"
    assert (
        "weights.url: has no valid host"
        in validate(LlamaCppModel, {**card, "weights": weights}, "a.yaml")[1][0]
    )
    weights["url"] = f"{address}download=1"
    assert validate(LlamaCppModel, {**card, "weights": weights}, "a.yaml")[1] == []


@pytest.mark.parametrize(
    "extra_body",
    [
        {"max_thinking_tokens": 5, "prompt_cache_key": "study", "stop_token_ids": [1]},
        {"response_format": {"json_schema": {"properties": {"key": {"type": "string"}}}}},
        {"site": "https://example.org/page?lang=en", "odd": "http://[::1"},
        {"return_tokens_as_token_ids": True, "reasoning_effort": "none", "logit_bias": {"5": 1}},
    ],
)
def test_names_that_only_sound_like_secrets_are_taken(extra_body: Body) -> None:
    assert problems(extra_body=extra_body) == ""


def test_headers_that_are_no_secret_are_taken() -> None:
    names = ("X-Title", "HTTP-Referer", "OpenAI-Organization", "OpenAI-Project", "anthropic-beta")
    more = ("Helicone-User-Id", "X-Auth-User", "X-Token-Limit", "X-Author", "X-Keyword", "X-Monkey")
    assert problems(headers=dict.fromkeys((*names, *more), "ours")) == ""


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"headers": {"Helicone-Fallbacks": "b"}}, "it allows another model to answer"),
        ({"headers": {"authorization": {"env": "MINE"}}}, "api_key_env (OPENAI_API_KEY) is sent"),
        ({"headers": {"Content-Type": "text"}}, "emoalign sets this header itself"),
        ({"headers": {"X Y": "a"}}, "headers.X Y: not a valid header name"),
        ({"headers": {"X-Y": "a\nHost: b"}}, "headers.X-Y: its value has line ends"),
        ({"headers": {"X-Y": "a", "x-y": "b"}}, "headers.X-Y: this header is given twice"),
        (
            {"headers": {"X-Y": {"env": "A B"}}},
            "'A B' is not a valid name of an environment variable",
        ),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(keys: Mapping[str, object], told: str) -> None:
    assert told in problems(**keys)


@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_headers_of_the_providers_own_are_sent_and_their_values_written_nowhere(
    delivery: str,
    desk: Desk,
    server: ParticularServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    headers = {"X-Title": "our-study", "X-Gateway-Key": {"env": SECRET_VARIABLE}}
    more = {"headers": headers, "delivery": delivery, "batches": {"poll_s": 0.01}}
    caplog.set_level(logging.DEBUG)
    ratings = replace(desk, more=more).rate()
    assert (ratings["rating"] == 7).all()
    assert {path.partition("/v1/")[2].partition("/")[0] for path, _ in server.told} == (
        {"files", "batches"} if delivery == "batch" else {"chat"}
    )
    for _, sent in server.told:
        assert (sent["x-title"], sent["x-gateway-key"]) == ("our-study", SECRET)
        assert sent["authorization"].startswith("Bearer sk-test")
    assert replace(desk, more=more).card.key_variables() == {SECRET_VARIABLE, KEY_VARIABLE}
    written = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".jsonl" for path in written)
    for path in written:
        if path.name != "faulty.yaml":  # the card itself
            assert b"our-study" not in path.read_bytes(), path
        assert SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in caplog.text
    engine = orjson.loads(pq.read_schema(desk.folder / "ratings.parquet").metadata[b"engine"])
    assert engine["headers"] == ["X-Gateway-Key", "X-Title"]
    # They decide nothing that is asked: without them the journal has it all.
    assert (desk.rate()["request_id"] == ratings["request_id"]).all()


@pytest.mark.parametrize("variable", [KEY_VARIABLE, SECRET_VARIABLE])
@pytest.mark.parametrize(("key", "told"), [("no", "no such model"), ("k" * 8, "*** such model")])
def test_a_key_too_short_to_be_a_secret_garbles_no_message(
    key: str,
    told: str,
    variable: str,
    desk: Desk,
    server: ParticularServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k" * 20)
    monkeypatch.setenv(SECRET_VARIABLE, "k" * 20)
    monkeypatch.setenv(variable, key)
    server.closed = f"There is {key} such model."
    more = {"headers": {"X-Gateway-Key": {"env": SECRET_VARIABLE}}}
    assert f"There is {told}" in refusal(replace(desk, more=more))


@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_secret_header_that_the_server_repeats_is_in_no_message(
    delivery: str, desk: Desk, server: ParticularServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    server.closed = f"Wrong key {SECRET}"
    more = {"headers": {"Authorization": {"env": SECRET_VARIABLE}}, "api_key_env": None}
    told = refusal(replace(desk, more=more | {"delivery": delivery}))
    assert "Wrong key ***" in told
    assert SECRET not in told
    assert server.told[0][1]["authorization"] == SECRET
    monkeypatch.delenv(SECRET_VARIABLE)
    told = refusal(replace(desk, more=more | {"delivery": delivery}))
    assert f"{SECRET_VARIABLE} is not set. It must contain the header Authorization" in told


def test_a_server_without_a_key_is_sent_none(desk: Desk, server: ParticularServer) -> None:
    replace(desk, more={"api_key_env": None}).rate()
    assert all("authorization" not in sent for _, sent in server.told)


# llama.cpp


@pytest.mark.parametrize(
    "adds",
    [{"timings": {"prompt_n": 1, "predicted_n": 1}}, {"system_fingerprint": "b6890-6de8ed751"}],
)
def test_a_llama_cpp_server_whose_defaults_are_on_is_told_by_its_first_reply(
    adds: Mapping[str, Any], desk: Desk, server: ParticularServer
) -> None:
    server.adds = adds
    told = refusal(replace(desk, words=[f"w{number}" for number in range(30)]))
    assert "is llama.cpp, which leaves tokens out by defaults of its own" in told
    assert "Set sampling_extras: true among the capabilities" in told
    assert desk.answers() == []
    assert len(server.bodies) <= 2  # what was under way at once
    assert (able(desk, sampling_extras=True).rate()["rating"] == 7).all()
    assert server.bodies[-1]["top_k"] == 0


def test_an_embedded_model_whose_card_leaves_the_defaults_on_is_refused() -> None:
    card = {"title": "A", "engine": "llamacpp", "weights": {"file": "a"}, "capabilities": {}}
    _, (told,) = validate(LlamaCppModel, card, "a.yaml")
    assert "capabilities.sampling_extras: must be true" in told


@dataclass(frozen=True)
class ExactDesk(Desk):
    """A desk that asks for both readouts."""

    @property
    def job(self) -> RatingJob:
        job = super().job
        both = {"readouts": ("sampled", "exact")}
        return job.model_copy(update={"protocol": job.protocol.model_copy(update=both)})


@pytest.mark.parametrize(("llamacpp", "at_once"), [(True, 1), (False, 4)])
def test_exact_requests_go_to_llama_cpp_one_at_a_time_and_before_all_others(
    llamacpp: bool, at_once: int, desk: Desk, server: ParticularServer
) -> None:
    server.logprobs = [("7", -0.5), ("8", -1.5)]
    server.tokenizers = {"/tokenize": lambda body: {"tokens": [*map(ord, body["content"])]}}
    server.plan = lambda heard: "slow"
    words = [f"w{number}" for number in range(12)]
    capabilities = {"top_logprobs": 20, "tokenizer": True, "sampling_extras": llamacpp}
    asking = replace(able(desk, **capabilities), words=words, limits={"concurrency": 4})
    ratings = ExactDesk(**vars(asking)).rate()
    assert (ratings["status"] == "ok").all()
    assert (server.most_exact, server.most_at_once) == (at_once, 4)
    exact = ["logprobs" in body for body in server.bodies]
    assert exact.count(True) == len(words)
    if llamacpp:
        assert server.most_beside_exact <= 1
        assert exact == sorted(exact, reverse=True)
