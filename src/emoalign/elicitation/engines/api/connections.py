"""The way to a server: directly or through a proxy, with certificates, and never by a redirect."""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from emoalign.addresses import proxy_for, reading_proxy, shown
from emoalign.elicitation.engines.api.received import ENCODINGS, LARGEST_REPLY, whole
from emoalign.elicitation.engines.api.replies import Fault
from emoalign.errors import EngineError

_log = logging.getLogger(__name__)

CONNECTION_ERRORS = (aiohttp.ClientError, OSError)
"""The errors of a request that was not answered, or not to the end."""

_NO_TIMEOUT = aiohttp.ClientTimeout()
"""Who asks knows how long to wait."""

_NEVER_SENT = (
    *(aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError),
    *(httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError),
)
_THERE = "Is it running, and is base_url right?"
_PROXY_THERE = (
    "Is the proxy right (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), and can it reach the server? Hosts "
    "named in NO_PROXY are reached without it."
)
_REFUSED_BY_PROXY = (
    "The proxy lets nothing through to this server: ask those who run it, or name the server in "
    "NO_PROXY. If it wants a name and a password: export HTTPS_PROXY=http://name:password@host:port"
)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete reply of a server."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Connection:
    """Connections to one server, kept open between requests.

    Over aiohttp alone: what a client above it does per request (URLs, headers, typed responses)
    costs more time than all the rest. docs/performance.md has the figures.

    Raises EngineError where a variable of the environment is of no use.
    """

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        self._address = address.rstrip("/")
        self._headers = {**headers, "Accept-Encoding": ENCODINGS}
        self._certificates = _certificates()
        self._through: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None
        proxy = _proxy(address)
        if proxy is not None:
            self._through["proxy"] = str(proxy.url)
        if proxy is not None and proxy.auth is not None:
            secret = {"Proxy-Authorization": aiohttp.encode_basic_auth(*proxy.auth)}
            if urlsplit(address).scheme == "https":  # through a tunnel: the server must not be told
                self._through["proxy_headers"] = secret
            else:
                self._headers |= secret
        _tell_proxy(address)

    async def post(
        self, path: str, content: bytes, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """Post JSON to a path below the address, or to a whole address. See CONNECTION_ERRORS.

        `headers` are those of this request alone. Raises Fault when the answer does not end.
        """
        return await self._call("POST", path, content, LARGEST_REPLY, _NO_TIMEOUT, headers)

    async def get(
        self, path: str, largest: int = LARGEST_REPLY, idle_s: float | None = None
    ) -> Response:
        """Get what is at a path below the address, of at most so many bytes. See `post`.

        Raises TimeoutError when nothing arrives for `idle_s` seconds.
        """
        timeout = aiohttp.ClientTimeout(sock_connect=idle_s, sock_read=idle_s)
        return await self._call("GET", path, None, largest, timeout)

    async def _call(
        self,
        method: str,
        path: str,
        content: bytes | None,
        largest: int,
        timeout: aiohttp.ClientTimeout,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._certificates, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # which knows no limit
            )
        url = f"{self._address}{path}" if path.startswith("/") else path
        # Headers of the whole session would be told to the proxy as well, and the key with them.
        async with self._session.request(
            method,
            url,
            data=content,
            headers={**self._headers, **headers},
            allow_redirects=False,
            timeout=timeout,
            **self._through,
        ) as response:
            content = await whole(response.headers, response.content.iter_any(), largest)
            return Response(response.status, response.headers, content)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def package_client(address: str) -> httpx2.AsyncClient:
    """The HTTP client for the openai package, which by itself trusts variables and redirects.

    Raises EngineError where a variable of the environment is of no use.
    """
    client = openai.DefaultAsyncHttpxClient(
        trust_env=False, verify=_certificates(), proxy=_proxy(address), follow_redirects=False
    )
    _tell_proxy(address)
    return client


def _tell_proxy(address: str) -> None:
    """Log the proxy that requests to a server go through, and whether it can read them."""
    proxy, reading = proxy_for(address), reading_proxy(address)
    if reading:
        _log.warning(
            "Requests to %s go through the proxy %s, which can read them: this is not https.",
            shown(address),
            reading,
        )
    elif proxy:
        _log.info("Requests to %s go through the proxy %s.", shown(address), shown(proxy))


def _proxy(address: str) -> httpx2.Proxy | None:
    named = proxy_for(address)
    if named is None:
        return None
    try:
        proxy = httpx2.Proxy(named)
    except (httpx2.InvalidURL, ValueError):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https") or not proxy.url.host:
        raise EngineError(
            f"{shown(address)} would be reached through the proxy {shown(named)}, which is not the "
            "address of an HTTP proxy. Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY "
            "(http://host:port), or name the server in NO_PROXY."
        )
    return proxy


def _certificates() -> ssl.SSLContext:
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        raise EngineError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read "
            f"({_certificates_named() or 'neither is set'}: {error}). Correct the variable, or "
            "unset it to trust the authorities that this machine knows."
        ) from None


def unreachable(error: BaseException, address: str) -> Fault:
    """The connection was not made, or broke; only then something may be charged for."""
    fault = _unreachable(error, address)
    fault.charged = not isinstance(error, _NEVER_SENT)
    return fault


def _unreachable(error: BaseException, address: str) -> Fault:
    proxy = proxy_for(address)
    through = f" through the proxy {shown(proxy)}" if proxy else ""
    chain = list(_causes(error))
    for cause in chain:
        # aiohttp's own error is one as well, but does not say what is wrong: that is inside it.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            return _untrusted(cause, through)
        # "407, message=…" or "407 Proxy Authentication Required"
        by_proxy = isinstance(cause, (httpx2.ProxyError, aiohttp.ClientHttpProxyError))
        if by_proxy and re.match(r"4\d\d\b", str(cause)):
            said = f"could not be reached{through}, which answered HTTP {str(cause)[:3]}."
            return Fault("permanent", said, _REFUSED_BY_PROXY)
    said = str(error) or type(error).__name__
    remedy = _PROXY_THERE if proxy else _THERE
    return Fault("passing", f"could not be reached{through}: {said.rstrip('.')}.", remedy)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and from outside to inside those that it comes from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        inside = getattr(cause, "certificate_error", None)
        comes_from = cause.__cause__ or cause.__context__
        cause = inside if isinstance(inside, BaseException) else comes_from


def _untrusted(error: ssl.SSLCertVerificationError, through: str) -> Fault:
    named = _certificates_named()
    trusted = f"with the authorities in {named}" if named else "with those this machine knows"
    return Fault(
        "permanent",
        f"could not be reached{through}: its certificate is not trusted {trusted}: "
        f"{error.verify_message or error}.",
        "Where a proxy or an institution signs certificates itself, get the file with its own and "
        "name it: export SSL_CERT_FILE=/path/to/authorities.pem",
    )


def _certificates_named() -> str:
    """The variable that names the trusted authorities, with its value; nothing without one."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if os.environ.get(name):
            return f"{name}={os.environ[name]}"
    return ""
