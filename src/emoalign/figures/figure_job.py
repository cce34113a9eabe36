"""What figures are told of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from emoalign.study.fields import Entry, Job, Modality
from emoalign.study.protocols import Asked
from emoalign.study.scales import Frameworks, HumanDetail, HumanScale, LabelScale

Varied = Literal["temperature", "personas", "prompts"]
"""What may differ between protocols: how sharply is sampled, who is asked, with which words."""


class ShownDataset(Entry):
    """What figures need to know of a dataset; `human` is the most that is known of how people
    rated an item, by scale, `groups` whether groups of raters are told apart, `sessions` whether
    places of answers in sessions are known, and `estimated` whether norms are estimated."""

    title: str
    modality: Modality
    show_items: bool
    scales: dict[str, HumanScale]
    labels: dict[str, LabelScale] = Field(default_factory=dict)
    frameworks: Frameworks = Field(default_factory=Frameworks)
    human: dict[str, HumanDetail] = Field(default_factory=dict)
    groups: bool = False
    sessions: bool = False
    estimated: bool = False

    def rated(self, scale: str, *details: HumanDetail) -> bool:
        """Whether people rated on a scale, in one of these details where any are named."""
        known = self.human.get(scale, "distributions")
        return known in details if details else known != "nothing"


class AskedOf(Asked):
    """What figures need to know of a protocol: what it varies, who is asked, and whether more than
    one answer to an item is known; its number of readouts, and of forms by dataset and scale, where
    labels in random order have a form for each label."""

    personas: str | None
    several: bool = True
    wave: int
    session: str | None = None
    readouts: int = 1
    forms: dict[str, dict[str, int]] = Field(default_factory=dict)

    def forms_of(self, dataset: str, scales: Iterable[str]) -> dict[str, int]:
        """The number of forms of each of these scales of a dataset."""
        of_dataset = self.forms.get(dataset, {})
        return {scale: of_dataset[scale] for scale in scales if scale in of_dataset}


class FigureJob(Job):
    """Draw figures: what things are called, what may be shown, what protocols differ in.

    The job of the figures of a dataset is that of a study which has no other dataset.
    """

    version: int = 7
    figures: tuple[str, ...] | None
    models: dict[str, str]
    datasets: dict[str, ShownDataset]
    protocols: dict[str, AskedOf]
    seed: int

    @property
    def order(self) -> dict[str, dict[str, int]]:
        """The place of each dataset, scale, model and protocol in the order of the study, and of
        each readout, by the column that names it; scales as in the first dataset that has them."""
        scales = dict.fromkeys(
            name for shown in self.datasets.values() for name in (*shown.scales, *shown.labels)
        )
        named: Mapping[str, Iterable[str]] = {
            "dataset": self.datasets,
            "scale": scales,
            "model": self.models,
            "protocol": self.protocols,
            "readout": ("exact", "sampled", "decision", "stated"),
        }
        return {
            column: {name: place for place, name in enumerate(names)}
            for column, names in named.items()
        }

    def within(self, dataset: str | None, scale: str | None = None) -> FigureJob:
        """The part of it that concerns a dataset, and one scale of it where that is named; all of
        it without a dataset."""
        if dataset is None:
            return self
        shown = self.datasets[dataset]
        if scale is not None:
            only = {
                "scales": {name: kept for name, kept in shown.scales.items() if name == scale},
                "labels": {name: kept for name, kept in shown.labels.items() if name == scale},
                "frameworks": shown.frameworks.within([scale]),
                "human": {name: known for name, known in shown.human.items() if name == scale},
            }
            shown = shown.model_copy(update=only)
        names = (*shown.scales, *shown.labels)
        protocols = {
            name: asked.model_copy(
                update={
                    "prompts": {dataset: asked.prompts[dataset]},
                    "forms": {dataset: forms} if forms else {},
                }
            )
            for name, asked in self.protocols.items()
            for forms in [asked.forms_of(dataset, names)]
        }
        return self.model_copy(update={"datasets": {dataset: shown}, "protocols": protocols})


def varying(
    protocols: Mapping[str, AskedOf], dataset: str, varied: Varied
) -> list[tuple[str, ...]]:
    """Groups of protocols that differ in `varied` and are alike in the rest, in the order of
    `protocols`.

    Personas need words that mention them: where personas differ, words may differ too. None is the
    temperature of protocols that leave sampling to the provider.
    """
    groups: dict[tuple[object, ...], dict[str, object]] = {}
    for name, asked in protocols.items():
        properties = {
            "temperature": asked.temperature,
            "personas": asked.personas,
            "prompts": asked.prompts.get(dataset),
        }
        value = properties.pop(varied)
        if varied == "personas":
            del properties["prompts"]
        alike = (asked.wave, asked.thinking, asked.session, *properties.values())
        groups.setdefault(alike, {})[name] = value
    return [tuple(values) for values in groups.values() if len(set(values.values())) > 1]
