"""Protocols that differ in one thing, so that what it does can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from emoalign.figures.drawing_job import AskedOf

Varied = Literal["temperature", "personas", "prompts"]
"""What may differ: how sharply is sampled, who is asked, with which words."""


def varying(
    protocols: Mapping[str, AskedOf], dataset: str, varied: Varied
) -> list[tuple[str, ...]]:
    """Groups of protocols that differ in `varied` and are alike in the rest, names ascending.

    Personas need words that mention them: where personas differ, words may differ too.
    """
    groups: dict[tuple[object, ...], dict[str, object]] = {}
    for name, asked in sorted(protocols.items()):
        properties = {
            "temperature": asked.temperature,
            "personas": asked.personas,
            "prompts": asked.prompts.get(dataset),
        }
        value = properties.pop(varied)
        if varied == "personas":
            del properties["prompts"]
        groups.setdefault((asked.wave, *properties.values()), {})[name] = value
    return [tuple(found) for found in groups.values() if len(set(found.values())) > 1]
