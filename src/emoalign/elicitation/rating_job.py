"""What a rating job is told: exactly what its answers and their reading depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emoalign.elicitation.engines.cards import ModelCard, RecordedModel
from emoalign.prompts.rendering import PromptForm
from emoalign.study.fields import Job
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale


class RatingJob(Job):
    """Ask one model about one scale of one dataset, or a few jointly, under one protocol."""

    model: str
    card: dict[str, Any]
    protocol: Protocol
    prompts: PromptForm
    personas: tuple[str, ...] = ()
    dataset: str
    scales: dict[str, DatasetScale]

    @property
    def asked(self) -> str:
        """What the job asks about, as it stands in the names of its files."""
        return together(self.scales)


def together(scales: Iterable[str]) -> str:
    """What scales asked about in one request are called in names of files: arousal+valence."""
    return "+".join(sorted(scales))


def answering(model: ModelCard) -> Mapping[str, Any]:
    """The part of a model card that decides what the model answers.

    Its title, address, key and limits are not in it, nor how to get its weights: they are read when
    the job runs.
    """
    if isinstance(model, RecordedModel):
        return model.model_dump(mode="json", exclude={"title": True, "source": {"obtain", "url"}})
    kept = {"engine", "weights", "model", "revision", "extra_body"}
    kept |= {"dtype", "head_dtype", "chat_template_kwargs"}
    card = model.model_dump(mode="json", include=kept, exclude={"weights": {"obtain", "url"}})
    capabilities = model.capabilities.model_dump(
        mode="json",
        include={
            "top_logprobs",
            "seed_bits",
            "sampling_extras",
            "image_longest_side",
            "system_role",
        },
    )
    return {**card, "capabilities": capabilities}
