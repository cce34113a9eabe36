"""The key `publication` of a study: who publishes its tables, and under which licence."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, get_args

from pydantic import Field, field_validator

from emoalign.publication.licences import spdx_identifier
from emoalign.study.fields import Entry, Text

Part = Literal["estimates", "items", "ratings"]

PARTS: tuple[Part, ...] = get_args(Part)
"""What a publication may hold, in order."""


class Creator(Entry):
    """A person who publishes the tables."""

    short: ClassVar[str] = "family: {0}, given: ..."

    family: Text = Field(description="Family name.")
    given: Text = Field(description="Given names.")
    orcid: str | None = Field(None, description="ORCID, such as 0000-0002-1825-0097.")
    affiliation: Text | None = Field(None, description="Institution.")

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given} {self.family}"

    @property
    def orcid_url(self) -> str | None:
        """The address that an ORCID is."""
        return None if self.orcid is None else f"https://orcid.org/{self.orcid}"

    @field_validator("orcid")
    @classmethod
    def _sums_up(cls, orcid: str | None) -> str | None:
        """ISO 7064 MOD 11-2, as ORCID describes it."""
        if orcid is None:
            return None
        orcid = orcid.removeprefix("https://orcid.org/")
        if not re.fullmatch(r"(\d{4}-){3}\d{3}[\dX]", orcid):
            raise ValueError(f"no ORCID: {orcid!r}; write it as 0000-0002-1825-0097")
        total = 0
        for digit in orcid.replace("-", "")[:-1]:
            total = (total + int(digit)) * 2
        check = (12 - total % 11) % 11
        if orcid[-1] != ("X" if check == 10 else str(check)):
            raise ValueError(f"no ORCID: the last digit of {orcid} does not fit; check the others")
        return orcid


class PublicationSettings(Entry):
    """A bundle of the study's tables for an archive: `snakemake publication`."""

    licence: str = Field(description="Licence of the bundle, as an SPDX identifier (CC-BY-4.0).")
    creators: tuple[Creator, ...] = Field(min_length=1, description="Who publishes it, in order.")
    version: str = Field(
        "1.0.0",
        pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$",
        description="Version: three numbers, such as 1.0.0.",
    )
    description: Text | None = Field(
        None, description="What it is, in a few sentences. Default: from the study."
    )
    keywords: tuple[Text, ...] = Field((), description="Keywords for archives.")
    include: tuple[Part, ...] | None = Field(
        None,
        min_length=1,
        description="Tables to include: estimates, items, ratings. Default: all that there are.",
    )

    @field_validator("creators")
    @classmethod
    def _creators_once(cls, creators: tuple[Creator, ...]) -> tuple[Creator, ...]:
        known = [each.orcid or each.name for each in creators]
        for each in creators:
            if known.count(each.orcid or each.name) > 1:
                raise ValueError(
                    f"named more than once: {each.name}; write the orcid of each if they are two"
                )
        return creators

    @field_validator("keywords")
    @classmethod
    def _keywords_once(cls, keywords: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(" ".join(each.split()) for each in keywords))

    @field_validator("licence")
    @classmethod
    def _known(cls, text: str) -> str:
        spdx = spdx_identifier(text)
        if spdx is None:
            raise ValueError(
                f"{text!r} is not an SPDX identifier of one licence; for data, common ones are "
                "CC-BY-4.0, CC0-1.0, CC-BY-SA-4.0 and CC-BY-NC-4.0 (https://spdx.org/licenses)"
            )
        return spdx
