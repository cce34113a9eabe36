"""What a rating job is told: exactly what its answers and their reading depend on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emoalign.prompts.rendering import QuestionTemplate
from emoalign.study.fields import Job
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale


class RatingJob(Job):
    """Ask one model about one scale of one dataset, or a few jointly, under one protocol."""

    model: str
    card: dict[str, Any]
    protocol: Protocol
    prompts: QuestionTemplate
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
