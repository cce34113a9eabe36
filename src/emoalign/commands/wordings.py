"""Wordings for scales, made from a dataset's card."""

from __future__ import annotations

from collections.abc import Mapping

from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.scales import DatasetScale, LabelScale

_ASKED = {
    "valence": (
        "How unpleasant or pleasant is the feeling that {this} gives you?",
        "extremely unpleasant",
        "extremely pleasant",
    ),
    "arousal": (
        "How calm or excited does {this} make you feel?",
        "completely calm",
        "completely excited",
    ),
    "dominance": (
        "How controlled or in control does {this} make you feel?",
        "completely controlled",
        "completely in control",
    ),
    "concreteness": (
        "How abstract or concrete is the meaning of {this}?",
        "very abstract",
        "very concrete",
    ),
    "imageability": (
        "How easily does {this} bring an image to mind?",
        "very hard to imagine",
        "very easy to imagine",
    ),
    "familiarity": ("How familiar is {this} to you?", "very unfamiliar", "very familiar"),
}
_EMOTIONS = (
    *("happiness", "joy", "anger", "sadness", "fear", "disgust", "surprise", "trust", "love"),
    *("anticipation", "guilt", "shame", "pride", "contempt", "anxiety", "amusement", "awe"),
)


def wording(name: str, scale: DatasetScale, modality: str) -> str:
    """An instruction for one scale; that of the human study is always better."""
    this = f"this {modality}"
    if isinstance(scale, LabelScale):
        number = "the one label" if scale.at_most == 1 else "all labels"
        verb = "applies" if scale.at_most == 1 else "apply"
        return (
            f"Which of the labels describe {this}? Choose {number} that {verb}, using only labels "
            "from this list. Answer with a JSON array of the selected labels and nothing else."
        )
    question, low, high = _question(name, scale.direction, this)
    low = scale.anchors.get(scale.min, low)
    high = scale.anchors.get(scale.max, high)
    middle = scale.anchors.get((scale.min + scale.max) / 2)
    through = f"through {(scale.min + scale.max) / 2:g} ({middle}) " if middle else ""
    return (
        f"{question} Rate it on a scale from {scale.min:g} ({low}) {through}to {scale.max:g} "
        f"({high}). Answer with a number only."
    )


def _question(name: str, direction: str, this: str) -> tuple[str, str, str]:
    if name in _ASKED:
        question, low, high = _ASKED[name]
        return question.format(this=this), low, high
    if name in _EMOTIONS:
        return f"How much {name} does {this} make you feel?", "not at all", "extremely"
    plain = name.replace("-", " ").replace("_", " ")
    return (
        f"How would you rate the {plain} of {this} ({direction.rstrip('.')})?",
        "lowest",
        "highest",
    )


def asked(card: DatasetCard) -> Mapping[str, DatasetScale]:
    """The scales that one prompt set can ask about: those of numbers, or else the labels."""
    numbers = {
        name: scale for name, scale in card.scales.items() if not isinstance(scale, LabelScale)
    }
    return numbers or card.scales
