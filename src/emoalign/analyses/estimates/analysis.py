"""What would people have said of the items that nobody rated?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from emoalign.study.fields import Entry, Name

EMBEDDING = "embedding"
"""The word that stands for the study's embedding among predictors."""


class EstimatesSettings(Entry):
    """Norms estimated from models' ratings, for items that nobody rated as well."""

    predictors: tuple[Name, ...] | None = Field(
        None,
        min_length=1,
        description="Models of the study to learn from, and `embedding`. Default: all, and the "
        "embedding where the study names one.",
    )
    coverage: float = Field(
        0.9, ge=0.5, lt=1, description="Share of people's means that intervals should contain."
    )
    cluster: Literal["dataset", "text"] = Field(
        "dataset",
        description="What stays together in a fold. dataset: clusters on the dataset's card, else "
        "the text. text: items with the same text.",
    )
