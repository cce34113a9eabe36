"""What the sampling temperature does to correlation and spread."""

from __future__ import annotations

from matplotlib.figure import Figure

from emoalign.figures.curves import Varied, draw_curves
from emoalign.figures.subject import Subject
from emoalign.figures.variation import varying


def draw(subject: Subject) -> list[Figure]:
    """Lines over temperature, a page for each group of protocols that differ in nothing else."""
    protocols = subject.job.protocols
    return draw_curves(
        subject,
        [
            Varied(
                "Temperature",
                {name: protocols[name].temperature for name in names},
            )
            for names in varying(protocols, subject.dataset, "temperature")
        ],
    )
