"""Credentials of a model's server: read from the environment, sent in headers, in no message."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import emoalign
from emoalign.elicitation.engines.api.additions import SecretValue
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.errors import EngineError

SHORTEST_SECRET = 8
"""Letters of a value that is hidden; GitLab has the same limit for its logs.

A shorter one, such as `none` for a server without keys, is no secret, and to hide it would garble
what the server says.
"""


@dataclass(frozen=True)
class Credentials:
    """The headers that a card adds to every request, with the key where there is one.

    `secrets` are the values that no message may repeat.
    """

    key: str | None = field(repr=False)
    own: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        api_key_env: str | None,
        headers: Mapping[str, str | SecretValue],
        key: str | None = None,
    ) -> Self:
        """The credentials that a card names, or a `key` that was drawn for a server of our own.

        Raises EngineError where a variable holds none.
        """
        key = key or api_key(api_key_env)
        own, secrets = {}, [key] if key else []
        for name, value in headers.items():
            if isinstance(value, SecretValue):
                own[name] = _secret(value.env, f"the header {name}")
                secrets.append(own[name])
            else:
                own[name] = value
        return cls(key, own, tuple(secrets))

    def headers(self, dialect: Dialect) -> dict[str, str]:
        """The headers of every request in a dialect."""
        return {
            **dialect.headers(self.key),
            **self.own,
            "Content-Type": "application/json",
            "User-Agent": f"emoalign/{emoalign.__version__}",
        }

    def trace(self, salt: str) -> str:
        """A number that tells whether the key or a header has changed, and nothing about it."""
        told = repr((salt, self.key, sorted(self.own.items())))
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def hidden(self, text: str) -> str:
        """A text, which may repeat secrets, without them."""
        for secret in self.secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def api_key(variable: str | None) -> str | None:
    """The key that an environment variable holds. Raises EngineError when it holds none."""
    if variable is None:
        return None
    key = _secret(variable, "the API key")
    if " " in key:
        raise EngineError(
            f"the environment variable {variable} contains spaces, which a key cannot: copy the "
            "key again."
        )
    return key


def _secret(variable: str, purpose: str) -> str:
    """The value of a variable, to be sent. Raises EngineError when it cannot be."""
    value = os.environ.get(variable)
    if not value:
        raise EngineError(
            f"the environment variable {variable} is not set. It must contain {purpose}: export "
            f"{variable}=... in the shell that starts snakemake (and never in a file here)."
        )
    if not (value.isascii() and value.isprintable()):
        raise EngineError(
            f"the environment variable {variable} contains line breaks or characters that "
            f"{purpose} cannot contain: copy it again."
        )
    return value
