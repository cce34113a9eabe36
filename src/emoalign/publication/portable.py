"""Configuration without what belongs to one machine or one person: paths, addresses, keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emoalign.study.secrets import secrets_in

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
    """A JSON value without absolute paths and without anything that looks like a secret."""
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if not _secret(key, each)}
        return {key: portable(each) for key, each in kept.items()}
    if isinstance(value, list | tuple):
        return [portable(each) for each in value]
    return without_places(value) if isinstance(value, str) else value


def _secret(key: object, value: object) -> bool:
    """Tell whether a key, or a text that is its value, is a secret."""
    single = value if isinstance(value, str) else None
    return single is not None and any(True for _ in secrets_in({str(key): single}, ""))
