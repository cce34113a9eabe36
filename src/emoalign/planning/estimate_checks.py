"""Checks of what a study says about estimated norms."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.analyses.estimates.analysis import EMBEDDING
from emoalign.analyses.estimates.filed import FILES, FOLDER
from emoalign.errors import DataError
from emoalign.planning.studies import LoadedStudy
from emoalign.study.origins import Origin
from emoalign.study.reading import nearest
from emoalign.study.scales import LabelScale


def wrong_estimates(loaded: LoadedStudy, source: Origin) -> Iterator[str]:
    """Reasons that keep norms from being estimated as the study says; `source` is the study."""
    settings = loaded.estimates
    if settings is None:
        return
    models = loaded.study.models
    for place, name in enumerate(settings.predictors or ()):
        where = source.at("estimates", "predictors", place)
        if name == EMBEDDING and name not in models:
            if loaded.study.embedding is None:
                yield (
                    f"{where}: {EMBEDDING!r}, but the study names no embedding; add "
                    "embedding: <name> (`emoalign list embeddings`)"
                )
        elif name not in models:
            hint = nearest(name, [*models, EMBEDDING])
            yield f"{where}: {name!r} is not a model of the study; {hint}"
    for place, entry in enumerate(loaded.study.datasets):
        taken = [path for path in FILES if path == f"{FOLDER}/{entry.dataset.casefold()}.csv"]
        if taken:
            yield (
                f"{source.at('datasets', place)}: {taken[0]} is a file of all datasets where norms "
                f"are estimated; give the dataset {entry.dataset!r} another name"
            )
    asked = [
        card.scales.get(scale)
        for name, card in loaded.datasets.items()
        for scale in loaded.scales(name)
    ]
    if asked and all(isinstance(scale, LabelScale) for scale in asked):
        yield (
            f"{source.at('estimates')}: means are estimated on scales of numbers, and the study "
            "asks about none; leave estimates out, or add a dataset with such a scale"
        )


def require_estimates(loaded: LoadedStudy) -> None:
    """Raise DataError where a study estimates no norms, with what to write."""
    if loaded.estimates is None:
        raise DataError(
            f"The study {loaded.study.study} estimates no norms: write `estimates: {{}}` into its "
            "file (docs/estimates.md)."
        )
