"""Conditions in sentences: which model was asked with which protocol, and how it was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.report.report_job import ReportJob, is_asked
from emoalign.wording import READOUTS, listed


def one_readout_each(rows: pd.DataFrame, of: Sequence[str]) -> pd.DataFrame:
    """The rows that stand for what `of` names, such as protocols: those of exact probabilities or
    else of sampled answers, because the better of the two is not chosen, and those of decisions,
    which measure something else. Exact probabilities come before sampled answers."""
    decided = rows["readout"].eq("decision").rename("decided")
    ordered = rows.assign(decided=decided).sort_values(["decided", "readout"], kind="stable")
    return ordered.drop_duplicates([*of, "decided"]).drop(columns="decided")


def condition(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """A condition to put into brackets: Model m under p, sampled answers, valence.

    Protocol, scale and dataset are told where the study has several, and how answers were read
    unless all there is are recorded ratings.
    """
    read = [] if only_recorded(job, cell) else [READOUTS[cell["readout"]]]
    return ", ".join([asked(job, cell), *read, *_scale(job, cell)])


def named(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """A condition in a sentence, by what differs in the study: Model m under p (sampled answers,
    valence)."""
    read = [READOUTS[cell["readout"]]] if "readout" in cell and _both_readouts(job) else []
    details = ", ".join([*read, *_scale(job, cell)])
    return f"{asked(job, cell)} ({details})" if details else asked(job, cell)


def asked(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The model of a condition, and its protocol where there are several: Model m under p."""
    name = job.short_names.get(cell["model"], str(cell["model"]))
    return f"{name} under {cell['protocol']}" if len(job.protocols) > 1 else name


def only_recorded(job: ReportJob, cell: Mapping[str, Any]) -> bool:
    """Whether a model was not asked, and the study has no other protocol and reads nothing but
    answers: then the protocol and how answers were read say nothing about it."""
    model = job.models.get(cell["model"])
    recorded = model is not None and not is_asked(model)
    return recorded and len(job.protocols) == 1 and set(job.order["readout"]) <= {"sampled"}


def nothing_asked(job: ReportJob) -> bool:
    """Whether the study asks no model, and so has no way of asking or reading to tell of."""
    return all(only_recorded(job, {"model": name}) for name in job.models)


def _both_readouts(job: ReportJob) -> bool:
    return len(job.order["readout"]) > 1


def _scale(job: ReportJob, cell: Mapping[str, Any]) -> Iterator[str]:
    """The scale of a condition, where the study has several."""
    if sum(len(card.scales) + len(card.labels) for card in job.datasets.values()) > 1:
        yield scale(job, cell)


def scale(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The scale of a condition, with its dataset where there are several: valence of Words."""
    name = str(cell["scale"])
    return f"{name} of {job.datasets[cell['dataset']].title}" if len(job.datasets) > 1 else name


def conditions(job: ReportJob, cells: Iterable[Mapping[str, Any]]) -> str:
    """Conditions of one scale, each model named once: Model m under p (sampled answers and exact
    probabilities) and under q (sampled answers)."""
    models: dict[str, dict[str, list[str]]] = {}
    several = len(job.protocols) > 1
    for cell in cells:
        readouts = models.setdefault(cell["model"], {}).setdefault(cell["protocol"], [])
        if not only_recorded(job, cell):
            readouts.append(READOUTS[cell["readout"]])
    told = []
    for model, protocols in models.items():
        each = [
            " ".join(
                [
                    *([f"under {name}"] if several else []),
                    *([f"({listed(readouts)})"] if readouts else []),
                ]
            )
            for name, readouts in protocols.items()
        ]
        told.append(f"{job.short_names.get(model, model)} {listed(each)}".rstrip())
    return listed(told)
