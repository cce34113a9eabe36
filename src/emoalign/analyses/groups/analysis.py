"""Whose ratings does the model give?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.figures.kinds import FigureKind, rater_groups
from emoalign.report.contents import PageSection
from emoalign.stimuli.dataset_cards import GroupedSource
from emoalign.study.fields import Entry
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings


class GroupedDataset(Entry):
    """A dataset with groups of raters: where they are read from, and its scales of numbers."""

    groups: GroupedSource
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
        datasets = {
            name: GroupedDataset(groups=dataset.groups, scales=dict(dataset.numbers))
            for name, dataset in study.datasets.items()
            if dataset.groups is not None
        }
        attributes = sorted({name for one in datasets.values() for name in one.groups.attributes})
        return cls(
            datasets=datasets,
            personas={
                protocol: {name: _values(name, personas) for name in attributes}
                for protocol, personas in sorted(study.personas.items())
            },
            seed=study.seed,
            bootstrap_resamples=study.set_by(StatisticsSettings).bootstrap_resamples,
        )


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
                chain.from_iterable(
                    dataset.groups.source.files().values()
                    for dataset in study.datasets.values()
                    if dataset.groups is not None
                )
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
