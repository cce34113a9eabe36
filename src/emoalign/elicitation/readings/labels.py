"""Labels: a choice among those of a scale, from a JSON array."""

from __future__ import annotations

from emoalign.elicitation.readings.reading import UNPARSABLE, Reading
from emoalign.study.scales import LabelScale


def parse_labels(value: object, scale: LabelScale) -> tuple[str, ...] | None:
    """The labels that a JSON value chooses, in the order of the scale, or None if it is no choice.

    A choice is an array of texts, each a label of the scale (whatever its capitals), none twice, as
    many as the scale allows.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return scale.choice(value)


def labels_read(labels: tuple[str, ...] | None) -> Reading:
    """Labels as a reading; None is none."""
    return UNPARSABLE if labels is None else Reading("ok", labels=labels)
