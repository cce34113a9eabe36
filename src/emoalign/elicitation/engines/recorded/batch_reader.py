"""The answers in files of a batch: which count, and what became of the other requests."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api import received
from emoalign.elicitation.engines.api.batch_replies import reply_in
from emoalign.elicitation.engines.api.choices import choices_in, read_choices
from emoalign.elicitation.engines.api.logprobs import later_in, logprobs_in
from emoalign.elicitation.engines.api.replies import Fault, beginning
from emoalign.elicitation.engines.recorded.batch_lines import dialect_of, written_lines
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rejections import REJECTED, rejected_answer
from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.rows import lines_of
from emoalign.wording import sentence

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """An answer in a file: where it stands, whose it is by its custom_id, and which of several.

    A request that was rejected has the provider's reason as its answer. `model` is the name in the
    reply, empty where there is none.
    """

    where: str
    custom_id: str
    answer: Answer
    model: str = ""
    choice: int = 0


class BatchReader:
    """The answers of several files, which may come in any order, and what is not among them.

    `exact` says whether log-probabilities are read.
    """

    def __init__(self, exact: bool = False) -> None:
        self._exact = exact
        self._mistakes = Mistakes()
        self._lines: list[Line] = []
        self._without: Counter[str] = Counter()
        self._replies: dict[str, str] = {}
        self._copies: list[str] = []

    def read(self, paths: Sequence[Path]) -> list[Line]:
        """All answers, in the order of the files.

        A request that was rejected and has an answer elsewhere is no answer, and the same reply in
        two places is one. Requests that were not answered are counted in the log. Raises DataError
        for lines that are none, and where there is no answer.
        """
        for path in paths:
            for where, line in written_lines(path):
                self._read(where, line)
        self._mistakes.tell()
        named = ", ".join(str(path) for path in paths[:3]) + (", …" if len(paths) > 3 else "")
        given = [line for line in self._lines if line.answer.finish_reason != REJECTED]
        answered = {line.custom_id for line in given}
        rejected = len({line.custom_id for line in self._lines} - answered)
        if not given:
            said = f"none of the requests was answered: {self._reasons()}"
            raise DataError(f"{named}: {said if self._reasons() else 'the file is empty'}")
        if self._without:
            _log.warning(
                "%s: requests without an answer: %d. They count as not asked. Reasons: %s",
                named,
                self._without.total(),
                sentence(self._reasons()),
            )
        if rejected:
            _log.warning(
                "%s: requests that the provider rejected: %d. They have the status rejected, "
                "because the provider did not accept their items.",
                named,
                rejected,
            )
        if self._copies:
            _log.warning(
                "%s: lines left out because the same reply stands in another line: %d (%s)",
                named,
                len(self._copies),
                lines_of(self._copies),
            )
        return [
            line
            for line in self._lines
            if line.answer.finish_reason != REJECTED or line.custom_id not in answered
        ]

    def _reasons(self) -> str:
        said = [*self._without.elements()]
        said += [line.answer.text for line in self._lines if line.answer.finish_reason == REJECTED]
        common = Counter(said).most_common(3)
        return "; ".join(f"{reason} ({times}×)" for reason, times in common)

    def _read(self, where: str, written: bytes) -> None:
        try:
            fields = received.parsed(written)
            dialect = dialect_of(fields)
            if dialect is None:
                raise ValueError(f"no custom_id with a response or result in {beginning(fields)}")
            outcome = dialect.outcome(fields)
        except ValueError as error:
            self._mistakes.add(
                "Lines that are no answers of a batch",
                f"{where}: {error}",
                "Download the file again, or remove these lines; a table of ratings has no batch "
                "in the model's card.",
            )
            return
        if outcome.body.get("object") == "response":
            self._mistakes.add(
                "Replies of OpenAI's Responses interface",
                f"{where}: a reply of /v1/responses, expected one of /v1/chat/completions",
                "Write each custom_id with the text of its answer into a table, and name its "
                "columns in the model's card, without batch.",
            )
            return
        try:
            reply = reply_in(outcome, 1, dialect)
            self._take(where, outcome.custom_id, reply)
        except Fault as fault:
            if fault.kind in ("rejected", "empty"):
                rejected = rejected_answer("", 0, fault.words)
                self._lines.append(Line(where, outcome.custom_id, rejected))
            else:
                self._without[fault.said.rstrip(".")] += 1

    def _take(self, where: str, custom_id: str, reply: Mapping[str, Any]) -> None:
        """Take the answers of a reply, unless it was there before."""
        reply_id = untrusted.name(reply.get("id"))
        if reply_id and self._replies.setdefault(reply_id, where) != where:
            self._copies.append(where)
            return
        choices = choices_in(reply)
        answers = read_choices("", range(len(choices)), False, reply, 0.0)
        if len(answers) < len(choices):
            self._without["the provider broke off"] += len(choices) - len(answers)
        model = untrusted.name(reply.get("model")) or ""
        for answer in answers:
            number = answer.participant or 0
            whole = self._with_logprobs(where, answer, choices[number]) if self._exact else answer
            self._lines.append(Line(where, custom_id, whole, model, number))

    def _with_logprobs(self, where: str, answer: Answer, choice: Mapping[str, Any]) -> Answer:
        try:
            return replace(answer, logprobs=logprobs_in(choice), later=later_in(choice))
        except Fault as fault:
            self._mistakes.add(
                "Log-probabilities that cannot be any",
                f"{where}: {fault.said}",
                "The exact readout needs natural logarithms of the probabilities of whole tokens: "
                "use the sampled readout.",
            )
            return answer
