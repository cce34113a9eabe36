"""What the decomposition of variance is told."""

from __future__ import annotations

from emoalign.study.fields import Entry
from emoalign.study.studies import Asked


class DecompositionJob(Entry):
    """Split the variance of sampled ratings by where it comes from."""

    version: int = 1
    protocols: dict[str, Asked]
