"""What the plan recommends from a finished part of a study: how many forms and answers to ask for.

Prices are those of asking anew; what is in the journal already costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from emoalign.analyses.generalizability.advice import Advice, Way, advice, in_words
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.errors import DataError
from emoalign.tables import GENERALIZABILITY
from emoalign.wording import dollars_between

PRICED_ITEMS = 100
"""Items whose questions are written for a price; that of all is in proportion."""

Price = tuple[float, float]
"""US dollars, at least and at most."""


def recommendations(
    table: Path,
    jobs: Sequence[RatingJob],
    cards: Mapping[str, ModelCard],
    items: Mapping[str, pd.DataFrame],
) -> Iterator[str]:
    """Lines for a terminal: a sentence for each protocol and scale that a table tells of.

    `table` is that of generalizability; one that is not there, or of another version, tells
    nothing. `cards` are by model, `items` the stimuli by dataset.
    """
    if not table.exists():
        return
    try:
        rows = GENERALIZABILITY.read(table)
    except DataError:
        return
    known = [told for told in advice(rows) if told.dataset in items]
    if known:
        yield (
            "Forms and answers, from those there are (g: the correlation to expect with item means "
            "in other forms):"
        )
    for told in known:
        asking = [
            job
            for job in jobs
            if (job.protocol.name, job.dataset) == (told.protocol, told.dataset)
            and told.scale in job.scales
            and job.model in told.models
        ]
        yield "  " + in_words(told, _prices(told, asking, cards, items[told.dataset]))


def _prices(
    told: Advice,
    jobs: Sequence[RatingJob],
    cards: Mapping[str, ModelCard],
    items: pd.DataFrame,
) -> dict[Way, str]:
    """What each way costs for all models together, in words; nothing where a price is unknown."""
    found = {}
    for way in (told.own, told.best, told.cheapest):
        if way is None:
            continue
        prices = [price(job, cards[job.model], items, way) for job in jobs]
        known = [each for each in prices if each is not None]
        least, most = (sum(each[end] for each in known) for end in (0, 1))
        if most and len(known) == len(told.models):
            found[way] = dollars_between(least, most)
    return found


def price(job: RatingJob, card: ModelCard, items: pd.DataFrame, way: Way) -> Price | None:
    """What it costs to ask a model in this way, in US dollars; 0 for one on this machine.

    Forms are priced as the first one of the job. None where the card has no prices, there are too
    few personas, or items are rated in sessions, whose prompts depend on the answers.
    """
    if not isinstance(card, AskedModel) or job.protocol.session is not None:
        return None
    if card.destination is None:
        return 0.0, 0.0
    answers = max(1, round(way.answers))
    if card.terms().prices is None or (job.personas and len(job.personas) < answers):
        return None
    asked = {"participants": answers, "readouts": ("sampled",)}
    one_form = {
        "protocol": job.protocol.model_copy(update=asked),
        "further": {},
        "personas": job.personas[:answers],
    }
    some = items.head(PRICED_ITEMS)
    with TemporaryDirectory() as empty:
        due = card.remaining(RatingTask(job.model_copy(update=one_form), some, Path(empty)))
    times = way.forms * len(items) / len(some)
    single = due.usd_min, due.usd_max
    batch = due.usd_batch_min, due.usd_batch_max
    least, most = batch if due.delivery == "batch" and not pd.isna(batch[1]) else single
    return least * times, most * times
