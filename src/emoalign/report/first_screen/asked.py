"""Who was asked what, in a sentence or two."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.section import Results
from emoalign.study.fields import Readout
from emoalign.tables import records
from emoalign.wording import counted, listed, out_of, period, span

FEW = 4
"""Models, datasets or scales that are named one by one."""


def asked(results: Results, compared: pd.DataFrame) -> Iterator[str]:
    """Sentences on who was asked what and how, and whose ratings were there before; `compared` are
    the cells of the first screen, with the number of items on which each was compared."""
    job = results.job
    models = {True: [], False: []}  # type: dict[bool, list[str]]
    for name, model in job.models.items():
        models[is_asked(model)].append(job.short_names[name])
    what = _what(results)
    if models[True]:
        were = "was" if len(models[True]) == 1 else "were"
        yield f"{_names(models[True], 'model')} {were} asked to rate {what}{_how(job)}."
        if days := results.answers.received.values():
            told = period(min(first for first, _ in days), max(last for _, last in days))
            yield f"Answers were collected {told} (UTC)."
    if models[False]:
        by = _names(models[False], "model")
        items = compared["dataset"].map(lambda name: len(results.stimuli(name)))
        most = "up to " if (compared["n_items"] < items).any() else ""
        people = "them as well" if models[True] else f"human ratings of {most}{what}"
        yield (f"Recorded ratings by {by}{_recorded(results)} were compared with {people}.")


def _what(results: Results) -> str:
    """Items of which dataset, on which scales."""
    job = results.job
    sizes = {name: len(results.stimuli(name)) for name in job.datasets}
    scales = {name: (*card.scales, *card.labels) for name, card in job.datasets.items()}
    every = job.order["scale"]
    if len(job.datasets) > FEW:
        items = counted(sum(sizes.values()), "item")
        return f"{items} from {len(job.datasets)} datasets on {_names(every, 'scale')}"
    alike = len(set(scales.values())) == 1
    parts = [
        f"{counted(sizes[name], card.modality)} ({card.title})"
        + ("" if alike else f" on {_names(scales[name], 'scale')}")
        for name, card in job.datasets.items()
    ]
    return listed(parts) + (f" on {_names(every, 'scale')}" if alike else "")


def _recorded(results: Results) -> str:
    """How many answers about an item were recorded of those models that were not asked."""
    job = results.job
    of_each = [
        row["answers"] / row["answered"]
        for row in records(results.answers.counts)
        if row["answered"] and not is_asked(job.models[row["model"]])
    ]
    if not of_each:
        return ""
    whole = all(each.is_integer() for each in of_each)
    told = span(of_each, 0 if whole else 1)
    answers = "answer" if told == "1" else "answers"
    each = "item" if len(job.order["scale"]) == 1 else "item and scale"
    return f", {told} {answers} per {each}{'' if whole else ' on average'},"


def _how(job: ReportJob) -> str:
    """How often, under how many protocols, and how the answers were read."""
    protocols = list(job.protocols.values())
    stated = sum(each.states for each in protocols)
    sampled = sum("sampled" in each.readouts for each in protocols)
    exact = sum("exact" in each.readouts for each in protocols)
    decided = sum("decision" in each.readouts for each in protocols)
    unlike = {sampled, exact, decided, stated} - {0, len(protocols)}

    def of(some: int) -> str:
        """In how many of the protocols, where these differ."""
        return f" in {out_of(some, len(protocols))}" if unlike else ""

    def written(readout: Readout, thing: str, some: int) -> list[str]:
        """How many answers there are in a readout, where it is known."""
        asked = [each.participants for each in protocols if readout in each.readouts]
        known = sorted({number for number in asked if number})
        if not known:
            return []
        times = str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"
        each = "item" if len(job.order["scale"]) == 1 else "item and scale"
        return [f"{times} {readout} {thing}{'s' * (known != [1])} per {each}{of(some)}"]

    read = written("sampled", "answer", sampled)
    if exact:
        read.append(f"the exact probability of each rating{of(exact)}")
    if decided:
        read.append(f"a decision of the provider's Decisions API about each item{of(decided)}")
    read += written("stated", "distribution", stated)
    under = f" in {len(protocols)} ways (protocols)" if len(protocols) > 1 else ""
    return f"{under}, with {listed(read)}" if read else under


def _names(names: list[str] | tuple[str, ...], thing: str) -> str:
    return listed(names) if len(names) <= FEW else counted(len(names), thing)
