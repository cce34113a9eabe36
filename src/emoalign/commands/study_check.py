"""A check of a study, its cards and its data: all problems, or else a summary of the content."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from emoalign.baselines.baseline_cards import missing_packages
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.recorded.rated_items import rated_items
from emoalign.elicitation.rating import RatingTask
from emoalign.errors import DataError, EmoalignError, StudyError
from emoalign.items.human_agreement import ScaleNorms, people_reliability
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.opening import Opening, usual_text
from emoalign.planning.preflight import all_forbidden, check_prompts
from emoalign.planning.session_checks import sessions_that_do_not_fit
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.checking import ScaleSummary, check_data, summaries
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.preparation import prepared
from emoalign.stimuli.rated_items import RatedItems
from emoalign.stimuli.readers.base import files_within
from emoalign.study.library import Library
from emoalign.study.reading import read_entry, read_yaml
from emoalign.study.scales import LabelScale
from emoalign.study.source_files import installed_versions, locate_all
from emoalign.wording import coefficient


@dataclass(frozen=True)
class DatasetCheck:
    """The checked data of a dataset.

    Attributes:
        name, card: the dataset.
        problems: mistakes in its files.
        recorded: mistakes in recorded ratings of its items.
        text: an item of usual length; empty where items are images.
        items, of: the number of items that the study uses, and of those in the dataset.
        scales: a summary of the human ratings by scale.
        reliability: that of the human means by scale, at most 1, where it is known.
    """

    name: str
    card: DatasetCard
    problems: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    text: str = ""
    items: int = 0
    of: int = 0
    scales: Mapping[str, ScaleSummary] = field(default_factory=dict)
    reliability: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyCheck:
    """A checked study: `problems` keep it from running, `notes` do not."""

    source: Path
    problems: Sequence[str]
    notes: Sequence[str] = ()
    datasets: Sequence[DatasetCheck] = ()
    loaded: LoadedStudy | None = None
    asking: Sequence[str] = ()


def check_study(source: Path, config: Path) -> StudyCheck:
    """Check a study, the cards that it names and their files. Nothing is asked or written."""
    content, problems = read_yaml(source)
    if content is None:
        return StudyCheck(source, problems or [f"{source}: the file is empty"])
    loaded = None
    try:
        loaded = load_study(content, config, str(source), [source])
        check_prompts(loaded)
    except StudyError as error:
        problems += error.problems
    rendered = not problems
    library = Library(config)
    cards = _dataset_cards(content, library) if loaded is None else loaded.datasets
    with _told() as notes:
        datasets = [_checked(name, card, loaded) for name, card in cards.items()]
    problems += [problem for each in datasets for problem in (*each.problems, *each.recorded)]
    if loaded is None:
        return StudyCheck(source, list(dict.fromkeys(problems)), notes, datasets)
    problems += [*_missing_keys(loaded), *_missing_files(loaded), *all_forbidden(loaded)]
    notes += [
        f"{file} replaces the file of this name that is included in emoalign."
        for file in loaded.shadowing
    ]
    notes += _missing_packages(loaded)
    ends = (card.retiring(name, date.today()) for name, card in loaded.models.items())
    notes += filter(None, ends)
    sound = {each.name: each.items for each in datasets if not each.problems}
    texts = {each.name: each.text for each in datasets if each.text}
    if rendered:
        problems += sessions_that_do_not_fit(loaded, sound, texts)
    opening = Opening(
        loaded,
        Path("results", loaded.study.study),
        Path("results/journal"),
        jobs=(),
        awaited=tuple(sound),
        cores=None,
        items=sound,
        texts=texts,
    )
    asking = list(opening.asking()) if rendered else []
    return StudyCheck(source, list(dict.fromkeys(problems)), notes, datasets, loaded, asking)


def _dataset_cards(content: Any, library: Library) -> dict[str, DatasetCard]:
    """The readable dataset cards of a study that could not be loaded."""
    listed = content.get("datasets") if isinstance(content, Mapping) else None
    cards = {}
    for entry in listed if isinstance(listed, list) else []:
        name = entry.get("dataset") if isinstance(entry, Mapping) else entry
        if isinstance(name, str):
            card, _ = read_entry(library.path("datasets", name), DatasetCard, name)
            if card is not None:
                cards[name] = card
    return cards


def _checked(name: str, card: DatasetCard, loaded: LoadedStudy | None) -> DatasetCheck:
    """Check the data of a dataset, and the recorded ratings of its items."""
    if loaded is None:
        alone = check_data(card)
        return _summary(name, card, alone.problems, alone.items, alone.items, alone.norms)
    job = Jobs(loaded).prepare(name)
    mistakes = Mistakes()
    rated: list[RatedItems] = []
    with mistakes.noted():
        rated = rated_items(job)
    made = prepared(job, card.files(), rated, mistakes)
    if mistakes:
        return DatasetCheck(name, card, tuple(mistakes.problems()))
    told = _summary(name, card, (), len(made.stimuli), made.there, made.norms)
    return replace(
        told,
        recorded=tuple(_wrong_recordings(loaded, name, made.stimuli)),
        text=usual_text(made.stimuli["text"]) or "",
    )


def _wrong_recordings(loaded: LoadedStudy, dataset: str, stimuli: pd.DataFrame) -> Iterator[str]:
    """Problems with the ratings of recorded models."""
    jobs = Jobs(loaded)
    for model in loaded.raters(dataset):
        card = loaded.models[model]
        if card.asked:
            continue
        for protocol in (*loaded.protocol_names(), *loaded.recitation_names()):
            for job in jobs.rate_together(model, protocol, dataset):
                try:
                    card.rate([RatingTask(job, stimuli, Path("results/journal"))], None)
                except EmoalignError as error:
                    yield str(error)


def _summary(
    name: str,
    card: DatasetCard,
    problems: Sequence[str],
    items: int,
    of: int,
    norms: pd.DataFrame | None,
) -> DatasetCheck:
    if problems or norms is None:
        return DatasetCheck(name, card, tuple(problems))
    rated = summaries(norms)
    known = {scale: _reliability(norms[norms["scale"] == scale], scale) for scale in rated}
    return DatasetCheck(
        name,
        card,
        items=items,
        of=of,
        scales={scale: rated[scale] for scale in card.scales if scale in rated},
        reliability={scale: value for scale, value in known.items() if not math.isnan(value)},
    )


def _reliability(norms: pd.DataFrame, scale: str) -> float:
    """The reliability of the human item means; NaN if the norms do not give it."""
    if norms["mean"].notna().sum() < 2:
        return math.nan
    ids = norms["item_id"].sort_values().to_numpy(dtype=str)
    _, sums = people_reliability(ScaleNorms.of(norms, scale, ids))
    return float(sums.estimate()[0])


def _missing_keys(loaded: LoadedStudy) -> Iterator[str]:
    """Environment variables that should hold an API key and are not set."""
    needing: dict[str, list[str]] = {}
    for name, card in loaded.models.items():
        for variable in sorted(card.key_variables()):
            if not os.environ.get(variable):
                needing.setdefault(variable, []).append(name)
    for variable, names in needing.items():
        yield (
            f"the environment variable {variable}, for the key of {', '.join(names)}, is not set: "
            f"export {variable}=…"
        )


def _missing_files(loaded: LoadedStudy) -> Iterator[str]:
    """Missing files with the weights or the recorded ratings of models and baselines."""
    of_models = {**loaded.models, "embedding": loaded.embedding}
    for kind, cards in (("model", of_models), ("baseline", loaded.baselines)):
        for name, card in cards.items():
            for _, file in files_within(card):
                try:
                    locate_all(file)
                except DataError as error:
                    yield f"{kind} {name!r}: {error}"


def _missing_packages(loaded: LoadedStudy) -> Iterator[str]:
    """Packages that are not installed on this machine, and the models that need them."""
    needing: dict[str, list[str]] = {}
    for name, card in loaded.models.items():
        packages = card.packages if isinstance(card, AskedModel) else ()
        if packages and not installed_versions(packages):
            needing.setdefault(packages[0], []).append(name)
    if loaded.baselines:
        needing |= {package: sorted(loaded.baselines) for package in missing_packages()}
    for package, names in needing.items():
        yield (
            f"{package} is not installed on this machine; it is needed to run {', '.join(names)}."
        )


@contextmanager
def _told() -> Iterator[list[str]]:
    """The messages that are logged in the block."""
    log, said = logging.getLogger("emoalign"), list[str]()

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler, level, propagate = Kept(), log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate


def in_words(dataset: DatasetCheck, name: str) -> str:
    """A summary of the human ratings on a scale: "1.4 to 8.1, n = 24 raters, reliability .93"."""
    scale, kind = dataset.scales[name], dataset.card.scales[name]
    if isinstance(kind, LabelScale):
        parts = [f"{len(kind.labels)} labels"]
    else:
        parts = [f"{scale.lowest:.1f} to {scale.highest:.1f}"]
    if scale.raters is None:
        parts.append("number of raters unknown")
    else:
        fewest, most = scale.raters
        n = f"{fewest}{'' if fewest == most else f' to {most}'}"
        parts.append("n = 1 rater" if most == 1 else f"n = {n} raters")
    if name in dataset.reliability:
        parts.append(f"reliability {coefficient(dataset.reliability[name])}")
    if scale.items < dataset.items:
        parts.append(f"{scale.items:,} items rated")
    return ", ".join(parts)
