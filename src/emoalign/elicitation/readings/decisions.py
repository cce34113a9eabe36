"""Decisions: the probability of each level that a provider's Decisions API gives.

They are read as they came, in OpenAI's form (a list in the order of the questions) or Google's (an
object by their ids). Nothing is rescaled or filled in: what cannot be a distribution over the
levels that were asked about is a fault of the server.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from emoalign.elicitation import untrusted
from emoalign.prompts import ScoreQuestion, question_ids

REFUSED = "refusal"
"""The type of an answer that is a refusal (OpenAI's)."""

FEWEST_DECIMALS = 2
"""Decimals to which probabilities may be rounded, at the coarsest."""

FLOATS = 1e-6
"""Distance from 1 of a sum of probabilities that arithmetic alone explains."""


def read_decision(text: str, questions: Sequence[ScoreQuestion]) -> list[tuple[float, ...] | None]:
    """The probabilities of the levels of each question, ascending; None where it was refused.

    `text` are the answers as they came, in JSON. Raises ValueError, with the rest of a sentence
    about the answers, where they are no distributions over the levels of these questions.
    """
    try:
        answers = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("are no answers of decisions") from None
    ids = question_ids(questions)
    by_id = _by_id(answers, ids)
    if by_id.keys() != set(ids):
        found = ", ".join(map(repr, by_id)) or "nothing"
        raise ValueError(f"are to {found}, and {', '.join(map(repr, ids))} were asked")
    return [
        _distribution(name, by_id[name], question)
        for name, question in zip(ids, questions, strict=True)
    ]


def wrong_decision(text: str, questions: Sequence[ScoreQuestion]) -> str | None:
    """The reason why answers are no decision on these questions; None where they are one."""
    try:
        read_decision(text, questions)
    except ValueError as error:
        return str(error)
    return None


def _by_id(answers: object, ids: Sequence[str]) -> Mapping[str, Any]:
    """The answers by the ids of their questions; those in a list may have no names."""
    if isinstance(answers, dict):
        return answers
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise ValueError("are no answers of decisions")
    if len(answers) != len(ids):
        raise ValueError(f"are {len(answers)}, and {len(ids)} were asked for")
    named = [answer.get("name") or name for answer, name in zip(answers, ids, strict=True)]
    if named != list(ids):
        raise ValueError(f"are in another order than the questions: {named}")
    return dict(zip(ids, answers, strict=True))


def _distribution(name: str, answer: object, question: ScoreQuestion) -> tuple[float, ...] | None:
    if isinstance(answer, dict) and answer.get("type") == REFUSED:
        return None
    if not isinstance(answer, dict) or answer.get("type") != "score":
        raise ValueError(f"have no score for {name!r}")
    labels = [level.label for level in question.levels]
    found = _by_place(name, answer.get("probabilities"), labels)
    foreign = [place for place in found if place not in map(str, range(len(labels)))]
    if foreign:
        raise ValueError(f"to {name!r} have levels that were not asked about: {', '.join(foreign)}")
    absent = [label for place, label in enumerate(labels) if str(place) not in found]
    if absent:
        raise ValueError(f"to {name!r} lack the probability of {', '.join(absent)}")
    probabilities = []
    for place, label in enumerate(labels):
        number = untrusted.finite(found[str(place)])
        if number is None or not 0 <= number <= 1:
            raise ValueError(f"to {name!r} give {label} the probability {found[str(place)]!r}")
        probabilities.append(number)
    total = math.fsum(probabilities)
    if abs(total - 1) > _rounding(probabilities):
        raise ValueError(f"to {name!r} have probabilities that add up to {total:.4g}, not to 1")
    return tuple(probabilities)


def _by_place(name: str, said: object, labels: Sequence[str]) -> Mapping[str, object]:
    """Probabilities by the place of the level, from "0"."""
    if isinstance(said, dict):
        return said
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise ValueError(f"to {name!r} have no probabilities")
    found: dict[str, object] = {}
    for each in said:
        place, label = str(each.get("value")), each.get("label")
        if place in found:
            raise ValueError(f"to {name!r} have level {place} twice")
        known = place in map(str, range(len(labels)))
        if known and label != labels[int(place)]:
            raise ValueError(f"to {name!r} call level {place} {label!r}, not {labels[int(place)]}")
        found[place] = each.get("probability")
    return found


def _rounding(probabilities: Sequence[float]) -> float:
    """The most that a sum differs from 1 if all terms are rounded to as many decimals, or digits,
    as the one has that has most."""
    shown = [Decimal(repr(each)).normalize() for each in probabilities if each]
    lengths = [len(each.as_tuple().digits) for each in shown]
    places = (n - each.adjusted() - 1 for n, each in zip(lengths, shown, strict=True))
    decimals, digits = (max(FEWEST_DECIMALS, *each, 0) for each in (places, lengths))
    by_digits = sum(10.0 ** (each.adjusted() + 1 - digits) for each in shown)
    return max(FLOATS, 0.5 * len(probabilities) * 10.0**-decimals, 0.5 * by_digits)
