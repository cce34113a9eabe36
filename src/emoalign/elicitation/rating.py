"""A rating job: one model rates the items of one shard under one protocol, on one scale or jointly
on a few."""

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
from emoalign.elicitation.engines import Engine, extra_body, identity, running, settings
from emoalign.elicitation.exact import check_single_tokens, read_distribution
from emoalign.elicitation.journal import JournalWriter, Key, read_answers
from emoalign.elicitation.openai_batch import collect_batches, under_way
from emoalign.elicitation.parsing import readings, withheld
from emoalign.elicitation.progress import Progress
from emoalign.elicitation.recorded import recorded_rows, recording
from emoalign.elicitation.requests import Ask, RatingRequest, Sampling, missing
from emoalign.errors import CapabilityError, EngineError, StudyError
from emoalign.prompts.rendering import Image, Renderer
from emoalign.study.fields import LabelScale, OrdinalScale, Readout
from emoalign.study.jobs import RatingJob, answering
from emoalign.study.loading import Model
from emoalign.study.models import ModelCard, RecordedModel
from emoalign.tables import RATINGS, STIMULI, records

_ROUNDS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """An item, what is asked about it and of whom."""

    item_id: str
    ask: Ask
    persona: str | None = None


def rate(
    job: RatingJob,
    card: ModelCard,
    stimuli: Path,
    shard: str,
    journal: Path,
    output: Path,
    account: Account | None = None,
) -> None:
    """Collect the answers that the journal does not have yet, and write all as ratings.

    `journal` is the root of the journals; `account` limits the cost. Raises ElicitationError when
    the model cannot be asked; whatever had arrived is in the journal by then.
    """
    if answering(card) != job.card:
        raise StudyError([f"model {job.model!r}: its card changed after the workflow had started"])
    items = STIMULI.read(stimuli)
    if isinstance(card, RecordedModel):
        RATINGS.write(recorded_rows(job, card, items, shard), output, _notes(job, recording(card)))
        return
    items = items[items["shard"] == shard]
    questions = build_questions(job, card, shown_items(items, card))
    folder = journal / job.model / job.dataset / job.asked
    file = folder / f"{job.protocol.name}.{shard}.jsonl"
    answers = complete(job, card, questions, folder, file, account)
    sampling = {readout: asdict(sampling) for readout, sampling in samplings(job).items()}
    RATINGS.write(
        rating_rows(job, questions, answers), output, _notes(job, settings(card), sampling)
    )


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
    sampling = samplings(job)
    extras = extra_body(card)

    def asked(
        readout: Readout,
        item: str | Image,
        persona: str | None,
        participants: tuple[int | None, ...],
    ) -> Ask:
        request = RatingRequest(
            model=model,
            revision=revision,
            prompt=renderer.render(item, persona),
            sampling=sampling[readout],
            readout=readout,
            wave=job.protocol.wave,
            extra_body=extras,
            top_logprobs=card.capabilities.top_logprobs if readout == "exact" else 0,
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


def samplings(job: RatingJob) -> Mapping[Readout, Sampling]:
    """How the tokens of an answer are drawn in each readout of the job's protocol."""
    answer = job.prompts.answer
    every: Mapping[Readout, Sampling] = {
        "sampled": Sampling(job.protocol.temperature, answer.max_tokens, answer.stop),
        "exact": Sampling(temperature=1.0, max_tokens=1),
    }
    return {readout: every[readout] for readout in job.protocol.readouts}


def complete(
    job: RatingJob,
    card: Model,
    questions: Sequence[Question],
    folder: Path,
    file: Path,
    account: Account | None = None,
) -> Mapping[Key, Answer]:
    """All answers to the questions: those of the journal, and the others asked for now.

    A server that gives fewer answers than asked is asked for the rest, a few times.
    """
    wanted = {question.ask.request.request_id for question in questions}

    def still_missing() -> Iterator[Ask]:
        asks = (question.ask for question in questions)
        return missing(asks, answers, card.capabilities.choices)

    with JournalWriter(file) as journal:
        answers = read_answers(folder, wanted)
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
                progress.add(arrived)

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
    if "exact" in job.protocol.readouts or job.prompts.answer.form == "next_token":
        name, scale = _only_scale(job)
        tokens = {point: await engine.tokenize(f"{point:g}") for point in scale.points}
        check_single_tokens(tokens, name)


def _only_scale(job: RatingJob) -> tuple[str, OrdinalScale]:
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
        read = _exact_columns if request.readout == "exact" else _sampled_columns
        for participant in question.ask.participants:
            answer = answers[request.request_id, participant]
            for place, (scale, columns) in enumerate(read(job, answer).items()):
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


def _exact_columns(job: RatingJob, answer: Answer) -> dict[str, dict[str, object]]:
    name, scale = _only_scale(job)
    none: dict[str, object] = {"rating": None, "labels": None, **_NO_PROBABILITIES}
    if answer.logprobs is None:
        return {name: {**none, "status": withheld(answer) or "error"}}
    reading = read_distribution(answer.logprobs, scale, job.protocol.temperature)
    found = {
        "status": "ok" if any(reading.probabilities) else "unparsable",
        "probabilities": list(reading.probabilities),
        "off_scale_mass": reading.off_scale_mass,
        "returned_mass": reading.returned_mass,
    }
    return {name: {**none, **found}}
