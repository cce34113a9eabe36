"""What the scorecard of distributions is told."""

from __future__ import annotations

from emoalign.study.fields import Entry


class ExpectationJob(Entry):
    """Hold what was found about distributions against expectations; labels: scales by dataset."""

    version: int = 1
    labels: dict[str, tuple[str, ...]]
