"""Sessions in the words of the plan: how long they are, and what the items in view cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from emoalign.elicitation.dealing import lists_per_sweep
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob
from emoalign.study.sessions import SessionPlan
from emoalign.wording import counted, listed


def sessions_in_words(
    jobs: Sequence[RatingJob],
    rows: pd.DataFrame,
    cards: Mapping[str, ModelCard],
    items: Mapping[str, int],
) -> Iterator[str]:
    """Lines on each protocol with sessions; `rows` are those of the plan, `items` the numbers of
    items by dataset."""
    for protocol in {job.protocol.name: job.protocol for job in jobs}.values():
        plan = protocol.session
        own = [
            job
            for job in jobs
            if job.protocol.name == protocol.name and isinstance(cards[job.model], AskedModel)
        ]
        if plan is None or not own:
            continue
        for dataset in dict.fromkeys(job.dataset for job in own):
            job = next(job for job in own if job.dataset == dataset)
            yield _of_dataset(job, plan, items[dataset])
        times = rows.loc[rows["protocol"] == protocol.name, "times_alone"].dropna()
        if len(times):
            least, most = (f"{value:.1f}" for value in (times.min(), times.max()))
            between = least if least == most else f"{least} to {most}"
            yield (
                f"{protocol.name}: what stands in view makes prompts take {between} times the "
                "tokens of the same items by themselves."
            )
        if plan.history not in ("all", 0):
            yield (
                f"{protocol.name}: with history: {plan.history} no prompt begins like the one "
                "before it, so that caches of prompts, here or at a provider, are of little use: "
                "shorter sessions with history: all may be faster and cheaper."
            )
        unknown = dict.fromkeys(job.model for job in own if _unknown(cards[job.model]))
        if unknown:
            yield (
                f"{protocol.name}: it is not known whether sessions fit into the context of "
                f"{listed(list(unknown))}: write context_tokens into the model's card."
            )


def _of_dataset(job: RatingJob, plan: SessionPlan, n_items: int) -> str:
    sweeps = job.protocol.participants or 0
    lists = lists_per_sweep(n_items, plan.items)
    most = -(-n_items // lists)
    practice = len(next(iter(job.prompts.wording.values())).practice)
    after = f", after {practice} for practice," if practice else ""
    seen = {"all": "all earlier items in view", 0: "no earlier item in view"}.get(
        plan.history, f"the last {plan.history} items in view"
    )
    return (
        f"{job.protocol.name}: items of {job.dataset} are rated one after another in "
        f"{counted(sweeps * lists, 'session')} of up to {most} items{after} with {seen}."
    )


def _unknown(card: ModelCard) -> bool:
    return isinstance(card, AskedModel) and card.able.context_tokens is None
