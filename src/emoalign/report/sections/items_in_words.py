"""The items of a study and their scales, in the words of a method section."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from emoalign.report.report_job import ReportedDataset, ReportJob, is_asked
from emoalign.report.section import Results
from emoalign.stimuli.preparation import USED
from emoalign.study.scales import LabelScale
from emoalign.tables import metadata, read_parquet
from emoalign.wording import listed, number, span


def items_used(results: Results) -> Iterator[str]:
    """Sentences on the items of each dataset and its scales."""
    job = results.job
    for name, card in job.datasets.items():
        n = len(results.stimuli(name))
        if card.sample is not None:
            drawn = f"1 {card.modality}" if n == 1 else f"{n:,} {card.modality}s"
            yield (
                f"Of {card.title}, {drawn} {'was' if n == 1 else 'were'} drawn at "
                f"random (seed {job.seed})."
            )
        elif n == 1:
            yield f"The only eligible {card.modality} of {card.title} was used."
        else:
            yield f"All {n:,} eligible {card.modality}s of {card.title} were used."
        if used := metadata(results.folder / f"stimuli/{name}.parquet").get(USED):
            yield used
        elif card.rated_only:
            yield "Every recorded model has answers to all items."
        yield from _by_people(results, name, n)
        yield from _rated(results, name, n)
        yield from _scales(card)
    if _demonstrations(job):
        yield "No item was shown as an example in a prompt."


def _by_people(results: Results, dataset: str, n: int) -> Iterator[str]:
    """The number of items without human ratings, which are there to be estimated."""
    if not results.job.datasets[dataset].estimated:
        return
    norms = read_parquet(results.folder / f"norms/{dataset}.parquet", columns=["item_id"])
    unrated = n - len(norms["item_id"].unique())
    if 0 < unrated < n:
        yield (
            f"Of these, {unrated:,} {'has' if unrated == 1 else 'have'} no human ratings; their "
            "norms are estimated, and no comparison with people is based on them."
        )


def _rated(results: Results, dataset: str, n: int) -> Iterator[str]:
    """The number of items that models have ratings of, where these are not all."""
    file = results.folder / f"items/{dataset}.parquet"
    rows = read_parquet(file, columns=["model", "item_id", "mean", "n_ok"])
    # Probabilities have a mean and no answers, labels have answers and no mean.
    rated = pc.or_(pc.is_finite(pc.fill_null(rows["mean"], np.nan)), pc.greater(rows["n_ok"], 0))
    items = rows.select(["model", "item_id"]).filter(rated).to_pandas()
    counts = items.drop_duplicates().groupby("model", observed=True).size()
    numbers = [int(counts.get(model, 0)) for model in results.job.models]
    if min(numbers) == n:
        return
    titles = [model.title for model in results.job.models.values()]
    if len(titles) == 1:
        some = f"ratings by {titles[0]} of {numbers[0]:,} of them"
        yield f"There are {some if numbers[0] else f'no ratings by {titles[0]}'}."
    else:
        yield (
            f"The models have ratings of {span(numbers, 0)} of them: "
            + ", ".join(f"{title} {one:,}" for title, one in zip(titles, numbers, strict=True))
            + "."
        )


def _demonstrations(job: ReportJob) -> bool:
    """Tell whether any model was asked with worked examples."""
    return any(map(is_asked, job.models.values())) and any(
        wording.demonstrations
        for prompts in job.prompts.values()
        for wording in prompts.scales.values()
    )


def _scales(card: ReportedDataset) -> Iterator[str]:
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, bounds in card.scales.items():
        alike.setdefault((bounds.min, bounds.max, bounds.native), []).append(name)
    for names in alike.values():
        bounds = card.scales[names[0]]
        ends = f"from {_point(bounds.min)} to {_point(bounds.max)}"
        if len({card.scales[name].direction for name in names}) == 1:
            named, direction = listed(names), f" ({bounds.direction})"
        else:
            named = listed(f"{name} ({card.scales[name].direction})" for name in names)
            direction = ""
        scales = ("The scale of", "runs") if len(names) == 1 else ("The scales of", "run")
        sentence = f"{scales[0]} {named} {scales[1]} {ends}{direction}"
        if bounds.native:
            low, high = _point(bounds.native.min), _point(bounds.native.max)
            sentence += f"; human ratings from {low} to {high} were mapped linearly onto it"
            sentence = sentence if len(names) == 1 else sentence.replace("onto it", "onto them")
        yield f"{sentence}."
    for name, labels in card.labels.items():
        yield f"For {name}, an answer chose {_choice(labels)}: {', '.join(labels.labels)}."


def _choice(scale: LabelScale) -> str:
    most = ""
    if scale.at_most is None:
        most = " or more"
    elif scale.at_most > scale.at_least:
        most = f" to {scale.at_most}"
    return f"{scale.at_least}{most} of {len(scale.labels)} labels"


def _point(value: float) -> str:
    return number(value, 0) if float(value).is_integer() else number(value, 2)
