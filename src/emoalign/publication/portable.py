"""Configuration without what belongs to one machine or one person: paths, addresses, keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emoalign.addresses import nearby
from emoalign.study.secrets import is_secret_name, secrets_in

_WHOLE = re.compile(r"(?:~|/|[A-Za-z]:[\\/]|\\\\|file:/).*?([^\\/]+)[\\/]*", re.DOTALL)
"""An absolute path, and its last part."""

_WITHIN = re.compile(
    r"(?<![^\s\"'`(=,\[:])(?:file:/*|~[\w.-]*[\\/]|[A-Za-z]:[\\/]|\\\\[^\s\\]+\\|/(?=[^\s/]+/))"
    r"(?:[^\s\"'`/\\]+[\\/])*"
)
"""The folders of an absolute path in a sentence."""


def without_places(text: str | None) -> str | None:
    """A text in which absolute paths are only the names of their files."""
    if text is None:
        return None
    whole = _WHOLE.fullmatch(text.strip()) if "\n" not in text.strip() else None
    if whole and ("/" in text[1:] or "\\" in text[1:]) and not text.startswith("//"):
        return whole[1]
    return _WITHIN.sub("", text)


def portable(value: Any) -> Any:
    """A JSON value without absolute paths, addresses of private networks, and anything that looks
    like a secret."""
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if not _private(key, each)}
        return {key: portable(each) for key, each in kept.items()}
    if isinstance(value, list | tuple):
        return [portable(each) for each in value if not _private("", each)]
    return without_places(value) if isinstance(value, str) else value


def _private(key: object, value: object) -> bool:
    """Tell whether a text is a secret, by its key or its form, or an address that only one network
    knows; or whether one of several texts is."""
    if isinstance(value, list | tuple):
        return is_secret_name(str(key)) and any(isinstance(each, str) for each in value)
    if not isinstance(value, str):
        return False
    return any(secrets_in({str(key): value}, "")) or any(map(_nearby, _ADDRESS.findall(value)))


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")


def _nearby(address: str) -> bool:
    try:
        return not address.startswith("file:") and nearby(address)
    except ValueError:  # no address
        return False
