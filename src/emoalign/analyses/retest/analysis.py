"""Does a model rate the same items alike when it is asked again?"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from emoalign.analyses.base import (
    ITEMS,
    RATINGS,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.protocols import Protocol


class RetestJob(ComparisonJob):
    """Compare the item means of protocols that differ in nothing but their wave.

    `pairs` are names of such protocols, the one with the lower wave first.
    """

    version: int = 1
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The waves of the study."""
        return {"pairs": waves(study.protocols.values())}


def waves(protocols: Iterable[Protocol]) -> tuple[tuple[str, str], ...]:
    """Pairs of protocols that differ in nothing but name and wave, ascending."""
    by_wave = sorted(protocols, key=lambda protocol: (protocol.wave, protocol.name))
    return tuple(
        sorted(
            (first.name, second.name)
            for first, second in combinations(by_wave, 2)
            if first.wave != second.wave and _without_wave(first) == _without_wave(second)
        )
    )


def _without_wave(protocol: Protocol) -> Protocol:
    return protocol.model_copy(update={"name": "", "wave": 1})


ANALYSIS = Analysis(
    "retest",
    computes=(
        Computation(
            rule="compare_waves",
            does="Item tables and ratings in; agreement of the waves of each protocol out.",
            run="emoalign.analyses.retest.compare_waves:compare_waves",
            job=RetestJob,
            reads=(ITEMS, RATINGS),
            makes=statistics("retest"),
        ),
    ),
    section=PageSection("emoalign.analyses.retest.section:SECTION", statistics("retest")),
    possible=lambda study: bool(waves(study.protocols.values())),
)
