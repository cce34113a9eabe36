"""Settings of the transparency of labels, and what its jobs are told."""

from __future__ import annotations

from pydantic import Field

from emoalign.analyses.transparency.embedding_cards import EmbeddingCard
from emoalign.analyses.transparency.lexicons import SeedLexicon
from emoalign.study.fields import Entry, Job, Name
from emoalign.study.scales import LabelScale


class LabelledDataset(Entry):
    """What transparency needs to know of a dataset: its scales of labels, and its language."""

    language: str
    labels: dict[str, LabelScale]


class TransparencyJob(Job):
    """Tell for each label whether texts say it outright."""

    version: int = 2
    datasets: dict[str, LabelledDataset]
    lexicon: SeedLexicon | None
    embedding: EmbeddingCard | None
    settings: TransparencySettings
    seed: int


class GradientJob(Job):
    """Compare how transparent labels are with how well models follow people on them."""

    version: int = 2
    permutations: int
    bootstrap_resamples: int
    seed: int


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
