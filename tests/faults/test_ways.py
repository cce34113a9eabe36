"""Ways to a server: what goes through a proxy and what never does, redirects, certificates."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emoalign.elicitation.engines.api.replies import refused
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import EngineError
from emoalign.prompts import Message, Prompt
from tests.faults.batch_server import BatchServer
from tests.faults.conftest import KEY, Desk
from tests.faults.server import FaultServer

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
EITHER_CASE = [*VARIABLES, *map(str.lower, VARIABLES)]
SEVEN = {"choices": [{"message": {"content": "7"}, "finish_reason": "stop"}]}


class StandIn(ThreadingHTTPServer):
    """Stands where a proxy, a server or the target of a redirect would; keeps all that it is told.

    `status` and `headers` are its answer to everything, with a body that is an answer and tokens.
    """

    daemon_threads = True

    def __init__(
        self, host: str = "127.0.0.1", status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Told)
        self.status, self.headers = status, headers or {}
        self.told: list[tuple[str, str, str]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextmanager
    def running(self) -> Iterator[StandIn]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that does not trust the certificate hangs up


class Told(BaseHTTPRequestHandler):
    """Answers every request of a stand-in."""

    server: StandIn

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.told.append((self.command, self.path, f"{self.headers}{body}"))
        content = json.dumps({**SEVEN, "tokens": [7]}).encode()
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in (*VARIABLES, "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn().running() as running:
        yield running


def reached_at(desk: Desk, base_url: str, **limits: float) -> OpenAIModel:
    limited = replace(desk, limits={"retries": 0, **limits})
    return limited.card.model_copy(update={"base_url": base_url})


def asked(card: OpenAIModel) -> list[Answer]:
    """The answers of one participant to one question, and the tokens of a text."""
    prompt = Prompt((Message("user", "joy"),), None)
    request = RatingRequest("faulty", None, prompt, Sampling(1.0, 3), "sampled", 1)

    async def converse() -> list[Answer]:
        with card.running() as engine:
            try:
                return await engine.ask(Ask(request, (0,)))
            finally:
                await engine.close()

    return asyncio.run(converse())


def tokens(card: OpenAIModel) -> Sequence[int]:
    async def converse() -> Sequence[int]:
        with card.running() as engine:
            try:
                return await engine.tokenize("7")
            finally:
                await engine.close()

    return asyncio.run(converse())


def failure(card: OpenAIModel) -> str:
    with pytest.raises(EngineError) as error:
        asked(card)
    assert KEY not in "".join(traceback.format_exception(error.value))
    return str(error.value)


# This machine


@pytest.mark.parametrize("variable", EITHER_CASE)
@pytest.mark.parametrize(
    ("bound", "hosts"),
    [
        ("0.0.0.0", ["127.0.0.1", "127.0.0.2", "localhost", "LocalHost", "0.0.0.0"]),
        ("::1", ["[::1]", "[0:0:0:0:0:0:0:1]"]),
    ],
)
def test_nothing_that_is_sent_to_this_machine_goes_through_a_proxy(
    bound: str,
    hosts: Sequence[str],
    variable: str,
    desk: Desk,
    proxy: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    with StandIn(bound).running() as server:
        for host in hosts:
            card = reached_at(desk, f"http://{host}:{server.port}/v1")
            assert [answer.text for answer in asked(card)] == ["7"]
            assert tokens(card) == [7]
            assert card.destination is None
        assert len(server.told) == 2 * len(hosts)
    assert not proxy.told


@pytest.mark.parametrize("variable", EITHER_CASE)
def test_neither_do_batches(
    variable: str, desk: Desk, proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    with BatchServer().running() as server:
        more = {"delivery": "batch", "batches": {"poll_s": 0.01}}
        ratings = replace(desk, server=server, more=more).rate()
    assert (ratings["rating"] == 7).all()
    assert not proxy.told


def test_a_variable_that_names_no_proxy_does_not_matter_on_this_machine(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    assert (desk.rate()["rating"] == 7).all()


# Elsewhere


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_other_hosts_are_reached_through_the_proxy_which_is_told_without_its_password(
    variable: str, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with FaultServer().running() as proxy:
        there = proxy.address.removesuffix("/v1").removeprefix("http://")
        monkeypatch.setenv(variable, f"http://me:secret@{there}")
        card = reached_at(desk, "http://llm.example.org/v1")
        assert [answer.text for answer in asked(card)] == ["7"]
        (heard,) = proxy.heard
    assert heard.headers["host"] == "llm.example.org"
    assert heard.headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert f"http://llm.example.org/v1 go through the proxy http://{there}" in caplog.text
    assert "secret" not in caplog.text
    assert card.destination == "http://llm.example.org/v1", "a proxy here reads for nobody else"


def test_hosts_in_no_proxy_are_reached_without_it(
    desk: Desk, proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "other.example, invalid")
    said = failure(reached_at(desk, "http://llm.invalid/v1"))
    assert "could not be reached: " in said
    assert not proxy.told
    assert asked(reached_at(desk, "http://llm.test/v1"))
    assert len(proxy.told) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (407, "HTTPS_PROXY=http://name:password@host:port"),
        (403, "lets nothing through to this server"),
        (502, "This was tried 2 times"),
    ],
)
@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_proxy_that_refuses_is_named(
    delivery: str, status: int, says: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn(status=status).running() as proxy:
        there = f"127.0.0.1:{proxy.port}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{there}")
        limits = {"retries": 1, "longest_wait_s": 0.01}
        far = replace(desk, limits=limits, more={"base_url": "https://llm.example.org/v1"})
        if delivery == "batch":
            far = replace(far, more={**far.more, "delivery": "batch"})
        with pytest.raises(EngineError) as error:
            far.rate()
        assert {told[:2] for told in proxy.told} == {("CONNECT", "llm.example.org:443")}
        assert all("Proxy-Authorization: Basic bWU6c2VjcmV0\n" in told[2] for told in proxy.told)
        assert KEY not in str(proxy.told), "the proxy is no server"
    said = str(error.value)
    assert f"could not be reached through the proxy http://{there}" in said
    assert "secret" not in "".join(traceback.format_exception(error.value))
    assert says in said or (delivery, status) == ("batch", 502)


def test_a_proxy_that_is_not_there_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn() as gone:
        port = gone.port
    monkeypatch.setenv("ALL_PROXY", f"http://me:secret@127.0.0.1:{port}")
    said = failure(reached_at(desk, "http://llm.example.org/v1"))
    assert f"could not be reached through the proxy http://127.0.0.1:{port}: " in said
    assert "Is the proxy right (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)" in said


@pytest.mark.parametrize(
    "named",
    ["socks5://127.0.0.1:9", "http://", "http://host:port", "ftp://a", "http://me:secret@[::1"],
)
def test_what_is_no_http_proxy_is_told(
    named: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", named)
    said = failure(reached_at(desk, "http://llm.example.org/v1"))
    assert "which is not the address of an HTTP proxy" in said
    assert "name the server in NO_PROXY" in said
    assert "secret" not in said


# Redirects


REDIRECTS = (301, 302, 303, 307, 308)


@contextmanager
def redirecting(status: int) -> Iterator[tuple[StandIn, StandIn]]:
    """A server that sends everything elsewhere, and the one where it would go."""
    with StandIn("127.0.0.2").running() as target:
        address = f"http://me:secret@127.0.0.2:{target.port}/v1/chat/completions?key=secret"
        with StandIn(status=status, headers={"Location": address}).running() as server:
            yield server, target


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_delivers_nothing_and_ends_the_job(status: int, desk: Desk) -> None:
    with redirecting(status) as (server, target):
        card = reached_at(desk, f"http://127.0.0.1:{server.port}/v1", retries=5)
        for ask in (asked, tokens):
            with pytest.raises(EngineError) as error:
                ask(card)
            said = str(error.value)
            port = target.port
            assert f"answered with a redirect (HTTP {status}) to http://127.0.0.2:{port}/v1" in said
            assert "write it as base_url into the card" in said
            assert "secret" not in said
        assert len(server.told) == 2, "it is not tried again"
    assert not target.told


@pytest.mark.parametrize("status", REDIRECTS)
def test_neither_does_one_of_a_batch_interface(status: int, desk: Desk) -> None:
    with redirecting(status) as (server, target):
        more = {"delivery": "batch", "base_url": f"http://127.0.0.1:{server.port}/v1"}
        with pytest.raises(EngineError, match=r"to http://127\.0\.0\.2") as error:
            replace(desk, more=more).rate()
        assert "secret" not in str(error.value)
    assert not target.told


def test_a_redirect_to_what_is_no_address_is_told() -> None:
    said = refused(302, {"location": "http://[::1"}, b"").said
    assert said == "answered with a redirect (HTTP 302) to (no address)."


def test_a_redirect_that_names_no_address_is_told(desk: Desk) -> None:
    with StandIn(status=307).running() as server:
        said = failure(reached_at(desk, f"http://127.0.0.1:{server.port}/v1"))
    assert "answered with a redirect (HTTP 307) without an address" in said


# Certificates


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[StandIn, Path]]:
    """A server with a certificate that it signed itself, and the certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = StandIn()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with server.running():
        yield server, certificate


def test_a_certificate_that_is_not_trusted_is_told_with_the_variable_that_names_others(
    desk: Desk, certified: tuple[StandIn, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = certified
    address = f"https://localhost:{server.port}/v1"
    said = failure(reached_at(desk, address, retries=5))
    assert "its certificate is not trusted with those this machine knows: self-signed" in said
    assert "export SSL_CERT_FILE=/path/to/authorities.pem" in said
    assert "This was tried" not in said

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert asked(reached_at(desk, address))
    said = failure(reached_at(desk, address.replace("localhost", "127.0.0.1")))
    assert f"with the authorities in SSL_CERT_FILE={certificate}: " in said


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_cannot_be_read_is_told(
    content: str | None, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    said = failure(reached_at(desk, "https://localhost:9/v1"))
    assert f"cannot be read (SSL_CERT_FILE={file}: " in said
