"""How items were presented, in the words of a method section: alone, or in sessions."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.report.report_job import ReportJob
from emoalign.study.protocols import Protocol
from emoalign.study.sessions import SessionPlan
from emoalign.wording import counted, listed, span

ALONE = "{items} presented alone, without other items or earlier answers in the context."


def presented(job: ReportJob) -> Iterator[str]:
    """Sentences on whether items were rated by themselves or in sessions, and how those went."""
    plans = {name: protocol.session for name, protocol in job.protocols.items()}
    alone = [name for name, plan in plans.items() if plan is None]
    if len(alone) == len(plans):
        yield ALONE.format(items="Each item was")
        return
    if alone:
        yield f"Under {listed(alone)}, {ALONE.format(items='each item was')}"
    for name, plan in plans.items():
        if plan is not None:
            yield _session(job, job.protocols[name], plan)
    yield (
        "The items of each session and their order were drawn at random and were the same for all "
        "models and protocols. Answers stayed in view as they were given, whether they were "
        "ratings or not; empty ones left no trace."
    )


def _session(job: ReportJob, protocol: Protocol, plan: SessionPlan) -> str:
    long = f"up to {plan.items} items" if plan.items else "all items"
    practised = [
        len(wording.practice)
        for dataset, card in job.datasets.items()
        for scale in (*card.scales, *card.labels)
        for template in job.question_templates(protocol.name, dataset, scale).values()
        for wording in template.wording.values()
    ]
    after = ""
    if any(practised):
        texts = "text" if set(practised) == {1} else "texts"
        after = f", after {span(practised, 0)} {texts} for practice that count for nothing"
    return (
        f"Under {protocol.name}, items were rated one after another in sessions of {long}{after}: "
        f"each question stood {_in_view(plan)}."
    )


def _in_view(plan: SessionPlan) -> str:
    if plan.history == "all":
        return "below all earlier items of its session and the model's answers to them"
    if plan.history == 0:
        return "without the earlier items of its session"
    return (
        f"below the last {counted(plan.history, 'item')} of its session and the model's answers to "
        f"{'it' if plan.history == 1 else 'them'}"
    )
