"""What a study publishes: the job of its bundle, and the files that the bundle is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emoalign.analyses.estimates.analysis import EstimatesSettings
from emoalign.analyses.transparency.analysis import TransparencySettings
from emoalign.planning.studies import LoadedStudy
from emoalign.publication.configuration import (
    chooses_rows,
    configuration,
    dataset_configuration,
    model_configuration,
    prompt_configuration,
    shows_examples,
)
from emoalign.publication.publication_job import PublicationJob, PublishedDataset
from emoalign.publication.settings import PARTS, Part, PublicationSettings
from emoalign.study.fields import Entry, part


def published(loaded: LoadedStudy) -> PublicationJob | None:
    """The job of the study's bundle; None where it publishes nothing."""
    study = loaded.study
    if study.publication is None:
        return None
    datasets = {entry.dataset: _dataset(loaded, entry.dataset) for entry in study.datasets}
    return PublicationJob(
        study=study.study,
        title=study.title,
        settings=study.publication,
        include=_included(loaded, study.publication),
        datasets=datasets,
        models={name: loaded.models[name].title for name in study.models},
        protocols={each.name: each for each in study.protocols if not each.recites},
        configuration=dict(_configuration(loaded)),
        names_items=_may_name_items(loaded),
        preregistered=bool(preregistered(loaded)),
        coverage=(loaded.estimates or EstimatesSettings()).coverage,
    )


def preregistered(loaded: LoadedStudy) -> list[str]:
    """The frozen plan of the study, where there is one that names no item that may not be passed
    on."""
    path = loaded.library.own / "preregistrations" / f"{loaded.study.study}.md"
    return [] if _may_name_items(loaded) or not path.exists() else [str(path)]


def _included(loaded: LoadedStudy, settings: PublicationSettings) -> tuple[Part, ...]:
    named = settings.include
    there: tuple[Part, ...] = ("items", "ratings")
    if loaded.estimates is not None:
        there = PARTS
    return tuple(each for each in PARTS if each in there and (not named or each in named))


def _dataset(loaded: LoadedStudy, name: str) -> PublishedDataset:
    card = loaded.datasets[name]
    return PublishedDataset(
        title=card.title,
        modality=card.modality,
        language=card.language,
        scales=loaded.asked_scales(name),
        licence=card.licence,
        citation=card.citation,
        redistribute=card.redistribute,
    )


def _configuration(loaded: LoadedStudy) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files of the study, and of what it names, by path."""
    yield "study.yaml", configuration(loaded.study)
    for name, model in sorted(loaded.models.items()):
        yield f"models/{name}.yaml", model_configuration(model, choice=not _may_name_items(loaded))
    for name, dataset in sorted(loaded.datasets.items()):
        yield f"datasets/{name}.yaml", dataset_configuration(dataset)
    for name, prompts in sorted(loaded.prompt_sets.items()):
        shown = not _may_name_items(loaded)
        yield f"prompts/{name}.yaml", prompt_configuration(prompts, demonstrations=shown)
    others: dict[str, Mapping[str, Entry]] = {
        "personas": loaded.personas,
        "baselines": loaded.baselines,
    }
    if loaded.study.embedding is not None and loaded.embedding is not None:
        others["embeddings"] = {loaded.study.embedding: loaded.embedding}
    if loaded.lexicon is not None:
        seeds = part(loaded.study, TransparencySettings).seeds
        others["lexicons"] = {str(seeds): loaded.lexicon}
    for folder, entries in others.items():
        for name, entry in sorted(entries.items()):
            yield f"{folder}/{name}.yaml", configuration(entry)


def _may_name_items(loaded: LoadedStudy) -> bool:
    """Tell whether parts of the study may name items of a dataset that may not be passed on:
    examples in prompts, and what chooses items or rows of recorded ratings by what is in them."""
    restricted = [card for card in loaded.datasets.values() if not card.redistribute]
    return bool(restricted) and (
        any(map(shows_examples, loaded.prompt_sets.values()))
        or any(card.keep for card in restricted)
        or any(map(chooses_rows, loaded.models.values()))
    )
