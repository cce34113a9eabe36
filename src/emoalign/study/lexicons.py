"""Seed lexicons: config/lexicons/<name>.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from emoalign.study.fields import Entry
from emoalign.study.scales import Label

Seed = Annotated[str, StringConstraints(pattern=r"^[^\s\W_]+(['’][^\s\W_]+)*$")]
"""One word, as a text holds it: letters and digits, joined by apostrophes at most."""


class SeedLexicon(Entry):
    """Words that say an emotion outright, for each label."""

    title: str = Field(description="Name of the lexicon as the report shows it.")
    language: str = Field("en", description="Language of the words (BCP 47, such as en or es-MX).")
    source: str = Field(description="Where the words come from, and under which terms.")
    seeds: dict[Label, tuple[Seed, ...]] = Field(
        min_length=1,
        description="The words of each label; capitals do not matter. Words are not stemmed: "
        "inflections must be listed.",
    )

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for label, words in seeds.items():
            folded = [word.casefold() for word in words]
            if not words:
                raise ValueError(f"{label}: no words")
            twice = sorted({word for word in folded if folded.count(word) > 1})
            if twice:
                raise ValueError(f"{label}: the same word more than once: {', '.join(twice)}")
        return seeds

    def of(self, label: str) -> tuple[str, ...]:
        """The words of a label, whatever its capitals; none if the lexicon does not know it."""
        folded = {name.casefold(): words for name, words in self.seeds.items()}
        return folded.get(label.casefold(), ())
