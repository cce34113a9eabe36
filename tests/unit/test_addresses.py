"""Which servers are on this machine, which proxy is on the way to the others, and what is shown."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import httpx2
import pytest

from emoalign import addresses
from emoalign.addresses import loopback_names, on_this_machine, proxy_for, reading_proxy, shown

UNUSED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: it takes a while
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in VARIABLES:
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *[(f"127.{rest}", True) for rest in ("0.0.1", "1.2.3", "255.255.254", "1")],
        *[(host, True) for host in ("[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "0.0.0.0")],
        *[(host, True) for host in ("localhost", "LocalHost", "localhost.", "llm.localhost")],
        *[(host, False) for host in ("128.0.0.1", "10.0.0.1", "[::2]", "[::ffff:10.0.0.1]")],
        *[(host, False) for host in ("localhost.example.org", "notlocalhost", "127.0.0.1.nip.io")],
        *[(host, False) for host in ("api.openai.com", "")],
    ],
)
@pytest.mark.parametrize("frame", ["http://{}:8000/v1", "HTTPS://me:pass@{}/v1"])
def test_loopback_is_this_machine_and_nothing_else_is(host: str, here: bool, frame: str) -> None:
    assert on_this_machine(frame.format(host)) == here


def test_names_that_the_hosts_file_gives_loopback_are_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "127.0.0.1 localhost\n::1 ip6-localhost  ip6-loopback # IPv6\n127.0.1.1 MyBox mybox.lab\n"
        "127.0.0.1 both\n10.0.0.7 both other\n\n# 127.0.0.1 commented\nfe80::1%lo0 linked\n"
    )
    monkeypatch.setattr(addresses, "_HOSTS", hosts)
    loopback_names.cache_clear()
    try:
        assert loopback_names() == {
            "localhost",
            "ip6-localhost",
            "ip6-loopback",
            "mybox",
            "mybox.lab",
        }
        assert on_this_machine("http://ip6-localhost:8000/v1")
        assert not on_this_machine("http://both:8000/v1")
    finally:
        loopback_names.cache_clear()


ENVIRONMENTS = [
    {"HTTP_PROXY": "http://a:1"},
    {"http_proxy": "b:2", "HTTP_PROXY": "http://a:1"},
    {"HTTPS_PROXY": "http://u:p@a:1"},
    {"ALL_PROXY": "http://c:3", "https_proxy": "d:4"},
    {"all_proxy": "http://c:3", "no_proxy": ""},
]
SPARED = [
    "*",
    "example.org",
    ".example.org",
    "*.example.org",
    "sub.example.org, other",
    "EXAMPLE.org:8443",
    "example.org:8444",
    "http://example.org",
    "https://example.org",
    "10.0.0.0/8",
    "10.1.2.3",
    "10.1.2.3:8443",
    "2001:db8::/32",
    "2001:db8::7",
    "[2001:db8::7]",
    "[2001:db8::7]:8443",
    "[2001:db8::]/32",
    "ample.org",
    "a b,,://,[",
]
HOSTS = ["example.org", "sub.example.org", "badexample.org", "10.1.2.3", "[2001:db8::7]", "10.x"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("spared", [None, *SPARED])
def test_other_hosts_get_the_proxy_that_httpx2_by_itself_would_take(
    environment: dict[str, str], spared: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if spared is not None:
        monkeypatch.setenv("NO_PROXY", spared)
        monkeypatch.delenv("no_proxy", raising=False)
    with httpx2.Client(verify=UNUSED) as client:
        for host in HOSTS:
            for address in (f"http://{host}/v1", f"https://{host}:8443/v1"):
                transport = client._transport_for_url(httpx2.URL(address))
                assert isinstance(transport, httpx2.HTTPTransport)
                taken = getattr(transport._pool, "_proxy_url", None)
                ours = proxy_for(address)
                expected = None if taken is None else (taken.host.decode(), taken.port)
                found = None if ours is None else (httpx2.URL(ours).host, httpx2.URL(ours).port)
                assert found == expected, address


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_elsewhere_can_read_what_goes_to_http_and_is_shown_without_its_password(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://me:secret@proxy.lab:3128")
    assert reading_proxy("http://llm.lab/v1") == "http://proxy.lab:3128"
    assert reading_proxy("https://llm.lab/v1") is None
    assert reading_proxy("http://localhost/v1") is None
    monkeypatch.setenv(variable, "http://127.0.0.1:3128")
    assert reading_proxy("http://llm.lab/v1") is None


def test_an_address_is_shown_without_secrets() -> None:
    address = "https://me:secret@[2001:db8::7]:8443/v1/x?key=secret#secret"
    assert shown(address) == "https://[2001:db8::7]:8443/v1/x"
    assert shown("/v2/chat?key=secret") == "/v2/chat"
