"""The questions of a rating job: every readout of its protocol for every item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.elicitation.engines.asked import WHOLE_VOCABULARY, Abilities, AskedModel
from emoalign.elicitation.messages import without_system
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.readings.exact import only_scale
from emoalign.elicitation.requests import Ask, RatingRequest
from emoalign.prompts.rendering import Image, Renderer
from emoalign.study.fields import Readout
from emoalign.tables import records


@dataclass(frozen=True)
class Question:
    """An item, what is asked about it and of whom."""

    item_id: str
    ask: Ask
    persona: str | None = None


def shown_items(stimuli: pd.DataFrame, able: Abilities) -> list[tuple[str, str | Image]]:
    """(item_id, what is shown) of rows of the stimuli table, in their order."""
    return [
        (
            row["item_id"],
            row["text"]
            if row["modality"] != "image"
            else Image(row["image_sha256"], able.image_longest_side, Path(row["image_path"])),
        )
        for row in records(stimuli)
    ]


def build_questions(
    job: RatingJob, card: AskedModel, items: Sequence[tuple[str, str | Image]]
) -> list[Question]:
    """The questions of a job about items, (item_id, what is shown)."""
    renderer = Renderer(job.prompts, job.scales)
    able = card.able
    model, revision = card.identity()
    sampling = card.samplings(job)
    extras, setup = card.extras(), card.setup()
    by_token = "exact" in job.protocol.readouts and able.top_logprobs == WHOLE_VOCABULARY
    points = only_scale(job)[1].points if by_token else ()

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
            prompt=prompt if able.system_role else without_system(prompt),
            sampling=sampling[readout],
            readout=readout,
            wave=job.protocol.wave,
            extra_body=extras,
            top_logprobs=able.top_logprobs if readout == "exact" else 0,
            setup=setup,
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
