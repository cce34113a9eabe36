"""How answers were sampled, in words, and which comparisons this leaves open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from emoalign.report.report_job import ReportedModel, ReportJob, is_asked
from emoalign.study.protocols import Protocol
from emoalign.wording import listed

Same = TypeVar("Same", bool, str)

OWN = (
    "Under {protocols}, no setting of sampling was sent, so the provider's own settings "
    "(temperature, top-p and the like) applied, which are not known here."
)
OWN_BETWEEN_MODELS = (
    "They may differ between models, so that differences between models may be due to them."
)

FORCED = (
    "Under {protocols}, answers were structured: tokens by which an answer would have left the "
    "form of a JSON schema, with the points or labels of the scale, were ruled out while it was "
    "drawn. How often models would have answered otherwise or refused is therefore not known."
)


def drawn(job: ReportJob) -> Iterator[str]:
    """Sentences on the sampling of answers, for a method section."""
    stated, own = _stated(job), _own(job)
    if stated:
        only = f" under {_names(stated)}" if own else ""
        for how, titles in alike(_asked(job), [_how(model.sent) for model in _asked(job)]):
            of = f" of {titles}" if titles else ""
            yield f"Answers{of}{only} were sampled {how}."
    if own:
        yield OWN.format(protocols=_names(own))
        if len(_asked(job)) > 1:
            yield OWN_BETWEEN_MODELS
    if forced := _forced(job):
        yield FORCED.format(protocols=_names(forced))
    yield from confounded(job)


def confounded(job: ReportJob) -> Iterator[str]:
    """Sentences on comparisons in which sampling differs in a way that is not known."""
    stated, own = _stated(job), _own(job)
    if stated and own:
        yield (
            f"Answers under {_names(stated)} were sampled at a stated temperature and those under "
            f"{_names(own)} by the provider's own settings: a difference between these protocols "
            "may be due to sampling."
        )
    forced = _forced(job)
    free = [each for each in _sampled(job) if each not in forced]
    if forced and free:
        yield (
            f"Answers under {_names(forced)} were forced into a form and those under "
            f"{_names(free)} were not: a difference between these protocols may be due to this."
        )
    models = {job.short_names[name]: each for name, each in job.models.items() if is_asked(each)}
    take = [name for name, model in models.items() if model.sent]
    take_none = [name for name, model in models.items() if not model.sent]
    if stated and take and take_none:
        under = f" under {_names(stated)}" if own else ""
        yield (
            f"{listed(take_none)} {'takes' if len(take_none) == 1 else 'take'} no setting of "
            f"sampling, so a difference from {listed(take)}{under} may be due to sampling."
        )


def alike(models: Sequence[ReportedModel], has: Sequence[Same]) -> Iterator[tuple[Same, str]]:
    """Models that have the same, by their titles; no titles for all."""
    for value in sorted(set(has), reverse=True):
        those = [model.title for model, one in zip(models, has, strict=True) if one == value]
        yield value, "" if len(those) == len(models) else listed(those)


def _how(sent: Collection[str]) -> str:
    """How answers are drawn where these parameters of sampling are sent."""
    if "top_k" in sent:
        return (
            "from the model's full distribution (top-p 1, without top-k, minimum probability or "
            "repetition penalties)"
        )
    if "top_p" in sent:
        return (
            "from the model's full distribution (top-p 1; other settings of sampling were left to "
            "the server)"
        )
    if sent:
        return (
            "at the temperature of the protocol; other settings of sampling were left to the server"
        )
    return "by the provider's own settings, because the model takes none"


def _asked(job: ReportJob) -> list[ReportedModel]:
    return [model for model in job.models.values() if is_asked(model)]


def _stated(job: ReportJob) -> list[Protocol]:
    """The protocols that sample at a stated temperature."""
    return [each for each in _sampled(job) if each.temperature is not None]


def _own(job: ReportJob) -> list[Protocol]:
    """The protocols that leave sampling to the provider."""
    return [each for each in _sampled(job) if each.temperature is None]


def _forced(job: ReportJob) -> list[Protocol]:
    """The protocols whose answers are structured, for some dataset at least."""
    return [
        each
        for each in _sampled(job)
        if any(
            job.prompts[name].answer.structured
            for dataset in job.datasets
            for name in each.prompt_sets(dataset)
        )
    ]


def _sampled(job: ReportJob) -> list[Protocol]:
    if not _asked(job):
        return []
    return [each for each in job.protocols.values() if each.written]


def _names(protocols: Sequence[Protocol]) -> str:
    return listed(each.name for each in protocols)
