"""What the decomposition of variance is told."""

from __future__ import annotations

from emoalign.study.fields import Job
from emoalign.study.protocols import Asked


class DecompositionJob(Job):
    """Split the variance of sampled ratings by where it comes from."""

    protocols: dict[str, Asked]
