"""An inquiry: a task while its model is asked for what the journal does not have yet."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType

import pandas as pd

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer, JournalWriter, Key, read_answers
from emoalign.elicitation.questions import build_questions, shown_items
from emoalign.elicitation.rating_job import RatingTask
from emoalign.elicitation.rating_rows import rating_rows
from emoalign.elicitation.requests import Ask, missing
from emoalign.progress import Progress

_log = logging.getLogger(__name__)


class Inquiry:
    """A task, its questions and the answers so far; inside a block it alone writes its journal."""

    def __init__(self, task: RatingTask, card: AskedModel) -> None:
        self.task = task
        self.questions = build_questions(task.job, card, shown_items(task.items, card.able))
        self.answers: dict[Key, Answer] = {}
        self.progress: Progress | None = None
        self._choices = card.able.choices
        self._journal = JournalWriter(task.file)

    def __enter__(self) -> Inquiry:
        self._journal.__enter__()
        wanted = {question.ask.request.request_id for question in self.questions}
        self.answers = read_answers(self.task.folder, wanted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._journal.__exit__(kind, value, trace)

    def missing(self) -> Iterator[Ask]:
        """What is still to be asked."""
        asks = (question.ask for question in self.questions)
        return missing(asks, self.answers, self._choices)

    @property
    def unanswered(self) -> int:
        """How many answers are missing."""
        return sum(len(ask.participants) for ask in self.missing())

    def keep(self, arrived: Sequence[Answer]) -> None:
        """Write answers to the journal the moment they arrive."""
        self._journal.append(arrived)
        self.answers.update({answer.key: answer for answer in arrived})
        if self.progress:
            self.progress.add(len(arrived))

    def ratings(self) -> pd.DataFrame:
        """The answers, all of which are there, as rows of the ratings table."""
        return rating_rows(self.task.job, self.questions, self.answers)


def asked_ratings(
    tasks: Sequence[RatingTask], card: AskedModel, account: Account | None
) -> list[pd.DataFrame]:
    """The ratings of each task: answers of the journals, and the others asked for now.

    The model is started only if something is missing.
    """
    inquiries = [Inquiry(task, card) for task in tasks]
    with ExitStack() as stack:
        # Always in the same order, so that two jobs never wait for each other's journals.
        for inquiry in sorted(inquiries, key=lambda inquiry: inquiry.task.file):
            stack.enter_context(inquiry)
        held = sum(len(inquiry.answers) for inquiry in inquiries)
        left = sum(inquiry.unanswered for inquiry in inquiries)
        if left or any(card.under_way(inquiry.task.file) for inquiry in inquiries):
            progress = stack.enter_context(Progress(_label(tasks), held + left, held))
            for inquiry in inquiries:
                inquiry.progress = progress
            card.ask(inquiries, account)
        else:
            _log.info("all %d answers are in the journal: nothing to ask", held)
    return [inquiry.ratings() for inquiry in inquiries]


def _label(tasks: Sequence[RatingTask]) -> str:
    """What is under way, in the words of the paths of its files."""
    job = tasks[0].job
    asked = f" {job.asked}" if len(tasks) == 1 else ""
    return f"{job.model} {job.protocol.name} {job.dataset}{asked}"
