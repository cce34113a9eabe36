"""Seed lexicons: config/lexicons/<name>.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from emoalign.study.fields import Entry
from emoalign.study.scales import Label

Seed = Annotated[str, StringConstraints(pattern=r"^[^\s\W_]+(['’][^\s\W_]+)*$")]
"""One word, as a text holds it: letters and digits, joined by apostrophes at most."""


class SeedLexicon(Entry):
    """Words that express each label explicitly."""

    title: str = Field(description="Name in the report.")
    language: str = Field("en", description="Language of the words (BCP 47, such as en or es-MX).")
    source: str = Field(description="Source of the words, and its terms.")
    seeds: dict[Label, tuple[Seed, ...]] = Field(
        min_length=1,
        description="Words of each label; case does not matter, inflections must be listed.",
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
