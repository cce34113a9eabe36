"""A reading: the status of an answer on a scale, and its rating or labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from emoalign.study.fields import Status
from emoalign.study.scales import OrdinalScale


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer read on a scale: a status, and what it says if and only if it is ok.

    That is a rating, labels, or shares: of people who give each point of the scale, ascending, or
    choose each label, in the card's order. `total` is what they added up to as they were stated.
    """

    status: Status
    rating: float | None = None
    labels: tuple[str, ...] | None = None
    shares: tuple[float, ...] | None = None
    total: float | None = None


UNPARSABLE = Reading("unparsable")


def number_read(number: float | None, scale: OrdinalScale) -> Reading:
    """A number as a reading, off the scale if it is not one of its points."""
    if number is None:
        return UNPARSABLE
    point = scale.point(number) if math.isfinite(number) else None
    return Reading("off_scale") if point is None else Reading("ok", point)
