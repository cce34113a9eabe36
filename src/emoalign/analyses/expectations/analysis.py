"""What the scorecard of distributions is told."""

from __future__ import annotations

from emoalign.study.fields import Job


class ExpectationJob(Job):
    """Hold what was found about distributions against expectations; labels: scales by dataset."""

    labels: dict[str, tuple[str, ...]]
