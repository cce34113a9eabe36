"""Whose ratings does the model give?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from emoalign.analyses.base import (
    ITEMS,
    STIMULI,
    AnalysedDataset,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    RaterGroups,
    statistics,
)
from emoalign.figures.kinds import FigureKind, rater_groups
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry
from emoalign.study.scales import HumanScale


class GroupedDataset(Entry):
    """A dataset with groups of raters: where they are read from, as `analyses.base.RaterGroups` has
    it, and its scales of numbers."""

    groups: dict[str, Any]
    scales: dict[str, HumanScale]


class GroupsJob(AnalysisJob):
    """Compare models with groups of raters.

    `personas` has for each protocol with personas what they are by attribute of the groups, such as
    {sex: (women,)}; "" stands for a persona of whom it is not said.
    """

    datasets: dict[str, GroupedDataset]
    personas: dict[str, dict[str, tuple[str, ...]]]
    seed: int
    bootstrap_resamples: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets with groups of raters."""
        with_groups = _with_groups(study)
        attributes = sorted({one for _, _, groups in with_groups for one in groups.attributes})
        return cls(
            datasets={
                name: GroupedDataset(groups=dict(groups.read_from), scales=dict(dataset.numbers))
                for name, dataset, groups in with_groups
            },
            personas={
                protocol: {name: _values(name, personas) for name in attributes}
                for protocol, personas in sorted(study.personas.items())
            },
            seed=study.seed,
            bootstrap_resamples=study.resamples,
        )


def _with_groups(study: AnalysedStudy) -> list[tuple[str, AnalysedDataset, RaterGroups]]:
    """The datasets that have groups, with these."""
    return [
        (name, dataset, dataset.groups)
        for name, dataset in study.datasets.items()
        if dataset.groups is not None
    ]


def _values(
    attribute: str, personas: tuple[Mapping[str, str | int | float], ...]
) -> tuple[str, ...]:
    return tuple(sorted({str(persona.get(attribute, "")) for persona in personas}))


ANALYSIS = Analysis(
    "groups",
    computes=(
        Computation(
            rule="compare_groups",
            does="Item tables and files of datasets in; models beside groups of raters out.",
            run="emoalign.analyses.groups.compare_groups:compare_groups",
            job=GroupsJob,
            reads=(ITEMS, STIMULI),
            makes=statistics("group_norms", "groups", "group_contrasts", "group_personas"),
            sources=lambda study: tuple(
                file for _, _, groups in _with_groups(study) for file in groups.files
            ),
        ),
    ),
    figures=(
        FigureKind(
            "groups",
            "dataset",
            draw="emoalign.analyses.groups.figure:draw",
            title="Groups of raters: {dataset}",
            caption="{dataset}: correlation (Pearson r) of item means with those of each group of "
            "raters, with its 95% bootstrap interval over items (BCa). Grey: the ceiling, which "
            "is the highest r that the reliability of the group's means allows, where it is known.",
            alt="Correlation of each condition of {dataset} with each group of raters, with "
            "interval and ceiling; the numbers are in the table of groups.",
            reads=statistics("groups"),
            needs=("statistics/groups.parquet", ("r",)),
            lacks=rater_groups,
        ),
    ),
    section=PageSection(
        "emoalign.analyses.groups.section:SECTION",
        statistics("groups", "group_contrasts", "group_personas"),
    ),
    concerns=lambda dataset: dataset.groups is not None,
)
