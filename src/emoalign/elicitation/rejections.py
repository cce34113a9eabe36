"""Requests that a server rejects: because of their items, or for another reason?

A provider may object to an item in words that are not known here. A rejection counts as the answer
to an item only after another item was accepted; a server that rejects all has another reason.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from emoalign.elicitation import untrusted
from emoalign.elicitation.journal import Answer, Key
from emoalign.errors import EngineError
from emoalign.study.fields import Readout

IN_A_ROW = 10
"""Items that are not accepted, one after another, before the job stops."""

REJECTED = "rejected"
"""The finish_reason of an answer that is the provider's reason not to accept the request."""


class Rejected(EngineError):  # noqa: N818 (what happened to a request, and often no error)
    """A server rejected a request, perhaps because of its item; `words` are the server's."""

    def __init__(self, message: str, words: str) -> None:
        super().__init__(message)
        self.words = words


class Rejections:
    """Rejected requests of a job, held until others of their readout are accepted.

    Only an answer to a request sent after a rejection shows that the server still accepts others:
    one sent earlier may have passed just before a key was disabled.

    `about` gives the readout and the item of a request id; `keep` takes rejections that count as
    answers. Times are seconds on a monotonic clock.
    """

    def __init__(
        self,
        about: Callable[[str], tuple[Readout, str]],
        keep: Callable[[Sequence[Answer]], None],
    ) -> None:
        self._about = about
        self._keep = keep
        self._held: dict[Readout, dict[str, list[Answer]]] = defaultdict(dict)
        self._since: dict[Readout, dict[str, float]] = defaultdict(dict)
        self._first: dict[Readout, Rejected] = {}
        self._in_a_row: dict[Readout, set[str]] = defaultdict(set)
        self._given_up = False

    def hold(self, request_id: str, participants: Sequence[int | None], rejected: Rejected) -> None:
        """Hold a request that was not accepted."""
        readout, item = self._about(request_id)
        self._first.setdefault(readout, rejected)
        self._since[readout][item] = time.monotonic()
        self._in_a_row[readout].add(item)
        self._held[readout].setdefault(item, []).extend(
            rejected_answer(request_id, participant, rejected.words) for participant in participants
        )

    def check(self) -> None:
        """Raise EngineError after ten items in a row that were not accepted."""
        for readout, items in self._in_a_row.items():
            if len(items) >= IN_A_ROW:
                self._given_up = True
                raise EngineError(
                    f"{self._first[readout]} Requests about {len(items)} items in a row were not "
                    "accepted, so the items are probably not the cause. Nothing was recorded for "
                    "these items."
                )

    def accepted(self, request_id: str, sent: float) -> None:
        """Count held rejections of other items as answers, if they came before this was `sent`.

        An answer that was under way when the job gave up proves nothing about later requests.
        """
        readout, item = self._about(request_id)
        self._in_a_row[readout].clear()
        if self._given_up or not self._held[readout]:
            return
        before = [other for other, since in self._since[readout].items() if since <= sent]
        self._release(readout, [other for other in before if other != item])

    def held(self) -> Iterator[Key]:
        """The keys of all that is held."""
        for items in self._held.values():
            yield from (answer.key for answers in items.values() for answer in answers)

    def undecided(self) -> list[Readout]:
        """The readouts of which requests are held."""
        return [readout for readout, held in self._held.items() if held]

    def confirmed(self, readout: Readout) -> None:
        """Count all held rejections as answers: the server has accepted a known good request."""
        self._in_a_row[readout].clear()
        self._release(readout, list(self._held[readout]))

    def reason(self, readout: Readout) -> Rejected:
        """The first of the rejections that are held."""
        return self._first[readout]

    def _release(self, readout: Readout, items: Sequence[str]) -> None:
        """Keep the provider's words as the answers about these items."""
        answers = [answer for item in items for answer in self._held[readout].pop(item)]
        for item in items:
            del self._since[readout][item]
        if not self._held[readout]:
            self._first.pop(readout, None)
        if answers:
            self._keep(answers)


def rejected_answer(request_id: str, participant: int | None, words: str) -> Answer:
    """An answer that says in the provider's words why a request was not accepted."""
    return Answer(
        request_id=request_id,
        participant=participant,
        text=untrusted.writable(words),
        finish_reason=REJECTED,
        model_reported="",
        prompt_tokens=0,
        completion_tokens=0,
        latency_s=0.0,
        received=datetime.now(UTC).isoformat(timespec="seconds"),
    )
