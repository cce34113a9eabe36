"""A rating job: one model rates the items of one shard under one protocol, on one scale or jointly
on a few.

Jobs of a model that vLLM loads are done together: see rating_together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import pandas as pd

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.budget import Account, within
from emoalign.elicitation.collecting import collect
from emoalign.elicitation.engines.base import Engine, extra_body, identity, running, settings, setup
from emoalign.elicitation.engines.cards import ModelCard, RecordedModel, VllmModel
from emoalign.elicitation.engines.openai.batches import collect_batches, under_way
from emoalign.elicitation.engines.recorded import recorded_rows, recording
from emoalign.elicitation.journal import JournalWriter, Key, read_answers
from emoalign.elicitation.messages import without_system
from emoalign.elicitation.rating_job import RatingJob, answering
from emoalign.elicitation.readings.exact import check_single_tokens, read_distribution
from emoalign.elicitation.readings.text import readings, withheld
from emoalign.elicitation.requests import Ask, RatingRequest, Sampling, missing
from emoalign.errors import CapabilityError, EngineError, StudyError
from emoalign.planning.loading import Model, ServedModel
from emoalign.progress import Progress
from emoalign.prompts.rendering import Image, Renderer
from emoalign.study.fields import Readout
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import RATINGS, STIMULI, records

_ROUNDS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """An item, what is asked about it and of whom."""

    item_id: str
    ask: Ask
    persona: str | None = None


@dataclass(frozen=True)
class Cell:
    """A job, its questions, and where their answers are: a file in a folder of a journal."""

    job: RatingJob
    questions: Sequence[Question]
    folder: Path
    file: Path

    @classmethod
    def of(
        cls, job: RatingJob, card: Model, stimuli: pd.DataFrame, shard: str, journal: Path
    ) -> Cell:
        """The cell of a job; `journal` is the root of the journals."""
        questions = build_questions(
            job, card, shown_items(stimuli[stimuli["shard"] == shard], card)
        )
        folder = journal / job.model / job.dataset / job.asked
        return cls(job, questions, folder, folder / f"{job.protocol.name}.{shard}.jsonl")

    def known_answers(self) -> dict[Key, Answer]:
        """The answers that the journal has."""
        return read_answers(
            self.folder, {question.ask.request.request_id for question in self.questions}
        )

    def missing(self, known: Mapping[Key, Answer], card: Model) -> Iterator[Ask]:
        """What is still to be asked."""
        asks = (question.ask for question in self.questions)
        return missing(asks, known, card.capabilities.choices)

    def write(self, card: Model, answers: Mapping[Key, Answer], output: Path) -> None:
        """Write all answers as ratings."""
        sampling = {name: asdict(drawn) for name, drawn in samplings(self.job, card).items()}
        RATINGS.write(
            rating_rows(self.job, self.questions, answers),
            output,
            _notes(self.job, settings(card), sampling),
        )


def rate(
    job: RatingJob,
    card: ServedModel | RecordedModel,
    stimuli: Path,
    shard: str,
    journal: Path,
    output: Path,
    account: Account | None = None,
    forbidden: str | None = None,
) -> None:
    """Collect the answers that the journal does not have yet, and write all as ratings.

    `journal` is the root of the journals; `account` limits the cost; `forbidden` says why the items
    may not be sent to the model, where they may not. Raises ElicitationError when
    the model cannot be asked; whatever had arrived is in the journal by then.
    """
    check_unchanged(job, card)
    if forbidden is not None:
        raise StudyError([forbidden])
    items = STIMULI.read(stimuli)
    if isinstance(card, RecordedModel):
        RATINGS.write(recorded_rows(job, card, items, shard), output, _notes(job, recording(card)))
        return
    cell = Cell.of(job, card, items, shard, journal)
    cell.write(card, complete(cell, card, account), output)


def check_unchanged(job: RatingJob, card: ModelCard) -> None:
    """Check that the card still is what the workflow was planned with."""
    if answering(card) != job.card:
        raise StudyError([f"model {job.model!r}: its card changed after the workflow had started"])


def _notes(
    job: RatingJob,
    engine: Mapping[str, object],
    sampling: Mapping[Readout, object] | None = None,
) -> dict[str, str]:
    """What the rating file says of its origin, for the manifest."""
    return {
        "job": orjson.dumps(job.model_dump(mode="json")).decode(),
        "engine": orjson.dumps(engine).decode(),
        "sampling": orjson.dumps(sampling or {}).decode(),
    }


def shown_items(stimuli: pd.DataFrame, card: Model) -> list[tuple[str, str | Image]]:
    """(item_id, what is shown) of rows of the stimuli table, in their order."""
    longest = card.capabilities.image_longest_side
    return [
        (
            row["item_id"],
            row["text"]
            if row["modality"] != "image"
            else Image(row["image_sha256"], longest, Path(row["image_path"])),
        )
        for row in records(stimuli)
    ]


def build_questions(
    job: RatingJob, card: Model, items: Sequence[tuple[str, str | Image]]
) -> list[Question]:
    """The questions of a job: every readout of the protocol for every item, (id, what is shown)."""
    renderer = Renderer(job.prompts, job.scales)
    model, revision = identity(card)
    sampling = samplings(job, card)
    extras, settled = extra_body(card), setup(card)
    merged = isinstance(card, VllmModel) and not card.capabilities.system_role
    points = (
        only_scale(job)[1].points
        if isinstance(card, VllmModel) and "exact" in job.protocol.readouts
        else ()
    )

    def asked(
        readout: Readout,
        item: str | Image,
        persona: str | None,
        participants: tuple[int | None, ...],
    ) -> Ask:
        prompt = renderer.render(item, persona)
        request = RatingRequest(
            model=model,
            revision=revision,
            prompt=without_system(prompt) if merged else prompt,
            sampling=sampling[readout],
            readout=readout,
            wave=job.protocol.wave,
            extra_body=extras,
            top_logprobs=card.capabilities.top_logprobs if readout == "exact" else 0,
            setup=settled,
            points=points if readout == "exact" else (),
        )
        return Ask(request, participants)

    return [
        Question(item_id, asked(readout, item, persona, participants), persona)
        for readout in job.protocol.readouts
        for item_id, item in items
        for persona, participants in _participants(job, readout)
    ]


def _participants(
    job: RatingJob, readout: Readout
) -> Sequence[tuple[str | None, tuple[int | None, ...]]]:
    """Who shares a question: everybody, or nobody where each has a persona."""
    if readout == "exact":
        return [(None, (None,))]
    if job.personas:
        return [(persona, (number,)) for number, persona in enumerate(job.personas)]
    return [(None, tuple(range(job.protocol.participants)))]


def samplings(job: RatingJob, card: Model) -> Mapping[Readout, Sampling]:
    """How the tokens of an answer are drawn in each readout of the job's protocol.

    vLLM applies the temperature to the whole vocabulary; what a server returns of the distribution
    at temperature 1 is brought to it when it is read.
    """
    answer = job.prompts.answer
    asked_at = job.protocol.temperature if isinstance(card, VllmModel) else 1.0
    every: Mapping[Readout, Sampling] = {
        "sampled": Sampling(job.protocol.temperature, answer.max_tokens, answer.stop),
        "exact": Sampling(temperature=asked_at, max_tokens=1),
    }
    return {readout: every[readout] for readout in job.protocol.readouts}


def complete(cell: Cell, card: ServedModel, account: Account | None = None) -> Mapping[Key, Answer]:
    """All answers to the questions: those of the journal, and the others asked for now.

    A server that gives fewer answers than asked is asked for the rest, a few times.
    """
    job, file = cell.job, cell.file

    def still_missing() -> Iterator[Ask]:
        return cell.missing(answers, card)

    with JournalWriter(file) as journal:
        answers = cell.known_answers()
        left = sum(len(ask.participants) for ask in still_missing())
        if not left and not under_way(file):
            _log.info("all %d answers are in the journal: nothing to ask", len(answers))
            return answers
        label = f"{job.model} {job.protocol.name} {job.dataset} {job.asked}"
        with (
            Progress(label, len(answers) + left, len(answers)) as progress,
            running(card) as unlimited,
        ):
            engine = within(unlimited, card, account)

            def keep(arrived: Sequence[Answer]) -> None:
                journal.append(arrived)
                answers.update({answer.key: answer for answer in arrived})
                progress.add(len(arrived))

            async def converse() -> None:
                try:
                    await _check_tokens(job, engine)
                    await collect_batches(card, file, still_missing, keep, answers, account)
                    for _ in range(_ROUNDS):
                        await collect(engine, list(still_missing()), keep, card.limits.concurrency)
                finally:
                    await engine.close()

            asyncio.run(converse())
    unanswered = sum(len(ask.participants) for ask in still_missing())
    if unanswered:
        raise EngineError(
            f"model {job.model!r} gave fewer answers than asked for, {_ROUNDS} times over: "
            f"{unanswered} are missing. If its server does not know the parameter n, say "
            "choices: 1 in the model's card."
        )
    return answers


async def _check_tokens(job: RatingJob, engine: Engine) -> None:
    """Refuse, before anything is spent, to read ratings from tokens that cannot tell them."""
    if reads_tokens(job):
        name, scale = only_scale(job)
        tokens = {point: await engine.tokenize(f"{point:g}") for point in scale.points}
        check_single_tokens(tokens, name)


def reads_tokens(job: RatingJob) -> bool:
    """Whether every rating of the job must be a single token."""
    return "exact" in job.protocol.readouts or job.prompts.answer.form == "next_token"


def only_scale(job: RatingJob) -> tuple[str, OrdinalScale]:
    """The scale of a job that reads probabilities: one of numbers, as the study was checked for."""
    ((name, scale),) = job.scales.items()
    if isinstance(scale, LabelScale):
        raise CapabilityError(f"scale {name!r} has labels: its answers are no single tokens")
    return name, scale


def rating_rows(
    job: RatingJob, questions: Sequence[Question], answers: Mapping[Key, Answer]
) -> pd.DataFrame:
    """The answers as rows of the ratings table: by readout, item, participant and scale."""
    rows = []
    for question in questions:
        request = question.ask.request
        for participant in question.ask.participants:
            answer = answers[request.request_id, participant]
            found = (
                _exact_columns(job, request, answer)
                if request.readout == "exact"
                else _sampled_columns(job, answer)
            )
            for place, (scale, columns) in enumerate(found.items()):
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
    table["participant"] = table["participant"].astype("Int32")
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


_NO_PROBABILITIES: Mapping[str, object] = {
    "probabilities": None,
    "off_scale_mass": None,
    "returned_mass": None,
}


def _exact_columns(
    job: RatingJob, request: RatingRequest, answer: Answer
) -> dict[str, dict[str, object]]:
    name, scale = only_scale(job)
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    if answer.logprobs is None:
        return {name: {**none, "status": withheld(answer) or "error"}}
    wanted = job.protocol.temperature
    applied = request.sampling.temperature == wanted
    reading = read_distribution(answer.logprobs, scale, 1.0 if applied else wanted)
    found = {
        "status": "ok" if any(reading.probabilities) else "unparsable",
        "probabilities": list(reading.probabilities),
        "off_scale_mass": reading.off_scale_mass,
        "returned_mass": reading.returned_mass,
    }
    return {name: {**none, **found}}
