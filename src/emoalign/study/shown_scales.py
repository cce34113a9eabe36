"""Scales as a wording shows them, and the way of an answer back to the scale of the card.

Wordings may turn a scale round (`reversed`), show another range (`mapped`), or list labels in
another order. A reversed number x becomes min' + max' - x; then a mapped one becomes
min + (x - min')(max - min)/(max' - min'), where min' and max' are the ends that were shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from emoalign.study.prompt_sets import ScaleInstruction
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale, OrdinalScale

_DECIMALS = 10
"""Decimals that points are rounded to, so that a point is found again after it was mapped."""


def shown_scale(scale: DatasetScale, wording: ScaleInstruction) -> DatasetScale:
    """The scale as a wording shows it; the scale itself where nothing is changed.

    Labels are as written: `rotated` and `reordered` change their order. Anchors are where they
    belong on the range that is shown, as far as they are points of it.
    """
    if isinstance(scale, LabelScale) or not (wording.reversed or wording.mapped):
        return scale
    ends, step = (scale.min, scale.max), scale.step
    if wording.mapped is not None and wording.written_for is not None:
        ends = wording.written_for.min, wording.written_for.max
        step = wording.written_for.step or 1
    bare = HumanScale(min=ends[0], max=ends[1], step=step, direction=scale.direction)
    places = {
        bare.point(from_card(anchor, bare, scale, wording)): text
        for anchor, text in scale.anchors.items()
    }
    anchors = {place: text for place, text in sorted(places.items(), key=str) if place is not None}
    means = f"{'lower: ' * wording.reversed}{scale.direction}"
    return bare.model_copy(update={"anchors": anchors, "direction": means})


def on_card(
    number: float, shown: OrdinalScale, scale: OrdinalScale, wording: ScaleInstruction
) -> float:
    """A number of the shown scale on the scale of the card: a point of it, or one between two."""
    turned = shown.min + shown.max - number if wording.reversed else number
    return _onto(turned, shown, scale)


def from_card(
    number: float, shown: OrdinalScale, scale: OrdinalScale, wording: ScaleInstruction
) -> float:
    """The number of the shown scale that means a number of the card: the inverse of `on_card`."""
    straight = _onto(number, scale, shown)
    return shown.min + shown.max - straight if wording.reversed else straight


def _onto(number: float, source: OrdinalScale, target: OrdinalScale) -> float:
    if (source.min, source.max) == (target.min, target.max):
        return round(number, _DECIMALS)
    stretched = (number - source.min) * (target.max - target.min) / (source.max - source.min)
    return round(target.min + stretched, _DECIMALS)


def has_own_points(shown: DatasetScale, scale: DatasetScale) -> bool:
    """Tell whether what is shown has exactly the points of the card, in whichever direction."""
    if isinstance(shown, LabelScale) or isinstance(scale, LabelScale):
        return True
    return len(shown.points) == len(scale.points)  # both span the whole scale in equal steps


def rotated(scale: LabelScale, by: int) -> LabelScale:
    """The scale with its labels moved up by so many places, the first ones to the end."""
    return reordered(scale, (*scale.labels[by:], *scale.labels[:by]))


def reordered(scale: LabelScale, labels: Sequence[str]) -> LabelScale:
    """The scale with its labels in another order."""
    return scale.model_copy(update={"labels": tuple(labels)})
