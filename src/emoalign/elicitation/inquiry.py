"""An inquiry: a task while its model is asked for the answers missing from the journal."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType

import pandas as pd

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import (
    Answer,
    JournalIndex,
    JournalWriter,
    Key,
    read_answers,
)
from emoalign.elicitation.questions import Question, questions_of
from emoalign.elicitation.rating import Ask, RatingTask, missing
from emoalign.elicitation.rating_rows import columns_by_scale, rating_rows
from emoalign.elicitation.readings import (
    of_another_text,
    withheld,
    wrong_decision,
)
from emoalign.elicitation.rejections import REJECTED, Rejected, Rejections
from emoalign.elicitation.sessions import Session, sessions_of
from emoalign.elicitation.tally import Tally, share_of_ratings
from emoalign.errors import EmoalignError
from emoalign.locks import alone
from emoalign.progress import Progress
from emoalign.stage import FILE_ONLY, Stopped
from emoalign.study.fields import Readout

LOOK_EVERY_S = 0.2
"""Seconds between checks for room on the disk."""

_log = logging.getLogger(__name__)


class Inquiry:
    """A task, its questions and the answers so far; inside a block it alone writes its journal."""

    def __init__(self, task: RatingTask, card: AskedModel) -> None:
        self.task = task
        self._sessions = sessions_of(task, card)
        self._alone = [] if self._sessions else questions_of(task, card)
        self.answers: dict[Key, Answer] = {}
        self.progress: Progress | None = None
        self.tally = Tally()
        self.rejections = Rejections(self._about, self.keep)
        self._by_id = {question.ask.request.request_id: question for question in self._alone}
        self._kept: JournalIndex | None = None
        self._first_answers = card.first_answers
        self._reply_ids: set[str] = set()
        self._copies_told = False
        self._others_told = False
        self._fault_told = False
        self._choices = card.able.choices
        self._journal = JournalWriter(task.file, lambda: list(self.answers.values()))

    def __enter__(self) -> Inquiry:
        self._journal.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._journal.__exit__(kind, value, trace)

    def read(self) -> None:
        """Read the answers that the journal has."""
        if not self._sessions:
            self.answers = read_answers(self.task.folder, self._by_id.keys(), self._reply_ids)
            return
        self._kept = JournalIndex(self.task.folder)
        self._reply_ids = self._kept.reply_ids
        for session in self._sessions:
            self._know(session.questions)
        self._advance(self._sessions)

    def subjects(self) -> set[Path]:
        """Paths that stand for what it asks of items by themselves: one for each form and readout.

        Protocols that share a form, about the same items, share a path.
        """
        first = min((question.item_id for question in self._alone), default=None)
        found: dict[tuple[object, str], str] = {}
        for question in self._alone:
            request = question.ask.request
            if question.item_id == first:
                found.setdefault((question.form.name, request.readout), request.request_id)
        return {self.task.folder / f"{each[:16]}.asked" for each in found.values()}

    @property
    def questions(self) -> list[Question]:
        """All questions that are known: by readout, and those of sessions session by session."""
        if not self._sessions:
            return self._alone
        known = [question for session in self._sessions for question in session.questions]
        return sorted(known, key=lambda question: question.ask.request.readout != "sampled")

    def missing(self) -> Iterator[Ask]:
        """The requests that can be sent now: no answer to them is kept or held.

        Of a session they are those of the item that is due; the next follows from their answers.
        """
        self._advance(self._sessions)
        asks = (question.ask for question in self.questions)
        return missing(asks, chain(self.answers, self.rejections.held()), self._choices)

    def conversations(self) -> Iterator[Iterator[Ask]]:
        """The sampled requests of each session, one after the other.

        The next one is known when the answer to the one before is kept; where it is not, the
        session stops there. There are none where items are rated by themselves.
        """
        return map(self._conversation, self._sessions)

    def _conversation(self, session: Session) -> Iterator[Ask]:
        asked = set(self.rejections.held())
        while True:
            self._advance([session])
            due = session.due
            if due is None or due.ask.key in asked:
                return
            asked.add(due.ask.key)
            yield due.ask

    def _advance(self, sessions: Sequence[Session]) -> None:
        """Have sessions go on as far as there are answers."""
        for session in sessions:
            while (due := session.due) is not None and (answer := self._find(due.ask.key)):
                self._know(session.take(answer))

    def _know(self, questions: Iterable[Question]) -> None:
        """Take questions for those of this task, with the answers that the journal has to them."""
        for question in questions:
            self._by_id[question.ask.request.request_id] = question
            if question.place is not None:
                self._find(question.ask.key)

    def _find(self, key: Key) -> Answer | None:
        """The answer of a session to a question, which may be in the journal."""
        if key not in self.answers and self._kept is not None:
            answer = self._kept.find(key)
            if answer is not None:
                self._take_over([answer])
        return self.answers.get(key)

    def _take_over(self, answers: Sequence[Answer]) -> None:
        """Take answers that the journal has; those found before anything is asked count later."""
        self.answers.update({answer.key: answer for answer in answers})
        if self.progress:
            self._count(answers)
            self.progress.add(len(answers))

    def asks(self, request_id: str) -> bool:
        """Tell whether a request is one of this task."""
        return request_id in self._by_id

    def look_again(self) -> None:
        """Take over answers that other tasks have kept meanwhile."""
        kept = read_answers(self.task.folder, self._by_id.keys(), self._reply_ids)
        self._take_over([answer for key, answer in kept.items() if key not in self.answers])

    @property
    def unanswered(self) -> int:
        """The number of missing answers, those to questions that sessions have yet to reach too."""
        due = sum(len(ask.participants) for ask in self.missing())
        return due + sum(session.to_come for session in self._sessions)

    @property
    def turns(self) -> int:
        """The questions of the longest session; 1 where items are rated by themselves."""
        return max((session.length for session in self._sessions), default=1)

    def keep(self, arrived: Sequence[Answer], sent: float = -math.inf) -> None:
        """Write answers to the journal the moment they arrive; see `room`.

        `sent` is when they were asked for, where that is known: see Rejections. Answers to requests
        of another task, which was asked before, are only written.
        """
        self._journal.append(arrived)
        arrived = [answer for answer in arrived if self.asks(answer.request_id)]
        for answer in arrived:
            self.answers.setdefault(answer.key, answer)  # the first counts, as in the journal
        self._count(arrived)
        self._look_for_copies(arrived)
        self._look_at_tokens(arrived)
        if self.progress:
            self.progress.add(len(arrived))
        for answer in {answer.request_id: answer for answer in arrived}.values():
            if answer.finish_reason != REJECTED:
                self.rejections.accepted(answer.request_id, sent)

    def hold(self, ask: Ask, rejected: Rejected) -> None:
        """Hold a request that was not accepted. Raises EngineError after ten items in a row."""
        self.rejections.hold(ask.request.request_id, ask.participants, rejected)
        self.rejections.check()

    def take_rejections(self, rejected: Sequence[tuple[Key, Rejected]], alone: bool) -> None:
        """Keep what a whole batch did not accept, as answers, if this is due to the items.

        `alone` says that it accepted nothing: then this is held, until it is found out whether the
        server still accepts others. Raises EngineError if it cannot be due to the items.
        """
        for (request_id, participant), reason in rejected:
            self.rejections.hold(request_id, (participant,), reason)
        if alone:
            self.rejections.check()
        for readout in self.rejections.undecided():
            if self.answered(readout) is None:
                raise self.rejections.reason(readout)
            if not alone:
                self.rejections.confirmed(readout)

    def count_held(self) -> None:
        """Count the answers that the journal has, as if they arrived now."""
        self._count(list(self.answers.values()))

    def check(self) -> None:
        """Raise EngineError when none of the first answers is a rating."""
        self.tally.check(self.task.job, self._first_answers)

    def answered(self, readout: Readout) -> Ask | None:
        """A request of a readout that was answered, to ask it again; None where there is none."""
        for answer in self.answers.values():
            request = self._by_id[answer.request_id].ask.request
            if request.readout == readout and answer.finish_reason != REJECTED:
                return Ask(request, (answer.participant,))
        return None

    def _about(self, request_id: str) -> tuple[Readout, str]:
        """The readout of a request, and its item."""
        question = self._by_id[request_id]
        return question.ask.request.readout, question.item_id

    def _count(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            question = self._by_id[answer.request_id]
            columns = columns_by_scale(question.job, question.ask.request, answer)
            rated = any(each["status"] == "ok" for each in columns.values())
            if question.ask.request.readout == "decision":
                self._tell_fault(question, answer)
            self.tally.add(question.item_id, answer, rated)

    def _tell_fault(self, question: Question, answer: Answer) -> None:
        """Warn, once, of a decision that cannot be: it is kept as it came, since it is paid for."""
        if self._fault_told or withheld(answer) is not None:
            return
        wrong = wrong_decision(answer.text, question.ask.request.prompt.questions)
        if wrong is not None:
            self._fault_told = True
            _log.warning(
                "The server of model %r was asked for decisions about item %r, and its answers %s. "
                "That is a fault of the server. They are kept as they came, with the status error; "
                "nothing is repaired, and no more such answers are told.",
                self.task.job.model,
                question.item_id,
                wrong,
            )

    def _look_for_copies(self, arrived: Sequence[Answer]) -> None:
        """Warn, once, that the server gave two requests the same reply.

        All answers to a request that arrive together came in one reply.
        """
        new = {answer.reply_id for answer in arrived if answer.reply_id}
        known = self._reply_ids & new
        if known and not self._copies_told:
            self._copies_told = True
            _log.warning(
                "The reply %r of model %r was already the answer to another request. Either the "
                "server gives several replies the same id, or a cache answers instead of the "
                "model, so that participants are copies of each other. If so, stop this job, "
                "switch off all caches on the way to the model, and ask again with another wave.",
                min(known),
                self.task.job.model,
            )
        self._reply_ids |= new

    def _look_at_tokens(self, arrived: Sequence[Answer]) -> None:
        """Warn, once, that log-probabilities are those of other tokens than the reply's."""
        if self._others_told or self.task.job.digits is None:
            return
        strange = [each for each in arrived if of_another_text(each.later, each.text)]
        if strange:
            self._others_told = True
            _log.warning(
                "The log-probabilities of the reply %r of model %r are those of other tokens: %s. "
                "Its exact answer cannot be read and has status error. If this happens often, the "
                "server may report the tokens of thoughts too: switch thinking off, or use the "
                "sampled readout.",
                strange[0].text[:60],
                self.task.job.model,
                "".join(each.drawn for each in strange[0].later)[:60],
            )

    async def room(self) -> None:
        """Wait while answers wait for room on the disk: they are only in memory.

        Raises JournalError when that takes too long.
        """
        while self._journal.full():
            await asyncio.sleep(LOOK_EVERY_S)

    async def ready(self) -> None:
        """Wait as `room` does. Raises EngineError if there is no point in going on."""
        self.check()
        await self.room()

    async def on_disk(self) -> None:
        """Make sure that all answers are on the disk before they are deleted elsewhere."""
        self._journal.sync()
        await self.room()

    def wait_for_room(self) -> None:
        """Wait as `room` does, where nothing else goes on in this process."""
        while self._journal.full():
            time.sleep(LOOK_EVERY_S)

    def ratings(self) -> pd.DataFrame:
        """The answers, all of which are there, as rows of the ratings table."""
        return rating_rows(self.task.job, self.questions, self.answers)


def asked_ratings(
    tasks: Sequence[RatingTask], card: AskedModel, account: Account | None
) -> list[pd.DataFrame]:
    """The ratings of each task, from the journals and, for missing answers, from the model.

    The model is started only if an answer is missing. An error carries a note (PEP 678) with the
    number of answers that are kept.
    """
    inquiries = [Inquiry(task, card) for task in tasks]
    with ExitStack() as stack:
        # Always in the same order, so that two jobs never wait for each other.
        for inquiry in sorted(inquiries, key=lambda inquiry: inquiry.task.file):
            stack.enter_context(inquiry)
        for path in sorted({path for inquiry in inquiries for path in inquiry.subjects()}):
            stack.enter_context(alone(path, 0.5, partial(_tell_who_waits, tasks)))
        for inquiry in inquiries:
            inquiry.read()
        held = sum(len(inquiry.answers) for inquiry in inquiries)
        left = sum(inquiry.unanswered for inquiry in inquiries)
        under_way = any(card.under_way(inquiry.task.file) for inquiry in inquiries)
        if left or under_way:
            progress = stack.enter_context(Progress(_label(tasks), held + left, held))
            progress.note = lambda: share_of_ratings(inquiry.tally for inquiry in inquiries)
            try:
                for inquiry in inquiries:
                    inquiry.progress = progress
                    inquiry.count_held()
                    if not under_way:  # what is under way is paid for, and is collected first
                        inquiry.check()
                card.ask(inquiries, account)
            except (Stopped, asyncio.CancelledError) as stop:
                stop.add_note(
                    f"{progress.done} of {progress.total} answers of {progress.label} are kept."
                )
                raise
            except EmoalignError as error:
                if progress.done:
                    error.add_note(
                        f"{progress.done:,} of {progress.total:,} answers are kept in the "
                        "journal; running again asks only for the rest."
                    )
                raise
        else:
            _log.info(
                "all %d answers are already in the journal: nothing to ask", held, extra=FILE_ONLY
            )
    return [inquiry.ratings() for inquiry in inquiries]


def _tell_who_waits(tasks: Sequence[RatingTask]) -> None:
    _log.info(
        "%s waits: another job asks some of the same questions, and nothing is paid for twice.",
        _label(tasks),
    )


def _label(tasks: Sequence[RatingTask]) -> str:
    """A name for what is under way, in the words of the paths of its files."""
    job = tasks[0].job
    asked = f" {job.asked}" if len(tasks) == 1 else ""
    return f"{job.model} {job.protocol.name} {job.dataset}{asked}"
