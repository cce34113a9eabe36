"""Addresses of servers: on this machine or elsewhere, and the proxy on the way there.

What is on this machine is reached directly, whichever variable names a proxy. For all other hosts
HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count, in upper or lower case, as for curl.
"""

from __future__ import annotations

import re
import socket
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

_HOSTS = Path("/etc/hosts")
_HERE = tuple(
    map(ip_network, ("127.0.0.0/8", "::1/128", "::ffff:127.0.0.0/104", "0.0.0.0/32", "::/128"))
)
"""Loopback, and the addresses that stand for every address of this machine."""

_PORTS = {"http": 80, "https": 443}


def on_this_machine(address: str) -> bool:
    """Tell whether the host of an address is this machine: a loopback address or a name of one."""
    host = (urlsplit(address).hostname or "").removesuffix(".")
    number = _number(host)
    if number is not None:
        return _is_loopback(number)
    return host in loopback_names() or host.endswith(".localhost")


def nearby(address: str) -> bool:
    """Tell whether a server is this machine, or on a private network by its number or name.

    Private are the numbers of RFC 1918, 4193 and 6598, names without a dot, and those that end in
    what no public name does. Nobody is asked what number a name has.
    """
    host = (urlsplit(address).hostname or "").removesuffix(".")
    number = _number(host)
    if number is not None:
        return _is_loopback(number) or number.is_private or number in _SHARED
    return on_this_machine(address) or "." not in host or host.endswith(_PRIVATE_NAMES)


_SHARED = ip_network("100.64.0.0/10")
_PRIVATE_NAMES = (".local", ".internal", ".lan", ".localdomain", ".home.arpa")


def _number(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, also in the short forms of IPv4 (127.1)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _is_loopback(number: IPv4Address | IPv6Address) -> bool:
    return any(number in network for network in _HERE)


def no_address(text: str) -> str | None:
    """The reason why nothing can be reached at an address; None where something may be.

    It repeats nothing of the address, which may hold a secret.
    """
    if not text.isprintable() or " " in text:
        return (
            "contains a space, a line break or another character that no address can contain: "
            "remove it"
        )
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket without its other half, or no number between the two
        return _NO_HOST
    if parts.scheme not in _PORTS:
        return "expected an address that begins with http:// or https://"
    if not parts.hostname or not _may_be_host(parts.hostname, "[" in parts.netloc):
        return _NO_HOST
    try:
        possible = parts.port != 0
    except ValueError:
        possible = False
    return None if possible else "expected a port from 1 to 65535 after the last colon of the host"


_NO_HOST = (
    "has no valid host, such as https://example.org/v1, http://localhost:8000/v1 or "
    "http://[::1]:8000/v1"
)


def _may_be_host(host: str, bracketed: bool) -> bool:
    if bracketed:
        return isinstance(_number(host), IPv6Address)
    if re.fullmatch(r"[0-9.]+", host):
        return _number(host) is not None
    try:
        name = host.encode("idna").decode()
    except UnicodeError:  # a part of it is empty or too long
        return False
    return bool(re.fullmatch(r"[a-z0-9_.-]+", name, re.IGNORECASE))


def loopback_hosts() -> list[str]:
    """The names and networks that are this machine, as patterns of httpx2."""
    networks = [network.with_prefixlen for network in _HERE]
    bracketed = [re.sub(r"(.*:.*)(?=/)", r"[\1]", network) for network in networks]
    return [*sorted(loopback_names()), "*.localhost", *bracketed]


@cache
def loopback_names() -> frozenset[str]:
    """Names that are loopback: localhost, and those that /etc/hosts gives no other address."""
    addresses: dict[str, list[bool]] = {"localhost": [True]}
    lines = _HOSTS.read_text(errors="replace").splitlines() if _HOSTS.is_file() else []
    for line in lines:
        written, *names = line.partition("#")[0].lower().split() or [""]
        number = _number(written.partition("%")[0])
        for name in names:
            here = number is not None and _is_loopback(number)
            addresses.setdefault(name.removesuffix("."), []).append(here)
    return frozenset(name for name, here in addresses.items() if all(here)) | {"localhost"}


def proxy_for(address: str) -> str | None:
    """The address of the proxy that requests to an address go through; None without one.

    It may hold a name and a password: see `shown`.
    """
    parts = urlsplit(address)
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    exceptions = named.get("no", "").split(",")
    if not proxy or on_this_machine(address) or any(_spares(entry, parts) for entry in exceptions):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


_ENTRY = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?P<host>\[[^\]]+\]|[^:/]+|[0-9a-f:.]+)"
    r"(?::(?P<port>[0-9]+))?(?P<bits>/[0-9]+)?"
)


def _spares(entry: str, parts: SplitResult) -> bool:
    """Tell whether an entry of NO_PROXY spares an address the proxy.

    https://curl.se/libcurl/c/CURLOPT_NOPROXY.html has the forms; scheme and port may be added.
    """
    if entry.strip() == "*":
        return True
    read = _ENTRY.fullmatch(entry.strip().lower())
    if (
        read is None
        or read["scheme"] not in (None, "all", parts.scheme)
        or (read["port"] and int(read["port"]) != (parts.port or _PORTS.get(parts.scheme)))
    ):
        return False
    name, host = read["host"].strip("[]"), parts.hostname or ""
    try:
        return ip_address(host) in ip_network(name + (read["bits"] or ""), strict=False)
    except ValueError:
        pass
    if read["bits"]:
        return False
    if name.startswith((".", "*.")):
        return host.endswith(name.removeprefix("*"))
    return host == name or (read["scheme"] is None and host.endswith(f".{name}"))


def reading_proxy(address: str) -> str | None:
    """The proxy elsewhere that can read what is sent to an address, as it is shown.

    What is sent to an https address is encrypted on its way through a proxy.
    """
    proxy = proxy_for(address)
    if proxy is None or urlsplit(address).scheme != "http":
        return None
    try:
        here = on_this_machine(proxy)
    except ValueError:  # no address, which is told before anything is sent
        here = False
    return None if here else shown(proxy)


def shown(address: str) -> str:
    """An address without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:  # a bracket without its other half
        return "(no address)"
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
