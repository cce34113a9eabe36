"""The way to a server: directly or through a proxy, with certificates, and never by a redirect."""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Iterator
from typing import TypedDict

import aiohttp
import httpx2

from emoalign.addresses import proxy_for, reading_proxy, shown
from emoalign.elicitation.engines.openai.replies import Fault
from emoalign.errors import EngineError

_log = logging.getLogger(__name__)

CONNECTION_ERRORS = (httpx2.HTTPError, aiohttp.ClientError)
_THERE = "Is it running, and is base_url right?"
_PROXY_THERE = (
    "Is the proxy right (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), and can it reach the server? Hosts "
    "named in NO_PROXY are reached without it."
)
_REFUSED_BY_PROXY = (
    "The proxy lets nothing through to this server: ask those who run it, or name the server in "
    "NO_PROXY. If it wants a name and a password: export HTTPS_PROXY=http://name:password@host:port"
)


class Way(TypedDict):
    """Arguments of an HTTP client, which by itself would trust every variable and redirect."""

    trust_env: bool
    verify: ssl.SSLContext
    proxy: httpx2.Proxy | None
    follow_redirects: bool


def way_to(address: str) -> Way:
    """The way to a server. Raises EngineError where a variable of the environment is of no use."""
    return Way(
        trust_env=False, verify=_certificates(), proxy=_proxy(address), follow_redirects=False
    )


def tell_proxy(address: str) -> None:
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
    """The connection was not made, or broke."""
    proxy = proxy_for(address)
    through = f" through the proxy {shown(proxy)}" if proxy else ""
    chain = list(_causes(error))
    for cause in chain:
        # aiohttp's own error is one as well, but does not say what is wrong: that is inside it.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            return _untrusted(cause, through)
        if isinstance(cause, httpx2.ProxyError) and re.match(r"4\d\d\b", str(cause)):
            said = f"could not be reached{through}, which answered HTTP {str(cause)[:3]}."
            return Fault("permanent", said, _REFUSED_BY_PROXY)
    cause = chain[min(1, len(chain) - 1)]
    said = str(cause) or type(cause).__name__
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
