"""Rating jobs done together: all that a protocol asks a model about a dataset, loaded once."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.engines.cards import VllmModel
from emoalign.elicitation.engines.vllm.engine import VllmEngine, loaded
from emoalign.elicitation.journal import JournalWriter, Key
from emoalign.elicitation.rating import Cell, check_unchanged, only_scale, reads_tokens
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.readings.exact import check_single_tokens
from emoalign.elicitation.requests import Ask
from emoalign.progress import Progress
from emoalign.tables import STIMULI

_log = logging.getLogger(__name__)


def rate_together(
    jobs: Sequence[RatingJob],
    card: VllmModel,
    stimuli: Path,
    shard: str,
    journal: Path,
    outputs: Sequence[Path],
) -> None:
    """Collect the answers that the journals do not have yet; write the ratings of each job.

    The model is loaded only if something is missing. Each job has a journal of its own, as if it
    were done by itself. Raises ElicitationError when the model cannot be asked; whatever had
    arrived is in the journals by then.
    """
    for job in jobs:
        check_unchanged(job, card)
    items = STIMULI.read(stimuli)
    cells = [Cell.of(job, card, items, shard, journal) for job in jobs]
    answers = _complete(cells, card)
    for cell, found, output in zip(cells, answers, outputs, strict=True):
        cell.write(card, found, output)


def _complete(cells: Sequence[Cell], card: VllmModel) -> list[Mapping[Key, Answer]]:
    """All answers of each cell: those of the journals, and the others asked for now."""
    with ExitStack() as stack:
        # Always in the same order, so that two jobs never wait for each other's journals.
        journals = {
            cell.file: stack.enter_context(JournalWriter(cell.file))
            for cell in sorted(cells, key=lambda cell: cell.file)
        }
        answers = [cell.known_answers() for cell in cells]
        wanting: dict[Ask, list[int]] = defaultdict(list)
        for place, cell in enumerate(cells):
            for ask in cell.missing(answers[place], card):
                wanting[ask].append(place)
        left = sum(len(ask.participants) for ask in wanting)
        if not left:
            _log.info("all answers are in the journal: the model is not loaded")
            return list(answers)
        job = cells[0].job
        engine = stack.enter_context(loaded(card))
        for cell in cells:
            _check_tokens(cell.job, engine)
        progress = stack.enter_context(
            Progress(f"{job.model} {job.protocol.name} {job.dataset}", left, 0)
        )
        for ask, arrived in engine.answers(sorted(wanting, key=beginning)):
            for place in wanting[ask]:
                journals[cells[place].file].append(arrived)
                answers[place].update({answer.key: answer for answer in arrived})
            progress.add(len(arrived))
    return list(answers)


def beginning(ask: Ask) -> tuple[str, ...]:
    """What sorts requests so that those that begin alike stand together.

    The model computes the same beginning once: that of an instruction for all items, and the whole
    prompt for both readouts.
    """
    prompt = ask.request.prompt
    texts = (
        (prompt.text or "",)
        if prompt.messages is None
        else tuple(message.content for message in prompt.messages)
    )
    if prompt.image is None:
        return texts
    first = prompt.image_place == "first"
    *before, last = texts
    return (*before, prompt.image.sha256, last) if first else (*texts, prompt.image.sha256)


def _check_tokens(job: RatingJob, engine: VllmEngine) -> None:
    """Refuse, before anything is asked, to read ratings from tokens that cannot tell them."""
    if reads_tokens(job):
        name, scale = only_scale(job)
        tokens = {point: engine.tokenize(f"{point:g}") for point in scale.points}
        check_single_tokens(tokens, name)
