"""Schemas of structured answers of every sort, for tests of what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.elicitation.answer_schema import answer_schema
from emoalign.prompts import QuestionTemplate
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

SCALES: Mapping[str, Scale] = {
    "nine": OrdinalScale(min=1, max=9, direction="more"),
    "halves": OrdinalScale(min=-1, max=1, step=0.5, direction="more"),
    "fine": OrdinalScale(min=0, max=1000, direction="more"),
    "mood": LabelScale(kind="labels", labels=("joy", "anger", "fear")),
    "two or three": LabelScale(kind="labels", labels=("joy", "anger", "fear"), at_least=2),
    "any": LabelScale(kind="labels", labels=("joy", "anger", "fear"), at_least=0, at_most=1),
}


def schemas() -> list[dict[str, Any]]:
    """The schema of each scale by itself, and of all together."""
    named = [(name,) for name in SCALES]
    return [answer_schema(_template(names), SCALES) for names in (*named, tuple(SCALES))]


def _template(names: tuple[str, ...]) -> QuestionTemplate:
    return QuestionTemplate.model_validate(
        {
            "kind": "chat",
            "system": None,
            "template": "{{ item.text }}",
            "answer": {"kind": "structured_joint", "max_tokens": 64},
            "wording": {name: {"instruction": "Rate."} for name in names},
        }
    )
