"""Studies: config/config.yaml and config/studies/*.yaml."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from emoalign.analyses.catalogue import FigureName, settings_of_study, with_settings
from emoalign.study.fields import Entry, Name
from emoalign.study.protocols import Protocol
from emoalign.study.settings import Strata


class StudyDataset(Entry):
    """A dataset of the study, and the part of it that is used."""

    dataset: Name = Field(description="Name of a file in config/datasets.")
    scales: tuple[Name, ...] | None = Field(
        None, min_length=1, description="Scales to ask about; without it, all of the card's."
    )
    models: tuple[Name, ...] | None = Field(
        None,
        min_length=1,
        description="Those of the study's models that rate it, such as the ones that see images; "
        "without it, all.",
    )
    sample: int | None = Field(
        None, ge=1, description="Number of items, drawn with the study's seed; without it, all."
    )
    strata: Strata | None = Field(
        None,
        description="So many items of each kind by what people said of them, topped up to sample; "
        "without it, a plain random sample.",
    )
    min_raters: int = Field(
        1,
        ge=1,
        description="Items that fewer people rated, on any of the scales, are left out; a source "
        "that does not tell how many there were leaves out none.",
    )

    @model_validator(mode="after")
    def _strata_fit(self) -> StudyDataset:
        wanted = sum(self.strata.wanted().values()) if self.strata else 0
        if self.sample is not None and self.sample < wanted:
            raise ValueError(f"the strata ask for {wanted} items, but sample is {self.sample}")
        return self


class Study(Entry):
    """A study: which models rate which items on which scales, and how."""

    study: Name = Field(description="Name of the study; its results are in results/<study>.")
    title: str = Field(description="Title of the report.")
    seed: int = Field(ge=0, description="Every random choice of the study follows from it.")
    models: tuple[Name, ...] = Field(min_length=1, description="Names of files in config/models.")
    datasets: tuple[StudyDataset, ...] = Field(min_length=1, description="What is rated.")
    protocols: tuple[Protocol, ...] = Field(min_length=1, description="How it is asked.")
    baselines: tuple[Name, ...] = Field(
        (),
        description="Names of files in config/baselines: classifiers that are compared with people "
        "beside the models. They need the extra finetune.",
    )
    shard_items: int | None = Field(
        None, ge=1, description="Items per rating job; without it, one job per cell."
    )
    allow_remote: tuple[Name, ...] = Field(
        (),
        description="Datasets whose items may be sent to models on other machines although their "
        "cards say ask. Name one here when its terms allow that for you.",
    )
    data_mirror: str | None = Field(
        None,
        description="Folder that stands for the network and for resources/: the target data takes "
        "missing files from it, such as <folder>/emobank/raw.csv.",
    )
    max_usd: float | None = Field(
        None,
        gt=0,
        description="US dollars the study may cost, at the prices in the model cards; a job stops "
        "before it would exceed them.",
    )
    figures: tuple[FigureName, ...] | None = Field(
        None,
        description="Figures that are drawn, as far as they apply to the study; an empty list for "
        "none, and without it all that apply. docs/figures.md shows them.",
    )

    @field_validator("figures")
    @classmethod
    def _figures_once(cls, figures: tuple[FigureName, ...] | None) -> tuple[FigureName, ...] | None:
        if figures is not None:
            _unique(figures)
        return figures

    @field_validator("models", "baselines")
    @classmethod
    def _names_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _unique(names)

    @field_validator("datasets")
    @classmethod
    def _datasets_once(cls, datasets: tuple[StudyDataset, ...]) -> tuple[StudyDataset, ...]:
        _unique(tuple(entry.dataset for entry in datasets))
        return datasets

    @field_validator("protocols")
    @classmethod
    def _protocols_once(cls, protocols: tuple[Protocol, ...]) -> tuple[Protocol, ...]:
        _unique(tuple(entry.name for entry in protocols))
        return protocols


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return names


STUDY = with_settings(Study, settings_of_study())
"""A study as its file has it: with a key for what each analysis is set by."""
