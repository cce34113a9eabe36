"""The questions of a rating task: every readout for every item, with their tokens, cost and time.

Exact readouts and one-token answers require that every point of the scale is a single token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.elicitation.answer_schema import answer_schema
from emoalign.elicitation.engines.abilities import WHOLE_VOCABULARY, Abilities
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.forms import Form, dealt
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, RatingTask
from emoalign.errors import CapabilityError
from emoalign.prompts import (
    Image,
    NormTable,
    Prompt,
    Renderer,
    Turn,
    without_system,
)
from emoalign.study.fields import WRITTEN, Readout
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import records


@dataclass(frozen=True)
class Place:
    """The place of a question in a session: sessions count from 0, positions in them from 1.

    `in_view` is the number of earlier items that stand in view with their answers.
    """

    session: int
    position: int
    practice: bool
    in_view: int


@dataclass(frozen=True)
class Question:
    """A question about an item, and the participants who are asked.

    `job` is the job as `form` shows it: by it an answer is read. `place` is that in a session, in
    which `item_id` of practice is its text.
    """

    item_id: str
    ask: Ask
    form: Form
    job: RatingJob
    persona: str | None = None
    place: Place | None = None


def shown_items(stimuli: pd.DataFrame, able: Abilities) -> list[tuple[str, str | Image]]:
    """Pairs of item_id and text or image, from rows of the stimuli table in their order."""
    return [
        (
            row["item_id"],
            row["text"]
            if row["modality"] != "image"
            else able.shown(row["image_sha256"], Path(row["image_path"])),
        )
        for row in records(stimuli)
    ]


def build_questions(
    job: RatingJob,
    card: AskedModel,
    items: Sequence[tuple[str, str | Image]],
    table: NormTable | None = None,
) -> list[Question]:
    """The questions of a job about items, pairs of item_id and text or image.

    `table` is what a recitation shows.
    """
    shown = [Shown(job.shown(form), form, card, table) for form in job.forms()]
    return [
        question
        for readout in job.protocol.readouts
        for item_id, item in items
        for number, form in enumerate(shown)
        for persona, participants in _participants(job, readout, item_id, number, len(shown))
        for question in form.questions(readout, item_id, item, persona, participants)
    ]


class Shown:
    """One form of a job, as a model is asked in it."""

    def __init__(
        self, job: RatingJob, form: Form, card: AskedModel, table: NormTable | None = None
    ) -> None:
        self.job, self.form, self._card = job, form, card
        self._renderer = Renderer(job.prompts, job.scales, table=table)
        self._identity = card.identity()
        self._sampling = card.samplings(job)
        self._extras, self._setup = card.extras(job.thoughts), card.setup(job.thoughts)
        whole = card.able.top_logprobs == WHOLE_VOCABULARY
        by_token = "exact" in job.protocol.readouts and whole
        self._points = only_scale(job)[1].points if by_token else ()
        self._schema = answer_schema(job.prompts, job.scales)

    def questions(
        self,
        readout: Readout,
        item_id: str,
        item: str | Image,
        persona: str | None,
        participants: tuple[int | None, ...],
    ) -> Iterator[Question]:
        """The questions about an item: one, or one for each order of labels that is drawn."""
        for some in [(each,) for each in participants] if self.form.drawn else [participants]:
            shown = self.of_answer(item_id, some[0] or 0)
            ask = Ask(shown.request(readout, shown.prompt(readout, item, persona)), some)
            yield Question(item_id, ask, shown.form, shown.job, persona)

    def of_answer(self, item_id: str, participant: int) -> Shown:
        """The same, with labels in the order that is drawn for one answer, if one is."""
        if not self.form.drawn:
            return self
        form = self.form.of_answer(item_id, participant)
        shown = copy(self)
        shown.job, shown.form = self.job.shown(form), form
        shown._renderer = self._renderer.on(form.shown)
        shown._schema = answer_schema(form.template, form.shown)
        return shown

    def prompt(
        self,
        readout: Readout,
        item: str | Image,
        persona: str | None,
        history: Sequence[Turn] = (),
    ) -> Prompt:
        """The prompt about an item, after the earlier items of its session."""
        if readout == "decision":
            return self._renderer.decision(item)
        return self._renderer.render(item, persona, history)

    def request(self, readout: Readout, prompt: Prompt) -> RatingRequest:
        """The request of a readout with a prompt."""
        able = self._card.able
        decided, exact = readout == "decision", readout == "exact"
        model, revision = self._identity
        return RatingRequest(
            model=model,
            revision=revision,
            prompt=prompt if able.system_role else without_system(prompt),
            sampling=self._sampling[readout],
            readout=readout,
            wave=self.job.protocol.wave,
            # Decisions have no parameters, and refuse those of answers.
            extra_body=() if decided else self._extras,
            top_logprobs=able.top_logprobs if exact else 0,
            setup=self._setup,
            points=self._points if exact else (),
            schema={} if decided else self._schema,
        )


def questions_of(task: RatingTask, card: AskedModel) -> list[Question]:
    """The questions of a task about its items."""
    return build_questions(task.job, card, shown_items(task.items, card.able), task.table)


def _participants(
    job: RatingJob, readout: Readout, item_id: str, form: int, n_forms: int
) -> Sequence[tuple[str | None, tuple[int | None, ...]]]:
    """The participants who are asked about an item in a form, by its number: all of them in one
    question, or a question for each persona."""
    if readout not in WRITTEN:
        return [(None, (None,))]
    participants = len(job.personas) if job.personas else job.protocol.participants
    if participants is None:
        raise ValueError(
            "participants: all can only be used for recorded ratings, and here a model is asked"
        )
    own = tuple(dealt(item_id, form, n_forms, participants))
    if job.personas:
        return [(job.personas[number], (number,)) for number in own]
    return [(None, own)] if own else []


def check_single_tokens(tokens: Mapping[float, Sequence[int]], scale_name: str) -> None:
    """Check that a rating is decided by one token: each point is one, and no two are the same.

    `tokens` are the token ids of each point of the scale. Raises CapabilityError otherwise.
    """
    longer = [f"{point:g} ({len(ids)} tokens)" for point, ids in tokens.items() if len(ids) != 1]
    distinct = {tuple(ids) for ids in tokens.values()}
    if longer or len(distinct) < len(tokens):
        culprits = ", ".join(longer) or "two points share a token"
        raise CapabilityError(
            f"scale {scale_name!r}: not every point is a single token of this model: "
            f"{culprits}. The exact readout and next_token answers would misread it: use the "
            "sampled readout with a prompt set with answer.kind: text."
        )


def only_scale(job: RatingJob) -> tuple[str, OrdinalScale]:
    """The scale of a job that reads probabilities: one of numbers, as the study was checked for."""
    ((name, scale),) = job.scales.items()
    if isinstance(scale, LabelScale):
        raise CapabilityError(f"scale {name!r} has labels: its answers are no single tokens")
    return name, scale


def single_tokens(jobs: Sequence[RatingJob]) -> list[str]:
    """The ratings, as texts, that must be one token each for the answers of jobs to be read."""
    texts = [f"{point:g}" for job in _reading_tokens(jobs) for point in only_scale(job)[1].points]
    return list(dict.fromkeys(texts))


def check_tokens(jobs: Sequence[RatingJob], tokens: Mapping[str, Sequence[int]]) -> None:
    """Check, before anything is spent, that the tokens of a model can stand for ratings.

    `tokens` are the token ids of each of the `single_tokens`. Raises CapabilityError.
    """
    for job in _reading_tokens(jobs):
        name, scale = only_scale(job)
        check_single_tokens({point: tokens[f"{point:g}"] for point in scale.points}, name)


def _reading_tokens(jobs: Sequence[RatingJob]) -> Iterator[RatingJob]:
    """The forms in which every rating must be a single token, each as the job that it makes."""
    for job in jobs:
        yield from filter(_reads_tokens, (job.shown(form) for form in job.forms()))


def _reads_tokens(job: RatingJob) -> bool:
    """Tell whether every rating of the job must be a single token."""
    single = "exact" in job.protocol.readouts and job.digits is None
    return single or job.prompts.answer.kind == "next_token"
