"""Secrets where none belong: in addresses and settings, which are written into manifest and report.

They are recognised by the name of their key or by their form, and never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

_SECRETIVE = frozenset(
    {"secret", "secrets", "password", "passwd", "passphrase", "authorization", "credential"}
    | {"credentials", "bearer", "apikey", "signature", "cookie"}
)
_KEYS = frozenset({"api", "access", "auth", "private", "subscription", "account", "master"})
_TOKENS = frozenset({"api", "access", "auth", "bearer", "id", "refresh", "session", "security"})
_IN_ADDRESSES = frozenset({"key", "sig", "token", "auth"})

_FORM = re.compile(
    r"(?:(?:sk|rk|gsk|xai|nvapi|pplx|fw|r8|hf|ghp|gho|glpat)[-_]|github_pat_|AIza|AKIA|ASIA"
    r"|ya29\.|eyJ)[\w.+/=-]{16,}"
)
_SCHEME = re.compile(r"(?:bearer|basic)\s+\S+", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Tell whether a name is one that secrets have: api_key, X-Auth-Token, clientSecret."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    *before, last = re.split(r"[^a-z0-9]+", parted)
    previous = before[-1] if before else ""
    return (
        last in _SECRETIVE
        or (last == "key" and previous in _KEYS)
        or (last == "token" and (previous in _TOKENS or not before))
    )


def is_secret(text: str) -> bool:
    """Tell whether a text has the form of a key of a known provider, or of credentials."""
    return bool(_FORM.fullmatch(text.strip()) or _SCHEME.fullmatch(text.strip()))


def secrets_in(value: object, where: str) -> Iterator[str]:
    """The places within a JSON value that hold a secret, as paths that begin with `where`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            place = f"{where}.{name}"
            texts = inner if isinstance(inner, list | tuple) else [inner]
            named = is_secret_name(name) and any(isinstance(each, str) and each for each in texts)
            if named:
                yield place
            else:
                yield from secrets_in(inner, place)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from secrets_in(inner, f"{where}[{number}]")
    elif isinstance(value, str) and (is_secret(value) or _address_with_secret(value)):
        yield where


def _address_with_secret(text: str) -> bool:
    try:
        return "://" in text and secret_part(text) is not None
    except ValueError:  # no address
        return False


def secret_part(address: str) -> str | None:
    """The part of an address that holds a secret, in words; None where no part does."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        return "a name or password before the @"
    for name, value in parse_qsl(parts.query):
        if is_secret_name(name) or name.lower() in _IN_ADDRESSES or is_secret(value):
            return f"a key or token (?{name}=…)"
    if any(map(is_secret, parts.path.split("/"))):
        return "a key or token in its path"
    return None
