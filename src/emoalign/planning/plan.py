"""The target plan: what a study would ask, and how exactly it would then know."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.precision.in_words import in_words
from emoalign.analyses.precision.widths import precision_rows
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating_job import RatingJob
from emoalign.items.cells import Texts
from emoalign.planning.costs import plan
from emoalign.tables import NORMS, PRECISION

_log = logging.getLogger(__name__)


def plan_study(
    jobs: Sequence[RatingJob],
    precision: PrecisionJob,
    cards: Mapping[str, ModelCard],
    stimuli: Mapping[str, Path],
    norms: Mapping[str, Path],
    journal: Path,
    costs: Path,
    widths: Path,
    max_usd: float | None = None,
) -> None:
    """Write what a study costs to `costs`, its intervals to `widths`, and say what is in them.

    `stimuli` and `norms` are the tables by dataset. Nothing is asked, nothing is spent.
    """
    plan(jobs, cards, stimuli, journal, costs, max_usd)
    rows = precision_rows(
        precision,
        {name: NORMS.read(path) for name, path in norms.items()},
        {name: Texts.read(path) for name, path in stimuli.items()},
    )
    PRECISION.write_csv(rows, widths)
    for line in in_words(rows):
        _log.info("%s", line)
    _log.info("Scale by scale: %s", widths)
