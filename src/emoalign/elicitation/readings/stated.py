"""Stated distributions: how many of so many people give each point of a scale, as a model says.

The answer is a JSON object with a key for each point, or for each label, and a number for each.
Meister, Guestrin & Hashimoto (NAACL 2025) compare this with sampling and with log-probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from emoalign.elicitation.readings.reading import UNPARSABLE, Reading
from emoalign.elicitation.readings.text import plain_number
from emoalign.study.prompt_sets import STATED_TOLERANCE, AnswerFormat
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

ROUNDING = 1e-9
"""Distance of a sum from its bounds, as a share of the total, that arithmetic alone explains."""


def read_stated(value: object, scale: Scale, answer_format: AnswerFormat) -> Reading:
    """The distribution that a JSON value states on a scale.

    It must have a number, finite and not below 0, for each point of the scale and for nothing else.
    Numbers of points must add up to the total of the format, within 1%, and are divided by their
    sum. Numbers of labels are shares of the total by themselves, since people may choose several.
    """
    if not isinstance(value, dict):
        return UNPARSABLE
    given = _by_point(value, _point_of(scale))
    wanted = scale.labels if isinstance(scale, LabelScale) else scale.points
    if given is None or given.keys() != set(wanted):
        return UNPARSABLE
    numbers = [given[point] for point in wanted]
    labels = isinstance(scale, LabelScale)
    within = 0.0 if labels else STATED_TOLERANCE + ROUNDING
    least, most = (answer_format.total * (1 + sign * within) for sign in (-1, 1))
    if max(numbers) > most:
        return UNPARSABLE
    total = math.fsum(numbers)
    if not labels and not least <= total <= most:
        return UNPARSABLE
    whole = answer_format.total if labels else total
    return Reading("ok", shares=tuple(number / whole for number in numbers), total=total)


def _point_of(scale: Scale) -> Callable[[str], object | None]:
    """A function from a key to the point or the label that it names; None if it names none."""
    if isinstance(scale, LabelScale):
        labels = {label.casefold(): label for label in scale.labels}
        return lambda key: labels.get(key.strip().casefold())
    return lambda key: _point(key, scale)


def _point(key: str, scale: OrdinalScale) -> float | None:
    number = plain_number(key)
    return None if number is None or not math.isfinite(number) else scale.point(number)


def _by_point(
    value: Mapping[str, object], point_of: Callable[[str], object | None]
) -> dict[object, float] | None:
    """The numbers of an object by point; None where a key or a value is none, or comes twice."""
    given: dict[object, float] = {}
    for key, number in value.items():
        point = point_of(key)
        if point is None or point in given or not isinstance(number, float):
            return None
        if not (math.isfinite(number) and number >= 0):
            return None
        given[point] = number
    return given
