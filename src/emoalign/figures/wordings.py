"""What the words of the question do to correlation and spread."""

from __future__ import annotations

from matplotlib.figure import Figure

from emoalign.figures.curves import draw_curves, named
from emoalign.figures.subject import Subject
from emoalign.figures.variation import varying


def draw(subject: Subject) -> list[Figure]:
    """A place per protocol, in the order of their names."""
    groups = varying(subject.job.protocols, subject.dataset, "prompts")
    return draw_curves(subject, [named("Wording (protocol)", names) for names in groups])
