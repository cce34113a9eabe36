"""Licences of data: their SPDX identifiers, what they are called, and which may follow on which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

FREE = frozenset({"CC0-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense", "0BSD", "MIT-0", "WTFPL"})
"""Licences that ask for nothing."""

_CREDITED = frozenset(
    {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "ODC-By-1.0"}
    | {"CDLA-Permissive-1.0", "CDLA-Permissive-2.0"}
)
_ATTRIBUTION = re.compile(r"CC-BY-\d\.\d(-[A-Z]{2,})?")
"""Licences that ask for no more than credit, so that what is made of it may ask for more; those of
Creative Commons also as they were written for a country (CC-BY-3.0-DE)."""

_NAMES = {
    "CC0-1.0": (
        "Creative Commons Zero 1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    "PDDL-1.0": (
        "Open Data Commons Public Domain Dedication and License 1.0",
        "https://opendatacommons.org/licenses/pddl/1-0/",
    ),
    "ODC-By-1.0": (
        "Open Data Commons Attribution License 1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
    ),
    "ODbL-1.0": (
        "Open Data Commons Open Database License 1.0",
        "https://opendatacommons.org/licenses/odbl/1-0/",
    ),
    "MIT": ("MIT License", "https://opensource.org/license/mit"),
    "Apache-2.0": ("Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
}

_CREATIVE_COMMONS = re.compile(r"CC-(BY(?:-NC)?(?:-SA|-ND)?)-(\d\.\d)")
_PARTS = {
    "BY": "Attribution",
    "NC": "NonCommercial",
    "SA": "ShareAlike",
    "ND": "NoDerivatives",
}

_ON_HUGGING_FACE = {"ODC-By-1.0": "odc-by", "ODbL-1.0": "odbl", "PDDL-1.0": "pddl"} | {
    spdx: spdx.lower()
    for spdx in (
        *("CC0-1.0", "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Unlicense"),
        *("CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"),
        *("CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0"),
        *("CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0"),
        *("CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0"),
    )
}
"""The names of licences that Hugging Face knows."""

NAMED = frozenset(_NAMES) | frozenset(_ON_HUGGING_FACE)
"""The identifiers that other formats than SPDX know, too."""


@dataclass(frozen=True)
class Licence:
    """A licence: its SPDX identifier, its name, an address of its text, and Hugging Face's name
    for it; None where that has none."""

    spdx: str
    name: str
    url: str
    hugging_face: str | None


def spdx_identifier(text: str) -> str | None:
    """The SPDX identifier that a text is, as SPDX writes it; None if it is not one licence."""
    try:
        found = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None
    return None if " " in found or found.startswith("LicenseRef-") else found


def licence(spdx: str) -> Licence:
    """The licence with an SPDX identifier."""
    name, url = _NAMES.get(spdx, (spdx, f"https://spdx.org/licenses/{spdx}.html"))
    if made := _CREATIVE_COMMONS.fullmatch(spdx):
        parts = made[1].split("-")
        name = f"Creative Commons {'-'.join(_PARTS[part] for part in parts)} {made[2]}"
        url = f"https://creativecommons.org/licenses/{made[1].lower()}/{made[2]}/"
    return Licence(spdx, name, url, _ON_HUGGING_FACE.get(spdx))


def conflicts(chosen: str, sources: Mapping[str, str]) -> Iterator[str]:
    """Reasons why what is made of some datasets may not have a licence, in words.

    `sources` are the licences of the datasets whose texts and norms are passed on, by name. What is
    made of them may ask for more than they do only where they ask for no more than credit. With all
    others it must have the same licence: share alike asks for that, no derivatives leaves nothing
    wider, and which licences go together otherwise is not for a program to judge.
    """
    for dataset, text in sources.items():
        source = spdx_identifier(text)
        otherwise = (
            f"or redistribute: false on the card of {dataset!r}, which leaves out its texts and "
            "its human ratings"
        )
        if source is None:
            yield (
                f"the card of {dataset!r} says licence: {text!r}, which is not the SPDX identifier "
                "of one licence, so that emoalign cannot tell what its terms allow. Write there "
                "the identifier of its licence, such as CC-BY-4.0 (of several that you may choose "
                f"from, the one you choose), {otherwise}"
            )
        elif source == chosen or source in FREE:
            continue
        elif source not in _CREDITED and not _ATTRIBUTION.fullmatch(source):
            yield (
                f"{dataset!r} is under {source}, and emoalign passes on what is made of it under "
                f"the same licence only. Write licence: {source}, {otherwise}"
            )
        elif chosen in FREE:
            yield (
                f"{dataset!r} is under {source}, which asks for credit, but {chosen} asks for "
                f"none. Write licence: CC-BY-4.0, {otherwise}"
            )
