"""How well do item means generalise, and how many forms and answers would that take?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from emoalign.analyses.base import (
    RATINGS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.protocols import Protocol


class GeneralizabilityJob(AnalysisJob):
    """Tell how well item means generalise, from variance components.

    `alike` are the names of protocols that differ in nothing but forms, waves and numbers of
    answers, ascending; `waves` has the wave of each.
    """

    version: int = 2

    alike: tuple[tuple[str, ...], ...]
    waves: dict[str, int]
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """The protocols with sampled answers that vary forms or waves, or have sessions."""
        together = tuple(
            names for names in alike(study.protocols.values()) if _varied(names, study)
        )
        return cls(
            alike=together,
            waves={name: study.protocols[name].wave for names in together for name in names},
            seed=study.seed,
        )


def alike(protocols: Iterable[Protocol]) -> list[tuple[str, ...]]:
    """Names of protocols with sampled answers that ask alike but for forms, waves and numbers."""
    found: dict[str, list[str]] = {}
    apart = {"name", "prompts", "prompts_for", "participants", "readouts", "wave"}
    for protocol in protocols:
        if "sampled" in protocol.readouts:
            found.setdefault(protocol.model_dump_json(exclude=apart), []).append(protocol.name)
    return sorted(tuple(sorted(names)) for names in found.values())


def _varied(names: tuple[str, ...], study: AnalysedStudy) -> bool:
    protocols = [study.protocols[name] for name in names]
    forms = [
        {form for protocol in protocols for form in protocol.prompt_sets(dataset)}
        for dataset in study.datasets
    ]
    return (
        any(len(of_dataset) > 1 for of_dataset in forms)
        or len({protocol.wave for protocol in protocols}) > 1
        or protocols[0].session is not None
    )


ANALYSIS = Analysis(
    "generalizability",
    computes=(
        Computation(
            rule="decompose_variance",
            does="Ratings in; how well item means generalise to other forms, waves and answers "
            "out.",
            run="emoalign.analyses.generalizability.generalize:generalize",
            job=GeneralizabilityJob,
            reads=(RATINGS, STIMULI),
            makes=statistics("generalizability"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.generalizability.section:SECTION", statistics("generalizability")
    ),
    concerns=lambda dataset: bool(dataset.numbers),
    possible=lambda study: bool(GeneralizabilityJob.of(study).alike),
)
