"""The exact readout: what an endless crowd of participants would answer, from one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings.text import parse_rating
from emoalign.errors import CapabilityError
from emoalign.study.scales import LabelScale, OrdinalScale


@dataclass(frozen=True)
class ExactReading:
    """Probabilities of the points of a scale, ascending, and what else there is.

    on the scale + `off_scale_mass` = `returned_mass`; 1 - `returned_mass` was not reported.
    """

    probabilities: tuple[float, ...]
    off_scale_mass: float
    returned_mass: float


def read_distribution(
    logprobs: Sequence[tuple[str, float]], scale: OrdinalScale, temperature: float = 1.0
) -> ExactReading:
    """P(rating) from log-probabilities of next tokens at temperature 1.

    Variants of a rating ("7", " 7") are summed. At another temperature T the distribution is
    p^(1/T), renormalised over all the tokens that were returned; then `returned_mass` still tells
    how much of the distribution at temperature 1 that was.
    """
    mass = dict.fromkeys(scale.points, 0.0)
    off_scale = 0.0
    for (token, _), probability in zip(logprobs, _tempered(logprobs, temperature), strict=True):
        rating = parse_rating(token, scale)
        if rating is None:
            off_scale += probability
        else:
            mass[rating] += probability
    returned = math.fsum(math.exp(logprob) for _, logprob in logprobs)
    return ExactReading(tuple(mass.values()), off_scale, returned)


def check_single_tokens(tokens: Mapping[float, Sequence[int]], scale_name: str) -> None:
    """Check that a rating is decided by one token: each point is one, and no two are the same.

    `tokens` are the token ids of each point of the scale. Raises CapabilityError otherwise.
    """
    longer = [f"{point:g} ({len(ids)} tokens)" for point, ids in tokens.items() if len(ids) != 1]
    distinct = {tuple(ids) for ids in tokens.values()}
    if longer or len(distinct) < len(tokens):
        culprits = ", ".join(longer) or "two points share a token"
        raise CapabilityError(
            f"scale {scale_name!r}: not every point is a single token of this model: "
            f"{culprits}. The exact readout and next_token answers would misread it: use the "
            "sampled readout with a prompt set with answer.kind: text."
        )


def only_scale(job: RatingJob) -> tuple[str, OrdinalScale]:
    """The scale of a job that reads probabilities: one of numbers, as the study was checked for."""
    ((name, scale),) = job.scales.items()
    if isinstance(scale, LabelScale):
        raise CapabilityError(f"scale {name!r} has labels: its answers are no single tokens")
    return name, scale


def single_tokens(jobs: Sequence[RatingJob]) -> list[str]:
    """The texts that must be one token each for the answers to be read: ratings of some jobs."""
    texts = [
        f"{point:g}" for job in jobs if _reads_tokens(job) for point in only_scale(job)[1].points
    ]
    return list(dict.fromkeys(texts))


def check_tokens(jobs: Sequence[RatingJob], tokens: Mapping[str, Sequence[int]]) -> None:
    """Refuse, before anything is spent, to read ratings from tokens that cannot tell them.

    `tokens` are the token ids of each of the `single_tokens`. Raises CapabilityError.
    """
    for job in filter(_reads_tokens, jobs):
        name, scale = only_scale(job)
        check_single_tokens({point: tokens[f"{point:g}"] for point in scale.points}, name)


def _reads_tokens(job: RatingJob) -> bool:
    """Tell whether every rating of the job must be a single token."""
    return "exact" in job.protocol.readouts or job.prompts.answer.kind == "next_token"


def _tempered(logprobs: Sequence[tuple[str, float]], temperature: float) -> list[float]:
    if temperature == 1.0:
        return [math.exp(logprob) for _, logprob in logprobs]
    highest = max((logprob for _, logprob in logprobs), default=0.0)
    if temperature == 0.0:
        weights = [float(logprob == highest) for _, logprob in logprobs]
    else:
        weights = [math.exp((logprob - highest) / temperature) for _, logprob in logprobs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]
