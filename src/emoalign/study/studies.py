"""Studies: config/config.yaml and config/studies/*.yaml."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from emoalign.study.calibration import CalibrationSettings
from emoalign.study.fields import Entry, FigureName, Name, Readout
from emoalign.study.strata import Strata


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


class Protocol(Entry):
    """How ratings are asked for."""

    name: Name = Field(description="Name of the protocol in results and figures.")
    prompts: Name | None = Field(
        None, description="Name of a file in config/prompts, for all datasets but those below."
    )
    prompts_for: dict[Name, Name] = Field(
        default_factory=dict,
        description="Names of files in config/prompts by dataset, for those that need their own.",
    )
    readouts: tuple[Readout, ...] = Field(
        ("sampled",),
        min_length=1,
        description="sampled: answers of simulated participants. "
        "exact: the probability of each point of the scale, read from one pass.",
    )
    participants: int = Field(
        20, ge=1, description="Answers per item in the sampled readout. Raising it asks for more."
    )
    personas: Name | None = Field(
        None,
        description="Name of a file in config/personas: each participant is somebody, and gets a "
        "request of their own. Without it, participants are repeated answers to one question.",
    )
    temperature: float = Field(1.0, ge=0, description="Sampling temperature.")
    wave: int = Field(
        1, ge=1, description="Ask the same again on purpose with the next number (test-retest)."
    )

    def prompt_set(self, dataset: str) -> str | None:
        """Name of the prompt set the items of a dataset are asked about with."""
        return self.prompts_for.get(dataset, self.prompts)


class AlignmentSettings(Entry):
    """How thoroughly uncertainty is estimated where single cells are compared with people."""

    bootstrap_resamples: int = Field(
        10_000, ge=100, description="Resamples of items behind each bootstrap interval."
    )
    split_halves: int = Field(
        1_000, ge=10, description="Random splits of the human raters behind the reliability."
    )
    simulations: int = Field(
        999, ge=99, description="Simulated draws per item when sampled and exact are compared."
    )


class StatisticsSettings(AlignmentSettings):
    """How thoroughly uncertainty is estimated, and how far comparisons go."""

    permutations: int = Field(
        999, ge=99, description="Permutations of items behind the p of representational similarity."
    )
    structure_items: int = Field(
        2_000,
        ge=10,
        description="Items in a comparison of dissimilarities at most, drawn with the study's "
        "seed: time and memory grow with their square.",
    )
    worst_items: int = Field(
        20, ge=1, description="Items with the largest errors of arousal that are listed per cell."
    )


class DistributionSettings(Entry):
    """Which items count where distributions are compared, and with how many random draws."""

    min_raters: int = Field(
        3,
        ge=2,
        description="Items that fewer people rated on a scale have no distribution to compare "
        "with; they are left out and counted.",
    )
    folds: int = Field(
        5,
        ge=2,
        description="Parts the items are dealt into, items with one text together: what a "
        "predictor knows of people comes from the other parts.",
    )
    simulations: int = Field(
        100,
        ge=10,
        description="Simulated draws per item behind what a perfect model would reach, and random "
        "halves of the human raters, at most: 40,000 drawn items are enough.",
    )
    permutations: int = Field(
        20,
        ge=1,
        description="Permutations behind what a model reaches on shuffled items; with no more "
        "items than this it is exact, over all pairs.",
    )


class TransparencySettings(Entry):
    """How it is told whether texts say the emotions that people see in them outright.

    It concerns scales of labels alone.
    """

    embedding: Name | None = Field(
        None,
        description="Name of a file in config/embeddings: the model that tells how close texts are "
        "to the name of a label. Without it, the share of seed words and the probe are told alone.",
    )
    seeds: Name | None = Field(
        "emotion-seeds",
        description="Name of a file in config/lexicons: words that say each label; null for none.",
    )
    chosen_by: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of its human raters, at least, who chose a label for a text that counts "
        "as one of the label.",
    )
    min_texts: int = Field(
        10, ge=2, description="Texts a label must have; labels with fewer have no transparency."
    )
    folds: int = Field(
        5, ge=2, description="Parts of the texts in which the probe is tried in turn."
    )


class PrecisionSettings(Entry):
    """What the target plan assumes where it says how wide intervals will be, and asks for."""

    expected_r: tuple[float, ...] = Field(
        (0.3, 0.5, 0.7, 0.9),
        min_length=1,
        description="Correlations of a model with people that are tried, between means without "
        "error, such as pearson_disattenuated of a pilot study; from 0 to below 1.",
    )
    half_widths: tuple[float, ...] = Field(
        (0.1, 0.05, 0.025),
        min_length=1,
        description="Half-widths of 95 % intervals that are asked for, of r and of the mean JSD in "
        "bits; between 0 and 1.",
    )
    sd_ratio: float = Field(
        1.0,
        ge=0,
        description="SD of a model's answers to one item over that of people's. Models usually "
        "vary less than people, so that 1 plans for more participants than they need.",
    )

    @field_validator("expected_r")
    @classmethod
    def _correlations(cls, expected: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= r < 1 for r in expected):
            raise ValueError("each must be 0 or more, and below 1")
        return tuple(sorted(set(expected)))

    @field_validator("half_widths")
    @classmethod
    def _widths(cls, widths: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < width < 1 for width in widths):
            raise ValueError("each must be above 0 and below 1")
        return tuple(sorted(set(widths), reverse=True))


class Study(Entry):
    """Which models rate which items on which scales, and how."""

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
    calibration: CalibrationSettings = Field(
        default_factory=CalibrationSettings,
        description="How distributions are calibrated, and how that is judged.",
    )
    statistics: StatisticsSettings = Field(
        default_factory=StatisticsSettings, description="How thoroughly uncertainty is estimated."
    )
    figures: tuple[FigureName, ...] | None = Field(
        None,
        description="Figures that are drawn, as far as they apply to the study; an empty list for "
        "none, and without it all that apply. docs/figures.md shows them.",
    )
    distributions: DistributionSettings = Field(
        default_factory=DistributionSettings,
        description="How distributions of ratings are compared.",
    )
    transparency: TransparencySettings = Field(
        default_factory=TransparencySettings,
        description="How it is told whether texts say outright what people see in them, for scales "
        "of labels.",
    )
    precision: PrecisionSettings = Field(
        default_factory=PrecisionSettings,
        description="What the target plan assumes about models, and how wide intervals may be.",
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
