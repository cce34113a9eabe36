"""Sessions under way: each question follows from the answers to those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from emoalign.elicitation.dealing import Dealing, SessionList, cannot_deal, dealt
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import Place, Question, Shown, shown_items
from emoalign.elicitation.rating import Ask, RatingJob, RatingTask
from emoalign.elicitation.rejections import REJECTED
from emoalign.errors import StudyError
from emoalign.prompts import Image, Prompt, Turn


class Session:
    """One session: the questions known so far, of which the last is due until it is answered.

    Earlier items stand in view with their answers as they were given, without thoughts. An empty
    answer, or a rejected request, leaves no turn. Practice stays in view to the end.
    """

    def __init__(
        self,
        dealt: SessionList,
        shown: Shown,
        items: Mapping[str, str | Image],
        persona: str | None = None,
    ) -> None:
        self.questions: list[Question] = []
        self._number = dealt.number
        self._shown, self._persona = shown, persona
        practice = practice_of(shown.job)
        self._trials: list[tuple[str, str | Image]] = [(text, text) for text in practice]
        self._trials += [(item_id, items[item_id]) for item_id in dealt.item_ids]
        self._n_practice = len(practice)
        self._exactly = "exact" in shown.job.protocol.readouts
        self._practised: list[Turn] = []
        self._rated: list[Turn] = []
        self._answered = 0
        self._begin_turn()

    @property
    def to_come(self) -> int:
        """The number of questions, of all readouts, that are not known yet."""
        n_items = len(self._trials) - self._n_practice
        return len(self._trials) + n_items * self._exactly - len(self.questions)

    @property
    def length(self) -> int:
        """The number of its trials, practice included."""
        return len(self._trials)

    @property
    def sampled(self) -> list[Question]:
        """The questions that its participant answers, as far as they are known."""
        return [each for each in self.questions if each.ask.request.readout == "sampled"]

    def alone(self) -> Iterator[Prompt]:
        """The prompts about its items as they were without any session."""
        for _, item in self._trials[self._n_practice :]:
            yield self._shown.prompt("sampled", item, self._persona)

    def take(self, answer: Answer) -> list[Question]:
        """Take the answer to the question that is due; the questions that follow from it."""
        known = len(self.questions)
        self._end_turn(answer)
        self._begin_turn()
        return self.questions[known:]

    def _begin_turn(self) -> None:
        """Have the next question follow from the answers so far; none after the last item."""
        self.due: Question | None = None
        if self._answered == len(self._trials):
            return
        item_id, item = self._trials[self._answered]
        practice = self._answered < self._n_practice
        in_view = self._in_view()
        place = Place(self._number, self._answered + 1, practice, len(in_view))
        shown = self._shown.of_answer(item_id, self._number)
        self._prompt = shown.prompt("sampled", item, self._persona, in_view)
        self.due = self._question("sampled", item_id, shown, place)
        self.questions.append(self.due)
        if self._exactly and not practice:
            self.questions.append(self._question("exact", item_id, shown, place))

    def _end_turn(self, answer: Answer) -> None:
        _, item = self._trials[self._answered]
        said = "" if answer.finish_reason == REJECTED else answer.text
        if said.strip():
            turns = self._practised if self._answered < self._n_practice else self._rated
            turns.append(self._prompt.turn(item, said))
        self._answered += 1

    def _in_view(self) -> Sequence[Turn]:
        plan = self._shown.job.protocol.session
        most = len(self._rated) if plan is None or plan.history == "all" else plan.history
        return [*self._practised, *self._rated[len(self._rated) - min(most, len(self._rated)) :]]

    def _question(
        self, readout: Literal["sampled", "exact"], item_id: str, shown: Shown, place: Place
    ) -> Question:
        who = self._number if readout == "sampled" else None
        ask = Ask(shown.request(readout, self._prompt), (who,))
        return Question(item_id, ask, shown.form, shown.job, self._persona, place)


def practice_of(job: RatingJob) -> tuple[str, ...]:
    """The texts that a session rates first; for joint answers the same for all scales."""
    return next(iter(job.prompts.wording.values())).practice


def sessions_of(task: RatingTask, card: AskedModel) -> list[Session]:
    """The sessions of a task, each at its beginning; none where items are rated by themselves.

    Raises StudyError where the items cannot be dealt as the protocol says.
    """
    job, plan = task.job, task.job.protocol.session
    if plan is None:
        return []
    items = dict(shown_items(task.items, card.able))
    sweeps = job.protocol.participants or 0
    personas = len(job.personas) or None
    problems = list(cannot_deal(plan, len(items), sweeps, personas, job.dataset))
    if problems:
        raise StudyError([f"protocol {job.protocol.name!r}: {problem}" for problem in problems])
    dealing = Dealing(job.dealt_by or 0, job.dataset, job.asked, job.protocol.wave)
    forms = [Shown(job.shown(form), form, card) for form in job.forms()]
    return [
        Session(
            each,
            forms[each.sweep % len(forms)],
            items,
            job.personas[each.number] if job.personas else None,
        )
        for each in dealt(dealing, items, plan.items, sweeps)
    ]
