"""Checks of what a study says about its publication."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.errors import DataError
from emoalign.planning.studies import LoadedStudy
from emoalign.publication.licences import conflicts
from emoalign.study.origins import Origin


def wrong_publication(loaded: LoadedStudy, source: Origin) -> Iterator[str]:
    """Reasons why the study may not be published as it says; `source` is the study."""
    settings = loaded.study.publication
    if settings is None:
        return
    passed_on = {name: card.licence for name, card in loaded.datasets.items() if card.redistribute}
    for why in conflicts(settings.licence, passed_on):
        yield f"{source.at('publication', 'licence')}: {why}"
    if "estimates" in (settings.include or ()) and loaded.estimates is None:
        yield (
            f"{source.at('publication', 'include')}: the study estimates no norms; add "
            "estimates: {}, or leave estimates out here"
        )
    elif settings.include == ("estimates",) and not any(map(loaded.numbers, passed_on)):
        yield (
            f"{source.at('publication', 'include')}: nothing would be in it, because no dataset "
            "that may be passed on has a scale of numbers to estimate. Add items or ratings"
        )


def require_publication(loaded: LoadedStudy) -> None:
    """Raise DataError where a study publishes nothing, with what to write."""
    if loaded.study.publication is None:
        raise DataError(
            f"The study {loaded.study.study} publishes nothing: write `publication: {{licence: "
            "CC-BY-4.0, creators: [{family: Roe, given: Jo}]}` into its file, with your licence "
            "and your name (docs/publication.md)."
        )
