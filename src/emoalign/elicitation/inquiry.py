"""An inquiry: a task while its model is asked for what the journal does not have yet."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType

import pandas as pd

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer, JournalWriter, Key, read_answers
from emoalign.elicitation.questions import Question, build_questions, only_scale, shown_items
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, RatingTask, missing
from emoalign.elicitation.readings import (
    MOST_MASS,
    read_distribution,
    readings,
    returned_mass,
    withheld,
)
from emoalign.progress import Progress
from emoalign.stage import Stopped

LOOK_EVERY_S = 0.2
"""Seconds between checks for room on the disk."""

_log = logging.getLogger(__name__)


class Inquiry:
    """A task, its questions and the answers so far; inside a block it alone writes its journal."""

    def __init__(self, task: RatingTask, card: AskedModel) -> None:
        self.task = task
        self.questions = build_questions(task.job, card, shown_items(task.items, card.able))
        self.answers: dict[Key, Answer] = {}
        self.progress: Progress | None = None
        self._choices = card.able.choices
        self._journal = JournalWriter(task.file, lambda: list(self.answers.values()))

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
        """The requests that are still to be sent."""
        asks = (question.ask for question in self.questions)
        return missing(asks, self.answers, self._choices)

    @property
    def unanswered(self) -> int:
        """The number of missing answers."""
        return sum(len(ask.participants) for ask in self.missing())

    def keep(self, arrived: Sequence[Answer]) -> None:
        """Write answers to the journal the moment they arrive; see `room`."""
        self._journal.append(arrived)
        self.answers.update({answer.key: answer for answer in arrived})
        if self.progress:
            self.progress.add(len(arrived))

    async def room(self) -> None:
        """Wait while answers wait for room on the disk: they are only in memory.

        Raises JournalError when that takes too long.
        """
        while self._journal.full():
            await asyncio.sleep(LOOK_EVERY_S)

    async def on_disk(self) -> None:
        """Have the disk itself keep all that has arrived, before it is forgotten elsewhere."""
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
            try:
                card.ask(inquiries, account)
            except (Stopped, asyncio.CancelledError) as stop:
                stop.add_note(
                    f"{progress.done} of {progress.total} answers of {progress.label} are kept."
                )
                raise
        else:
            _log.info("all %d answers are in the journal: nothing to ask", held)
    return [inquiry.ratings() for inquiry in inquiries]


def _label(tasks: Sequence[RatingTask]) -> str:
    """A name for what is under way, in the words of the paths of its files."""
    job = tasks[0].job
    asked = f" {job.asked}" if len(tasks) == 1 else ""
    return f"{job.model} {job.protocol.name} {job.dataset}{asked}"


_NO_PROBABILITIES: Mapping[str, object] = {
    "probabilities": None,
    "off_scale_mass": None,
    "returned_mass": None,
}


def rating_rows(
    job: RatingJob, questions: Sequence[Question], answers: Mapping[Key, Answer]
) -> pd.DataFrame:
    """The answers as rows of the ratings table: by readout, item, participant and scale."""
    rows = []
    for question in questions:
        request = question.ask.request
        for participant in question.ask.participants:
            answer = answers[request.request_id, participant]
            by_scale = (
                _exact_columns(job, request, answer)
                if request.readout == "exact"
                else _sampled_columns(job, answer)
            )
            for place, (scale, columns) in enumerate(by_scale.items()):
                rows.append(
                    {
                        "scale": scale,
                        "readout": request.readout,
                        "item_id": question.item_id,
                        "participant": participant,
                        "persona": question.persona,
                        "text": answer.text,
                        "finish_reason": answer.finish_reason,
                        "request_id": request.request_id,
                        "model_reported": answer.model_reported,
                        "prompt_tokens": 0 if place else answer.prompt_tokens,
                        "completion_tokens": 0 if place else answer.completion_tokens,
                        "latency_s": answer.latency_s,
                        **columns,
                    }
                )
    table = pd.DataFrame(rows)
    counts = ("participant", "prompt_tokens", "completion_tokens")
    table = table.astype(dict.fromkeys(counts, "Int32"))
    return table.assign(model=job.model, protocol=job.protocol.name, dataset=job.dataset)


def _sampled_columns(job: RatingJob, answer: Answer) -> dict[str, dict[str, object]]:
    return {
        scale: {
            "status": reading.status,
            "rating": reading.rating,
            "labels": reading.labels,
            **_NO_PROBABILITIES,
        }
        for scale, reading in readings(job, answer).items()
    }


def _exact_columns(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> dict[str, dict[str, object]]:
    name, scale = only_scale(job)
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    logprobs = answer.logprobs
    if logprobs is None or returned_mass(logprobs) > MOST_MASS:
        return {name: {**none, "status": withheld(answer) or "error"}}
    wanted = job.protocol.temperature
    applied = request.sampling.temperature == wanted
    reading = read_distribution(logprobs, scale, 1.0 if applied else wanted)
    columns = {
        "status": "ok" if any(reading.probabilities) else "unparsable",
        "probabilities": list(reading.probabilities),
        "off_scale_mass": reading.off_scale_mass,
        "returned_mass": reading.returned_mass,
    }
    return {name: {**none, **columns}}
