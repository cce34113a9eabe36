"""What it does to correlation and spread to ask as somebody."""

from __future__ import annotations

from matplotlib.figure import Figure

from emoalign.figures.curves import draw_curves, named
from emoalign.figures.subject import Subject
from emoalign.figures.variation import varying


def draw(subject: Subject) -> list[Figure]:
    """A place per protocol, those without personas first."""
    protocols = subject.job.protocols
    groups = varying(protocols, subject.dataset, "personas")

    def persona(name: str) -> str:
        return protocols[name].personas or ""

    ordered = [sorted(names, key=persona) for names in groups]
    return draw_curves(subject, [named("Who is asked (protocol)", names) for names in ordered])
