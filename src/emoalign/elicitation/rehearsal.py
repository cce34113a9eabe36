"""Sessions gone through before they are asked: how long they become, and what history costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from emoalign.elicitation.dealing import ROOM_LEFT, does_not_fit
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer, JournalIndex
from emoalign.elicitation.questions import Question
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.elicitation.sessions import Session, sessions_of
from emoalign.errors import CapabilityError
from emoalign.prompts import (
    TOKENS_PER_MESSAGE,
    Prompt,
    estimated_tokens,
    image_tokens,
    most_tokens,
    texts_of,
)
from emoalign.study.scales import LabelScale, Scale


def rehearsed(task: RatingTask, card: AskedModel) -> list[Session]:
    """The sessions of a task to their end: with the answers that are kept, and else likely ones."""
    kept = JournalIndex(task.folder)
    sessions = sessions_of(task, card)
    for session in sessions:
        while (due := session.due) is not None:
            session.take(kept.find(due.ask.key) or _likely(due))
    return sessions


def _likely(question: Question) -> Answer:
    request_id, participant = question.ask.key
    text = likely_answer(question.job)
    return Answer(request_id, participant, text, "stop", "", None, None, 0.0, "")


def times_alone(sessions: Sequence[Session]) -> float:
    """The prompt tokens of sessions, with practice, as a multiple of those of the same items by
    themselves.

    Estimated from the length of texts; NaN without sessions.
    """
    asked = [each.ask.request.prompt for session in sessions for each in session.sampled]
    alone = [prompt for session in sessions for prompt in session.alone()]
    tokens = sum(map(estimated_tokens, alone))
    return sum(map(estimated_tokens, asked)) / tokens if tokens else math.nan


@dataclass(frozen=True)
class Longest:
    """The longest prompt of sessions, with so many earlier answers in view.

    `job` is the job as its form shows it: forms may allow longer answers than others.
    """

    job: RatingJob
    prompt: Prompt
    in_view: int

    @property
    def texts(self) -> list[str]:
        """The texts whose tokens are to be counted."""
        return texts_of(self.prompt)

    def tokens(self, counts: Mapping[str, int]) -> int:
        """The most tokens of this prompt, of the answer to it, and of longer ones in view, from the
        tokens of its texts."""
        frame = TOKENS_PER_MESSAGE * len(self.prompt.messages or ()) + image_tokens(self.prompt)
        return sum(counts[text] for text in self.texts) + frame + self._answers

    @property
    def most_tokens(self) -> int:
        """The same, by a bound of the tokens of the prompt."""
        return most_tokens(self.prompt) + self._answers

    @property
    def _answers(self) -> int:
        longer = self.in_view * (self.job.prompts.answer.max_tokens - 1)
        return longer + self.job.longest

    def check(self, counts: Mapping[str, int], context_tokens: int) -> None:
        """Check that the prompt fits into a context. Raises CapabilityError where it may not."""
        needed = self.tokens(counts)
        if needed > context_tokens - ROOM_LEFT:
            job = self.job
            raise CapabilityError(
                does_not_fit(job.protocol.name, job.dataset, job.model, needed, context_tokens)
            )


def longest(task: RatingTask, card: AskedModel) -> Longest | None:
    """The longest prompt of the sessions of a task; None where items are rated by themselves."""
    each = (
        Longest(question.job, question.ask.request.prompt, question.place.in_view)
        for session in rehearsed(task, card)
        for question in session.sampled
        if question.place is not None
    )
    return max(each, key=lambda one: one.most_tokens, default=None)


def likely_answer(job: RatingJob) -> str:
    """An answer in the form that is asked for: the point in the middle, or the first label."""
    form = job.prompts.answer
    values = {job.prompts.key(name): _likely_value(scale) for name, scale in job.scales.items()}
    if form.an_object:
        return orjson.dumps(values).decode()
    (value,) = values.values()
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _likely_value(scale: Scale) -> str | int | float | list[str]:
    if isinstance(scale, LabelScale):
        return [scale.labels[0]]
    middle = scale.points[len(scale.points) // 2]
    return int(middle) if middle == int(middle) else middle
