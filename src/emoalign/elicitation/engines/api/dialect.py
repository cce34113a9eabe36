"""The dialect of a family of servers: addresses, headers, bodies and replies.

Everything else about asking over HTTP is the same for all: pace, retries, faults, batches, budget.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.rating import Ask

Reply = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """A line that a batch brought; without a status, the provider did not run the request."""

    custom_id: str
    status: int | None
    body: Mapping[str, Any]


class Dialect(ABC):
    """The way in which a family of servers is asked, and answers."""

    decides: ClassVar[bool] = False
    """Whether decisions can be asked for in it (`capabilities.decisions`)."""

    answer_forms: ClassVar[tuple[str, ...]]
    """The parameters that give answers a form, with dots where one stands inside another."""

    @abstractmethod
    def headers(self, key: str | None) -> dict[str, str]:
        """The headers of every request: the key, where there is one, and the version spoken."""

    @abstractmethod
    def path(self, model: str, ask: Ask) -> str:
        """The path that a request is sent to, below the address of the server."""

    @abstractmethod
    def body(self, model: str, capabilities: Capabilities, ask: Ask) -> dict[str, Any]:
        """The body of a request; `model` is the name the server knows it by."""

    def reply(self, said: Reply) -> Reply:
        """A reply in the form of Chat Completions, in which all are read.

        What is not a reply of this dialect, such as an error, is returned as it is.
        """
        return said

    @abstractmethod
    def outcome(self, fields: Any) -> Outcome:
        """A line that a batch brought. Raises ValueError when it is something else."""


def sampling_parameters(capabilities: Capabilities, ask: Ask) -> dict[str, Any]:
    """The parameters of sampling that a request sends, by the names they have in most dialects.

    None where sampling is left to the provider.
    """
    values = ((name, getattr(ask.request.sampling, name)) for name in capabilities.sent)
    return {name: value for name, value in values if value is not None}
