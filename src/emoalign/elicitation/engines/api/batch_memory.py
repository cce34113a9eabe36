"""Batches under way, remembered on disk, so that a job that was killed finds them again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emoalign.elicitation.journal import Key
from emoalign.errors import JournalError
from emoalign.tables import atomic

SUFFIX = ".batches.json"
"""The end of the name of a file that remembers batches, in place of that of the journal."""

Asked = tuple[str, tuple[int | None, ...]]
"""The content of a line of a batch: the id of the request, and its participants."""


@dataclass
class Remembered:
    """A batch under way, or about to be: `token` finds it if its id could not be written.

    It was made no earlier than `since` by the provider's clock (seconds since 1970; None where that
    is not known). `usd` is set aside for it in the `account` file. `server` and `account_key` tell
    where it was made; None in files of older versions.
    """

    token: str
    asked: Mapping[str, Asked]
    batch_id: str | None = None
    since: float | None = None
    usd: float = 0.0
    account: str | None = None
    server: str | None = None
    account_key: str | None = None

    def keys(self) -> Iterator[Key]:
        """The answers that it brings."""
        for request_id, participants in self.asked.values():
            yield from ((request_id, participant) for participant in participants)


class Memory:
    """The batches that are not collected yet, in a file that is never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batches: list[Remembered] = list(map(_remembered, self._read()))

    def _read(self) -> list[dict[str, Any]]:
        try:
            return list(orjson.loads(self.path.read_bytes())["batches"])
        except FileNotFoundError:
            return []
        except (orjson.JSONDecodeError, TypeError, KeyError) as error:
            raise JournalError(
                f"{self.path}: this is not a list of batches ({error}). The file was changed by "
                "something other than emoalign: restore it from a backup. Without it, batches "
                "under way are not known, and their requests are sent, and paid for, again."
            ) from error

    def add(self, batch: Remembered) -> None:
        """Remember a batch."""
        self.batches.append(batch)
        self.write()

    def remove(self, batch: Remembered) -> None:
        """Forget a batch: nothing is expected of it any more."""
        self.batches.remove(batch)
        self.write()

    def write(self) -> None:
        """Bring the file up to date, on the disk itself: a batch is worth more than an answer."""
        if not self.batches:
            self.path.unlink(missing_ok=True)
            return
        with atomic(self.path) as partial, partial.open("wb") as file:
            file.write(orjson.dumps({"batches": self.batches}))
            file.flush()
            os.fsync(file.fileno())


def _remembered(fields: dict[str, Any]) -> Remembered:
    asked = {
        name: (request_id, tuple(participants))
        for name, (request_id, participants) in fields.pop("asked").items()
    }
    fields.pop("started", None)  # of older versions: by the clock of this machine
    return Remembered(**fields, asked=asked)
